"""Files of administrators, read once at start: TOML, and what stands in files of its own beside it."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

_MOST_BYTES = 1_048_576


class ConfigFileError(ValueError):
    """A file cannot be used. The message names its keys and never a value."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        ConfigFileError: when it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line \d+, column \d+", str(error))  # the rest could repeat a secret
        raise ConfigFileError(f"not TOML ({place.group() if place else 'at its end'})") from error


def read_text(path: Path, place: str = "") -> str:
    """The words of a file of at most 1 MiB; ``place`` is the key that names it.

    Raises:
        ConfigFileError: when it cannot be read.
    """
    before = f"{place}: " if place else ""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ConfigFileError(f"{before}the file is too large")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigFileError(f"{before}{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigFileError(f"{before}not UTF-8") from error


def wrong_keys(error: ValidationError, place: str = "") -> ConfigFileError:
    """What pydantic found, by key; ``place`` stands before each."""
    wrong = (
        f"{'.'.join([*filter(None, [place]), *map(str, item['loc'])])}: {item['type'].replace('_', ' ')}"
        for item in error.errors(include_input=False, include_url=False)
    )
    return ConfigFileError("; ".join(dict.fromkeys(wrong)))

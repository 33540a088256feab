"""Settings and services for a command, with errors that a person can act on."""

import sys
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError

from app.commands import CommandError
from app.services import ConfigurationError, Services, build_services
from app.settings import Settings, unknown_settings

Part = TypeVar("Part")


def settings() -> Settings:
    """The settings of the environment; a name that is no setting is said on standard error.

    Raises:
        CommandError: naming every wrong variable.
    """
    for name, meant in unknown_settings().items():
        sys.stderr.write(f"radproof: {name} is no setting" + (f"; {meant}?\n" if meant else "\n"))
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"RADPROOF_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()
        )
        raise CommandError(wrong) from error


def build(chosen: Settings) -> Services:
    """The services for these settings. Raises CommandError as ``opened``."""
    return opened(build_services, chosen)


def opened(open_part: Callable[[Settings], Part], chosen: Settings) -> Part:
    """A configured part.

    Raises:
        CommandError: when it cannot be opened.
    """
    try:
        return open_part(chosen)
    except ConfigurationError as error:
        raise CommandError(str(error)) from error

"""Fields of JSON objects by the type that they must have."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg_ingest.pipeline import SourceError
from kg_ingest.sources.rows import RowError


def parsed(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        RowError: when it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RowError("not JSON") from error


def document_of(path: Path) -> Any:
    """The value of a file that is one JSON text.

    Raises:
        SourceError: when it is none, or not UTF-8.
        OSError: when it cannot be read.
    """
    try:
        return parsed(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise SourceError(f"{path.name} is not JSON in UTF-8") from error


def entry(value: object) -> dict[str, Any]:
    """The value as an object.

    Raises:
        RowError: when it is none.
    """
    if not isinstance(value, dict):
        raise RowError("not a JSON object")
    return value


def text(row: Mapping[str, Any], key: str) -> str:
    """A field that must be there and hold words.

    Raises:
        RowError: when it does not.
    """
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RowError(f"{key} is missing, or no text")
    return value


def texts(row: dict[str, Any], key: str) -> list[str]:
    """A list of texts, empty ones left out; none when the field is absent or null.

    Raises:
        RowError: when it holds anything else.
    """
    values = _list(row, key)
    if not all(isinstance(value, str) for value in values):
        raise RowError(f"{key} is not a list of texts")
    return [value for value in values if value.strip()]


def entries(row: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects; none when the field is absent or null.

    Raises:
        RowError: when it holds anything else.
    """
    values = _list(row, key)
    if not all(isinstance(value, dict) for value in values):
        raise RowError(f"{key} is not a list of objects")
    return values


def _list(row: dict[str, Any], key: str) -> list[Any]:
    values = row.get(key)
    if values is not None and not isinstance(values, list):
        raise RowError(f"{key} is not a list")
    return values or []

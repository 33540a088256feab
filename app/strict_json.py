"""JSON as the service reads it: no key twice in an object, no NaN or Infinity."""

import json
from typing import Any, NoReturn


class StrictJsonError(ValueError):
    """Well-formed for a lenient reader, but not for us; the message holds nothing of the text.

    ``code``: duplicate_key or non_finite_number.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def loads(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: when it is not JSON; StrictJsonError when a key comes twice or a number is none.
        RecursionError: when it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise StrictJsonError("duplicate_key", "an object has the same key twice")
    return found


def _constant(_name: str) -> NoReturn:
    raise StrictJsonError("non_finite_number", "NaN and Infinity are not JSON")

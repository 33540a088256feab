"""FHIR resources as they come: JSON within limits, fields of any type, and what references lead to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.integrations.incoming import IncomingError, words
from app.lines import is_wide
from app.strict_json import StrictJsonError, loads

_MOST_VALUES = 500_000  # objects, lists and their members: a byte of JSON can cost twenty of memory

_MOST_LEVELS = 100

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Library:
    """Resources by what a reference may call them."""

    named: Mapping[str, Resource]

    def find(self, reference: object) -> Resource:
        """The resource of a Reference, empty where it is not here."""
        name = as_object(reference).get("reference")
        return self.named.get(name, {}) if isinstance(name, str) else {}


def parsed(document: bytes, most_bytes: int) -> Resource:
    """The JSON object of a document.

    Raises:
        IncomingError: document_too_large, too_many_values, utf_16, invalid_utf_8, invalid_json, duplicate_key,
            non_finite_number, too_deep, not_fhir (no object).
    """
    if len(document) > most_bytes:
        raise IncomingError("document_too_large")
    if is_wide(document):
        raise IncomingError("utf_16")
    if sum(document.count(mark) for mark in (b",", b"{", b"[")) > _MOST_VALUES:
        raise IncomingError("too_many_values")
    try:
        value = loads(document.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise IncomingError("invalid_utf_8") from error
    except StrictJsonError as error:
        raise IncomingError(error.code) from error
    except ValueError as error:
        raise IncomingError("invalid_json") from error
    except RecursionError as error:
        raise IncomingError("too_deep") from error
    if not isinstance(value, dict):
        raise IncomingError("not_fhir")
    if _too_deep(value):
        raise IncomingError("too_deep")
    return value


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_MOST_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (
                outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
            )
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def resources_by_name(entries: Iterable[Resource]) -> dict[str, Resource]:
    """The resources of a Bundle's entries, by full URL and by ``Type/id``."""
    return dict(_names(entries))


def _names(entries: Iterable[Resource]) -> Iterator[tuple[str, Resource]]:
    for entry in entries:
        resource = as_object(entry.get("resource"))
        if isinstance(entry.get("fullUrl"), str):
            yield entry["fullUrl"], resource
        if isinstance(resource.get("id"), str):
            yield f"{resource.get('resourceType')}/{resource['id']}", resource


def concept(value: object) -> str | None:
    """The words of a CodeableConcept: its text, else the first display."""
    said = as_object(value)
    displays = (as_object(coding).get("display") for coding in as_list(said.get("coding")))
    return next((found for value in (said.get("text"), *displays) if (found := one_line(value))), None)


def codes(value: object) -> set[object]:
    """The codes of a CodeableConcept, of whatever system."""
    codings = as_list(as_object(value).get("coding"))
    return {code for coding in codings if isinstance(code := as_object(coding).get("code"), str)}


def one_line(value: object) -> str | None:
    """A string on one line; None for anything else, or one too long."""
    return words(value) if isinstance(value, str) else None


def as_object(value: object) -> Resource:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []

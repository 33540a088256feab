"""Which items any store can keep: the same test for every source; and what a store says of a failure."""

import re
import sqlite3

from kg_ingest.naming import MAX_NAME
from kg_ingest.schema import Edge, Item, Link, Mention, Node

_LARGEST = 2**63 - 1  # what a column of integers holds
_CONTROL = re.compile(r"[\x00-\x1f]")


def storable(text: str) -> bool:
    """False for NUL and for halves of a surrogate pair, which are no text in UTF-8."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text))


def fault(item: Item) -> str | None:
    """Why an item cannot be taken, or None; the words never quote it."""
    if isinstance(item, Node):
        return _identifier(item.id, "a concept") or _names(item) or _cross_references(item)
    if isinstance(item, Edge):
        ends = _identifier(item.source_id, "an edge") or _identifier(item.target_id, "an edge")
        return ends or (None if 0 < item.count <= _LARGEST else "a count that is not 1 or more")
    if isinstance(item, Link):
        return _identifier(item.a, "a mapping") or _identifier(item.b, "a mapping")
    if isinstance(item, Mention):
        return _identifier(item.concept_id, "a mention") or _identifier(item.report_id, "a report")
    return None


def words_of(error: sqlite3.Error) -> str:
    """SQLite's own words; not those of Python's module, which quote the text that they cannot decode."""
    return str(error) if hasattr(error, "sqlite_errorname") else "it holds what is no text"


def unnamed(name: str) -> str | None:
    """Why a name cannot be taken, or None."""
    if not name or name.isspace():
        return "a concept that has no name, or an empty one"
    if len(name) > MAX_NAME:
        return f"a concept that has a name of more than {MAX_NAME} characters"
    return None if storable(name) else "a concept with a name that is no text"


def _identifier(text: str, what: str) -> str | None:
    if not text or text.isspace():
        return f"{what} without an identifier"
    if len(text) > MAX_NAME:
        return f"{what} with an identifier of more than {MAX_NAME} characters"
    return None if _one_line(text) else f"{what} with an identifier that is no text"


def _one_line(text: str) -> bool:
    return (text.isascii() and text.isprintable()) or (storable(text) and not _CONTROL.search(text))


def _names(node: Node) -> str | None:
    return next(filter(None, map(unnamed, node.names or ("",))), None) or unnamed(node.name)


def _cross_references(node: Node) -> str | None:
    sound = all(map(_one_line, (*node.xrefs, node.region or "")))
    return None if sound else "a concept with a cross reference that is no text"

"""The content tree of a structured report (PS3.3 C.17.3) as pieces of text, in the order of its items."""

import re
from collections.abc import Iterator
from typing import Any

from app.integrations.sections import HEADINGS, Piece, section_of
from models.types import SectionName

# what describes the document, its observer or how images were made, and is no word of the report
_ASIDE = frozenset({"HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT"})
_NAMELESS = re.compile(
    r"(?:report|document|free|section)?\s*(?:text|narrative|comment|content|body)\b.*|report|code|value", re.I
)
_UNITLESS = frozenset({"1", "{ratio}", "no units", "ratio"})

Item = Any  # a pydicom Dataset: an item of a Content Sequence


def pieces(root: Item) -> Iterator[Piece]:
    """The pieces of a document; its own title is none of them."""
    yield from _children(root, None)


def procedure_reported(root: Item) -> str | None:
    """The words of the concept modifier "Procedure reported" (DCM 121058)."""
    found = (
        item
        for item in root.get("ContentSequence") or ()
        if _code(item, "ConceptNameCodeSequence") == "121058"
    )
    return next((_meaning(item, "ConceptCodeSequence") for item in found), None)


def _children(item: Item, heading: str | None) -> Iterator[Piece]:
    children = [child for child in item.get("ContentSequence") or () if _told(child)]
    if item.get("ContinuityOfContent") == "CONTINUOUS" and any(_kind(child) == "TEXT" for child in children):
        yield from _flowing(children, heading)
        return
    for child in children:
        yield from _piece(child, heading)


def _flowing(children: list[Item], heading: str | None) -> Iterator[Piece]:
    """Items that are one running text: values without their names."""
    run: list[str] = []
    for child in children:
        if _kind(child) == "CONTAINER":
            yield from filter(None, [Piece(heading, " ".join(run)) if run else None])
            run = []
            yield from _piece(child, heading)
        elif value := _value(child):
            run.append(value)
    if run:
        yield Piece(heading, " ".join(run))


def _piece(item: Item, heading: str | None) -> Iterator[Piece]:
    own = _heading(item)
    under = own or heading
    if _kind(item) != "CONTAINER" and (value := _value(item)):
        name = None if own else _name(item)
        yield Piece(under, f"{name}: {value}" if name else value)
    yield from _children(item, under)


def _told(item: Item) -> bool:
    """True for an item of its own (not one by reference) that belongs to what the report says."""
    return "ValueType" in item and item.get("RelationshipType") not in _ASIDE


def _kind(item: Item) -> str:
    return str(item.get("ValueType") or "")


def _value(item: Item) -> str:
    """The words of an item; empty for one that points at something, such as an image or a place in it."""
    kind = _kind(item)
    if kind == "TEXT":
        return _lines(str(item.get("TextValue") or ""))
    if kind == "CODE":
        return _meaning(item, "ConceptCodeSequence") or ""
    if kind == "NUM":
        return _measured(item)
    if kind == "PNAME":
        return _person(str(item.get("PersonName") or ""))
    if kind in ("DATE", "TIME", "DATETIME"):
        return _time(
            kind, str(item.get({"DATE": "Date", "TIME": "Time", "DATETIME": "DateTime"}[kind]) or "")
        )
    return ""


def _measured(item: Item) -> str:
    measured = _first(item, "MeasuredValueSequence")
    if measured is None:
        return _meaning(item, "NumericValueQualifierCodeSequence") or ""
    number = measured.get("NumericValue")
    number = number[0] if isinstance(number, list) or type(number).__name__ == "MultiValue" else number
    unit = _unit(measured)
    return f"{number} {unit}".strip() if number not in (None, "") else ""


def _unit(measured: Item) -> str:
    code = _code(measured, "MeasurementUnitsCodeSequence") or ""
    if code in _UNITLESS:
        return ""
    if code.startswith(("{", "[")):
        return _meaning(measured, "MeasurementUnitsCodeSequence") or ""
    return code


def _person(name: str) -> str:
    """Prefix, given, middle and family name, suffix (PS3.5 6.2.1.1)."""
    parts = [*name.split("=")[0].split("^"), "", "", "", "", ""]
    family, given, middle, prefix, suffix = parts[:5]
    return " ".join(part.strip() for part in (prefix, given, middle, family, suffix) if part.strip())


def _time(kind: str, digits: str) -> str:
    match = re.match(r"(\d{4})(\d\d)(\d\d)", digits) if kind != "TIME" else None
    day = "-".join(match.groups()) if match else ""
    clock = (
        re.match(r"(\d\d)(\d\d)", digits[8:] if kind == "DATETIME" else digits) if kind != "DATE" else None
    )
    return " ".join(filter(None, [day, ":".join(clock.groups()) if clock else ""]))


def _lines(text: str) -> str:
    return re.sub(r"\n\r|\r\n|\r", "\n", text).strip("\n").rstrip()


def _heading(item: Item) -> str | None:
    """The heading that the concept of an item stands for."""
    known = HEADINGS.get(_code(item, "ConceptNameCodeSequence") or "")
    if known is not None:
        return known
    name = (_meaning(item, "ConceptNameCodeSequence") or "").strip()
    if not name or len(name) > 50 or ":" in name or "\n" in name:
        return None
    return name.upper() if section_of(name) not in (SectionName.UNTITLED, SectionName.OTHER) else None


def _name(item: Item) -> str | None:
    """The name of a value as it is shown; None where it says only that there is one."""
    name = " ".join((_meaning(item, "ConceptNameCodeSequence") or "").split()).rstrip(":")
    return name if name and not _NAMELESS.fullmatch(name) else None


def _code(item: Item, sequence: str) -> str | None:
    coded = _first(item, sequence)
    said = (
        (coded.get(name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))
        if coded is not None
        else ()
    )
    return next((str(code) for code in said if code), None)


def _meaning(item: Item, sequence: str) -> str | None:
    coded = _first(item, sequence)
    meaning = coded.get("CodeMeaning") if coded is not None else None
    return str(meaning) if meaning else None


def _first(item: Item, sequence: str) -> Item | None:
    items = item.get(sequence)
    return items[0] if items else None

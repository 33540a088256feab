"""The text of a report from its OBX and NTE segments, in their order (HL7 v2.5.1, 7.4.2; LOINC, 7.8.3 suffixes)."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from app.integrations.hl7.segments import Segment
from app.integrations.html import LONGEST_PAGE, text_of
from app.integrations.incoming import IncomingError
from models.sections import parse
from models.types import SectionName

# LOINC codes of sections (DICOM PS3.20), suffixes of 7.8.3, letters of the VA: the heading that they stand for
_HEADINGS = {
    "59776-5": "FINDINGS",
    "18782-3": "FINDINGS",
    "GDT": "FINDINGS",
    "19005-8": "IMPRESSION",
    "IMP": "IMPRESSION",
    "I": "IMPRESSION",
    "18834-2": "COMPARISON",
    "11329-0": "HISTORY",
    "HST": "HISTORY",
    "18785-6": "REASON FOR STUDY",
    "55115-0": "INDICATION",
    "55111-9": "TECHNIQUE",
    "18783-1": "RECOMMENDATION",
    "REC": "RECOMMENDATION",
    "ADT": "ADDENDUM",
}
_TEXTS = frozenset({"", "TX", "FT", "ST"})
_CODED = frozenset({"CE", "CWE", "CF"})
_TAKEN_BACK = frozenset({"D", "W", "X"})  # table 0085: deleted, wrong, not obtained
_UID = frozenset("0123456789.")


@dataclass(frozen=True, slots=True)
class _Piece:
    heading: str | None
    text: str


def report_text(segments: Sequence[Segment], most: int) -> str | None:
    """The text of one report; None where its segments hold none. ``most``: bytes of a decoded document.

    Sections that are said by codes only get headings; lines of one section stay together.

    Raises:
        IncomingError: without text, because it is a PDF (pdf) or another document (embedded_document,
            invalid_base64, document_too_large, wrong_charset, or no_text where it is blank).
    """
    pieces = list(_pieces(segments))
    if any(piece.text.strip() for piece in pieces):
        return _joined(pieces)
    documents = [
        segment
        for segment in segments
        if segment.name == "OBX" and segment.raw(2) == "ED" and segment.part(11) not in _TAKEN_BACK
    ]
    for place, segment in enumerate(documents, 1):
        try:
            return _document(segment, most)
        except IncomingError:
            if place == len(documents):
                raise
    return None


def _pieces(segments: Sequence[Segment]) -> Iterator[_Piece]:
    heading, taken_back = None, False
    for segment in segments:
        if segment.name == "OBX":
            taken_back = segment.part(11) in _TAKEN_BACK
        if taken_back:  # and its notes
            continue
        if segment.name == "NTE":  # goes on with the section before it
            lines = map(segment.delimiters.unescape, segment.repetitions(3))
            yield _Piece(heading, "\n".join(lines))
        elif piece := _piece(segment):
            heading = piece.heading
            yield piece


def _piece(segment: Segment) -> _Piece | None:
    delimiters = segment.delimiters
    if segment.name != "OBX":
        return None
    heading = _heading(segment)
    kind = segment.part(2).upper()
    if kind in _TEXTS:
        text = "\n".join(map(delimiters.unescape, segment.repetitions(5)))
        is_identifier = kind == "ST" and "." in text and set(text.strip()) <= _UID and heading is None
        return None if is_identifier else _Piece(heading, text)
    if kind in _CODED and heading:
        named = (_name(segment, repetition) for repetition in segment.repetitions(5))
        return _Piece(heading, "\n".join(filter(None, named)))
    return None


def _name(segment: Segment, repetition: str) -> str:
    """The words of a coded value: its text, original text or alternate text."""
    return next((said for place in (2, 9, 5) if (said := segment.part_of(repetition, place))), "")


def _heading(segment: Segment) -> str | None:
    codes = segment.repetitions(3)[0].split(segment.delimiters.component)
    # the code, its suffix after "&", and the alternate code
    parts = [*codes[0].split(segment.delimiters.subcomponent)[::-1], *codes[3:4]]
    return next((_HEADINGS[part.strip()] for part in parts if part.strip() in _HEADINGS), None)


def _joined(pieces: Sequence[_Piece]) -> str:
    whole = "\n".join(piece.text for piece in pieces)
    if not any(piece.heading for piece in pieces):
        return whole.strip("\n")
    said = {section.name for section in parse(whole).sections}
    blocks = []
    for heading, run in groupby(pieces, key=lambda piece: piece.heading):
        text = "\n".join(piece.text for piece in run)
        own = heading and text.strip() and _section(heading) not in said and not _opens_with_heading(text)
        blocks.append(f"{heading}:\n{text.lstrip()}" if own else text)
    return "\n".join(blocks).strip("\n")


@cache
def _section(heading: str) -> SectionName:
    return parse(f"{heading}: a").sections[0].name


def _opens_with_heading(text: str) -> bool:
    return parse(text.lstrip()).sections[0].name is not SectionName.UNTITLED


def _document(segment: Segment, most: int) -> str:
    """The text of an encapsulated document (data type ED, 2.A.24)."""
    parts = segment.repetitions(5)[0].split(segment.delimiters.component, 4)
    parts += [""] * (5 - len(parts))
    kind = " ".join(part.strip().lower() for part in parts[1:3])
    if "pdf" in kind:
        raise IncomingError("pdf")
    page = "html" in kind
    if not page and ("plain" not in kind and kind.strip() not in ("text", "text txt", "tx", "txt")):
        raise IncomingError("embedded_document")
    text = _decoded(segment, parts[3].strip().lower(), parts[4], most)
    if page and len(text) > LONGEST_PAGE:
        raise IncomingError("document_too_large")
    shown = text_of(text) if page else text
    if not shown.strip():
        raise IncomingError("no_text")
    return shown


def _decoded(segment: Segment, encoding: str, data: str, most: int) -> str:
    if encoding in ("", "a", "ascii"):
        return segment.delimiters.unescape(data)
    if len(data) > 2 * most:
        raise IncomingError("document_too_large")
    try:
        raw = (
            bytes.fromhex(data)
            if encoding == "hex"
            else base64.b64decode("".join(data.split()), validate=True)
        )
    except (binascii.Error, ValueError) as error:
        raise IncomingError("invalid_base64") from error
    if raw.startswith(b"%PDF"):
        raise IncomingError("pdf")
    try:
        return raw.decode(segment.delimiters.charset)
    except UnicodeDecodeError as error:
        raise IncomingError("wrong_charset") from error

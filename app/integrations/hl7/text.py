"""The text of a report from its OBX and NTE segments, in their order (HL7 v2.5.1, 7.4.2; LOINC, 7.8.3 suffixes)."""

from collections.abc import Iterator, Sequence

from app.integrations.documents.cda import cda_text
from app.integrations.documents.embedded import base64_bytes, kind_of, plain_text
from app.integrations.hl7.segments import Segment
from app.integrations.incoming import IncomingError
from app.integrations.sections import HEADINGS, Piece, joined, section_of
from models.sections import parse

_TEXTS = frozenset({"", "TX", "FT", "ST"})
_CODED = frozenset({"CE", "CWE", "CF"})
_TAKEN_BACK = frozenset({"D", "W", "X"})  # table 0085: deleted, wrong, not obtained
_LONGEST = 1_048_576  # characters
_UID = frozenset("0123456789.")


def report_text(segments: Sequence[Segment], most: int) -> str | None:
    """The text of one report; None where its segments hold none. ``most``: bytes of a decoded document.

    Sections that are said by codes only get headings; lines of one section stay together.

    Raises:
        IncomingError: without text, because of its document: a code of ``pdf_text`` or ``cda_text``,
            embedded_document (of a kind that is not read), invalid_base64, document_too_large, wrong_charset, or
            no_text where it is blank.
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


def _pieces(segments: Sequence[Segment]) -> Iterator[Piece]:
    heading, taken_back = None, False
    for segment in segments:
        if segment.name == "OBX":
            taken_back = segment.part(11) in _TAKEN_BACK
        if taken_back:  # and its notes
            continue
        if segment.name == "NTE":  # goes on with the section before it
            lines = map(segment.delimiters.unescape, segment.repetitions(3))
            yield Piece(heading, "\n".join(lines))
        elif piece := _piece(segment):
            heading = piece.heading
            yield piece


def _piece(segment: Segment) -> Piece | None:
    delimiters = segment.delimiters
    if segment.name != "OBX":
        return None
    heading = _heading(segment)
    kind = segment.part(2).upper()
    if kind in _TEXTS:
        text = "\n".join(map(delimiters.unescape, segment.repetitions(5)))
        is_identifier = kind == "ST" and "." in text and set(text.strip()) <= _UID and heading is None
        return None if is_identifier else Piece(heading, text)
    if kind in _CODED and heading:
        named = (_name(segment, repetition) for repetition in segment.repetitions(5))
        return Piece(heading, "\n".join(filter(None, named)))
    return None


def _name(segment: Segment, repetition: str) -> str:
    """The words of a coded value: its text, original text or alternate text."""
    return next((said for place in (2, 9, 5) if (said := segment.part_of(repetition, place))), "")


def _heading(segment: Segment) -> str | None:
    codes = segment.repetitions(3)[0].split(segment.delimiters.component)
    # the code, its suffix after "&", and the alternate code
    parts = [*codes[0].split(segment.delimiters.subcomponent)[::-1], *codes[3:4]]
    return next((HEADINGS[part.strip()] for part in parts if part.strip() in HEADINGS), None)


def _joined(pieces: Sequence[Piece]) -> str:
    """Headings only of sections that the lines themselves do not name."""
    whole = "\n".join(piece.text for piece in pieces)
    if not any(piece.heading for piece in pieces):
        return whole.strip("\n")
    if len(whole) > _LONGEST:  # it is refused anyhow, and parsing it takes seconds a megabyte
        raise IncomingError("text_too_large")
    said = {section.name for section in parse(whole).sections}
    return joined(
        [
            Piece(None if piece.heading and section_of(piece.heading) in said else piece.heading, piece.text)
            for piece in pieces
        ]
    )


def _document(segment: Segment, most: int) -> str:
    """The text of an encapsulated document (data type ED, 2.A.24)."""
    parts = segment.repetitions(5)[0].split(segment.delimiters.component, 4)
    parts += [""] * (5 - len(parts))
    encoding, data = parts[3].strip().lower(), parts[4]
    kind = kind_of(" ".join(parts[1:3]))
    if encoding in ("", "a", "ascii"):
        text = segment.delimiters.unescape(data)
        if kind == "xml":  # as it stands: the message's character set holds, not the declaration's
            return cda_text(text.strip())
        return plain_text(text.encode("utf-8", "surrogatepass"), kind, "utf-8")
    if len(data) > 2 * most:
        raise IncomingError("document_too_large")
    raw = _hex_bytes(data) if encoding == "hex" else base64_bytes(data)
    return cda_text(raw) if kind == "xml" else plain_text(raw, kind, segment.delimiters.charset)


def _hex_bytes(data: str) -> bytes:
    try:
        return bytes.fromhex(data)
    except ValueError as error:
        raise IncomingError("invalid_base64") from error

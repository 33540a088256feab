r"""The segments of an HL7 v2 message: delimiters, fields, escapes, character set (HL7 v2.5.1, chapter 2).

Read here and not by the library ``hl7``, which writes text with broken escapes into the log and makes of
``\.sp999999999\`` as many lines (decision 13).
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.integrations.incoming import IncomingError
from app.lines import is_wide

# table 0211; ASCII and none are read as UTF-8, which holds it; senders of 8859/1 often mean Windows-1252
CHARSETS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "8859/1": "cp1252",
    "ISO IR100": "cp1252",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    **{f"8859/{part}": f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 15)},
}
_FRAME = b"\x0b\x1c \t\r\n"  # of MLLP, and what files put around
_ENDS = re.compile(r"\r\n|\r|\n")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_MOST_BREAKS = 20
_MOST_SPACES = 80


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2, and the encoding of the message's bytes as Python names it."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    charset: str

    def unescape(self, text: str) -> str:
        """Text with its escape sequences resolved (2.7); what is no known sequence stays as it is.

        Raises:
            IncomingError: wrong_charset, when hexadecimal bytes are no characters.
        """
        if self.escape not in text:
            return text
        mark = re.escape(self.escape)
        known = (
            rf"{mark}([FSTREHNP]|[XCM][0-9A-Fa-f]{{2,}}|\.(?:br|sp|sk|ce|fi|nf|in|ti)[+-]?\d{{0,4}}){mark}"
        )
        return re.sub(known, lambda found: self._meant(found.group(1)), text)

    def _meant(self, code: str) -> str:
        plain = {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
        }
        if code in plain:
            return plain[code]
        if code[0] == "X":
            return self._bytes(code[1:])
        count = abs(int(code[3:] or 1)) if code[0] == "." else 0
        if code.startswith((".br", ".sp", ".ce")):
            return "\n" * min(max(count, 1), _MOST_BREAKS)
        return " " * min(count, _MOST_SPACES) if code.startswith(".sk") else ""

    def _bytes(self, digits: str) -> str:
        try:
            return bytes.fromhex(digits).decode(self.charset)
        except ValueError as error:
            raise IncomingError("wrong_charset") from error


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; ``fields[n]`` is its field n as it stands, escapes and all."""

    name: str
    fields: tuple[str, ...]
    delimiters: Delimiters

    def raw(self, number: int) -> str:
        """Field ``number`` as it stands; empty where there is none."""
        return self.fields[number] if number < len(self.fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field, as they stand."""
        return self.raw(number).split(self.delimiters.repetition)

    def part(self, number: int, component: int = 1) -> str:
        """A component of a field's first repetition: its first subcomponent, unescaped, without space around."""
        return self.part_of(self.repetitions(number)[0], component)

    def part_of(self, repetition: str, component: int = 1) -> str:
        """The same of one repetition."""
        components = repetition.split(self.delimiters.component)
        if component > len(components):
            return ""
        first = components[component - 1].split(self.delimiters.subcomponent)[0].strip()
        return "" if first == '""' else self.delimiters.unescape(first)


def segments_of(message: bytes, charset: str | None = None) -> tuple[Segment, ...]:
    """The segments of one message, MSH first. Lines that begin no segment go on with the text before them.

    ``charset`` is that of messages whose MSH-18 says none; None for UTF-8.

    Raises:
        IncomingError: utf_16, not_hl7, unknown_charset, wrong_charset (bytes that are no characters in it).
    """
    raw = message.removeprefix(codecs.BOM_UTF8).strip(_FRAME)
    if is_wide(raw):
        raise IncomingError("utf_16")
    if len(raw) < 8 or not raw.startswith(b"MSH"):
        raise IncomingError("not_hl7")
    encoding = _encoding(raw, charset)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise IncomingError("wrong_charset") from error
    delimiters = _delimiters(text, encoding)
    return tuple(_segments(text, delimiters))


def _encoding(raw: bytes, default: str | None) -> str:
    header = re.split(rb"[\r\n]", raw, maxsplit=1)[0]
    fields = header.split(raw[3:4], 18)
    first = fields[17].split(fields[1][1:2] or b"~")[0] if len(fields) > 17 else b""
    name = first.decode("ascii", "replace").strip().upper()
    if not name and default is not None:
        return default
    if name not in CHARSETS:
        raise IncomingError("unknown_charset")
    return CHARSETS[name]


def _delimiters(text: str, encoding: str) -> Delimiters:
    field = text[3]
    given = _ENDS.split(text, maxsplit=1)[0][4:].split(field)[0]
    marks = given[:4] + "^~\\&"[len(given[:4]) :]
    if len({field, *marks}) < 5 or any(
        mark.isalnum() or mark.isspace() or mark < "!" for mark in field + marks
    ):
        raise IncomingError("not_hl7")
    return Delimiters(field, marks[0], marks[1], marks[2], marks[3], encoding)


def _segments(text: str, delimiters: Delimiters) -> Iterator[Segment]:
    lines: list[str] = []
    for line in _ENDS.split(text):
        if _SEGMENT.match(line) and line[3:4] in (delimiters.field, ""):
            if lines:
                yield _segment("\n".join(lines), delimiters)
            lines = []
        lines.append(line)
    yield _segment("\n".join(lines), delimiters)


def _segment(text: str, delimiters: Delimiters) -> Segment:
    name, *fields = text.rstrip("\n").split(delimiters.field)
    own = [delimiters.field] if name == "MSH" else []  # MSH-1 is the separator itself
    return Segment(name, (name, *own, *fields), delimiters)

"""Writing HL7 v2: escapes, fields, and a character set that holds the words (HL7 v2.5.1, 2.7 and 2.14.9.18)."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.integrations.hl7.segments import CHARSETS, Delimiters, Segment
from app.integrations.incoming import IncomingError

USUAL = Delimiters("|", "^", "~", "\\", "&", "utf-8")
UNICODE = "UNICODE UTF-8"
_ASCII = ("", "ASCII")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the fields of one message with its delimiters."""

    marks: Delimiters

    def words(self, text: str) -> str:
        """Text as a value: delimiters escaped, line breaks as ``.br``, other control characters by their number."""
        marks = self.marks
        letters = {
            marks.escape: "E",
            marks.field: "F",
            marks.component: "S",
            marks.repetition: "R",
            marks.subcomponent: "T",
        }
        plain = "".join(
            f"{marks.escape}{letters[sign]}{marks.escape}" if sign in letters else sign for sign in text
        )
        broken = _LINE.sub(lambda _: f"{marks.escape}.br{marks.escape}", plain)
        return _CONTROL.sub(lambda sign: f"{marks.escape}X{ord(sign[0]):02X}{marks.escape}", broken)

    def parts(self, *components: str) -> str:
        """A field of components, which are plain text."""
        written = self.marks.component.join(map(self.words, components))
        return written.rstrip(self.marks.component)

    def segment(self, name: str, fields: dict[int, str]) -> str:
        """A segment of fields by their number, each as it is written."""
        last = max((number for number, value in fields.items() if value), default=0)
        return self.marks.field.join([name, *(fields.get(number, "") for number in range(1, last + 1))])

    def kept(self, segment: Segment) -> str:
        """A segment of another message with the same delimiters, as it stands."""
        return self.marks.field.join([segment.name, *(self.field(segment, n) for n in _numbers(segment))])

    def field(self, segment: Segment, number: int) -> str:
        """A field of such a segment; bytes by their number become the characters that they are in its character set."""
        return _CONTROL.sub(" ", self._readable(segment.raw(number), segment.delimiters))

    def within(self, written: str) -> str:
        """A written field as one component of another: its components become subcomponents."""
        first = written.split(self.marks.repetition)[0]
        return first.replace(self.marks.component, self.marks.subcomponent)

    def _readable(self, written: str, of: Delimiters) -> str:
        mark = re.escape(self.marks.escape)

        def meant(found: re.Match[str]) -> str:
            try:
                return self.words(of.unescape(found.group()))
            except IncomingError:
                return ""

        return re.sub(f"{mark}X[0-9A-Fa-f]*{mark}", meant, written)


def _numbers(segment: Segment) -> range:
    return range(1, len(segment.fields))


def encoded(header: Callable[[str], str], rest: Sequence[str], name: str) -> bytes:
    """The bytes of a message in the character set ``name`` (MSH-18) where that holds the text, else in UTF-8.

    ``header`` writes MSH with the character set that it is given.
    """
    for charset, encoding in ((name, _strict(name)), (UNICODE, "utf-8")):
        try:
            return ("\r".join([header(charset), *rest]) + "\r").encode(encoding)
        except UnicodeEncodeError:
            continue
    return ("\r".join([header(UNICODE), *rest]) + "\r").encode("utf-8", "replace")  # half a character


def _strict(name: str) -> str:
    """The encoding of a character set as receivers understand it who take its name at its word."""
    upper = name.upper()
    if upper in _ASCII or upper not in CHARSETS:
        return "ascii"
    return "latin-1" if CHARSETS[upper] == "cp1252" else CHARSETS[upper]

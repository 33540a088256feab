"""The header of a message (MSH), read so tolerantly that also a message that is refused gets its answer."""

import re
from dataclasses import dataclass

_FRAME = b"\x0b\x1c\xef\xbb\xbf \t\r\n"
_LONGEST = 8_192  # bytes of a segment MSH
_USUAL = "|^~\\&"


@dataclass(frozen=True, slots=True)
class Header:
    """``fields[n]`` is MSH-n as its bytes stand, in Latin-1: what is echoed is the same bytes again."""

    fields: tuple[str, ...]
    marks: str

    def raw(self, number: int) -> str:
        """Field ``number`` as it stands; empty where there is none."""
        return self.fields[number] if number < len(self.fields) else ""

    def part(self, number: int, component: int = 1) -> str:
        """A component of a field's first repetition, as it stands, without space around."""
        components = self.raw(number).split(self.marks[2])[0].split(self.marks[1])
        return components[component - 1].strip() if component <= len(components) else ""


NO_HEADER = Header(("MSH", "|", _USUAL[1:]), _USUAL)


def header_of(message: bytes) -> Header:
    """The header of a message; ``NO_HEADER`` where it begins with none."""
    raw = message[:_LONGEST].lstrip(_FRAME)
    line = re.split(rb"[\r\n]", raw, maxsplit=1)[0].decode("latin-1")
    if len(line) < 8 or not line.startswith("MSH"):
        return NO_HEADER
    field = line[3]
    given = line[4:].split(field, 1)[0]
    marks = field + given[:4] + _USUAL[1 + len(given[:4]) :]
    if len(set(marks)) < 5 or any(mark.isalnum() or mark.isspace() or mark < "!" for mark in marks):
        return NO_HEADER
    return Header(("MSH", field, *line[4:].split(field)), marks)

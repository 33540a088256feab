"""What a message is answered: MSH, MSA and, where it is not taken, ERR (HL7 v2.5.1, 2.9 and 2.15)."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from app.integrations.hl7.header import Header

_DOCUMENTED = re.compile(r"2\.(?:[3-8])(?:\.\d)?", re.ASCII)
_CONDITIONS = {  # table 0357
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "207": "Application internal error",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message is not taken. ``code`` is ours and stable; ``condition`` is of table 0357.

    ``place``: segment, its number and field, such as ("MSH", 1, 9); of a segment as a whole, field 0.
    ``transient``: the same message may be taken later.
    """

    code: str
    condition: str
    place: tuple[str, int, int] | None = None
    transient: bool = False


class NotTakenError(Exception):
    """A message that is not kept, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def answer(header: Header, fault: Fault | None) -> bytes | None:
    """The answer to a message with this header, None where its sender wants none.

    Original mode: AA, AE, AR. Enhanced mode (MSH-15, MSH-16): CA, CE, CR where MSH-15 asks for it, else
    AA, AE, AR where MSH-16 does. One message has one answer at most. In the message's version, with its
    delimiters and in its character set: whatever is repeated is repeated byte by byte.
    """
    letter = _letter(header, fault)
    if letter is None:
        return None
    kind = "A" if fault is None else "E" if fault.transient else "R"
    segments = [_msh(header), _joined(header, "MSA", letter + kind, header.raw(10))]
    if fault is not None:
        segments.append(_err(header, fault))
    return ("\r".join(segments) + "\r").encode("latin-1")


def _letter(header: Header, fault: Fault | None) -> str | None:
    accept, application = header.part(15).upper(), header.part(16).upper()
    if not accept and not application:
        return "A"
    wanted = {"AL", "SU"} if fault is None else {"AL", "ER"}
    if accept in wanted:
        return "C"
    if accept in ("", "NE") and application in wanted:
        return "A"
    return None


def _msh(header: Header) -> str:
    now = dt.datetime.now().astimezone().strftime("%Y%m%d%H%M%S%z")
    component = header.marks[1]
    event = header.part(9, 2)
    version = header.raw(12) or "2.5.1"
    kind = ["ACK", event, "ACK"] if event and version != "2.3" else ["ACK"]
    processing = header.raw(11) or "P"
    fields = ["MSH" + header.marks, header.raw(5), header.raw(6), header.raw(3), header.raw(4), now, ""]
    fields += [component.join(kind), uuid.uuid4().hex[:20], processing, version]
    if header.raw(18):
        fields += ["", "", "", "", "", header.raw(18)]
    return header.marks[0].join(fields)


def _joined(header: Header, *fields: str) -> str:
    return header.marks[0].join(fields).rstrip(header.marks[0])


def _err(header: Header, fault: Fault) -> str:
    component, subcomponent = header.marks[1], header.marks[4]
    words = _CONDITIONS[fault.condition]
    segment, number, field = fault.place or ("", 0, 0)
    place = [segment, str(number), str(field) if field else ""] if segment else []
    version = header.part(12)
    if _DOCUMENTED.fullmatch(version) and version < "2.5":  # ERR-1: place and condition in one field
        coded = subcomponent.join((fault.condition, words, "HL70357"))
        return _joined(header, "ERR", component.join([*(place or ["", "", ""]), coded]))
    coded = component.join((fault.condition, words, "HL70357"))
    own = component.join((fault.code, "", "L"))
    where = component.join(place).rstrip(component)
    return _joined(header, "ERR", "", where, coded, "E", own)

"""HL7 v2 of one source, whichever way it comes: a message becomes versions of reports, and is answered.

What is wrong with it, or with us, is a ``Fault``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from app.integrations.hl7.answer import Fault, NotTakenError, answer
from app.integrations.hl7.header import Header, header_of
from app.integrations.hl7.read import WITHDRAWN, reports_in
from app.integrations.hl7.segments import segments_of
from app.integrations.incoming import IncomingError, IncomingReport, digest
from app.integrations.mllp.framing import Frame
from app.limits import LONGEST_ID, InadmissibleError, admit
from app.proofreading.report import SubmittedReport
from app.storage.rejections import OTHERS
from app.storage.types import FeedMessage, Version

_VERSION = re.compile(r"2\.[3-8](\.\d)?", re.ASCII)
_EVENTS = {"ORU": ("R01",), "MDM": ("T02",)}
_LONGEST_CONTROL_ID = 199  # 2.8; before it was 20
_MSH = ("MSH", 1, 0)
_TEXT = ("OBX", 1, 5)
_NO_CONTROL_ID = Fault("missing_control_id", "101", ("MSH", 1, 10))
_UNREADABLE = {
    "unknown_charset": Fault("unknown_charset", "103", ("MSH", 1, 18)),
    "wrong_charset": Fault("wrong_charset", "102", ("MSH", 1, 18)),
    "utf_16": Fault("utf_16", "102", ("MSH", 1, 18)),
    "not_hl7": Fault("not_hl7", "100", _MSH),
    "no_text": Fault("no_text", "101", _TEXT),
    "reader_unavailable": Fault("reader_unavailable", "207", transient=True),
}
_PLAIN = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_NAMES = re.compile(r"(?!\|$)[\w.:-]{0,48}(?: [\w.:-]{1,24})?\|[\w.:-]{0,48}(?: [\w.:-]{1,24})?")
TOO_LARGE = Fault("message_too_large", "207")
_OTHER_SOURCE = Fault("other_source", "103", ("MSH", 1, 3))
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a frame: its message, or why it is not taken. ``size`` in bytes."""

    header: Header
    size: int
    holds: FeedMessage | Fault


@dataclass(frozen=True, slots=True)
class Hl7Inbound:
    """Takes messages to a feed. Thread-safe.

    ``keep_all`` and ``reject`` are those of ``Feed``. ``charset``: Python's name of the encoding of messages whose MSH-18
    says none. ``source``: whose rejections they are; None: what MSH-3 and MSH-4 say. ``feed``: what these have to
    say; None: anything.
    """

    keep_all: Callable[[Sequence[FeedMessage]], Sequence[list[int] | Fault | None]]
    reject: Callable[[str, str], None]
    max_text_bytes: int
    charset: str | None = None
    source: str | None = None
    feed: str | None = None

    def answer(self, frame: Frame) -> bytes | None:
        """Keep the message of a frame and give its answer, None where its sender wants none."""
        (given,) = self.answers([self.read(frame)])
        return given

    def answers(self, frames: Sequence[Read]) -> list[bytes | None]:
        """Keep the messages of several, together; the answer of each."""
        faults = self._take_all(frames)
        return [answer(frame.header, fault) for frame, fault in zip(frames, faults, strict=True)]

    def take(self, raw: bytes) -> Fault | None:
        """Keep a message; why it was not taken, None where it was."""
        (fault,) = self._take_all([self.read(Frame(raw))])
        return fault

    def read(self, frame: Frame) -> Read:
        """What a frame holds; keeps nothing."""
        raw = frame.message
        header = header_of(raw)
        if frame.too_long:
            return Read(header, len(raw), TOO_LARGE)
        try:
            message = message_of(raw, self.charset, self.max_text_bytes)
        except NotTakenError as error:
            return Read(header, len(raw), error.fault)
        if self.feed not in (None, message.source):
            return Read(header, len(raw), _OTHER_SOURCE)
        return Read(header, len(raw), message)

    def _take_all(self, frames: Sequence[Read]) -> list[Fault | None]:
        messages = [frame.holds for frame in frames if isinstance(frame.holds, FeedMessage)]
        outcomes = iter(self.keep_all(messages) if messages else ())
        return [
            self._noted(frame, frame.holds if isinstance(frame.holds, Fault) else next(outcomes))
            for frame in frames
        ]

    def _noted(self, frame: Read, outcome: list[int] | Fault | None) -> Fault | None:
        name = frame.header.part(10)
        said = {"control_id": name if _PLAIN.fullmatch(name) else None, "bytes": frame.size}
        said |= {} if self.source is None else {"source": self.source}
        if isinstance(outcome, Fault):
            self.reject(self.source or _source_of(frame.header), outcome.code)
            _log.warning("message_not_taken", code=outcome.code, **said)
            return outcome
        _log.info("message_taken", again=outcome is None, **said)
        return None


def message_of(raw: bytes, charset: str | None, max_text_bytes: int) -> FeedMessage:
    """The message as it is kept.

    Raises:
        NotTakenError: it is none that can be taken, now or ever.
    """
    header = header_of(raw)
    _expect(header)
    try:
        segments = segments_of(raw, charset)
        if sum(segment.name == "MSH" for segment in segments) > 1:  # its end was lost: whose text is it?
            raise NotTakenError(Fault("several_messages", "100", ("MSH", 2, 0)))
        reports = reports_in(segments, taken_back=True)
    except IncomingError as error:
        raise NotTakenError(_UNREADABLE.get(error.code, Fault(error.code, "102", _TEXT))) from error
    first = reports[0]
    if first.control_id is None:  # nothing of it can be printed
        raise NotTakenError(_NO_CONTROL_ID)
    test = header.part(11) != "P"
    source = f"{first.application or ''}|{first.facility or ''}"[:LONGEST_ID]
    return FeedMessage(
        source=source,
        control_id=first.control_id,
        key=digest(header.raw(3), header.raw(4), header.raw(10), str(test), _body(raw)),
        kind=f"{header.part(9)}^{header.part(9, 2) or 'R01'}",
        raw=raw,
        versions=tuple(_version(report, test, max_text_bytes) for report in _joined(reports)),
        test=test,
    )


def _expect(header: Header) -> None:
    """What the header has to say, in the order of table 0357."""
    kind, event, control_id = header.part(9), header.part(9, 2), header.part(10)
    processing, version = header.part(11), header.part(12)
    if len(header.fields) < 3 or not header.raw(9):
        fault = Fault("not_hl7", "100", _MSH)
    elif kind not in _EVENTS:
        fault = Fault("message_type", "200", ("MSH", 1, 9))
    elif event not in _EVENTS[kind] and (kind, event) != ("ORU", ""):
        fault = Fault("message_type", "201", ("MSH", 1, 9))
    elif not control_id:
        fault = _NO_CONTROL_ID
    elif len(control_id) > _LONGEST_CONTROL_ID:
        fault = Fault("control_id_too_long", "102", ("MSH", 1, 10))
    elif not processing:
        fault = Fault("missing_processing_id", "101", ("MSH", 1, 11))
    elif processing not in ("P", "T", "D"):
        fault = Fault("processing_id", "202", ("MSH", 1, 11))
    elif not version:
        fault = Fault("missing_version", "101", ("MSH", 1, 12))
    elif not _VERSION.fullmatch(version):
        fault = Fault("version", "203", ("MSH", 1, 12))
    else:
        return
    raise NotTakenError(fault)


def _source_of(header: Header) -> str:
    """The source of a message that is not taken; ``OTHERS`` where it is no name, since it may be anything."""
    name = f"{header.part(3)}|{header.part(4)}"
    try:
        name = name.encode("latin-1").decode()
    except UnicodeDecodeError:
        return OTHERS
    return name if _NAMES.fullmatch(name) else OTHERS


def _joined(reports: Sequence[IncomingReport]) -> list[IncomingReport]:
    """One report a filler id: what a message says of one in several orders is one text."""
    joined: dict[object, IncomingReport] = {}
    for place, report in enumerate(reports):
        name: object = report.filler_id or place
        before = joined.get(name)
        if before is None or not before.text:
            joined[name] = report
        elif report.text:
            joined[name] = replace(before, text=f"{before.text}\n\n{report.text}")
    return list(joined.values())


def _version(report: IncomingReport, test: bool, max_text_bytes: int) -> Version:
    place = report.facility or report.application or ""
    named = digest(place, report.filler_id, str(test)) if report.filler_id else None
    if report.status in WITHDRAWN:
        return Version(None, named, report.said_at, report.status)
    submitted = SubmittedReport(report.text, (report.control_id or "")[:LONGEST_ID], report.context)
    try:
        admit(submitted, max_text_bytes)
    except InadmissibleError as error:
        raise NotTakenError(Fault(error.code, "102", _TEXT)) from error
    status = report.status[:20] if report.status else None
    return Version(submitted, named, report.said_at, status, report.study_date, place[:LONGEST_ID] or None)


def _body(raw: bytes) -> str:
    """All but the header: a resend may say another time of sending."""
    return raw.replace(b"\n", b"\r").strip(b"\x0b\x1c\r ").partition(b"\r")[2].decode("latin-1")

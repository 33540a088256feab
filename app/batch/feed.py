"""A live feed: each message is read, kept with its jobs, and answered; the checks come after.

A message of HL7 v2 becomes versions of reports. What is wrong with it, or with us, becomes a ``Fault``.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import structlog
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.batch.group import GroupCommit
from app.batch.intake.admission import LONGEST_ID
from app.batch.tally import Tally
from app.integrations.hl7.answer import Fault, answer
from app.integrations.hl7.header import Header, header_of
from app.integrations.hl7.read import WITHDRAWN, reports_in
from app.integrations.hl7.segments import segments_of
from app.integrations.incoming import IncomingError, IncomingReport
from app.limits import InadmissibleError, admit
from app.proofreading.report import SubmittedReport
from app.storage.arriving import SealedMessage
from app.storage.rejections import OTHERS
from app.storage.store import Store
from app.storage.types import FeedMessage, Version, today

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
_COUNT_SECONDS = 1.0
_log = structlog.get_logger()
TOO_LARGE = Fault("message_too_large", "207")
_TOO_MANY = Fault("too_many_waiting", "207", transient=True)
_UNAVAILABLE = Fault("store_unavailable", "207", transient=True)


class NotTakenError(Exception):
    """A message that is not kept, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


_OF_ONE = (DataError, IntegrityError, UnicodeError)  # what the database says of one message, not of itself
_Outcome = list[int] | None | Fault


class Feed:
    """Where messages go. Thread-safe; what several threads bring at one time is kept in one transaction."""

    def __init__(
        self,
        store: Store,
        max_text_bytes: int,
        most_waiting: int,
        charset: str | None = None,
        tally: Tally | None = None,
    ) -> None:
        """``charset``: Python's name of the encoding of HL7 messages whose MSH-18 says none. ``tally``: who counts."""
        self.store = store
        self._max_text_bytes = max_text_bytes
        self._most_waiting = most_waiting
        self._charset = charset
        self._tally = tally
        self._group = GroupCommit[SealedMessage, _Outcome](self._write)
        self._counted = -_COUNT_SECONDS
        self._full = False

    def take(self, raw: bytes) -> list[int] | None:
        """Keep a message of HL7 v2; the jobs that wait because of it, None for one that was kept before.

        Raises:
            NotTakenError: nothing was kept.
        """
        return self.keep(message_of(raw, self._charset, self._max_text_bytes))

    def keep(self, message: FeedMessage) -> list[int] | None:
        """Keep a message of any kind; the jobs that wait because of it, None for one that was kept before.

        Raises:
            NotTakenError: it is to be sent again later; nothing was kept.
        """
        outcome = self._group.put(self.store.messages.sealed(message))
        if isinstance(outcome, Fault):
            raise NotTakenError(outcome)
        return outcome

    def reject(self, source: str, code: str) -> None:
        """Count that a message of a source was not taken, where somebody counts."""
        if self._tally is not None:
            self._tally.count(source, code)

    def _write(self, group: Sequence[SealedMessage]) -> list[_Outcome]:
        try:
            if self._is_full():
                return [_TOO_MANY] * len(group)
            return self._halved(group, today())
        except SQLAlchemyError as error:
            _log.warning("store_unavailable", exc_info=error)
            return [_UNAVAILABLE] * len(group)

    def _halved(self, group: Sequence[SealedMessage], day: dt.date) -> list[_Outcome]:
        """Keep a group; where the database does not take one of its messages, the others are kept without it."""
        try:
            return list(self.store.messages.receive_all(group, day))
        except _OF_ONE as error:
            if len(group) == 1:
                _log.warning("message_not_stored", kind=type(error).__name__)
                return [_UNAVAILABLE]
        half = len(group) // 2
        return self._halved(group[:half], day) + self._halved(group[half:], day)

    def _is_full(self) -> bool:
        if monotonic() - self._counted > _COUNT_SECONDS:
            self._full = self.store.jobs.count_open(self._most_waiting) >= self._most_waiting
            self._counted = monotonic()
        return self._full

    def answer(self, raw: bytes, *, too_long: bool = False) -> tuple[bytes | None, list[int]]:
        """The answer to a message (see ``hl7.answer``), and the jobs that wait because of it."""
        header = header_of(raw)
        jobs: list[int] | None = []
        fault = TOO_LARGE if too_long else None
        if fault is None:
            try:
                jobs = self.take(raw)
            except NotTakenError as error:
                fault = error.fault
        name = header.part(10)
        said = {"control_id": name if _PLAIN.fullmatch(name) else None, "bytes": len(raw)}
        if fault is not None:
            self.reject(_source_of(header), fault.code)
            _log.warning("message_not_taken", code=fault.code, **said)
        else:
            _log.info("message_taken", again=jobs is None, **said)
        return answer(header, fault), jobs or []


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
        key=_digest(header.raw(3), header.raw(4), header.raw(10), str(test), _body(raw)),
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
    named = _digest(place, report.filler_id, str(test)) if report.filler_id else None
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


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()

"""A group of new messages on its way into the tables: as many statements for a hundred as for one."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, String, bindparam, func, insert, select, update

from app.storage import audit
from app.storage.announcing import announce
from app.storage.schema import now
from app.storage.tables import batch, check, feed, job, message, report, version
from app.storage.types import EventName, FeedMessage, Version

REPLACED, WITHDRAWN = "replaced", "withdrawn"
_EVENTS: dict[str, EventName] = {REPLACED: "report.replaced", WITHDRAWN: "report.withdrawn"}
_ACTOR = "feed"
_LONGEST_CONTROL_ID = 200
_LONGEST_NAME = 150  # characters of a control id where something stands behind it


def _each(name: str) -> Any:
    return bindparam(name, expanding=True)


# Built once: building a statement takes longer than running it.
CURRENT = select(version.c.filler_key, version.c.id, version.c.report_id, version.c.said_at).where(
    version.c.filler_key.in_(_each("fillers")), version.c.current
)
_NUMBERS = (
    select(version.c.filler_key, func.max(version.c.number))
    .where(version.c.filler_key.in_(_each("fillers")))
    .group_by(version.c.filler_key)
)
_DAYS = select(feed.c.source, feed.c.test, feed.c.batch_id).where(
    feed.c.source.in_(_each("sources")), feed.c.day == bindparam("day")
)
# Beginning at the message, so that a planner takes the index of both columns: for a list of pairs SQLite reads all jobs,
# and PostgreSQL all of a batch that is younger than its statistics.
_TAKEN = (
    select(job.c.batch_id, job.c.custom_id)
    .join(message, message.c.batch_id == job.c.batch_id)
    .where(
        job.c.custom_id
        == func.substr(message.c.control_id, 1, bindparam("most"), type_=String).concat(bindparam("rest")),
        message.c.id.in_(_each("messages")),
    )
)
_ADD_MESSAGE = insert(message).returning(message.c.id, sort_by_parameter_order=True)
_ADD_REPORT = insert(report).returning(report.c.id, sort_by_parameter_order=True)
_ADD_VERSION = insert(version)
_ADD_JOB = insert(job).returning(job.c.id, sort_by_parameter_order=True)
_ADD_ENDED_JOB = insert(job).values(finished_at=now())
_END_VERSIONS = update(version).where(version.c.id.in_(_each("ids"))).values(current=False)
_END_JOBS = (
    update(job)
    .where(job.c.report_id.in_(_each("reports")))
    .values(state="cancelled", problem=bindparam("why"), finished_at=now(), claimed_until=None)
)
_END_CHECKS = (
    update(check).where(check.c.report_id.in_(_each("reports")), check.c.current).values(current=False)
)


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """A message as it is stored: its bytes, and of each version the report (None: taken back)."""

    sent: FeedMessage
    content: bytes
    reports: tuple[bytes | None, ...]


@dataclass(slots=True)
class _New:
    """One version of the group. ``late``: an earlier one knew more. ``ended``: why it is not current."""

    said: Version
    words: bytes | None
    batch_id: int
    message_id: int
    control_id: str
    place: int = 1  # among the reports of its message
    number: int = 1
    late: bool = False
    ended: str | None = None
    report_id: int | None = None
    job: int | None = None

    @property
    def said_at(self) -> str:
        return self.said.said_at

    @property
    def name(self) -> str:
        """Of its job, where no other job has it."""
        most, rest = _naming(self.place)
        return self.control_id[:most] + rest


@dataclass(frozen=True, slots=True)
class _Stored:
    """A version that was current before the group came."""

    id: int
    report_id: int | None
    said_at: str


_Ended = list[tuple[_Stored | _New, str]]  # what is no longer current, and why


def keep(connection: Connection, group: Sequence[SealedMessage], day: dt.date) -> list[list[int]]:
    """Keep messages, none of which is stored; of each the jobs that wait because of it."""
    rows = _messages(connection, group, day)
    every = [row for own in rows for row in own]
    _follow(connection, group, rows)
    ended = _put_in_order(connection, every)
    stored = [before for before, _ in ended if isinstance(before, _Stored)]
    if stored:
        connection.execute(_END_VERSIONS, {"ids": [before.id for before in stored]})
    _add_reports(connection, every)
    connection.execute(_ADD_VERSION, [_version(row) for row in every])
    _add_jobs(connection, every)
    _end(connection, ended)
    return [[row.job for row in own if row.job is not None] for own in rows]


def _messages(connection: Connection, group: Sequence[SealedMessage], day: dt.date) -> list[list[_New]]:
    """Add the messages; of each its versions."""
    days = _days(connection, [item.sent for item in group], day)
    added = [
        {
            "batch_id": into,
            "key": item.sent.key,
            "control_id": item.sent.control_id,
            "kind": item.sent.kind,
            "content": item.content,
        }
        for item, into in zip(group, days, strict=True)
    ]
    numbers = connection.execute(_ADD_MESSAGE, added).scalars()
    return [
        [
            _New(said, words, into, number, item.sent.control_id, place)
            for place, (said, words) in enumerate(zip(item.sent.versions, item.reports, strict=True), 1)
        ]
        for item, into, number in zip(group, days, numbers, strict=True)
    ]


def _naming(place: int) -> tuple[int, str]:
    """How many characters of the control id name the job of a report at this place, and what follows."""
    return (_LONGEST_CONTROL_ID, "") if place == 1 else (_LONGEST_NAME, f" report {place}")


def _days(connection: Connection, group: Sequence[FeedMessage], day: dt.date) -> list[int]:
    """Of each message the batch of this day of its source; a new one with its first message."""
    wanted = {"sources": list({sent.source for sent in group}), "day": day}
    found = {(row.source, row.test): int(row.batch_id) for row in connection.execute(_DAYS, wanted)}
    for sent in group:
        if (sent.source, sent.test) not in found:
            found[sent.source, sent.test] = _open(connection, sent, day)
    return [found[sent.source, sent.test] for sent in group]


def _open(connection: Connection, sent: FeedMessage, day: dt.date) -> int:
    public_id = str(uuid.uuid4())
    row = {"public_id": public_id, "state": "open", "urgent": True, "fingerprint": sent.key}
    number = int(connection.execute(insert(batch).values(**row).returning(batch.c.id)).scalar_one())
    connection.execute(insert(feed).values(batch_id=number, source=sent.source, day=day, test=sent.test))
    audit.record(connection, _ACTOR, "feed.opened", f"batch/{public_id}", {"day": day.isoformat()})
    return number


def _follow(connection: Connection, group: Sequence[SealedMessage], rows: Sequence[list[_New]]) -> None:
    """A version that says which one it replaces goes by the name of that report, where it is kept."""
    said: dict[tuple[str, str], str] = {}  # of this group: source and control id to the name of its report
    for item, own in zip(group, rows, strict=True):
        for row in own:
            before = [said.get((item.sent.source, name)) for name in row.said.replaces]
            key = next(filter(None, before), None) or _replaced(connection, row.said, item.sent.source)
            if key is not None:
                row.said = replace(row.said, filler_key=key)
            if row.said.filler_key is not None:
                said[item.sent.source, item.sent.control_id] = row.said.filler_key


def _replaced(connection: Connection, said: Version, source: str) -> str | None:
    if not said.replaces:
        return None
    sent = version.join(message, message.c.id == version.c.message_id)
    sent = sent.join(feed, feed.c.batch_id == message.c.batch_id)
    wanted = message.c.control_id.in_(said.replaces) & (feed.c.source == source)
    named = select(version.c.filler_key).select_from(sent).where(wanted, version.c.filler_key.is_not(None))
    found = connection.execute(named.order_by(version.c.id.desc()).limit(1)).scalar()
    return None if found is None else str(found)


def _put_in_order(connection: Connection, rows: Sequence[_New]) -> _Ended:
    """Number the versions of each report, and find which is current; what is no longer."""
    fillers = list({row.said.filler_key for row in rows if row.said.filler_key is not None})
    current: dict[str, _Stored | _New] = {}
    numbers: dict[str, int] = {}
    if fillers:
        for key, *stored in connection.execute(CURRENT, {"fillers": fillers}):
            current[key] = _Stored(*stored)
        numbers = {row[0]: row[1] for row in connection.execute(_NUMBERS, {"fillers": fillers})}
    ended: _Ended = []
    for row in rows:
        key = row.said.filler_key
        if key is None:
            continue
        row.number = numbers[key] = numbers.get(key, 0) + 1
        before = current.get(key)
        if before is not None and row.said_at and row.said_at < before.said_at:
            row.late, row.ended = True, REPLACED
            continue
        current[key] = row
        if before is not None:
            why = REPLACED if row.said.report is not None else WITHDRAWN
            ended.append((before, why))
            if isinstance(before, _New):
                before.ended = why
    return ended


def _add_reports(connection: Connection, rows: Sequence[_New]) -> None:
    told = [row for row in rows if row.said.report is not None]
    if not told:
        return
    added = [
        {
            "batch_id": row.batch_id,
            "study_date": row.said.study_date,
            "modality": row.said.report.context.modality if row.said.report else None,
            "site": row.said.site,
            "content": row.words,
        }
        for row in told
    ]
    for row, number in zip(told, connection.execute(_ADD_REPORT, added).scalars(), strict=True):
        row.report_id = number


def _version(row: _New) -> dict[str, Any]:
    return {
        "message_id": row.message_id,
        "report_id": row.report_id,
        "filler_key": row.said.filler_key,
        "number": row.number,
        "current": row.ended is None,
        "status": row.said.status,
        "said_at": row.said_at,
    }


def _add_jobs(connection: Connection, rows: Sequence[_New]) -> None:
    """A job of each report; its name is its own in the batch."""
    told = [row for row in rows if row.report_id is not None]
    if not told:
        return
    taken: set[tuple[int, str]] = set()
    for place in {row.place for row in told}:
        most, rest = _naming(place)
        mine = [row.message_id for row in told if row.place == place]
        found = connection.execute(_TAKEN, {"most": most, "rest": rest, "messages": mine})
        taken.update((into, name) for into, name in found)
    added: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for row in told:
        name = row.name
        if (row.batch_id, name) in taken:  # a source that counts its control ids from the beginning again
            name = f"{name[:_LONGEST_NAME]} message {row.message_id}"
        taken.add((row.batch_id, name))
        values = {"batch_id": row.batch_id, "report_id": row.report_id, "custom_id": name}
        if row.ended is not None:
            values |= {"state": "cancelled", "problem": row.ended}
        added[row.ended is None].append(values)
    if added[False]:
        connection.execute(_ADD_ENDED_JOB, added[False])
    if added[True]:
        jobs = connection.execute(_ADD_JOB, added[True]).scalars()
        for row, number in zip((row for row in told if row.ended is None), jobs, strict=True):
            row.job = number


def _end(connection: Connection, ended: _Ended) -> None:
    """Of what is no longer current no job counts, its check is history, and who wants to know is told."""
    for why, event in _EVENTS.items():
        mine = [before for before, reason in ended if reason == why and before.report_id is not None]
        stored = [before.report_id for before in mine if isinstance(before, _Stored)]
        if stored:
            connection.execute(_END_JOBS, {"reports": stored, "why": why})
            connection.execute(_END_CHECKS, {"reports": stored})
        announce(connection, event, [(before.report_id, None) for before in mine if before.report_id])
    audit.record_all(
        connection,
        _ACTOR,
        [(f"report.{why}", f"report/{before.report_id}") for before, why in ended if before.report_id],
    )

"""Messages of live feeds: each kept once, with its reports and their jobs, in one transaction.

Every day of a source is a batch that stays open. A newer message of the same report replaces the
version before it, whose jobs end as cancelled (``replaced``, ``withdrawn``) and whose check is history.
"""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, text, update

from app.storage import audit
from app.storage.announcing import announce
from app.storage.content import to_json
from app.storage.sealing import Seal
from app.storage.tables import batch, check, feed, job, message, now, report, version
from app.storage.types import EventName, FeedMessage, KeptVersion, Version

REPLACED, WITHDRAWN = "replaced", "withdrawn"
_LOCK = 0x46454544  # "FEED": on PostgreSQL one message at a time, so that versions have an order
_ACTOR = "feed"
_LONGEST_NAME = 160  # characters of a control id where something stands behind it


class Messages:
    """The messages of one database. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)
        self._seal = seal

    def receive(self, sent: FeedMessage, day: dt.date) -> list[int] | None:
        """Keep a message; the jobs that wait for a check because of it, None when it was kept before.

        When this returns, all of it is durable. ``day`` is the day of receipt, where the source is.

        Raises:
            SQLAlchemyError: the database cannot be used; then nothing was kept.
        """
        content = self._seal.seal_text(sent.raw.decode("latin-1"))  # any bytes, and back
        sealed = [self._seal.seal(to_json(said.report)) if said.report else None for said in sent.versions]
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if connection.execute(select(message.c.id).where(message.c.key == sent.key)).first():
                return None
            into = _day(connection, sent, day)
            row = {"batch_id": into, "key": sent.key, "control_id": sent.control_id, "kind": sent.kind}
            added = insert(message).values(**row, content=content).returning(message.c.id)
            number = connection.execute(added).scalar_one()
            jobs = []
            for place, (said, words) in enumerate(zip(sent.versions, sealed, strict=True), 1):
                said = _following(connection, said, sent.source)
                name = sent.control_id if place == 1 else f"{sent.control_id[:_LONGEST_NAME]} report {place}"
                kept = _keep(connection, said, words, (into, number, name))
                if kept is not None:
                    jobs.append(kept)
        return jobs

    def version(self, number: int) -> KeptVersion | None:
        """Which version a stored report is; None for one that came in no feed."""
        with self._reading.begin() as connection:
            mine = connection.execute(select(version).where(version.c.report_id == number)).first()
            if mine is None:
                return None
            latest = _current(connection, mine.filler_key)
        if mine.current:
            return KeptVersion(mine.number, mine.status, "current")
        if latest is not None and latest.report_id is None:
            return KeptVersion(mine.number, mine.status, "withdrawn")
        return KeptVersion(mine.number, mine.status, "replaced", latest.report_id if latest else None)

    def current_of(self, source: str, control_id: str) -> tuple[str | None, int] | None:
        """Key and number of the current version that a source's message of this name brought; None where none is."""
        brought = (
            select(version.c.filler_key, version.c.number)
            .join(message, message.c.id == version.c.message_id)
            .join(feed, feed.c.batch_id == message.c.batch_id)
            .where(feed.c.source == source, message.c.control_id == control_id)
            .where(version.c.current, version.c.report_id.is_not(None))
            .order_by(version.c.id.desc())
        )
        with self._reading.begin() as connection:
            found = connection.execute(brought.limit(1)).first()
        return None if found is None else (found.filler_key, int(found.number))

    def knows(self, key: str) -> bool:
        """True for a message that was kept."""
        with self._reading.begin() as connection:
            return connection.execute(select(message.c.id).where(message.c.key == key)).first() is not None

    def report_of(self, key: str) -> int | None:
        """The first report that the message with this key brought; None when there is none."""
        brought = select(version.c.report_id).join(message).where(message.c.key == key)
        with self._reading.begin() as connection:
            chosen = brought.where(version.c.report_id.is_not(None)).order_by(version.c.id)
            found = connection.execute(chosen.limit(1)).scalar()
        return None if found is None else int(found)

    def raw(self, key: str) -> bytes | None:
        """A message as it came in; None when there is none, or its words were purged."""
        with self._reading.begin() as connection:
            content = connection.execute(select(message.c.content).where(message.c.key == key)).scalar()
        return None if content is None else self._seal.unseal_text(content).encode("latin-1")


def _day(connection: Connection, sent: FeedMessage, day: dt.date) -> int:
    """The batch of this day of the source; a new one with its first message."""
    wanted = (feed.c.source == sent.source) & (feed.c.day == day) & (feed.c.test == sent.test)
    found = connection.execute(select(feed.c.batch_id).where(wanted)).scalar()
    if found is not None:
        return int(found)
    public_id = str(uuid.uuid4())
    row = {"public_id": public_id, "state": "open", "urgent": True, "fingerprint": sent.key}
    number = int(connection.execute(insert(batch).values(**row).returning(batch.c.id)).scalar_one())
    connection.execute(insert(feed).values(batch_id=number, source=sent.source, day=day, test=sent.test))
    audit.record(connection, _ACTOR, "feed.opened", f"batch/{public_id}", {"day": day.isoformat()})
    return number


def _following(connection: Connection, said: Version, source: str) -> Version:
    """The version under the name of the report that it says it replaces, where that is kept."""
    if not said.replaces:
        return said
    sent = version.join(message, message.c.id == version.c.message_id).join(
        feed, feed.c.batch_id == message.c.batch_id
    )
    wanted = message.c.control_id.in_(said.replaces) & (feed.c.source == source)
    named = select(version.c.filler_key).select_from(sent).where(wanted, version.c.filler_key.is_not(None))
    found = connection.execute(named.order_by(version.c.id.desc()).limit(1)).scalar()
    return replace(said, filler_key=found) if found else said


def _keep(
    connection: Connection, said: Version, words: bytes | None, where: tuple[int, int, str]
) -> int | None:
    """Keep one version; its job, where one waits. ``where``: batch, message, name of the job."""
    into, number, name = where
    before = _current(connection, said.filler_key)
    stale = before is not None and bool(said.said_at) and said.said_at < before.said_at
    if before is not None and not stale:
        _end(connection, before, REPLACED if said.report is not None else WITHDRAWN)
    key = None if said.report is None else _report(connection, said, words, into)
    row = {"message_id": number, "report_id": key, "filler_key": said.filler_key, "status": said.status}
    place = 1 + _versions(connection, said.filler_key)
    connection.execute(insert(version).values(**row, number=place, current=not stale, said_at=said.said_at))
    if key is None:
        return None
    taken = select(job.c.id).where(job.c.batch_id == into, job.c.custom_id == name)
    if connection.execute(taken).first():  # a source that counts its control ids from the beginning again
        name = f"{name[:_LONGEST_NAME]} message {number}"
    state = (
        {"state": "cancelled", "problem": REPLACED, "finished_at": now()} if stale else {"state": "waiting"}
    )
    turn = insert(job).values(batch_id=into, report_id=key, custom_id=name, **state)
    waiting = int(connection.execute(turn.returning(job.c.id)).scalar_one())
    return None if stale else waiting


def _current(connection: Connection, filler_key: str | None) -> Row[Any] | None:
    wanted = (version.c.filler_key == filler_key) & version.c.current
    return connection.execute(select(version).where(wanted)).first() if filler_key else None


def _versions(connection: Connection, filler_key: str | None) -> int:
    if filler_key is None:
        return 0
    last = select(func.max(version.c.number)).where(version.c.filler_key == filler_key)
    return int(connection.execute(last).scalar() or 0)


def _report(connection: Connection, said: Version, words: bytes | None, into: int) -> int:
    modality = said.report.context.modality if said.report else None
    row = {"batch_id": into, "study_date": said.study_date, "modality": modality, "site": said.site}
    added = insert(report).values(**row, content=words).returning(report.c.id)
    return int(connection.execute(added).scalar_one())


def _end(connection: Connection, before: Row[Any], problem: str) -> None:
    """A version is no longer current: no job of it counts, and its check is history."""
    connection.execute(update(version).where(version.c.id == before.id).values(current=False))
    if before.report_id is None:
        return
    ended = {"state": "cancelled", "problem": problem, "finished_at": now(), "claimed_until": None}
    connection.execute(update(job).where(job.c.report_id == before.report_id).values(**ended))
    mine = (check.c.report_id == before.report_id) & check.c.current
    connection.execute(update(check).where(mine).values(current=False))
    audit.record(connection, _ACTOR, f"report.{problem}", f"report/{before.report_id}")
    event: EventName = "report.replaced" if problem == REPLACED else "report.withdrawn"
    announce(connection, event, [(before.report_id, None)])

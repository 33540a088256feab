"""Batches: received in parts, opened as a whole, cancelled, asked how far they are."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Row, String, and_, case, cast, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from app.batch.items import Accepted, Refused
from app.storage import audit
from app.storage.content import to_json
from app.storage.schema import now
from app.storage.sealing import Seal
from app.storage.tables import batch, feed, job, refusal, report, version
from app.storage.types import Batch

_RECEIVING_SECONDS = 60  # a batch may stand still for this long while it is received
_RECENT_SECONDS = 60


class KeyInUseError(Exception):
    """Another request with the same idempotency key is being received."""


class KeyReusedError(Exception):
    """The idempotency key named another content before."""


class Batches:
    """The batches of one database. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)
        self._seal = seal

    def begin(self, fingerprint: str, key: str | None = None, *, urgent: bool = False) -> tuple[str, bool]:
        """The public id of a batch to fill, and True; of the batch that this key made before, and False.

        Raises:
            KeyInUseError, KeyReusedError: what the draft of the Idempotency-Key header answers 409 and 422.
        """
        public_id = str(uuid.uuid4())
        row = {
            "public_id": public_id,
            "state": "receiving",
            "urgent": urgent,
            "idempotency_key": key,
            "fingerprint": fingerprint,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(batch).where(left_unfinished()))
                until = now() + _RECEIVING_SECONDS
                connection.execute(insert(batch).values(**row, receiving_until=until))
        except IntegrityError:
            return self._made_before(fingerprint, key), False
        return public_id, True

    def _made_before(self, fingerprint: str, key: str | None) -> str:
        with self._reading.begin() as connection:
            found = connection.execute(select(batch).where(batch.c.idempotency_key == key)).one_or_none()
        if found is None or found.state == "receiving":
            raise KeyInUseError
        if found.fingerprint != fingerprint:
            raise KeyReusedError
        return str(found.public_id)

    def add(self, public_id: str, items: Iterable[Accepted | Refused]) -> int:
        """Add reports and refusals to a batch that is being received; how many reports.

        Each ``custom_id`` may come once.
        """
        given = list(items)
        accepted = [item for item in given if isinstance(item, Accepted)]
        refused = [item for item in given if isinstance(item, Refused)]
        sealed = [self._sealed(item) for item in accepted]
        with self._engine.begin() as connection:
            until = now() + _RECEIVING_SECONDS
            mine = (batch.c.public_id == public_id) & (batch.c.state == "receiving")
            renewed = update(batch).where(mine).values(receiving_until=until).returning(batch.c.id)
            (number,) = connection.execute(renewed).one()
            if sealed:
                ids = connection.execute(
                    insert(report).returning(report.c.id, sort_by_parameter_order=True),
                    [{**row, "batch_id": number} for row in sealed],
                ).scalars()
                jobs = [
                    {"batch_id": number, "report_id": key, "custom_id": item.custom_id}
                    for key, item in zip(ids, accepted, strict=True)
                ]
                connection.execute(insert(job), jobs)
            if refused:
                connection.execute(insert(refusal), [_refusal(number, item) for item in refused])
        return len(accepted)

    def _sealed(self, item: Accepted) -> dict[str, Any]:
        return {
            "study_date": item.study_date,
            "modality": item.report.context.modality,
            "site": item.site,
            "content": self._seal.seal(to_json(item.report)),
        }

    def add_stored(self, public_id: str, study_date: dt.date, site: str | None) -> int:
        """Add every stored report of a day (and site) that still has its text; how many.

        Reports of a batch that is still being received are not stored yet. Of a feed only current versions
        count, and none that was sent for trial.
        """
        received = select(batch.c.id).where(batch.c.state != "receiving")
        wanted = (report.c.study_date == study_date) & report.c.content.is_not(None)
        wanted &= report.c.batch_id.in_(received)
        replaced = select(version.c.id).where(version.c.report_id == report.c.id, ~version.c.current)
        tried = select(feed.c.batch_id).where(feed.c.batch_id == report.c.batch_id, feed.c.test)
        wanted &= ~replaced.exists() & ~tried.exists()
        if site is not None:
            wanted &= report.c.site == site
        with self._engine.begin() as connection:
            number = select(batch.c.id).where(batch.c.public_id == public_id).scalar_subquery()
            name = literal("report-").concat(cast(report.c.id, String))
            chosen = select(number, report.c.id, name).where(wanted)
            added = insert(job).from_select(["batch_id", "report_id", "custom_id"], chosen)
            return len(connection.execute(added.returning(job.c.id)).all())

    def open(self, public_id: str, actor: str) -> None:
        """Everything is received: from here on the batch is accepted, and its jobs are done."""
        with self._engine.begin() as connection:
            mine = (batch.c.public_id == public_id) & (batch.c.state == "receiving")
            opened = update(batch).where(mine).values(state="open", receiving_until=None)
            connection.execute(opened.returning(batch.c.id)).one()
            audit.record(connection, actor, "batch.received", f"batch/{public_id}")

    def drop(self, public_id: str) -> None:
        """Forget a batch that could not be received."""
        with self._engine.begin() as connection:
            mine = (batch.c.public_id == public_id) & (batch.c.state == "receiving")
            connection.execute(delete(batch).where(mine))

    def cancel(self, public_id: str, actor: str) -> bool:
        """Cancel every job that is not finished; False when there is no such batch. What is done stays.

        The day of a feed stays open for what comes next.
        """
        with self._engine.begin() as connection:
            mine = (batch.c.public_id == public_id) & (batch.c.state != "receiving")
            found = connection.execute(select(batch.c.id).where(mine)).one_or_none()
            if found is None:
                return False
            waiting = (job.c.batch_id == found.id) & job.c.state.in_(("waiting", "claimed"))
            ended = update(job).where(waiting).values(state="cancelled", finished_at=now())
            if connection.execute(ended).rowcount:
                day = select(feed.c.batch_id).where(feed.c.batch_id == batch.c.id)
                connection.execute(update(batch).where(mine, ~day.exists()).values(state="cancelled"))
                audit.record(connection, actor, "batch.cancelled", f"batch/{public_id}")
        return True

    def get(self, public_id: str) -> Batch | None:
        """How far a batch is; None when there is none that was received."""
        found = self._batches(batch.c.public_id == public_id, 1)
        return found[0] if found else None

    def page(self, before: str | None, limit: int) -> list[Batch]:
        """Batches, the latest first, from after the one with the public id ``before``."""
        if before is None:
            return self._batches(batch.c.id.is_not(None), limit)
        edge = select(batch.c.id).where(batch.c.public_id == before).scalar_subquery()
        return self._batches(batch.c.id < edge, limit)

    def _batches(self, wanted: Any, limit: int) -> list[Batch]:
        with self._reading.begin() as connection:
            chosen = select(batch, feed.c.source, feed.c.day, feed.c.test).outerjoin(feed)
            chosen = chosen.where(wanted, batch.c.state != "receiving")
            rows = connection.execute(chosen.order_by(batch.c.id.desc()).limit(limit)).all()
            ids = [row.id for row in rows]
            recent = func.sum(case((job.c.finished_at > now() - _RECENT_SECONDS, 1), else_=0))
            counted = select(
                job.c.batch_id,
                job.c.state,
                func.count().label("jobs"),
                recent.label("recent"),
                func.max(job.c.finished_at).label("last"),
            ).where(job.c.batch_id.in_(ids))
            jobs = connection.execute(counted.group_by(job.c.batch_id, job.c.state)).all()
            lines = select(refusal.c.batch_id, func.count().label("lines")).where(refusal.c.batch_id.in_(ids))
            refused = {
                row.batch_id: row.lines for row in connection.execute(lines.group_by(refusal.c.batch_id))
            }
        return [_batch(row, [line for line in jobs if line.batch_id == row.id], refused) for row in rows]

    def refusals(self, public_id: str, after: int, limit: int) -> list[tuple[int, Refused]]:
        """Refused lines with their numbers, in order, from after the number ``after``."""
        chosen = select(refusal).join(batch).where(batch.c.public_id == public_id, refusal.c.id > after)
        with self._reading.begin() as connection:
            rows = connection.execute(chosen.order_by(refusal.c.id).limit(limit)).all()
        return [(row.id, Refused(row.code, row.pointer, row.custom_id, row.line, row.source)) for row in rows]


def left_unfinished() -> Any:
    """Batches whose sending was cut off: they were never accepted."""
    return and_(batch.c.state == "receiving", batch.c.receiving_until < now())


def _refusal(number: int, item: Refused) -> dict[str, Any]:
    return {
        "batch_id": number,
        "custom_id": item.custom_id,
        "code": item.code,
        "pointer": item.pointer,
        "line": item.line,
        "source": item.source,
    }


def _batch(row: Row[Any], jobs: Sequence[Row[Any]], refused: Mapping[int, int]) -> Batch:
    counts = {line.state: line.jobs for line in jobs}
    last = max((line.last for line in jobs if line.last is not None), default=None)
    done = not {"waiting", "claimed"} & counts.keys()
    return Batch(
        public_id=row.public_id,
        created_at=dt.datetime.fromtimestamp(row.created_at, dt.UTC),
        cancelled=row.state == "cancelled",
        urgent=row.urgent,
        counts=counts,
        refused=refused.get(row.id, 0),
        recent=sum(line.recent for line in jobs),
        finished_at=dt.datetime.fromtimestamp(last or row.created_at, dt.UTC) if done else None,
        source=row.source,
        day=row.day,
        test=bool(row.test),
    )

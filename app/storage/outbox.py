"""Deliveries: due in order for each endpoint, sent by one process at a time, kept with what became of them.

Of one endpoint the oldest delivery that waits is its head: only the head is sent, so one that has to be tried again
holds those behind it. A process holds an endpoint for a while; if it dies, another goes on, and what it had sent
without saying so is sent again under the same id.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, or_, select, update

from app.proofreading.report import SubmittedReport
from app.storage import audit
from app.storage.content import from_json
from app.storage.endpoints import Endpoints, disable
from app.storage.exchange import delivery, endpoint
from app.storage.schema import now
from app.storage.sealing import Seal, SealError
from app.storage.tables import feed, job, message, report, version
from app.storage.types import Delivery, Endpoint

HOLD_SECONDS = 60  # longer than any attempt: senders give up after 20
_FREE = {"held_by": None, "held_until": now()}  # since when: who waits longest is next


@dataclass(frozen=True, slots=True)
class Turn:
    """The head of an endpoint, which this process may send now."""

    number: int
    endpoint_number: int
    endpoint: Endpoint
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Attempted:
    """What became of an attempt. ``wait`` seconds until the next; None where there is none.

    ``rest``: nothing else is sent to the endpoint for that time. ``disabled``: nor ever, until a person enables it.
    """

    delivered: bool
    problem: str | None = None
    status: int | None = None
    wait: int | None = None
    rest: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """How a report came in. None where it came in no feed; words are None after a purge."""

    custom_id: str | None = None
    source: str | None = None
    test: bool = False
    submitted: SubmittedReport | None = None
    message: bytes | None = None
    message_kind: str | None = None


class Outbox:
    """The deliveries of one database. Thread-safe."""

    def __init__(self, engine: Engine, seal: Seal, endpoints: Endpoints) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)
        self._seal = seal
        self._endpoints = endpoints
        self._sealed: set[str] = (
            set()
        )  # endpoints that no key of this process opens: another process may have it

    def take(self, process: str, limit: int) -> list[Turn]:
        """Heads that are due, of endpoints that nobody holds; their endpoints are held by ``process`` from now on.

        Those first whose last turn is longest ago.
        """
        free = or_(endpoint.c.held_by.is_(None), endpoint.c.held_until < now())
        due = (
            _heads()
            .where(free, endpoint.c.public_id.not_in(self._sealed))
            .order_by(func.coalesce(endpoint.c.held_until, 0), delivery.c.due_at, delivery.c.id)
            .limit(limit)
        )
        with self._reading.begin() as connection:
            found = [row.endpoint_id for row in connection.execute(due)]
        if not found:
            return []
        held = update(endpoint).where(endpoint.c.id.in_(found), free)
        held = held.values(held_by=process, held_until=now() + HOLD_SECONDS)
        with self._engine.begin() as connection:
            mine = list(connection.execute(held.returning(endpoint.c.id)).scalars())
            turns = self._turns(connection, endpoint.c.id.in_(mine))
            idle = set(mine) - {turn.endpoint_number for turn in turns}  # another process was faster
            connection.execute(update(endpoint).where(endpoint.c.id.in_(idle)).values(**_FREE))
        return turns

    def record(self, turn: Turn, made: Attempted, process: str, *, more: bool = True) -> Turn | None:
        """Keep what became of an attempt; the next head of the endpoint, where one is due and ``more`` is wanted.

        Without a next one the endpoint is let go. An attempt of a delivery that has changed since (replayed, deleted,
        sent by another process) changes nothing.
        """
        mine = (endpoint.c.id == turn.endpoint_number) & (endpoint.c.held_by == process)
        with self._engine.begin() as connection:
            # not locked as a key: whoever announces holds that, and may hold the audit trail
            locked = select(endpoint.c.id).where(endpoint.c.id == turn.endpoint_number)
            connection.execute(locked.with_for_update(key_share=True))
            self._ended(connection, turn, made)
            held = {"held_by": process, "held_until": now() + HOLD_SECONDS}
            kept = update(endpoint).where(mine).values(**held).returning(endpoint.c.id)
            if connection.execute(kept).first() is None:
                return None
            turns = self._turns(connection, mine) if more else []
            if not turns:
                connection.execute(update(endpoint).where(mine).values(**_FREE))
        return turns[0] if turns else None

    def _ended(self, connection: Connection, turn: Turn, made: Attempted) -> None:
        row: dict[str, Any] = {"problem": made.problem, "status": made.status}
        if made.disabled:
            row |= {"due_at": now()}
        elif made.wait is not None:
            row |= {"attempts": turn.delivery.attempts + 1, "due_at": now() + made.wait}
        else:
            state = "delivered" if made.delivered else "dead"
            row |= {"attempts": turn.delivery.attempts + 1, "state": state, "finished_at": now()}
        same = and_(
            delivery.c.id == turn.number,
            delivery.c.state == "waiting",
            delivery.c.attempts == turn.delivery.attempts,
        )
        if not connection.execute(update(delivery).where(same).values(**row)).rowcount:
            return
        said: dict[str, Any] = {"problem": made.problem}
        if made.rest and made.wait is not None:
            said["rests_until"] = now() + made.wait
        connection.execute(update(endpoint).where(endpoint.c.id == turn.endpoint_number).values(**said))
        if made.disabled:
            disable(connection, turn.endpoint_number, made.problem or "gone")
        elif not made.delivered and made.wait is None:
            detail: dict[str, str | int] = {"problem": made.problem or "", "attempts": row["attempts"]}
            audit.record(connection, "outbox", "delivery.dead", f"delivery/{turn.delivery.public_id}", detail)

    def let_go(self, process: str) -> None:
        """Hold no endpoint any longer."""
        with self._engine.begin() as connection:
            connection.execute(update(endpoint).where(endpoint.c.held_by == process).values(**_FREE))

    def _turns(self, connection: Connection, which: ColumnElement[bool]) -> list[Turn]:
        heads = select(_heads().where(which).subquery().c.head)
        chosen = select(delivery, endpoint.c.public_id.label("to")).join(endpoint)
        rows = connection.execute(chosen.where(delivery.c.id.in_(heads))).all()
        ids = [row.endpoint_id for row in rows]
        found = connection.execute(select(endpoint).where(endpoint.c.id.in_(ids))).all()
        known = {one.id: opened for one in found if (opened := self._opened(connection, one)) is not None}
        return [
            Turn(row.id, row.endpoint_id, known[row.endpoint_id], _delivery(row))
            for row in rows
            if row.endpoint_id in known
        ]

    def _opened(self, connection: Connection, row: Row[Any]) -> Endpoint | None:
        """An endpoint; None where no key opens it: it waits, and holds no other."""
        try:
            return self._endpoints.opened(row)
        except SealError:
            self._sealed.add(row.public_id)
            connection.execute(update(endpoint).where(endpoint.c.id == row.id).values(problem="sealed"))
            return None

    def origin(self, number: int) -> Origin:
        """How a report came in, with its words. That it is told of stands in its deliveries."""
        named = select(job.c.custom_id).where(job.c.report_id == number).order_by(job.c.id).limit(1)
        chosen = (
            select(
                report.c.content,
                feed.c.source,
                feed.c.test,
                message.c.id.label("message"),
                message.c.control_id,
                message.c.content.label("raw"),
                message.c.kind,
            )
            .outerjoin(feed, feed.c.batch_id == report.c.batch_id)
            .outerjoin(version, version.c.report_id == report.c.id)
            .outerjoin(message, message.c.id == version.c.message_id)
            .where(report.c.id == number)
        )
        with self._reading.begin() as connection:
            name = connection.execute(named).scalar()
            row = connection.execute(chosen).first()
        if row is None:
            return Origin()
        return Origin(
            custom_id=_as_sent(name, row.message, row.control_id),
            source=row.source,
            test=bool(row.test),
            submitted=None if row.content is None else from_json(self._seal.unseal(row.content)),
            message=None if row.raw is None else self._seal.unseal_text(row.raw).encode("latin-1"),
            message_kind=row.kind,
        )

    def get(self, public_id: str) -> Delivery | None:
        """The delivery of this id; None when there is none."""
        found = self._page(delivery.c.public_id == public_id, 1)
        return found[0] if found else None

    def page(
        self, before: str | None, limit: int, endpoint_id: str | None = None, state: str | None = None
    ) -> list[Delivery]:
        """Deliveries, the latest first, from after the one with the id ``before``; of an endpoint, in a state."""
        wanted: list[ColumnElement[bool]] = []
        if before is not None:
            edge = select(delivery.c.id).where(delivery.c.public_id == before).scalar_subquery()
            wanted.append(delivery.c.id < edge)
        if endpoint_id is not None:
            wanted.append(delivery.c.endpoint_id == _number(endpoint_id))
        if state is not None:
            wanted.append(delivery.c.state == state)
        return self._page(and_(True, *wanted), limit)

    def _page(self, wanted: ColumnElement[bool], limit: int) -> list[Delivery]:
        chosen = select(delivery, endpoint.c.public_id.label("to")).join(endpoint).where(wanted)
        with self._reading.begin() as connection:
            rows = connection.execute(chosen.order_by(delivery.c.id.desc()).limit(limit)).all()
        return [_delivery(row) for row in rows]

    def replay(self, public_id: str, actor: str) -> bool:
        """A delivery that is over waits again, under its id; False when there is none."""
        mine = delivery.c.public_id == public_id
        with self._engine.begin() as connection:
            if connection.execute(select(delivery.c.id).where(mine)).first() is None:
                return False
            if _again(connection, mine):
                audit.record(connection, actor, "delivery.replayed", f"delivery/{public_id}")
        return True

    def replay_range(self, endpoint_id: str, since: dt.datetime, until: dt.datetime, actor: str) -> int:
        """What an endpoint was told of from ``since`` to before ``until`` waits again; how many."""
        made = delivery.c.created_at
        span = and_(made >= int(since.timestamp()), made < int(until.timestamp()))
        return self._replay_some(endpoint_id, span, actor)

    def replay_dead(self, endpoint_id: str, actor: str) -> int:
        """What an endpoint was told of in vain waits again; how many."""
        return self._replay_some(endpoint_id, delivery.c.state == "dead", actor)

    def _replay_some(self, endpoint_id: str, which: ColumnElement[bool], actor: str) -> int:
        with self._engine.begin() as connection:
            again = _again(connection, and_(delivery.c.endpoint_id == _number(endpoint_id), which))
            if again:
                detail: dict[str, str | int] = {"deliveries": again}
                audit.record(connection, actor, "endpoint.replayed", f"endpoint/{endpoint_id}", detail)
        return again


def _as_sent(name: str | None, number: int | None, control_id: str | None) -> str | None:
    """The sender's name of a report, without what keeps jobs of one name apart (see ``arriving``)."""
    added = f" message {number}"
    if name is None or control_id is None or not name.endswith(added):
        return name
    bare = name.removesuffix(added)
    return control_id if control_id.startswith(bare) else bare


def _heads() -> Any:
    """(endpoint, head) of enabled endpoints that do not rest and whose head is due."""
    first = select(func.min(delivery.c.id)).where(
        delivery.c.endpoint_id == endpoint.c.id, delivery.c.state == "waiting"
    )
    chosen = select(delivery.c.endpoint_id, delivery.c.id.label("head")).select_from(endpoint)
    chosen = chosen.join(delivery, delivery.c.id == first.correlate(endpoint).scalar_subquery())
    ready = and_(endpoint.c.enabled, endpoint.c.rests_until <= now(), delivery.c.due_at <= now())
    return chosen.where(ready)


def _number(endpoint_id: str) -> Any:
    return select(endpoint.c.id).where(endpoint.c.public_id == endpoint_id).scalar_subquery()


def _again(connection: Connection, which: ColumnElement[bool]) -> int:
    over = and_(which, delivery.c.state != "waiting")
    fresh = {"state": "waiting", "attempts": 0, "due_at": now(), "finished_at": None}
    return connection.execute(update(delivery).where(over).values(**fresh)).rowcount


def _delivery(row: Row[Any]) -> Delivery:
    finished = row.finished_at
    return Delivery(
        public_id=row.public_id,
        endpoint=row.to,
        event=row.event,
        created_at=dt.datetime.fromtimestamp(row.created_at, dt.UTC),
        state=row.state,
        attempts=row.attempts,
        due_at=dt.datetime.fromtimestamp(row.due_at, dt.UTC),
        finished_at=None if finished is None else dt.datetime.fromtimestamp(finished, dt.UTC),
        problem=row.problem,
        status=row.status,
        report=row.report_id,
        check=row.check_id,
    )

"""What goes in and out, counted: sources, waiting reports, endpoints. No words, no names of reports."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, case, func, or_, select

from app.storage.exchange import delivery, endpoint, position, rejection
from app.storage.schema import now
from app.storage.tables import feed, job, message, report

_HOUR = 3_600
_SHOWN_DAYS = 7  # a source that is silent for longer is still shown, with its last message


@dataclass(frozen=True, slots=True)
class SourceCount:
    """A feed: when its last message came, and how many today and in the last hour. ``test``: sent for trial."""

    source: str
    test: bool
    last_at: dt.datetime | None
    today: int
    last_hour: int


@dataclass(frozen=True, slots=True)
class RejectionCount:
    """What of a source was not taken on a day, by code."""

    source: str
    day: dt.date
    code: str
    count: int
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """An endpoint: deliveries that wait, since when the oldest, those that are dead, and its last delivery."""

    public_id: str
    name: str
    kind: str
    enabled: bool
    test: bool
    problem: str | None
    rests_until: dt.datetime | None
    waiting: int
    oldest_waiting: dt.datetime | None
    dead: int
    last_delivered: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PositionCount:
    """How far something else was read, and when that moved last. Its value is the reader's own and not shown."""

    name: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything at one moment, by the database's clock."""

    at: dt.datetime
    sources: tuple[SourceCount, ...]
    rejections: tuple[RejectionCount, ...]
    waiting: int
    oldest_waiting: dt.datetime | None
    endpoints: tuple[EndpointCount, ...]
    positions: tuple[PositionCount, ...]


class Overview:
    """Counts of one database. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._reading = engine.execution_options(reads=True)

    def count(self, day: dt.date) -> Counted:
        """Everything as it stands; ``day`` is today where the sources are.

        Raises:
            SQLAlchemyError: the database cannot be used.
        """
        with self._reading.begin() as connection:
            moment = int(connection.execute(select(now())).scalar_one())
            still = job.c.state.in_(("waiting", "claimed"))
            waiting = connection.execute(select(func.count()).where(still)).scalar_one()
            first = select(job.c.report_id).where(still).order_by(job.c.id).limit(1).scalar_subquery()
            oldest = connection.execute(select(report.c.created_at).where(report.c.id == first)).scalar()
            return Counted(
                at=_time(moment),
                sources=tuple(_sources(connection, day, moment)),
                rejections=tuple(_rejections(connection, day)),
                waiting=int(waiting),
                oldest_waiting=None if oldest is None else _time(oldest),
                endpoints=tuple(_endpoints(connection, moment)),
                positions=tuple(_positions(connection)),
            )

    def last_messages(self) -> dict[str, dt.datetime]:
        """When the last message of each source came that was not sent for trial."""
        with self._reading.begin() as connection:
            rows = connection.execute(_latest().where(feed.c.test.is_(False)).group_by(feed.c.source)).all()
        return {row.source: _time(row.last_at) for row in rows if row.last_at is not None}


def _latest() -> Select[Any]:
    """The last message of each source, looked for in its latest day only."""
    newest = select(feed.c.source, feed.c.test, func.max(feed.c.day).label("day"))
    days = newest.group_by(feed.c.source, feed.c.test).subquery()
    same = (feed.c.source == days.c.source) & (feed.c.test == days.c.test) & (feed.c.day == days.c.day)
    chosen = select(feed.c.source, func.max(message.c.received_at).label("last_at"))
    return chosen.join(days, same).join(message, message.c.batch_id == feed.c.batch_id)


def _sources(connection: Connection, day: dt.date, moment: int) -> list[SourceCount]:
    last = _latest().add_columns(feed.c.test).group_by(feed.c.source, feed.c.test)
    latest = {(row.source, row.test): row.last_at for row in connection.execute(last)}
    recent = message.c.received_at > moment - _HOUR
    chosen = (
        select(
            feed.c.source,
            feed.c.test,
            func.sum(case((feed.c.day == day, 1), else_=0)).label("today"),
            func.sum(case((recent, 1), else_=0)).label("hour"),
        )
        .join(message, message.c.batch_id == feed.c.batch_id)
        .where(feed.c.day >= day - dt.timedelta(1))
        .group_by(feed.c.source, feed.c.test)
    )
    counts = {(row.source, row.test): (row.today, row.hour) for row in connection.execute(chosen)}
    return [
        SourceCount(source, bool(test), _time(at), *map(int, counts.get((source, test), (0, 0))))
        for (source, test), at in sorted(latest.items())
    ]


def _rejections(connection: Connection, day: dt.date) -> list[RejectionCount]:
    columns = rejection.c
    chosen = select(
        columns.source, columns.day, columns.code, columns["count"].label("times"), columns.last_at
    )
    chosen = chosen.where(columns.day > day - dt.timedelta(_SHOWN_DAYS))
    rows = connection.execute(chosen.order_by(columns.day.desc(), columns.source, columns.code).limit(200))
    return [RejectionCount(row.source, row.day, row.code, row.times, _time(row.last_at)) for row in rows]


def _endpoints(connection: Connection, moment: int) -> list[EndpointCount]:
    over = or_(delivery.c.state == "waiting", delivery.c.state == "dead")
    chosen = select(
        delivery.c.endpoint_id, delivery.c.state, func.count().label("many"), func.min(delivery.c.created_at)
    )
    chosen = chosen.where(over).group_by(delivery.c.endpoint_id, delivery.c.state)
    counts = {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(chosen)}
    found = []
    for row in connection.execute(select(endpoint).order_by(endpoint.c.name)).all():
        mine = (delivery.c.endpoint_id == row.id) & (delivery.c.state == "delivered")
        last = connection.execute(
            select(delivery.c.finished_at).where(mine).order_by(delivery.c.id.desc()).limit(1)
        ).scalar()
        waiting, oldest = counts.get((row.id, "waiting"), (0, None))
        found.append(
            EndpointCount(
                public_id=row.public_id,
                name=row.name,
                kind=row.kind,
                enabled=row.enabled,
                test=row.test,
                problem=row.problem,
                rests_until=_time(row.rests_until) if row.rests_until > moment else None,
                waiting=int(waiting),
                oldest_waiting=None if oldest is None else _time(oldest),
                dead=int(counts.get((row.id, "dead"), (0, None))[0]),
                last_delivered=None if last is None else _time(last),
            )
        )
    return found


def _positions(connection: Connection) -> list[PositionCount]:
    rows = connection.execute(select(position.c.name, position.c.at).order_by(position.c.name))
    return [PositionCount(row.name, _time(row.at)) for row in rows]


def _time(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)

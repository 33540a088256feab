"""What is still to be fetched from sources, and how far each was read.

An errand is due from a time on; who takes it moves that time, so that another takes it when the first dies. Wishing for
one that is at work makes it due again: what changed meanwhile is fetched once more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, literal, select, text, update

from app.storage.exchange import errand, position
from app.storage.schema import now

_LONGEST_REST = 300  # seconds between two attempts
_LEASE_SECONDS = 20  # after a death; work that takes longer may be done twice, and is kept once
_LOCK = 0x45525244  # "ERRD": on PostgreSQL one change at a time


@dataclass(frozen=True, slots=True)
class Errand:
    """One errand in hand until ``until``; ``attempts`` counts this one."""

    source: str
    what: str
    attempts: int
    until: int


class Errands:
    """The errands and positions of one database. Thread-safe. Every method raises SQLAlchemyError when it is lost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reads=True)

    def wish(self, source: str, whats: Iterable[str], *, if_new: bool = False) -> None:
        """These are due now; with ``if_new`` only those that are not known."""
        with self._engine.begin() as connection:
            _lock(connection)
            for what in whats:
                _wish(connection, source, what, if_new)

    def missed(self, name: str, total: int, seen: Collection[int], *, anew: bool) -> list[tuple[int, int]]:
        """Move the position of a subscription to ``total`` events; the ranges below that were neither counted nor seen.

        ``anew``: it begins again, and counts from here. The caller wishes for what it does with the ranges before
        it answers: until then the position stands as it was (see ``settle``).
        """
        last = 0 if anew else int(self.position(name) or 0)
        ranges: list[tuple[int, int]] = []
        begun = last + 1
        for number in [*sorted(number for number in set(seen) if last < number <= total), total + 1]:
            if number > begun:
                ranges.append((begun, number - 1))
            begun = number + 1
        return [] if anew else ranges

    def settle(self, source: str, whats: Iterable[str], name: str, total: int, *, anew: bool) -> None:
        """Wish for these and move the position up to ``total``, together."""
        with self._engine.begin() as connection:
            _lock(connection)
            for what in whats:
                _wish(connection, source, what, if_new=False)
            last = int(
                connection.execute(select(position.c.value).where(position.c.name == name)).scalar() or 0
            )
            _move(connection, name, str(total if anew else max(last, total)))

    def take(self, source: str) -> Errand | None:
        """The errand of a source that is due longest, in hand from now on; None where none is due."""
        due = select(errand).where(errand.c.source == source, errand.c.due_at <= now())
        with self._reading.begin() as connection:  # mostly none is: nobody who writes has to wait for that
            if connection.execute(due.limit(1)).first() is None:
                return None
        with self._engine.begin() as connection:
            found = connection.execute(
                due.order_by(errand.c.due_at).limit(1).with_for_update(skip_locked=True)
            ).first()
            if found is None:
                return None
            mine = (errand.c.source == found.source) & (errand.c.what == found.what)
            held = {"due_at": now() + _LEASE_SECONDS, "attempts": found.attempts + 1}
            until = connection.execute(
                update(errand).where(mine).values(**held).returning(errand.c.due_at)
            ).scalar_one()
        return Errand(found.source, found.what, found.attempts + 1, int(until))

    def done(self, taken: Errand) -> None:
        """It is done; one that was wished for again meanwhile stays."""
        with self._engine.begin() as connection:
            connection.execute(delete(errand).where(_held(taken)))

    def again(self, taken: Errand, seconds: int, problem: str | None = None) -> None:
        """It is due in so many seconds; ``problem`` is the code of why it failed, None when it did not."""
        values = {"due_at": now() + seconds, "problem": problem}
        if problem is None:
            values["attempts"] = literal(0)
        with self._engine.begin() as connection:
            connection.execute(update(errand).where(_held(taken)).values(**values))

    def waiting(self, source: str) -> int:
        """How many errands of a source are known."""
        with self._reading.begin() as connection:
            count = select(func.count()).select_from(errand).where(errand.c.source == source)
            return int(connection.execute(count).scalar_one())

    def position(self, name: str) -> str | None:
        """How far was read; None where nothing was."""
        with self._reading.begin() as connection:
            return connection.execute(select(position.c.value).where(position.c.name == name)).scalar()

    def move(self, name: str, value: str) -> None:
        """From here on the next time."""
        with self._engine.begin() as connection:
            _lock(connection)
            _move(connection, name, value)


def rest(attempts: int) -> int:
    """Seconds until the next attempt: 2, 4, 8 … up to five minutes."""
    return int(min(2 ** min(attempts, 9), _LONGEST_REST))


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _wish(connection: Connection, source: str, what: str, if_new: bool) -> None:
    mine = (errand.c.source == source) & (errand.c.what == what)
    if connection.execute(select(errand.c.what).where(mine)).first() is None:
        connection.execute(insert(errand).values(source=source, what=what))
    elif not if_new:
        connection.execute(update(errand).where(mine).values(due_at=now()))


def _move(connection: Connection, name: str, value: str) -> None:
    moved = connection.execute(update(position).where(position.c.name == name).values(value=value))
    if moved.rowcount == 0:
        connection.execute(insert(position).values(name=name, value=value))


def _held(taken: Errand) -> ColumnElement[bool]:
    return (
        (errand.c.source == taken.source) & (errand.c.what == taken.what) & (errand.c.due_at == taken.until)
    )

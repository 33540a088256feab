"""A live feed: each message is kept with its jobs before it is answered; the checks come after."""

import datetime as dt
from collections.abc import Callable, Sequence
from time import monotonic

import structlog
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from app.batch.group import GroupCommit
from app.integrations.hl7.answer import Fault, NotTakenError
from app.storage.arriving import SealedMessage
from app.storage.store import Store
from app.storage.types import FeedMessage, today

_COUNT_SECONDS = 1.0
_TOO_MANY = Fault("too_many_waiting", "207", transient=True)
_UNAVAILABLE = Fault("store_unavailable", "207", transient=True)
_OF_ONE = (DataError, IntegrityError, UnicodeError)  # what the database says of one message, not of itself
Outcome = list[int] | Fault | None
"""Of a message: the jobs that wait because of it, None where it was kept before, or why it was not taken."""
_log = structlog.get_logger()


def _nobody(*_: object) -> None:
    pass


def _taken(outcome: Outcome) -> list[int] | None:
    if isinstance(outcome, Fault):
        raise NotTakenError(outcome)
    return outcome


class Feed:
    """Where messages go. Thread-safe; what several threads bring at one time is kept in one transaction."""

    def __init__(
        self,
        store: Store,
        most_waiting: int,
        ring: Callable[[list[int]], None] = _nobody,
        reject: Callable[[str, str], None] = _nobody,
    ) -> None:
        """``ring`` is told of jobs that wait, ``reject`` of the source and code of what was not taken."""
        self.store = store
        self.reject = reject
        self._most_waiting = most_waiting
        self._ring = ring
        self._group = GroupCommit[SealedMessage, Outcome](self._write)
        self._counted = -_COUNT_SECONDS
        self._full = False

    def keep(self, message: FeedMessage) -> list[int] | None:
        """Keep a message of any kind; the jobs that wait because of it, None for one that was kept before.

        Raises:
            NotTakenError: it is to be sent again later; nothing was kept.
        """
        return _taken(*self.keep_all([message]))

    def keep_all(self, messages: Sequence[FeedMessage]) -> list[Outcome]:
        """The same for several; of each its jobs, None for one kept before, or why it is to be sent again."""
        outcomes = self._put(messages)
        if jobs := [job for kept in outcomes if isinstance(kept, list) for job in kept]:
            self._ring(jobs)
        return outcomes

    def hold(self, message: FeedMessage) -> list[int] | None:
        """The same, for who checks it now: the queue is told nothing."""
        return _taken(*self._put([message]))

    def _put(self, messages: Sequence[FeedMessage]) -> list[Outcome]:
        return self._group.put([self.store.messages.sealed(message) for message in messages])

    def _write(self, group: Sequence[SealedMessage]) -> list[Outcome]:
        try:
            if self._is_full():
                return [_TOO_MANY] * len(group)
            return self._halved(group, today())
        except SQLAlchemyError as error:
            _log.warning("store_unavailable", exc_info=error)
            return [_UNAVAILABLE] * len(group)

    def _halved(self, group: Sequence[SealedMessage], day: dt.date) -> list[Outcome]:
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

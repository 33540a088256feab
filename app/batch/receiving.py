"""Taking a batch in: all of it or nothing, and from then on it is done whatever happens."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice

import structlog

from app.batch.items import Accepted, Refused
from app.batch.queue import QueueError, TaskQueue
from app.storage.store import Store

_AT_ONCE = 500  # reports stored in one transaction
_TOO_MANY = "too_many_reports"
_log = structlog.get_logger()


class BatchError(Exception):
    """A batch that is not taken in; ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and under which key: the same key with the same ``fingerprint`` is the same batch."""

    actor: str
    fingerprint: str
    key: str | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where batches go, and how many reports may wait there. Thread-safe."""

    store: Store
    queue: TaskQueue
    most_waiting: int

    def receive(self, items: Iterable[Accepted | Refused], sender: Sender) -> str:
        """The public id of the batch of these items: a new one, or the one that the key made before.

        Raises:
            BatchError: too_many_reports, too_many_waiting.
            KeyInUseError, KeyReusedError: see ``Batches.begin``.
            SQLAlchemyError: the database cannot be used. In each case nothing was taken.
        """
        return self._receive(lambda public_id: self._fill(public_id, iter(items)), sender)

    def receive_stored(self, study_date: dt.date, site: str | None, sender: Sender) -> str:
        """The same for the stored reports of a day (and site), which are checked again; no_stored_report."""
        return self._receive(lambda public_id: self._fill_stored(public_id, study_date, site), sender)

    def _receive(self, fill: Callable[[str], None], sender: Sender) -> str:
        batches = self.store.batches
        public_id, new = batches.begin(sender.fingerprint, sender.key, urgent=sender.urgent)
        if not new:
            return public_id
        # a failure of any kind, an interrupt too: else the key stays in use for a while
        with ExitStack() as at_failure:
            at_failure.callback(batches.drop, public_id)
            self._refuse_more_than_can_wait()
            fill(public_id)
            at_failure.pop_all()
        return self._opened(public_id, sender)

    def _refuse_more_than_can_wait(self) -> None:
        if self.store.jobs.count_open(self.most_waiting) >= self.most_waiting:
            raise BatchError("too_many_waiting", f"{self.most_waiting} reports are waiting; send it later.")

    def _fill(self, public_id: str, items: Iterator[Accepted | Refused]) -> None:
        while part := list(islice(items, _AT_ONCE)):
            if any(isinstance(item, Refused) and item.code == _TOO_MANY for item in part):
                raise BatchError(_TOO_MANY, "There are more reports in it than a batch may hold.")
            self.store.batches.add(public_id, part)

    def _fill_stored(self, public_id: str, study_date: dt.date, site: str | None) -> None:
        if not self.store.batches.add_stored(public_id, study_date, site):
            raise BatchError("no_stored_report", "No stored report is of this day and site.")

    def _opened(self, public_id: str, sender: Sender) -> str:
        self.store.batches.open(public_id, sender.actor)
        try:
            self.queue.put(self.store.jobs.waiting(public_id), urgent=sender.urgent)
        except QueueError as error:  # the keeper puts them in when the broker is back
            _log.warning("queue_unavailable", exc_info=error)
        return public_id

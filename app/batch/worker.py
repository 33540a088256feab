"""A worker: takes tasks from the queue, has their jobs checked, keeps the results.

Beside it runs the keeper, which every few seconds renews the claims of what is at work here, frees
jobs whose worker has died, and puts jobs into the queue that it has lost. So a batch ends whatever
was killed on the way: worker, API or broker. The deliverer tells others of what was found.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import structlog

from app.batch.checking import CheckProcesses, CrashedError
from app.batch.delivering import Deliverer
from app.batch.loops import Loops
from app.batch.queue import TaskQueue
from app.services import ConfigurationError
from app.storage.store import Store
from app.storage.types import Claim, Finished

_KEEP_SECONDS = 5.0
_IDLE_KEEPS = 6  # a worker without work for so long has nothing to expect from the queue
_PURGE_SECONDS = 3600.0
_MOST_OVERDUE = 10_000  # put in at one time; more follow the next time
_MOST_CRASHES = 3  # of one report alone, after one that may have been another's fault
_log = structlog.get_logger()


class BatchWorker:
    """Checks what the queue brings until it is stopped."""

    def __init__(
        self,
        store: Store,
        queue: TaskQueue,
        processes: CheckProcesses | None,
        retention_days: int | None = None,
        deliverer: Deliverer | None = None,
    ) -> None:
        """Begin. Without ``processes`` only the keeper runs: other workers check. ``deliverer`` ends with it."""
        self._store = store
        self._queue = queue
        self._processes = processes
        self._retention_days = retention_days
        self._deliverer = deliverer
        self._purged = -_PURGE_SECONDS
        self._held: set[str] = set()
        self._idle = 0  # how often in a row the keeper found nothing at work here
        self._keeper = Loops({"keeper": self.keep})
        # one task more than processes is in hand, so that none waits for the database
        self._worker = queue.work(self._check, processes.count + 1) if processes is not None else None

    def stop(self) -> None:
        """Take no more tasks, finish those at work, then return."""
        if self._worker is not None:
            self._worker.stop()
        if self._processes is not None:
            self._processes.close()
        self._keeper.stop()
        if self._deliverer is not None:
            self._deliverer.stop()

    def _check(self, jobs: Sequence[int], crashes: int) -> None:
        if self._processes is None:
            return
        with self._claim() as name:
            claims = self._store.jobs.claim(jobs, name)
            if not claims:
                return  # done, cancelled, or at work elsewhere
            try:
                finished = self._processes.check(claims, alone=crashes > 0)
            except CrashedError:
                self._part(claims, name, crashes)
                return
            except ConfigurationError:
                self._store.jobs.release(name)
                raise  # the task comes again later, here or elsewhere
            self._store.jobs.finish(finished, name)

    @contextmanager
    def _claim(self) -> Iterator[str]:
        """The name of a claim that the keeper renews as long as it is used."""
        name = str(uuid.uuid4())
        self._held.add(name)
        try:
            yield name
        finally:
            self._held.discard(name)

    def _part(self, claims: Sequence[Claim], name: str, crashes: int) -> None:
        """After a crash every report is tried alone; one that crashes alone again and again is given up."""
        if crashes >= _MOST_CRASHES:
            self._store.jobs.finish([Finished(claims[0], problem="crashed")], name)
            return
        urgent = self._store.jobs.release(name)
        for claim in claims:
            self._queue.put_alone(claim.job, crashes + 1, urgent=urgent)

    def keep(self) -> float:
        """Renew what is at work here, and put in what the queue does not know; remove old words; when to do so again.

        Raises:
            SQLAlchemyError, QueueError: when database or broker cannot be used.
        """
        held = tuple(self._held)
        self._store.jobs.renew(held)
        self._idle = 0 if held or self._processes is None else self._idle + 1
        # a task may be lost and still count as at work: its broker gave it away, and the answer never came
        lost = self._queue.outstanding() == 0 or self._idle >= _IDLE_KEEPS
        overdue = self._store.jobs.overdue(_MOST_OVERDUE, all_waiting=lost)
        if lost:
            self._idle = 0
        for urgent in (True, False):
            jobs = [job for of_urgent, job in overdue if of_urgent is urgent]
            self._queue.put(jobs, urgent=urgent)
        if overdue:
            _log.info("requeued", jobs=len(overdue))
        if self._retention_days is not None and monotonic() - self._purged > _PURGE_SECONDS:
            self._store.reports.purge(self._retention_days, "retention")
            self._purged = monotonic()
        return _KEEP_SECONDS

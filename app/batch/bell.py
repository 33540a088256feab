"""The bell of a feed: jobs of messages that are answered go into the queue, however slow that is."""

import queue
import threading

import structlog

from app.batch.queue import JOBS_PER_TASK, QueueError, TaskQueue

_MOST_UNHEARD = 100_000  # jobs; more are found by the keeper
_log = structlog.get_logger()


class Bell:
    """Puts jobs into the queue from a thread of its own; what cannot be put the keeper finds. Thread-safe."""

    def __init__(self, tasks: TaskQueue) -> None:
        """Begin."""
        self._tasks = tasks
        self._jobs: queue.Queue[int | None] = queue.Queue(_MOST_UNHEARD)
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def ring(self, jobs: list[int]) -> None:
        """These jobs wait for a check. Returns at once."""
        for job in jobs:
            try:
                self._jobs.put_nowait(job)
            except queue.Full:
                _log.warning("queue_behind")
                return

    def stop(self) -> None:
        """Put in what was rung for, then return."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            part = [first]
            ended = False
            while len(part) < JOBS_PER_TASK and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    ended = True
                    break
                part.append(job)
            try:
                self._tasks.put(part, urgent=True)
            except QueueError as error:  # the keeper puts them in when the broker is back
                _log.warning("queue_unavailable", exc_info=error)
            if ended:
                return

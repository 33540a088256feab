"""What goes on beside the work: threads that do one thing again and again until they are stopped."""

import threading
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.batch.queue import QueueError
from app.storage.sealing import SealError

Step = Callable[[], float]
"""Does it once; how many seconds to wait before the next time."""
_LOST_SECONDS = 5.0
_log = structlog.get_logger()


class Loops:
    """A thread for each step, by name; none without steps. A lost database or broker is waited for."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        """Begin."""
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(name, step), name=name, daemon=True)
            for name, step in steps.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """Let every thread end the step that it is at, and wait for it, ``seconds`` for each at most."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)

    def stopping(self) -> bool:
        """True from when they are to end."""
        return self._stopping.is_set()

    def _run(self, name: str, step: Step) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            try:
                wait = step()
            except (SQLAlchemyError, QueueError, SealError) as error:  # the next time it may be there again
                _log.warning("loop_failed", loop=name, exc_info=error)
                wait = _LOST_SECONDS

"""Whether anybody still waits for an answer, told from outside to the thread that makes it."""

from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Lock
from typing import Any


class CancelledCheckError(Exception):
    """Nobody waits for the answer any more, so there is none."""


class Cancellation:
    """A cancellation token: given to one check, cancelled at most once, for good. Thread-safe."""

    def __init__(self) -> None:
        self._gone: Future[None] = Future()
        self._lock = Lock()

    @property
    def cancelled(self) -> bool:
        """True once nobody waits any more."""
        return self._gone.done()

    def cancel(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            if not self._gone.done():
                self._gone.set_result(None)

    def wait_for(self, work: Future[Any]) -> None:
        """Wait until the work is done.

        Raises:
            CancelledCheckError: when nobody waits any more; the work goes on.
        """
        wait((work, self._gone), return_when=FIRST_COMPLETED)
        if not work.done():
            raise CancelledCheckError

"""A circuit breaker: after repeated failures a server is left alone for a while, then tried by one call."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row. Closed: calls pass. Open: none does. Half open: one passes, and decides.

    A call that was cancelled tells nothing, so it is neither success nor failure.
    """

    threshold: int
    recovery_seconds: float
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _failures: int = 0
    _next_try: float | None = None

    @property
    def open(self) -> bool:
        """True while calls are refused, but for a trial now and then."""
        return self._next_try is not None

    def admit(self) -> bool:
        """Whether a call may be made now; of an open breaker, one call in each ``recovery_seconds``."""
        if self._next_try is None:
            return True
        if self.clock() < self._next_try:
            return False
        self._next_try = self.clock() + self.recovery_seconds
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._failures, self._next_try = 0, None

    def failed(self) -> None:
        """The server did not answer, or asked for quiet."""
        self._failures += 1
        if self._failures >= self.threshold:
            self._next_try = self.clock() + self.recovery_seconds

"""What was not taken, counted in memory and written once a second: a flood of bad messages costs no more than one."""

import threading
from collections import Counter

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.batch.loops import Loops
from app.storage.rejections import MOST_SOURCES, OTHERS
from app.storage.store import Store
from app.storage.types import today

_SECONDS = 1.0
_log = structlog.get_logger()


class Tally:
    """Counts rejections from a thread of its own; what cannot be written now is written later. Thread-safe."""

    def __init__(self, store: Store) -> None:
        """Begin."""
        self._rejections = store.rejections
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._sources: set[str] = set()
        self._loop = Loops({"tally": self._write})

    def count(self, source: str, code: str) -> None:
        """One message of a source was not taken. Returns at once."""
        with self._lock:
            if source not in self._sources and len(self._sources) >= MOST_SOURCES:
                source = OTHERS
            self._sources.add(source)
            self._counts[source, code] += 1

    def stop(self) -> None:
        """Write what was counted, then return."""
        self._loop.stop()
        self._write()

    def _write(self) -> float:
        with self._lock:
            counts, self._counts, self._sources = self._counts, Counter(), set()
        if not counts:
            return _SECONDS
        try:
            self._rejections.add(today(), counts)
        except SQLAlchemyError as error:
            _log.warning("store_unavailable", exc_info=error)
            with self._lock:
                self._counts += counts
                self._sources |= {source for source, _ in counts}
        return _SECONDS

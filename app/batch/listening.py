"""Listens for silence: a source that should send and does not is said once in the log, and once more when it is back."""

import datetime as dt
from collections.abc import Mapping

import structlog

from app.batch.loops import Loops
from app.integrations.sources import Source
from app.integrations.status import Status, is_silent, status_of
from app.storage.store import Store
from app.storage.types import today

_LOOK_SECONDS = 30.0
_log = structlog.get_logger()


class Listener:
    """Looks at the sources every half minute until it is stopped; none where nothing is to be listened for."""

    def __init__(self, store: Store, sources: Mapping[str, Source], seconds: float = _LOOK_SECONDS) -> None:
        """Begin."""
        self._store = store
        self._sources = sources
        self._seconds = seconds
        self._since = dt.datetime.now(dt.UTC)
        self._silent: frozenset[str] = frozenset()
        listened = any(source.silent_minutes is not None for source in sources.values())
        self._loop = Loops({"listener": self.look} if listened else {})

    @property
    def silent(self) -> frozenset[str]:
        """The sources that were silent when they were looked at last."""
        return self._silent

    def status(self) -> Status:
        """Everything as it stands now.

        Raises:
            SQLAlchemyError: the database cannot be used.
        """
        counted = self._store.overview.count(today())
        return status_of(counted, self._sources, dt.datetime.now().astimezone(), self._since)

    def look(self) -> float:
        """Look once, and say what is new; when to look again."""
        last = self._store.overview.last_messages()
        local = dt.datetime.now().astimezone()
        found = frozenset(
            source.name
            for source in self._sources.values()
            if is_silent(source, last.get(source.feed or source.name, self._since), local)
        )
        for name in sorted(found - self._silent):
            _log.warning("source_silent", source=name, minutes=self._sources[name].silent_minutes)
        for name in sorted(self._silent - found):
            _log.info("source_heard", source=name)
        self._silent = found
        return self._seconds

    def stop(self) -> None:
        """Look no more."""
        self._loop.stop()

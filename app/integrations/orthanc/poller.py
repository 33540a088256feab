"""Reads the changes of an Orthanc, and takes the reports among them: also what came while nobody listened.

How far it read is a ``position``: the number of the last change and what it was, so that a server whose database was
made anew, and counts from the beginning again, is read from its beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from app.integrations.dicom.classes import ENCAPSULATED, REPORTS
from app.integrations.dicom.message import dicom_message_of
from app.integrations.incoming import IncomingError
from app.integrations.orthanc.client import Change, Orthanc, OrthancError
from app.integrations.sources import Source
from app.storage.errands import Errands
from app.storage.types import FeedMessage

_AT_ONCE = 500
_NEW = "NewInstance"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Poller:
    """Reads one Orthanc, whose reports are those of ``source``.

    ``keep`` takes a message and raises when it is to come again; then nothing is passed over.
    """

    source: Source
    orthanc: Orthanc
    errands: Errands
    keep: Callable[[FeedMessage], object]
    max_text_bytes: int

    def poll(self) -> int:
        """Read all there is to read; how many reports were taken. The first time of all it only notes where it is.

        Raises:
            OrthancError: the server cannot be asked now. What ``keep`` raises.
        """
        kept = self.errands.position(self._name)
        since, what = _parsed(kept)
        newest = self.orthanc.last()
        if kept is None:
            self._note(newest, "")
            return 0
        if newest < since or not self._same(since, what):
            _log.warning("orthanc_counts_anew", source=self.source.name)
            since = 0
        taken, done = 0, newest <= since
        while not done:
            found = self.orthanc.changes(since, _AT_ONCE)
            for change in found.changes:
                if self._take(change):
                    taken += 1
                    self._note(change.number, _mark(change))
            if found.changes:
                self._note(found.changes[-1].number, _mark(found.changes[-1]))
            done = found.done or found.last <= since
            since = max(since, found.last)
        return taken

    def _take(self, change: Change) -> bool:
        if change.kind != _NEW:
            return False
        sop_class = self.orthanc.sop_class(change.resource)
        if sop_class not in REPORTS and sop_class not in ENCAPSULATED:
            return False
        try:
            raw = self.orthanc.file(change.resource)
        except OrthancError as error:
            if error.code != "reply_too_large":
                raise
            _log.warning("message_not_taken", source=self.source.name, code="document_too_large")
            return False  # it would be so for ever, and hold all that came after it
        if raw is None:
            return False
        try:
            message = dicom_message_of(raw, self.source.name, self.max_text_bytes)
        except IncomingError as error:
            if error.code == "reader_unavailable":  # not the object's fault: it comes again
                raise
            if error.code != "own_document":
                _log.warning("message_not_taken", source=self.source.name, code=error.code, bytes=len(raw))
            return False
        self.keep(replace(message, test=self.source.test))
        return True

    def _same(self, since: int, what: str) -> bool:
        """Whether the change at the position is still the same; True where it is not there any more."""
        if since == 0 or not what:
            return True
        found = self.orthanc.changes(since - 1, 1).changes
        return not found or found[0].number != since or _mark(found[0]) == what

    def _note(self, number: int, what: str) -> None:
        self.errands.move(self._name, f"{number} {what}".strip())

    @property
    def _name(self) -> str:
        return f"orthanc/{self.source.name}"


def _mark(change: Change) -> str:
    return f"{change.at} {change.resource}"


def _parsed(position: str | None) -> tuple[int, str]:
    number, _, what = (position or "0").partition(" ")
    return int(number), what

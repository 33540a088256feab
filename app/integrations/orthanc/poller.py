"""Reads the changes of an Orthanc, and takes the reports among them: also what came while nobody listened.

How far it read is a ``position``: the number of the last change and what it was, so that a server whose database was
made anew, and counts from the beginning again, is read from its beginning. An object that cannot be had or read now,
from a server that answers, becomes an errand and holds nobody up.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from app.integrations.dicom.classes import ENCAPSULATED, REPORTS
from app.integrations.dicom.message import dicom_message_of
from app.integrations.incoming import IncomingError
from app.integrations.orthanc.client import Change, Orthanc, OrthancError
from app.integrations.sources import Source
from app.storage.errands import Errands, rest
from app.storage.types import FeedMessage

_AT_ONCE = 500
_AGAIN_AT_ONCE = 20  # so that what fails slowly does not keep from what is new
_NEW = "NewInstance"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Poller:
    """Reads one Orthanc, whose reports are those of ``source``.

    ``keep`` takes a message and raises when it is to come again; then nothing is passed over. ``reject`` is told of
    the source and code of what is not taken.
    """

    source: Source
    orthanc: Orthanc
    errands: Errands
    keep: Callable[[FeedMessage], object]
    reject: Callable[[str, str], None]
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
        return taken + self._again()

    def _again(self) -> int:
        """Try again what could not be had or read before, as far as it is due; how many reports were taken."""
        taken = 0
        for _ in range(_AGAIN_AT_ONCE):
            errand = self.errands.take(self.source.name)
            if errand is None:
                break
            try:
                taken += self._fetch(errand.what)
            except (OrthancError, IncomingError) as error:
                self.errands.again(errand, rest(errand.attempts), error.code)
            else:
                self.errands.done(errand)
        return taken

    def _take(self, change: Change) -> bool:
        if change.kind != _NEW:
            return False
        try:
            return self._fetch(change.resource)
        except (OrthancError, IncomingError) as error:
            self.orthanc.last()  # raises where it is the server and not the object
            _log.warning("object_later", source=self.source.name, code=error.code)
            self.errands.wish(self.source.name, [change.resource], if_new=True)
            return False

    def _fetch(self, instance: str) -> bool:
        """Take a stored object; False where it is no report, or none that can ever be taken.

        Raises:
            OrthancError: it cannot be had now. IncomingError: it cannot be read now. What ``keep`` raises.
        """
        sop_class = self.orthanc.sop_class(instance)
        if sop_class not in REPORTS and sop_class not in ENCAPSULATED:
            return False
        try:
            raw = self.orthanc.file(instance)
        except OrthancError as error:
            if error.code != "reply_too_large":
                raise
            return self._rejected("document_too_large")
        if raw is None:
            return False
        try:
            message = dicom_message_of(raw, self.source.name, self.max_text_bytes)
        except IncomingError as error:
            if error.code == "reader_unavailable":  # mostly not the object's fault
                raise
            return False if error.code == "own_document" else self._rejected(error.code)
        self.keep(replace(message, test=self.source.test))
        return True

    def _rejected(self, code: str) -> bool:
        _log.warning("message_not_taken", source=self.source.name, code=code)
        self.reject(self.source.name, code)
        return False

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

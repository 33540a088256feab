"""An event on its way out, whatever the format: what there is to say, and what became of saying it."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

from app.proofreading.report import SubmittedReport
from app.storage.types import Check, Endpoint, EventName, KeptVersion


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What an event says of a report, as it stands when it is sent.

    ``id`` stays the same over all attempts. ``custom_id`` names the report as its sender did. ``message`` is the
    message that it came in with, ``message_kind`` its kind (``ORU^R01``, ``FHIR``, ``DICOM``); None for a report that
    came in no feed. ``earlier``: checks before this one, the latest first. Words are None after a purge, and all but
    the first three for a trial.
    """

    id: str
    event: EventName
    at: dt.datetime
    report: int | None = None
    custom_id: str | None = None
    source: str | None = None
    test: bool = False
    submitted: SubmittedReport | None = None
    check: Check | None = None
    earlier: tuple[Check, ...] = ()
    version: KeptVersion | None = None
    message: bytes | None = None
    message_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    ``again``: the endpoint cannot be reached or cannot take anything now. ``refused``: it does not take this one.
    ``gone``: it wants nothing more. ``code`` is stable and holds no words; ``retry_after`` is in seconds.
    """

    state: Literal["delivered", "again", "refused", "gone"]
    code: str | None = None
    status: int | None = None
    retry_after: float | None = None


class Sender(Protocol):
    """Tells one kind of endpoint."""

    def send(self, to: Endpoint, what: Outgoing) -> Outcome:
        """Make one attempt; never raises for what the endpoint or the way to it does."""
        ...

"""What goes into the store and comes out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.proofreading.report import SubmittedReport

JobState = Literal["waiting", "claimed", "checked", "failed", "cancelled"]


def today() -> dt.date:
    """The day by this machine's time zone (``TZ``): a feed's days are those of the people it is for."""
    return dt.datetime.now().astimezone().date()


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that one worker holds until its claim runs out; ``content`` is the sealed report."""

    job: int
    report: int
    content: bytes


@dataclass(frozen=True, slots=True)
class FoundError:
    """What is counted of an error; its words are in the sealed result."""

    error_id: str
    type: str
    tier: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Result:
    """A finished check: ``sealed`` is the answer as it is sent."""

    has_errors: bool
    complete: bool
    coverage: Mapping[str, str]
    versions: Mapping[str, str | None]
    errors: tuple[FoundError, ...]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a claim: a result, or the code of why there is none."""

    claim: Claim
    result: Result | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch and how far it is. ``counts``: jobs by state. ``recent``: jobs finished in the last minute.

    ``source`` and ``day`` are said of a feed's day only; ``test``: its messages were sent for trial.
    """

    public_id: str
    created_at: dt.datetime
    cancelled: bool
    urgent: bool
    counts: Mapping[JobState, int] = field(default_factory=dict)
    refused: int = 0
    recent: int = 0
    finished_at: dt.datetime | None = None
    source: str | None = None
    day: dt.date | None = None
    test: bool = False

    @property
    def total(self) -> int:
        """Reports that were accepted."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Jobs that still need a check."""
        return self.counts.get("waiting", 0) + self.counts.get("claimed", 0)

    @property
    def receiving(self) -> bool:
        """True for the day of a feed that is not over."""
        return self.day is not None and self.day >= today()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of one error of one check."""

    error_id: str
    outcome: Literal["accepted", "overridden"]
    at: dt.datetime
    reason: str | None = None
    replacement: str | None = None
    comment: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One job of a batch with its result: JSON as sent, None where there is none or it was purged."""

    job: int
    report: int
    custom_id: str
    state: JobState
    study_date: dt.date | None
    modality: str | None
    site: str | None
    problem: str | None
    result: str | None
    decisions: tuple[Decision, ...] = ()
    test: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """What a message says of one report: its text as of then, or that it is taken back (``report`` None).

    ``filler_key`` names the report at its source (None: nothing ever replaces it). ``said_at`` sorts
    versions by the source's clock (empty: not said). ``replaces``: control ids of messages of the same source whose
    report this is, again; where one is kept, its ``filler_key`` counts.
    """

    report: SubmittedReport | None
    filler_key: str | None = None
    said_at: str = ""
    status: str | None = None
    study_date: dt.date | None = None
    site: str | None = None
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """What became of a version. ``replaced_by``: the report that is current in its place, where it is kept."""

    number: int
    status: str | None
    state: Literal["current", "replaced", "withdrawn"]
    replaced_by: int | None = None


@dataclass(frozen=True, slots=True)
class FeedMessage:
    """One message of a live feed. The same ``key`` is the same message, sent again."""

    source: str
    control_id: str
    key: str
    kind: str
    raw: bytes
    versions: tuple[Version, ...]
    test: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a report."""

    id: int
    created_at: dt.datetime
    current: bool
    has_errors: bool
    complete: bool
    coverage: Mapping[str, str]
    versions: Mapping[str, str | None]
    result: str | None
    decisions: tuple[Decision, ...] = ()


EndpointKind = Literal["webhook", "mllp", "fhir", "orthanc"]
EventName = Literal[
    "report.check.completed",
    "report.check.failed",
    "report.replaced",
    "report.withdrawn",
    "report.decision.recorded",
    "endpoint.trial",
]
"""What happens to a report and is told to others; ``endpoint.trial`` only tries whether one can be told."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is told what happens to reports, and how.

    ``events``: empty for all. ``source``: of this feed only. ``test``: of test messages and nothing else. ``settings``:
    what its kind needs, such as address and secrets.
    """

    public_id: str
    kind: EndpointKind
    name: str
    settings: Mapping[str, Any]
    events: tuple[EventName, ...] = ()
    source: str | None = None
    test: bool = False
    enabled: bool = True
    problem: str | None = None
    created_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. ``public_id`` stays the same over all attempts."""

    public_id: str
    endpoint: str
    event: EventName
    created_at: dt.datetime
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    due_at: dt.datetime
    finished_at: dt.datetime | None = None
    problem: str | None = None
    status: int | None = None
    report: int | None = None
    check: int | None = None

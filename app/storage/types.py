"""What goes into the store and comes out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

JobState = Literal["waiting", "claimed", "checked", "failed", "cancelled"]


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
    """A batch and how far it is. ``counts``: jobs by state. ``recent``: jobs finished in the last minute."""

    public_id: str
    created_at: dt.datetime
    cancelled: bool
    urgent: bool
    counts: Mapping[JobState, int] = field(default_factory=dict)
    refused: int = 0
    recent: int = 0
    finished_at: dt.datetime | None = None

    @property
    def total(self) -> int:
        """Reports that were accepted."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Jobs that still need a check."""
        return self.counts.get("waiting", 0) + self.counts.get("claimed", 0)


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

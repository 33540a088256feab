"""The wire forms of batches."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.schemas import PLAIN
from app.storage.types import Batch


class StoredQuery(BaseModel, extra="forbid", strict=True):
    """Reports that are stored already, to be checked again."""

    study_date: Annotated[dt.date, Field(strict=False)]
    site: Annotated[str, Field(max_length=200, pattern=PLAIN)] | None = None


class CountsOut(BaseModel):
    """Reports by what became of them."""

    accepted: int
    refused: int = Field(description="Lines that are no report: see the results")
    waiting: int
    checked: int
    failed: int
    cancelled: int


class BatchOut(BaseModel):
    """A batch and how far it is."""

    id: str
    state: Literal["checking", "receiving", "done", "cancelled"] = Field(
        description="receiving: the day of a live feed, with nothing to check now, until the day is over"
    )
    created_at: dt.datetime
    finished_at: dt.datetime | None
    urgent: bool
    source: str | None = Field(
        description="Who sends the feed (HL7 MSH-3, MSH-4); null for a batch that was sent"
    )
    day: dt.date | None = Field(description="The day of the feed")
    test: bool = Field(description="Messages sent for trial (MSH-11 T, D): counted in no summary")
    counts: CountsOut
    reports_per_second: float | None = Field(description="In the last minute; null when done")
    remaining_seconds: int | None = Field(description="At that rate; null while none is known, and when done")

    @classmethod
    def of(cls, batch: Batch) -> "BatchOut":
        """The wire form of a batch."""
        rate = None
        if batch.open:
            age = (dt.datetime.now(dt.UTC) - batch.created_at).total_seconds()
            rate = batch.recent / min(max(age, 1.0), 60.0)
        counts = batch.counts
        return cls(
            id=batch.public_id,
            state=_state(batch),
            created_at=batch.created_at,
            finished_at=None if _state(batch) == "receiving" else batch.finished_at,
            urgent=batch.urgent,
            source=batch.source,
            day=batch.day,
            test=batch.test,
            counts=CountsOut(
                accepted=batch.total,
                refused=batch.refused,
                waiting=batch.open,
                checked=counts.get("checked", 0),
                failed=counts.get("failed", 0),
                cancelled=counts.get("cancelled", 0),
            ),
            reports_per_second=None if rate is None else round(rate, 2),
            remaining_seconds=round(batch.open / rate) if rate else None,
        )


def _state(batch: Batch) -> Literal["checking", "receiving", "done", "cancelled"]:
    if batch.cancelled:
        return "cancelled"
    if batch.open:
        return "checking"
    return "receiving" if batch.receiving else "done"


class BatchesOut(BaseModel):
    """Batches, the latest first; ``next_cursor`` where there are more."""

    batches: tuple[BatchOut, ...]
    next_cursor: str | None = None

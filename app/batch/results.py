"""One line of a batch's results (NDJSON): what became of one report, and what people decided of its errors."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import CheckedReportOut

State = Literal["checked", "waiting", "refused", "failed", "cancelled"]
Outcome = Literal["accepted", "overridden"]
_UNCOUNTED = frozenset({"replaced", "withdrawn"})


def _absent(value: object) -> bool:
    return value is None or value == () or value is False


class LineProblem(BaseModel):
    """Why a report has no result: a stable code, the field that is wrong, the line that it stood on."""

    model_config = ConfigDict(frozen=True)

    code: str
    pointer: str | None = Field(default=None, exclude_if=_absent, description="JSON pointer into the line")
    line: int | None = Field(default=None, exclude_if=_absent, ge=1)
    source: str | None = Field(
        default=None, exclude_if=_absent, description="Place of the file in an archive"
    )


class DecisionOut(BaseModel):
    """What a person decided of one error: the shape of CDS Hooks 2.0 feedback.

    accepted: the fix, or ``replacement`` in its place; overridden: this is no error, and why.
    """

    model_config = ConfigDict(frozen=True)

    error_id: str
    outcome: Outcome
    reason: str | None = Field(default=None, exclude_if=_absent, description="Code of the reason to override")
    replacement: str | None = Field(default=None, exclude_if=_absent, description="The person's own words")
    at: dt.datetime


class ResultLine(BaseModel):
    """One report of a batch. ``checked`` stands for state checked only, ``problem`` for refused and failed."""

    model_config = ConfigDict(frozen=True)

    custom_id: str = Field(description="The sender's name of the report, or its place in the file")
    report_id: str | None = Field(
        default=None, exclude_if=_absent, description="Ours, for GET /v1/reports/{id}; none where refused"
    )
    state: State
    study_date: dt.date | None = Field(default=None, exclude_if=_absent)
    modality: str | None = Field(default=None, exclude_if=_absent)
    site: str | None = Field(default=None, exclude_if=_absent)
    checked: CheckedReportOut | None = Field(default=None, exclude_if=_absent)
    problem: LineProblem | None = Field(default=None, exclude_if=_absent)
    decisions: Annotated[tuple[DecisionOut, ...], Field(exclude_if=_absent)] = ()
    test: bool = Field(default=False, exclude_if=_absent, description="Sent for trial: counted nowhere")

    @property
    def counted(self) -> bool:
        """False for what no summary counts: sent for trial, replaced by a later version, taken back."""
        over = self.problem.code if self.problem is not None and self.state == "cancelled" else None
        return not self.test and over not in _UNCOUNTED

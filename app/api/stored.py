"""/v1/reports/{id}: a stored report, its checks, what people decided, and its end."""

import datetime as dt
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.convertors import IntegerConvertor, register_url_convertor

from app.api.acting import Actor
from app.api.problems import described
from app.api.requests import StrictRoute
from app.api.schemas import PLAIN, CheckedReportOut, ContextIn, CoverageOut, VersionsOut
from app.batch.export import decision_out
from app.batch.results import DecisionOut
from app.errors import FieldProblem, Problem
from app.storage.store import Store
from app.storage.types import Check, Decision

router = APIRouter(prefix="/v1/reports", tags=["stored reports"], route_class=StrictRoute)

Number = Annotated[
    int, Path(ge=1, le=2**63 - 1, description="Our number of the report, of a batch's results")
]
_Words = Annotated[str, Field(max_length=2_000, pattern=PLAIN)]
_Time = Annotated[AwareDatetime, Field(strict=False, description="Now where left out")]
Reason = Literal["not_an_error", "already_known", "template_text", "wrong_place", "duplicate", "other"]
_UNKNOWN = ((404, "report_not_found"), (422, "invalid_request"), (503, "store_unavailable"))


class _Row(IntegerConvertor):
    regex = "[0-9]{1,19}"  # Python makes no number of thousands of digits


register_url_convertor("row", _Row())


class _Feedback(BaseModel):
    """Named as CDS Hooks 2.0 names it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=False, strict=True
    )


class ReasonIn(_Feedback):
    """A reason by its code."""

    code: Reason


class OverrideReasonIn(_Feedback):
    """Why a person does not follow."""

    reason: ReasonIn
    user_comment: _Words | None = None


class AcceptedIn(_Feedback):
    """A person follows: the proposed fix, or ``replacement`` in its place."""

    outcome: Literal["accepted"]
    replacement: _Words | None = Field(default=None, description="The person's own words")
    outcome_timestamp: _Time | None = None

    def to_domain(self, error_id: str, actor: str) -> Decision:
        """The decision as it is kept."""
        at = self.outcome_timestamp or dt.datetime.now(dt.UTC)
        return Decision(error_id, self.outcome, at, replacement=self.replacement, actor=actor)


class OverriddenIn(_Feedback):
    """A person does not follow: no error, or none to mend."""

    outcome: Literal["overridden"]
    override_reason: OverrideReasonIn
    outcome_timestamp: _Time | None = None

    def to_domain(self, error_id: str, actor: str) -> Decision:
        """The decision as it is kept."""
        at = self.outcome_timestamp or dt.datetime.now(dt.UTC)
        why = self.override_reason
        return Decision(error_id, self.outcome, at, why.reason.code, comment=why.user_comment, actor=actor)


DecisionIn = Annotated[AcceptedIn | OverriddenIn, Field(discriminator="outcome")]


class CheckOut(BaseModel):
    """One check of a report; without a result where its words were purged."""

    id: int
    created_at: dt.datetime
    current: bool
    has_errors: bool
    complete: bool
    coverage: CoverageOut
    versions: VersionsOut
    result: CheckedReportOut | None
    decisions: tuple[DecisionOut, ...]

    @classmethod
    def of(cls, check: Check) -> Self:
        """The wire form of a check."""
        return cls(
            id=check.id,
            created_at=check.created_at,
            current=check.current,
            has_errors=check.has_errors,
            complete=check.complete,
            coverage=CoverageOut.model_validate(dict(check.coverage)),
            versions=VersionsOut.model_validate(dict(check.versions)),
            result=None if check.result is None else CheckedReportOut.model_validate_json(check.result),
            decisions=tuple(map(decision_out, check.decisions)),
        )


class VersionOut(BaseModel):
    """Which version of a report this is, as its source corrects and takes back what it sent."""

    number: int
    status: str | None = Field(description="Of the order as it was sent: HL7 table 0123")
    state: Literal["current", "replaced", "withdrawn"]
    replaced_by: int | None = Field(description="Our number of the report that is current in its place")


class StoredReportOut(BaseModel):
    """A report as it came in, with its current check; without text where its words were purged."""

    id: int
    report_id: str | None
    text: str | None
    context: ContextIn | None
    check: CheckOut | None
    version: VersionOut | None = Field(description="Null for a report that came in no live feed")


class ChecksOut(BaseModel):
    """Every check of a report, the latest first."""

    checks: tuple[CheckOut, ...]


@router.get("/{number:row}", summary="A stored report", responses=described(*_UNKNOWN))
def stored(number: Number, request: Request, actor: Actor) -> StoredReportOut:
    """The report as it came in and its current check. Who reads it is kept in the audit trail."""
    store = _store(request, number)
    submitted = store.reports.get(number, actor)
    version = store.messages.version(number)
    current = next((check for check in store.reports.checks(number) if check.current), None)
    return StoredReportOut(
        id=number,
        report_id=submitted.report_id if submitted else None,
        text=submitted.text if submitted else None,
        context=ContextIn.model_validate(submitted.context, from_attributes=True) if submitted else None,
        check=CheckOut.of(current) if current else None,
        version=VersionOut.model_validate(version, from_attributes=True) if version else None,
    )


@router.get("/{number:row}/checks", summary="The checks of a stored report", responses=described(*_UNKNOWN))
def checks(number: Number, request: Request) -> ChecksOut:
    """Each check with its versions, coverage and decisions, the latest first."""
    store = _store(request, number)
    return ChecksOut(checks=tuple(map(CheckOut.of, store.reports.checks(number))))


@router.post(
    "/{number:row}/errors/{error_id}/decision",
    summary="Decide on an error",
    responses=described(
        (400, "malformed_json"),
        (404, "error_not_found"),
        (413, "body_too_large"),
        (415, "unsupported_media_type"),
        *_UNKNOWN,
    ),
)
def decide(
    number: Number,
    error_id: Annotated[str, Path(max_length=64, pattern=PLAIN)],
    body: DecisionIn,
    request: Request,
    actor: Actor,
) -> DecisionOut:
    """Accept an error of the current check, override it with a reason, or accept it with words of your own.

    The report is not changed by it. The last decision on an error counts; those before stay in the trail.
    """
    store = _store(request, number)
    made = body.to_domain(error_id, actor)
    if not store.reports.decide(number, made):
        raise Problem(404, "error_not_found", "The current check of this report has no such error.")
    return decision_out(made)


@router.delete(
    "/{number:row}", status_code=204, summary="Delete a stored report", responses=described(*_UNKNOWN)
)
def delete(number: Number, request: Request, actor: Actor) -> None:
    """Remove the report with its checks and decisions. That it was deleted stays in the audit trail."""
    store: Store = request.state.store
    if not store.reports.delete(number, actor):
        raise not_found()


def _store(request: Request, number: int) -> Store:
    store: Store = request.state.store
    if not store.reports.exists(number):
        raise not_found()
    return store


def not_found() -> Problem:
    """That there is no stored report with the number that was asked for."""
    place = FieldProblem(parameter="number", code="report_not_found")
    return Problem(404, "report_not_found", "There is no stored report with this number.", [place])

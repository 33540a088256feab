"""The wire of a comparison: two reports in, GREEN's categories, matched findings and score out."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.compare_examples import ANSWER, REQUEST
from app.api.schemas import GraphOut, Mirror, Offset, ReportId, ReportText, StrictIn, VersionsOut
from app.proofreading.comparison.types import (
    ComparedReports,
    Discrepancy,
    Explanation,
    GreenCategory,
    Grounds,
    Match,
    Passages,
    Point,
    ReportPair,
)
from app.proofreading.report import SubmittedReport
from models.types import Span


def _absent(value: object) -> bool:
    return value is None


class ComparedReportIn(StrictIn):
    """One of the two reports."""

    text: ReportText
    report_id: ReportId | None = Field(
        default=None, description="Repeated in the answer; the request id where left out"
    )


class CompareRequest(StrictIn):
    """The report to judge and the one it is held against: candidate and reference, or preliminary and final."""

    model_config = ConfigDict(json_schema_extra={"examples": [REQUEST]})

    candidate: ComparedReportIn = Field(description="The report to judge: of a model, or preliminary")
    reference: ComparedReportIn = Field(description="What it is held against: of a radiologist, or final")

    def to_domain(self, fallback_id: str) -> ReportPair:
        """The pair as the core takes it; ``fallback_id`` names reports that the sender does not."""
        given = (self.candidate, self.reference)
        return ReportPair(*(SubmittedReport(one.text, one.report_id or fallback_id) for one in given))


class PassageOut(BaseModel):
    """Words of one report; code points [start, end) of its text."""

    start: Offset
    end: Offset
    quote: str

    @classmethod
    def of(cls, span: Span | None, text: str) -> Self | None:
        """The wire form of a span of ``text``."""
        return None if span is None else cls(start=span.start, end=span.end, quote=span.of(text))


class PassagesOut(BaseModel):
    """Where each report says it; null where it does not."""

    candidate: PassageOut | None
    reference: PassageOut | None

    @staticmethod
    def sides(passages: Passages, pair: ReportPair) -> dict[str, PassageOut | None]:
        """Both passages by the names of their fields."""
        return {
            "candidate": PassageOut.of(passages.candidate, pair.candidate.text),
            "reference": PassageOut.of(passages.reference, pair.reference.text),
        }


class DiscrepancyOut(PassagesOut):
    """One error of the candidate."""

    category: GreenCategory = Field(
        description="a false finding, b missing finding, c location, d severity, e comparison that the reference "
        "does not make, f omitted comparison (GREEN, arXiv 2405.03595)"
    )
    significant: bool
    grounds: Grounds | None = Field(description="Why it is not significant; null where it is")
    finding: str
    message: str

    @classmethod
    def of(cls, found: Discrepancy, pair: ReportPair) -> Self:
        """The wire form of a discrepancy."""
        return cls(
            category=found.category,
            significant=found.significant,
            grounds=found.grounds,
            finding=found.finding,
            message=found.message,
            **PassagesOut.sides(found.passages, pair),
        )


class MatchOut(PassagesOut):
    """One finding on which both reports agree, also that something is absent or normal."""

    finding: str

    @classmethod
    def of(cls, match: Match, pair: ReportPair) -> Self:
        """The wire form of a match."""
        return cls(finding=match.finding, **PassagesOut.sides(match.passages, pair))


class PointOut(PassagesOut):
    """One reason of the language model. ``reason`` is its own wording, to be read as such."""

    category: GreenCategory
    reason: str

    @classmethod
    def of(cls, point: Point, pair: ReportPair) -> Self:
        """The wire form of a point."""
        sides = PassagesOut.sides(point.passages, pair)
        return cls(category=point.category, reason=point.reason, **sides)


class ExplanationOut(BaseModel):
    """What the language model said; counts and score do not depend on it."""

    points: tuple[PointOut, ...]
    dropped: int = Field(ge=0, description="Points whose quotes are not in the reports")

    @classmethod
    def of(cls, explanation: Explanation, pair: ReportPair) -> Self:
        """The wire form of an explanation."""
        points = tuple(PointOut.of(point, pair) for point in explanation.points)
        return cls(points=points, dropped=explanation.dropped)


class CountsOut(BaseModel):
    """Errors by category."""

    significant: dict[GreenCategory, int]
    insignificant: dict[GreenCategory, int]


class GraphsOut(BaseModel):
    """The graphs of the two reports."""

    candidate: GraphOut
    reference: GraphOut


class ComparisonCoverageOut(Mirror):
    """What ran. Each: done | not_configured | not_needed | partial: <code> | failed: <code>.

    ``candidate``, ``reference``: whether the report could be read.
    """

    candidate: str
    reference: str
    knowledge: str
    llm: str


class ComparedReportsOut(BaseModel):
    """The answer. ``green`` is null where a report could not be read; no error is then not agreement."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER]})

    candidate_id: str
    reference_id: str
    green: float | None = Field(
        ge=0, le=1, description="matched / (matched + significant errors); 0 without a matched finding"
    )
    counts: CountsOut
    errors: tuple[DiscrepancyOut, ...] = Field(
        description="In the order of the candidate, then of what only the reference says"
    )
    matched_findings: tuple[MatchOut, ...]
    coverage: ComparisonCoverageOut
    complete: bool
    explanation: ExplanationOut | None = Field(default=None, exclude_if=_absent)
    graphs: GraphsOut
    versions: VersionsOut

    @classmethod
    def of(cls, compared: ComparedReports) -> Self:
        """The wire form of a comparison."""
        pair = compared.pair
        explanation = compared.explanation
        return cls(
            candidate_id=pair.candidate.report_id,
            reference_id=pair.reference.report_id,
            green=compared.green,
            counts=CountsOut(
                significant=compared.counts(significant=True),
                insignificant=compared.counts(significant=False),
            ),
            errors=tuple(DiscrepancyOut.of(found, pair) for found in compared.discrepancies),
            matched_findings=tuple(MatchOut.of(match, pair) for match in compared.matches),
            coverage=ComparisonCoverageOut.model_validate(compared.coverage),
            complete=compared.coverage.complete,
            explanation=ExplanationOut.of(explanation, pair) if explanation else None,
            graphs=GraphsOut(
                candidate=GraphOut.of(compared.graphs[0]), reference=GraphOut.of(compared.graphs[1])
            ),
            versions=VersionsOut(**compared.versions),
        )

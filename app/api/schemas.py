"""The wire: what a request may hold and what an answer looks like (contract v1).

Offsets are code points of the submitted text, half-open: ``text[start:end] == quote``.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.categories import CATEGORIES, Category
from app.api.examples import ANSWER, REQUEST
from app.api.review import ReviewOut
from app.limits import CONTROL_CHARACTERS, MAX_SENTENCES
from app.proofreading.report import (
    CheckedReport,
    Context,
    Correction,
    ErrorType,
    Evidence,
    ReportError,
    Sex,
    Side,
    SubmittedReport,
    Tier,
)
from models.types import Entity, EntityKind, EntityLabel, RelationKind, ReportGraph, SectionName

PLAIN = f"^[^{CONTROL_CHARACTERS}]*$"
_NOT_BLANK = f"^[^{CONTROL_CHARACTERS}]*[^\\s{CONTROL_CHARACTERS}][^{CONTROL_CHARACTERS}]*$"
_Words = Annotated[str, Field(max_length=1_000, json_schema_extra={"pattern": PLAIN})]
Offset = Annotated[int, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]


ReportText = Annotated[
    str,
    Field(
        min_length=1,
        description="The report as dictated, plain text: at most 256 KiB of UTF-8 and "
        f"{MAX_SENTENCES:,} sentences, "
        "not blank, no control characters but tab and line breaks",
        json_schema_extra={"pattern": _NOT_BLANK},
    ),
]
ReportId = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": PLAIN})]


def _absent(value: object) -> bool:
    return value is None


class StrictIn(BaseModel):
    """A body with these fields only, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Mirror(BaseModel):
    """A wire form with the fields of its core type."""

    model_config = ConfigDict(from_attributes=True)


class ContextIn(StrictIn):
    """What is known beside the text. A field left out, null or empty is not checked."""

    modality: _Words | None = Field(default=None, description="As ordered: CT, XR, MR, US …")
    body_part: _Words | None = None
    procedure: _Words | None = Field(default=None, description="Name of the ordered procedure")
    laterality: Side | None = None
    patient_sex: Sex | None = None
    patient_age: Annotated[float, Field(ge=0, le=150)] | None = Field(default=None, description="Years")
    indication: _Words | None = None
    prior_report: Annotated[str, Field(json_schema_extra={"pattern": PLAIN})] | None = Field(
        default=None, description="Text of the previous report; the limits of the text hold for it too"
    )

    def to_domain(self) -> Context:
        """The context as the core takes it; blank words count as not given."""
        given = {name: value for name, value in self if not isinstance(value, str) or value.strip()}
        return Context(**given)


class CheckRequest(StrictIn):
    """One report to check."""

    model_config = ConfigDict(json_schema_extra={"examples": [REQUEST]})

    text: ReportText
    report_id: ReportId | None = Field(
        default=None,
        description="Repeated in the answer; the request id where left out. No patient identifier",
    )
    context: ContextIn | None = None

    def to_domain(self, fallback_id: str) -> SubmittedReport:
        """The report as the core takes it; ``fallback_id`` names it where the sender does not."""
        context = self.context.to_domain() if self.context else Context()
        return SubmittedReport(self.text, self.report_id or fallback_id, context)


class CorrectionOut(BaseModel):
    """Replace the code points [start, end) of the text; an empty replacement deletes them."""

    start: Offset
    end: Offset
    replacement: str

    @classmethod
    def of(cls, correction: Correction) -> Self:
        """The wire form of a correction."""
        return cls(start=correction.span.start, end=correction.span.end, replacement=correction.replacement)


class EvidenceOut(BaseModel):
    """One reason.

    text: start, end, quote. graph_path: path, source. reference: reference_id, score. order: source,
    the name of the context field. llm: score, the model's probability that this is an error; source.
    """

    kind: Literal["text", "graph_path", "reference", "order", "llm"]
    start: Offset | None = Field(default=None, exclude_if=_absent)
    end: Offset | None = Field(default=None, exclude_if=_absent)
    quote: str | None = Field(default=None, exclude_if=_absent)
    path: tuple[str, ...] | None = Field(
        default=None, exclude_if=_absent, description="Names and relations in turn: left lung, PART_OF, …"
    )
    reference_id: str | None = Field(default=None, exclude_if=_absent)
    score: float | None = Field(default=None, exclude_if=_absent)
    source: str | None = Field(default=None, exclude_if=_absent)

    @classmethod
    def of(cls, evidence: Evidence, text: str) -> Self:
        """The wire form of one piece of evidence about ``text``."""
        span = evidence.span
        return cls(
            kind=evidence.kind.value,
            start=span.start if span else None,
            end=span.end if span else None,
            quote=span.of(text) if span else None,
            path=evidence.path or None,
            reference_id=evidence.reference_id,
            score=evidence.score,
            source=evidence.source,
        )


class ErrorOut(BaseModel):
    """One error: where, of what kind, why, and a proposed fix where there is one."""

    id: str
    type: ErrorType
    category: Category = Field(description="FP false positive, MF missed finding, TC terminology confusion")
    rule: str = Field(description="Which rule found it, as a site's profile and verifier name it")
    tier: Tier
    confidence: _Share
    section: SectionName
    start: Offset
    end: Offset
    quote: str
    message: str
    correction: CorrectionOut | None
    alternatives: tuple[CorrectionOut, ...] = Field(
        description="Other fixes; where there are any a person has to choose, and corrected_text keeps the place"
    )
    evidence: tuple[EvidenceOut, ...]

    @classmethod
    def of(cls, error: ReportError, text: str) -> Self:
        """The wire form of one error in ``text``."""
        candidate = error.candidate
        fix = candidate.correction
        return cls(
            id=error.id,
            type=candidate.type,
            category=CATEGORIES[candidate.type],
            rule=candidate.rule,
            tier=error.tier,
            confidence=candidate.confidence,
            section=error.section,
            start=candidate.span.start,
            end=candidate.span.end,
            quote=error.quote,
            message=candidate.message,
            correction=CorrectionOut.of(fix) if fix else None,
            alternatives=tuple(CorrectionOut.of(other) for other in candidate.alternatives),
            evidence=tuple(EvidenceOut.of(evidence, text) for evidence in candidate.evidence),
        )


class EntityOut(BaseModel):
    """One node of the report's graph; ``value`` is a modifier's canonical value."""

    start: Offset
    end: Offset
    quote: str
    label: EntityLabel
    kind: EntityKind
    concept: str | None = Field(default=None, exclude_if=_absent)
    value: str | None = Field(default=None, exclude_if=_absent)

    @classmethod
    def of(cls, entity: Entity) -> Self:
        """The wire form of one entity."""
        return cls(
            start=entity.span.start,
            end=entity.span.end,
            quote=entity.quote,
            label=entity.label,
            kind=entity.kind,
            concept=entity.concept,
            value=entity.value,
        )


class RelationOut(Mirror):
    """An edge between two entities, by their place in ``entities``."""

    kind: RelationKind
    source: Offset
    target: Offset


class GraphOut(BaseModel):
    """The report's graph in RadGraph's schema (arXiv 2106.14463)."""

    entities: tuple[EntityOut, ...]
    relations: tuple[RelationOut, ...]

    @classmethod
    def of(cls, graph: ReportGraph) -> Self:
        """The wire form of a graph."""
        return cls(
            entities=tuple(EntityOut.of(entity) for entity in graph.entities),
            relations=tuple(
                RelationOut(kind=edge.kind, source=edge.source, target=edge.target)
                for edge in graph.relations
            ),
        )


class ReferenceOut(Mirror):
    """A similar correct report and its cosine similarity."""

    id: str
    score: float
    text: str | None = Field(default=None, exclude_if=_absent)


class CoverageOut(Mirror):
    """What ran. Each stage: done | not_configured | not_needed | partial: <code> | failed: <code>."""

    rules: str
    knowledge: str
    references: str
    llm: str


class VersionsOut(BaseModel):
    """What the answer was made with; null where a part is not configured."""

    radproof: str
    knowledge_graph: str | None = None
    reference_index: str | None = None
    verifier: str | None = Field(
        default=None, exclude_if=_absent, description="The site's verifier, where it has one"
    )
    llm: str | None = None
    prompts: str | None = None


class CheckedReportOut(BaseModel):
    """The answer. ``has_errors``: an error of tier medium or high stands.

    ``complete`` is false when a stage failed: then no error found is not the same as no error.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER]})

    report_id: str
    has_errors: bool
    coverage: CoverageOut
    complete: bool
    errors: tuple[ErrorOut, ...] = Field(description="In text order")
    corrected_text: str = Field(
        description="The text with the corrections of tier high and medium that have no alternatives applied; "
        "of two that overlap, the more confident one"
    )
    graph: GraphOut
    references: tuple[ReferenceOut, ...]
    review: ReviewOut | None = Field(default=None, exclude_if=_absent)
    versions: VersionsOut

    @classmethod
    def of(cls, checked: CheckedReport) -> Self:
        """The wire form of a checked report."""
        return cls(
            report_id=checked.report.report_id,
            has_errors=checked.has_errors,
            coverage=CoverageOut.model_validate(checked.coverage),
            complete=checked.coverage.complete,
            errors=tuple(ErrorOut.of(error, checked.report.text) for error in checked.errors),
            corrected_text=checked.corrected_text,
            graph=GraphOut.of(checked.graph),
            references=tuple(ReferenceOut.model_validate(hit) for hit in checked.references),
            review=ReviewOut.model_validate(checked.review) if checked.review else None,
            versions=VersionsOut(**checked.versions),
        )

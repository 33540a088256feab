"""What goes into a check and what comes out of it: submitted report, candidates, checked report."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from models.types import ReportGraph, SectionName, Span

if TYPE_CHECKING:
    from app.proofreading.review.types import Review


class ErrorType(StrEnum):
    """The text-detectable error types of the wire contract."""

    LATERALITY_MISMATCH = "laterality_mismatch"
    NEGATION_CONTRADICTION = "negation_contradiction"
    UNSUPPORTED_FINDING = "unsupported_finding"
    OMITTED_FINDING = "omitted_finding"
    LOCATION_MISMATCH = "location_mismatch"
    IMPOSSIBLE_ANATOMY = "impossible_anatomy"
    TERMINOLOGY = "terminology"
    MEASUREMENT = "measurement"
    SEVERITY_MISMATCH = "severity_mismatch"
    INTERVAL_CHANGE_MISMATCH = "interval_change_mismatch"
    DEMOGRAPHIC_MISMATCH = "demographic_mismatch"
    ORDER_MISMATCH = "order_mismatch"
    TEMPLATE_ARTIFACT = "template_artifact"


class Tier(StrEnum):
    """How much a flag is to be believed; ``has_errors`` counts high and medium."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class EvidenceKind(StrEnum):
    """Where a piece of evidence comes from."""

    TEXT = "text"
    GRAPH_PATH = "graph_path"
    REFERENCE = "reference"
    ORDER = "order"
    LLM = "llm"


Side = Literal["left", "right", "bilateral"]
Sex = Literal["male", "female", "other", "unknown"]


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the text: order and patient. None means not given.

    ``laterality``: of Side. ``patient_sex``: of Sex. ``patient_age``: years.
    """

    modality: str | None = None
    body_part: str | None = None
    procedure: str | None = None
    laterality: str | None = None
    patient_sex: str | None = None
    patient_age: float | None = None
    indication: str | None = None
    prior_report: str | None = None


@dataclass(frozen=True, slots=True)
class SubmittedReport:
    """A report as it came in."""

    text: str
    report_id: str
    context: Context = Context()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to believe a flag.

    TEXT carries ``span``; GRAPH_PATH carries ``path`` as alternating names and relations
    ("left lung", "PART_OF", ...) and its ``source``; REFERENCE carries ``reference_id`` and
    ``score``; ORDER carries ``source``, the name of the context field; LLM carries ``score``, the model's
    probability that this is an error.
    """

    kind: EvidenceKind
    span: Span | None = None
    path: tuple[str, ...] = ()
    reference_id: str | None = None
    score: float | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """Replace ``span`` of the submitted text by ``replacement``; an empty one deletes."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible error as a detector proposes it.

    ``rule`` is the id of the rule that fired (data, e.g. ``laterality.sections``);
    ``confidence`` is the prior probability that a person would agree, 0 to 1. ``alternatives`` are
    other fixes, each of which would do instead of ``correction``: of two statements that contradict,
    only a person knows which one is right.
    """

    type: ErrorType
    span: Span
    message: str
    rule: str
    confidence: float
    evidence: tuple[Evidence, ...] = ()
    correction: Correction | None = None
    alternatives: tuple[Correction, ...] = ()

    @property
    def fixes(self) -> tuple[Correction, ...]:
        """Every fix that is offered, the likeliest first."""
        return () if self.correction is None else (self.correction, *self.alternatives)


@dataclass(frozen=True, slots=True)
class ReportError:
    """A candidate that stood: one per place, with its tier and section."""

    id: str
    candidate: Candidate
    tier: Tier
    section: SectionName
    quote: str


@dataclass(frozen=True, slots=True)
class ReferenceHit:
    """A similar correct report: its id, cosine similarity, text and graph."""

    id: str
    score: float
    text: str
    graph: ReportGraph


@dataclass(frozen=True, slots=True)
class Coverage:
    """What ran. Each value: done | not_configured | not_needed | partial: <code> | failed: <code>."""

    rules: str = "done"
    knowledge: str = "done"
    references: str = "not_configured"
    llm: str = "not_configured"

    @property
    def complete(self) -> bool:
        """True when every configured stage that was needed is done, and wholly."""
        stages = (self.rules, self.knowledge, self.references, self.llm)
        return not any(stage.startswith(("failed", "partial")) for stage in stages)


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """The answer: errors in text order, what ran, and the text with every correction that leaves no choice."""

    report: SubmittedReport
    errors: tuple[ReportError, ...]
    coverage: Coverage
    corrected_text: str
    graph: ReportGraph
    references: tuple[ReferenceHit, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    review: "Review | None" = None

    @property
    def has_errors(self) -> bool:
        """True when an error of tier medium or high stands."""
        return any(error.tier is not Tier.LOW for error in self.errors)

"""What goes into a comparison of two reports, and what comes out of it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from app.proofreading.report import SubmittedReport
from models.types import ReportGraph, Span


class GreenCategory(StrEnum):
    """GREEN's categories by their letters (Ostmeier et al. 2024, arXiv 2405.03595)."""

    FALSE_FINDING = "a"
    MISSING_FINDING = "b"
    LOCATION = "c"
    SEVERITY = "d"
    FALSE_COMPARISON = "e"
    OMITTED_COMPARISON = "f"


class Grounds(StrEnum):
    """Why a discrepancy is not significant; ``docs/comparison.md`` defines each."""

    LASTING = "lasting"  # chronic by the knowledge graph, and not of lung or heart
    VARIANT = "variant"  # normal variant, artifact, or of the breath held
    HEALED = "healed"  # told as old or healed
    TRACE = "trace"  # told as minimal, and not acute by the knowledge graph
    LEFT_IN = "left_in"  # clips, wires and the like
    NEAR = "near"  # levels, bones or veins that lie side by side
    SMALL_STEP = "small_step"  # grades or sizes close to each other
    MENTION = "mention"  # says that there was an earlier study, not what has changed


@dataclass(frozen=True, slots=True)
class ReportPair:
    """The report to judge (preliminary, candidate) and the one it is held against (final, reference)."""

    candidate: SubmittedReport
    reference: SubmittedReport


@dataclass(frozen=True, slots=True)
class Passages:
    """Where the two reports say it: a span of each one's text as submitted; None where one is silent."""

    candidate: Span | None = None
    reference: Span | None = None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A difference that counts as an error of the candidate. ``grounds``: None where it is significant."""

    category: GreenCategory
    finding: str
    message: str
    passages: Passages
    grounds: Grounds | None = None

    @property
    def significant(self) -> bool:
        """Whether the formula counts it."""
        return self.grounds is None


@dataclass(frozen=True, slots=True)
class Match:
    """One finding on which both reports agree."""

    finding: str
    passages: Passages


@dataclass(frozen=True, slots=True)
class Point:
    """One reason of the language model, whose quotes stand in the reports. ``reason``: the model's words."""

    category: GreenCategory
    reason: str
    passages: Passages


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the language model said. ``dropped``: points whose quotes are not in the reports."""

    points: tuple[Point, ...] = ()
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class ComparisonCoverage:
    """What ran. Each value: done | not_configured | partial: <code> | failed: <code>."""

    candidate: str = "done"
    reference: str = "done"
    knowledge: str = "done"
    llm: str = "not_configured"

    @property
    def compared(self) -> bool:
        """False when one of the reports could not be read."""
        return self.candidate == self.reference == "done"

    @property
    def complete(self) -> bool:
        """True when every configured stage is done, and wholly."""
        stages = (self.candidate, self.reference, self.knowledge, self.llm)
        return not any(stage.startswith(("failed", "partial")) for stage in stages)


@dataclass(frozen=True, slots=True)
class ComparedReports:
    """The answer: discrepancies and matches in text order, and what ran."""

    pair: ReportPair
    discrepancies: tuple[Discrepancy, ...]
    matches: tuple[Match, ...]
    coverage: ComparisonCoverage
    graphs: tuple[ReportGraph, ReportGraph] = (ReportGraph(), ReportGraph())  # candidate, reference
    explanation: Explanation | None = None
    versions: dict[str, str] = field(default_factory=dict)

    def counts(self, *, significant: bool) -> dict[GreenCategory, int]:
        """How many discrepancies of each category."""
        counted = Counter(d.category for d in self.discrepancies if d.significant is significant)
        return {category: counted[category] for category in GreenCategory}

    @property
    def green(self) -> float | None:
        """GREEN, 0 to 1; None where a report could not be read."""
        if not self.coverage.compared:
            return None
        return green(len(self.matches), sum(self.counts(significant=True).values()))


def green(matched: int, significant: int) -> float:
    """GREEN of so many matched findings and significant errors; 0 without a match (arXiv 2405.03595)."""
    return matched / (matched + significant) if matched else 0.0

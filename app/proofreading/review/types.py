"""What a review is and brings."""

from dataclasses import dataclass, field
from typing import Literal

from app.proofreading.report import Correction, ErrorType, ReportError
from models.types import Span

ModeName = Literal["end-to-end", "staged", "staged+mkgd", "staged+exkr", "staged+mkgd+exkr"]


@dataclass(frozen=True, slots=True)
class Mode:
    """How the model is asked; the ablation of arXiv 2406.15045.

    ``staged``: detect, localize, correct in turn, else all at once. ``mkgd``: the report's graph and what
    the knowledge graph says of it are in the prompt; ``exkr``: those of similar correct reports.
    """

    staged: bool = True
    mkgd: bool = True
    exkr: bool = True

    @classmethod
    def named(cls, name: ModeName) -> "Mode":
        """The mode of this name."""
        return cls("staged" in name, "mkgd" in name, "exkr" in name)


@dataclass(frozen=True, slots=True)
class Addition:
    """An error that the model alone proposes; its words stand in the report at ``span``.

    ``other``: the words that it contradicts. ``probability``: of "yes" when asked whether it is an error.
    """

    type: ErrorType
    span: Span
    other: Span | None = None
    fix: Correction | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The model's probability that a detectors' error is one; ``span`` and ``type`` say which."""

    type: ErrorType
    span: Span
    probability: float


@dataclass(frozen=True, slots=True)
class Review:
    """What the model said of one report, and what it took.

    ``dropped``: proposals whose quote is not in the report, or not only once. ``left_out``: sections that
    the model was not shown, because the report is too long. ``seconds``: by stage. ``steered``: beside this
    report the model denied a plain error too, so its verdicts were not taken.
    """

    additions: tuple[Addition, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    dropped: int = 0
    left_out: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    steered: bool = False


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The errors after the review, the stage's coverage, and the review itself where there is one."""

    errors: tuple[ReportError, ...]
    coverage: str = "not_configured"
    review: Review | None = None

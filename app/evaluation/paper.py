"""The protocol of arXiv 2406.15045, beside its published figures.

The paper corrupts 1,110 of 1,622 reports; its figures here are those of its method over the models it
tried. How it scores localization (all reports, or the flagged ones) it does not say; all ways are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.evaluation.metrics import Rate, rate
from app.evaluation.score import Outcome
from app.evaluation.summary import wrong
from app.evaluation.wording import bleu, rouge_1

PUBLISHED_DETECTION_MEAN = 72.48
PUBLISHED_DETECTION_BEST = 80.21
PUBLISHED_ALWAYS_YES = 68.4
PUBLISHED_LOCALIZATION_MEAN = 55.28


@dataclass(frozen=True, slots=True)
class Wording:
    """Mean likeness to the original over reports with an error, 0 to 1; ``mean`` is that of the two."""

    rouge_1: float
    bleu: float

    @property
    def mean(self) -> float:
        """The correction score, as far as it is computed: the published one has a third part."""
        return (self.rouge_1 + self.bleu) / 2


@dataclass(frozen=True, slots=True)
class PaperScore:
    """One checker's figures: detection and localization accuracy, and the wording of the corrected text.

    ``localized_wrong``: found, of the reports with an error; ``localized_flagged``: of those flagged;
    ``localized_all``: of all reports, where a clean one counts when it is not flagged.
    """

    clean: int
    wrong: int
    detection: Rate
    always_yes: Rate
    localized_wrong: Rate
    localized_flagged: Rate
    localized_all: Rate
    corrected: Wording
    unchanged: Wording


def paper_score(outcomes: Sequence[Outcome]) -> PaperScore:
    """Score the outcomes of the protocol's reports."""
    broken = [outcome for outcome in outcomes if wrong(outcome)]
    return PaperScore(
        clean=len(outcomes) - len(broken),
        wrong=len(broken),
        detection=rate(outcome.flagged == wrong(outcome) for outcome in outcomes),
        always_yes=rate(wrong(outcome) for outcome in outcomes),
        localized_wrong=rate(outcome.found for outcome in broken),
        localized_flagged=rate(outcome.found for outcome in broken if outcome.flagged),
        localized_all=rate(o.found if wrong(o) else not o.flagged for o in outcomes),
        corrected=wording([(o.corrected or o.item.report.text, o.item.original) for o in broken]),
        unchanged=wording([(o.item.report.text, o.item.original) for o in broken]),
    )


def wording(pairs: Sequence[tuple[str, str]]) -> Wording:
    """The mean likeness of (a corrected text, the original) over pairs; NaN of none."""
    count = len(pairs)
    if not count:
        return Wording(float("nan"), float("nan"))
    return Wording(sum(rouge_1(*pair) for pair in pairs) / count, sum(bleu(*pair) for pair in pairs) / count)

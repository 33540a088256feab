"""The numbers of one checker over all items."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.evaluation.items import Origin
from app.evaluation.metrics import Rate, matthews, ppv, rate
from app.evaluation.score import Outcome
from app.proofreading.report import ErrorType

PREVALENCES = (0.01, 0.02, 0.05)
HEADLINE = 0.02


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the table prints.

    ``sensitivity``: injected errors found at their place, by type and overall. ``detection``: reports
    with an error that are flagged anywhere. ``specificity``: clean and harmless reports not flagged.
    ``exact_fixes`` and ``unintended`` are of the errors found. ``ppv``: prevalence -> (value, low, high).
    """

    by_type: dict[ErrorType, Rate]
    sensitivity: Rate
    detection: Rate
    specificity: Rate
    specificity_clean: Rate
    specificity_harmless: Rate
    flags_per_100_clean: float
    mcc: float
    accuracy: Rate
    always_yes: Rate
    spans: Rate
    types: Rate
    exact_fixes: Rate
    unintended: Rate
    ppv: dict[float, tuple[float, float, float]]


def summarize(outcomes: Sequence[Outcome]) -> Summary:
    """Count one checker's outcomes."""
    wrong = [outcome for outcome in outcomes if outcome.item.origin is Origin.INJECTED]
    right = [outcome for outcome in outcomes if outcome.item.origin is not Origin.INJECTED]
    clean = [outcome for outcome in right if outcome.item.origin is Origin.CLEAN]
    harmless = [outcome for outcome in right if outcome.item.origin is Origin.HARMLESS]
    found = [outcome for outcome in wrong if outcome.found]
    truth = [outcome.item.origin is Origin.INJECTED for outcome in outcomes]
    sensitivity = rate(outcome.found for outcome in wrong)
    specificity = rate(not outcome.flagged for outcome in right)
    clean_specificity = rate(not outcome.flagged for outcome in clean)
    kinds = [kind for kind in ErrorType if any(outcome.item.type is kind for outcome in wrong)]
    return Summary(
        by_type={kind: rate(o.found for o in wrong if o.item.type is kind) for kind in kinds},
        sensitivity=sensitivity,
        detection=rate(outcome.flagged for outcome in wrong),
        specificity=specificity,
        specificity_clean=clean_specificity,
        specificity_harmless=rate(not outcome.flagged for outcome in harmless),
        flags_per_100_clean=100 * sum(o.flags for o in clean) / len(clean) if clean else float("nan"),
        mcc=matthews(truth, [outcome.flagged for outcome in outcomes]),
        accuracy=rate(outcome.flagged == wanted for outcome, wanted in zip(outcomes, truth, strict=True)),
        always_yes=rate(truth),
        spans=rate(outcome.spanned for outcome in wrong),
        types=rate(outcome.typed for outcome in found),
        exact_fixes=rate(outcome.fixed for outcome in found),
        unintended=rate(outcome.unintended for outcome in found),
        ppv={prevalence: ppv(sensitivity, clean_specificity, prevalence) for prevalence in PREVALENCES},
    )

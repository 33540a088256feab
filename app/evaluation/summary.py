"""The numbers of one checker over all items."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.evaluation.items import Origin
from app.evaluation.metrics import Estimate, Numbers, Rate, bayes, interval, matthews, rate, resample, shares
from app.evaluation.score import Outcome
from app.proofreading.report import ErrorType

PREVALENCES = (0.01, 0.02, 0.05)
HEADLINE = 0.02


class Measure(StrEnum):
    """A share of some of the outcomes; ``docs/evaluation.md`` defines each."""

    SENSITIVITY = "sensitivity"
    DETECTION = "detection"
    SPECIFICITY = "specificity"
    SPECIFICITY_CLEAN = "specificity_clean"
    SPECIFICITY_HARMLESS = "specificity_harmless"
    ACCURACY = "accuracy"
    ALWAYS_YES = "always_yes"
    SPAN = "span"
    LOCALIZATION = "localization"
    TYPE = "type"
    EXACT_FIX = "exact_fix"
    OFFERED_FIX = "offered_fix"
    UNINTENDED = "unintended"
    STRAYED = "strayed"


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One error type: its injected errors found (Wilson's interval), and flags of it on clean reports."""

    found: Rate
    flags_per_100_clean: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that a family's first two tables print; intervals of ``rates`` are by resampled reports.

    ``ppv``: prevalence -> value. ``reports``: how many reports were drawn from.
    """

    reports: int
    rates: dict[Measure, Rate]
    flags_per_100_clean: Estimate
    ppv: dict[float, Estimate]
    mcc: float
    by_type: dict[ErrorType, TypeRow]


def wrong(outcome: Outcome) -> bool:
    """True for a report with an injected error."""
    return outcome.item.origin is Origin.INJECTED


def clean(outcome: Outcome) -> bool:
    """True for an untouched report."""
    return outcome.item.origin is Origin.CLEAN


def _detected(outcome: Outcome) -> bool:
    return wrong(outcome) and outcome.flagged


def _found(outcome: Outcome) -> bool:
    return wrong(outcome) and outcome.found


_Test = Callable[[Outcome], bool]
_SHARES: dict[Measure, tuple[_Test, _Test]] = {  # what counts, of what
    Measure.SENSITIVITY: (lambda o: o.found, wrong),
    Measure.DETECTION: (lambda o: o.flagged, wrong),
    Measure.SPECIFICITY: (lambda o: not o.flagged, lambda o: not wrong(o)),
    Measure.SPECIFICITY_CLEAN: (lambda o: not o.flagged, clean),
    Measure.SPECIFICITY_HARMLESS: (lambda o: not o.flagged, lambda o: o.item.origin is Origin.HARMLESS),
    Measure.ACCURACY: (lambda o: o.flagged == wrong(o), lambda o: True),
    Measure.ALWAYS_YES: (wrong, lambda o: True),
    Measure.SPAN: (lambda o: o.spanned, wrong),
    Measure.LOCALIZATION: (lambda o: o.found, _detected),
    Measure.TYPE: (lambda o: o.typed, _found),
    Measure.EXACT_FIX: (lambda o: o.fixed, _found),
    Measure.OFFERED_FIX: (lambda o: o.offered, _found),
    Measure.UNINTENDED: (lambda o: o.unintended, _found),
    Measure.STRAYED: (lambda o: o.strayed, _found),
}


def summarize(outcomes: Sequence[Outcome]) -> Summary:
    """Count one checker's outcomes, and resample reports for the intervals.

    Items of one report (the same original text) are drawn together.
    """
    counts = _counts(outcomes)
    sums = resample(counts)
    rates, draws = {}, {}
    for index, measure in enumerate(_SHARES):
        hits, totals = counts[:, 2 * index], counts[:, 2 * index + 1]
        draws[measure] = shares(hits, totals, (sums[:, 2 * index], sums[:, 2 * index + 1]))
        rates[measure] = _rate(hits, totals, draws[measure])
    found, quiet = rates[Measure.SENSITIVITY].value, rates[Measure.SPECIFICITY_CLEAN].value
    drawn = draws[Measure.SENSITIVITY], draws[Measure.SPECIFICITY_CLEAN]
    return Summary(
        reports=len(counts),
        rates=rates,
        flags_per_100_clean=_flags(counts, sums),
        ppv={share: _ppv(bayes(found, quiet, share), drawn, share) for share in PREVALENCES},
        mcc=matthews([wrong(o) for o in outcomes], [o.flagged for o in outcomes]),
        by_type=_by_type(outcomes),
    )


def _counts(outcomes: Sequence[Outcome]) -> Numbers:
    """A row a report: for each measure what counts and of how many; at the end flags while clean."""
    rows: dict[str, int] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.item.original, len(rows))
    counts = np.zeros((len(rows), 2 * len(_SHARES) + 1))
    for outcome in outcomes:
        row = counts[rows[outcome.item.original]]
        for index, (counting, of) in enumerate(_SHARES.values()):
            if of(outcome):
                row[2 * index] += counting(outcome)
                row[2 * index + 1] += 1
        row[-1] += outcome.flags if clean(outcome) else 0
    return counts


def _rate(hits: Numbers, totals: Numbers, draws: Numbers) -> Rate:
    low, high = interval(draws)
    hit, total = int(hits.sum()), int(totals.sum())
    if total and hit in (0, total):
        low, high = (0.0, high) if hit == 0 else (low, 1.0)
    return Rate(hit, total, low, high)


def _flags(counts: Numbers, sums: Numbers) -> Estimate:
    """Flags per 100 clean reports; without any flag the draws are of Jeffreys' posterior of a rate."""
    column = 2 * list(_SHARES).index(Measure.SPECIFICITY_CLEAN) + 1
    reports, flags = counts[:, column].sum(), counts[:, -1].sum()
    if not reports:
        return Estimate(math.nan, math.nan, math.nan)
    if not flags:
        drawn = 100 * np.random.default_rng(1).gamma(0.5, 1 / reports, len(sums))
        return Estimate(0.0, 0.0, interval(drawn)[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = 100 * sums[:, -1] / sums[:, column]
    return Estimate(float(100 * flags / reports), *interval(drawn))


def _ppv(value: float, draws: tuple[Numbers, Numbers], prevalence: float) -> Estimate:
    """The interval holds the value also where no clean report is flagged and the value is 1."""
    found, quiet = draws
    true, false = found * prevalence, (1 - quiet) * (1 - prevalence)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval(true / (true + false))
    if math.isnan(value):
        return Estimate(value, value, value)
    return Estimate(value, min(low, value), max(high, value))


def _by_type(outcomes: Sequence[Outcome]) -> dict[ErrorType, TypeRow]:
    untouched = [outcome for outcome in outcomes if clean(outcome)]
    rows = {}
    for kind in ErrorType:
        found = rate(outcome.found for outcome in outcomes if outcome.item.type is kind)
        flags = sum(one.flag and one.type is kind for outcome in untouched for one in outcome.returned)
        if found.total or flags:
            rows[kind] = TypeRow(found, 100 * flags / len(untouched) if untouched else math.nan)
    return rows

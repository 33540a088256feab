"""Proportions with intervals, predictive values, and resampling by report."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964  # of the normal distribution: 95 % lie within
_DRAWS = 2_000
_CELLS = 4_000_000  # counts held at one time while resampling

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``total`` with a 95 % interval; NaN where total is 0."""

    hits: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The proportion."""
        return self.hits / self.total if self.total else math.nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with a 95 % interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


def rate(outcomes: Iterable[bool]) -> Rate:
    """Proportion of true outcomes with the Wilson score interval."""
    values = list(outcomes)
    return wilson(sum(values), len(values))


def wilson(hits: int, total: int) -> Rate:
    """``hits`` of ``total`` with the Wilson score interval (Wilson 1927)."""
    if not total:
        return Rate(0, 0, math.nan, math.nan)
    share = hits / total
    scale = 1 + Z95**2 / total
    centre = (share + Z95**2 / (2 * total)) / scale
    spread = Z95 * math.sqrt(share * (1 - share) / total + Z95**2 / (4 * total**2)) / scale
    return Rate(hits, total, max(0.0, centre - spread), min(1.0, centre + spread))


def bayes(sensitivity: float, specificity: float, prevalence: float) -> float:
    """Positive predictive value; NaN where nothing is ever flagged."""
    true, false = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    return true / (true + false) if true + false else math.nan


def resample(counts: Numbers) -> Numbers:
    """Sums of ``counts`` (a row a report) over 2,000 draws of as many reports with replacement; seeded."""
    reports, columns = counts.shape
    random = np.random.default_rng(0)
    sums = np.zeros((_DRAWS, columns))
    step = max(1, _CELLS // max(reports, 1))
    for start in range(0, _DRAWS if reports else 0, step):
        rows = min(step, _DRAWS - start)
        times = random.multinomial(reports, np.full(reports, 1 / reports), size=rows)
        sums[start : start + rows] = times @ counts
    return sums


def shares(hits: Numbers, totals: Numbers, sums: tuple[Numbers, Numbers]) -> Numbers:
    """Draws of a proportion: ``hits`` of ``totals`` a report, and their resampled ``sums``.

    Where none or all count, resampling would see no doubt at all: then the draws are of Jeffreys'
    posterior with as many trials as there are reports that count.
    """
    hit, total = hits.sum(), totals.sum()
    if 0 < hit < total:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums[0] / sums[1], dtype=np.float64)
    trials = int((totals > 0).sum())
    if not trials:
        return np.full(_DRAWS, math.nan)
    known = np.array((0.5, trials + 0.5) if hit == 0 else (trials + 0.5, 0.5))
    return np.random.default_rng(1).beta(known[0], known[1], _DRAWS)


def interval(draws: Numbers) -> tuple[float, float]:
    """The middle 95 % of the draws that are numbers."""
    kept = draws[~np.isnan(draws)]
    if not len(kept):
        return math.nan, math.nan
    low, high = np.quantile(kept, (0.025, 0.975))
    return float(low), float(high)


def matthews(truth: Sequence[bool], flagged: Sequence[bool]) -> float:
    """Matthews correlation coefficient; 0 where a margin is empty."""
    pairs = list(zip(truth, flagged, strict=True))
    tp, tn = pairs.count((True, True)), pairs.count((False, False))
    fp, fn = pairs.count((False, True)), pairs.count((True, False))
    root = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / root if root else 0.0

"""Numbers of an evaluation: proportions with Wilson intervals, and what follows at real prevalence."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_Z = 1.959964  # 95 %
_DRAWS = 20_000


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


def rate(outcomes: Iterable[bool]) -> Rate:
    """Proportion of true outcomes with the Wilson score interval (Wilson 1927)."""
    values = list(outcomes)
    hits, total = sum(values), len(values)
    if not total:
        return Rate(0, 0, math.nan, math.nan)
    share = hits / total
    scale = 1 + _Z**2 / total
    centre = (share + _Z**2 / (2 * total)) / scale
    spread = _Z * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2)) / scale
    return Rate(hits, total, max(0.0, centre - spread), min(1.0, centre + spread))


def ppv(sensitivity: Rate, specificity: Rate, prevalence: float) -> tuple[float, float, float]:
    """Positive predictive value at a prevalence, with a 95 % interval.

    Bayes' rule; the interval comes from draws of both rates' Jeffreys posteriors, seeded.
    """
    if not sensitivity.total or not specificity.total:
        return math.nan, math.nan, math.nan
    random = np.random.default_rng(0)

    def draws(of: Rate) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return random.beta(of.hits + 0.5, of.total - of.hits + 0.5, _DRAWS)

    def bayes(found: float, quiet: float) -> float:
        true, false = found * prevalence, (1 - quiet) * (1 - prevalence)
        return true / (true + false) if true + false else math.nan

    found, quiet = draws(sensitivity), draws(specificity)
    true, false = found * prevalence, (1 - quiet) * (1 - prevalence)
    low, high = np.quantile(true / (true + false), (0.025, 0.975))
    return bayes(sensitivity.value, specificity.value), float(low), float(high)


def matthews(truth: Sequence[bool], flagged: Sequence[bool]) -> float:
    """Matthews correlation coefficient; 0 where a margin is empty."""
    pairs = list(zip(truth, flagged, strict=True))
    tp, tn = pairs.count((True, True)), pairs.count((False, False))
    fp, fn = pairs.count((False, True)), pairs.count((True, False))
    root = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / root if root else 0.0

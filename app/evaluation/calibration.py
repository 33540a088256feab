"""Whether a confidence means what it says: Brier score and reliability."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.evaluation.items import Origin
from app.evaluation.metrics import Numbers
from app.evaluation.score import Outcome
from app.evaluation.summary import HEADLINE

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Errors returned with a confidence from ``low`` up: how many, how sure on average, how often right."""

    low: float
    count: int
    confidence: float
    right: float
    right_at_prevalence: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of all errors returned, low tier too; right means that it hits an injected error.

    ``brier`` is the mean squared difference of confidence and truth; ``constant`` that of a checker that
    always states the share that is right. ``_at_prevalence``: the same with clean reports 98 % and
    reports with an error 2 % of all, harmless edits left out.
    """

    count: int
    right: int
    brier: float
    constant: float
    brier_at_prevalence: float
    constant_at_prevalence: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Errors:
    """All errors returned, as columns; ``weight`` makes the reports a population of 2 % prevalence."""

    confidence: Numbers
    right: Numbers
    weight: Numbers


def calibrate(outcomes: Sequence[Outcome]) -> Calibration:
    """Brier scores and reliability of a checker."""
    errors = columns(outcomes, None)
    alike = np.ones_like(errors.weight)
    brier, constant = _brier(errors, alike)
    brier_at, constant_at = _brier(errors, errors.weight)
    right = int(errors.right.sum())
    return Calibration(len(alike), right, brier, constant, brier_at, constant_at, tuple(_bins(errors)))


def family_of(rule: str) -> str:
    """The first part of a rule's id."""
    return rule.partition(".")[0]


def columns(outcomes: Sequence[Outcome], family: str | None) -> Errors:
    """Everything returned, or what the rules of a family returned."""
    weights = _weights(outcomes)
    rows = [
        (one.confidence, one.hit, weights[outcome.item.origin])
        for outcome in outcomes
        for one in outcome.returned
        if family is None or family_of(one.rule) == family
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Errors(columns[:, 0], columns[:, 1], columns[:, 2])


def _weights(outcomes: Sequence[Outcome]) -> dict[Origin, float]:
    """What one report of each origin stands for, of a population of 1."""
    parts = {Origin.INJECTED: HEADLINE, Origin.CLEAN: 1 - HEADLINE, Origin.HARMLESS: 0.0}
    counts = {origin: sum(o.item.origin is origin for o in outcomes) for origin in Origin}
    return {origin: part / max(counts[origin], 1) for origin, part in parts.items()}


def weighted(hits: Numbers, weight: Numbers) -> float:
    """The weighted mean; NaN without weight."""
    total = float(weight.sum())
    return float((hits * weight).sum()) / total if total else float("nan")


def _brier(errors: Errors, weight: Numbers) -> tuple[float, float]:
    right = weighted(errors.right, weight)
    return weighted((errors.confidence - errors.right) ** 2, weight), right * (1 - right)


def _bins(errors: Errors) -> list[Bin]:
    places = np.minimum(np.floor(np.round(errors.confidence * _BINS, 9)), _BINS - 1)
    bins = []
    for place in range(_BINS):
        inside = places == place
        if inside.any():
            right, weight = errors.right[inside], errors.weight[inside]
            mean = float(errors.confidence[inside].mean())
            at = weighted(right, weight)
            bins.append(Bin(place / _BINS, int(inside.sum()), mean, float(right.mean()), at))
    return bins

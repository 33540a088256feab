"""Precision against recall while the confidence that is asked for goes down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.evaluation.calibration import columns, family_of, weighted
from app.evaluation.metrics import Numbers, bayes
from app.evaluation.score import Outcome
from app.evaluation.summary import HEADLINE, clean, wrong
from app.proofreading.report import ErrorType


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision at 2 % prevalence against recall, of the rules whose ids begin with ``rules``.

    ``points``: (confidence from which on, precision, recall), the surest first. ``errors``: how many
    injected errors of the ``types`` that these rules name, of which recall is the share hit.
    """

    rules: str
    types: tuple[ErrorType, ...]
    errors: int
    average_precision: float
    points: tuple[tuple[float, float, float], ...]


def curves(outcomes: Sequence[Outcome]) -> tuple[Curve, ...]:
    """A curve for each family of rules, by name."""
    names = sorted({family_of(one.rule) for outcome in outcomes for one in outcome.returned})
    return tuple(_curve(outcomes, name) for name in names)


def report_curve(outcomes: Sequence[Outcome]) -> Curve:
    """The curve of whole reports: recall is the sensitivity, precision the predictive value."""
    broken = [outcome for outcome in outcomes if wrong(outcome)]
    best = _best(broken, None)
    top = [
        max((one.confidence for one in outcome.returned), default=-1.0)
        for outcome in outcomes
        if clean(outcome)
    ]
    loud = np.array(top, dtype=np.float64)
    points = []
    for threshold in sorted({one.confidence for o in outcomes for one in o.returned}, reverse=True):
        recall = float((best >= threshold).mean()) if len(best) else float("nan")
        quiet = float((loud < threshold).mean()) if len(loud) else float("nan")
        points.append((threshold, bayes(recall, quiet, HEADLINE), recall))
    return Curve("", (), len(best), average_precision(points), tuple(points))


def average_precision(points: Sequence[tuple[float, float, float]]) -> float:
    """The precision at each step of recall, weighted by the step; NaN where there is no recall."""
    if any(math.isnan(recall) for _, _, recall in points):
        return math.nan
    total, before = 0.0, 0.0
    for _, precision, recall in points:
        if recall > before:
            total += precision * (recall - before)
            before = recall
    return total


def _curve(outcomes: Sequence[Outcome], family: str) -> Curve:
    errors = columns(outcomes, family)
    types = {
        one.type
        for outcome in outcomes
        for one in outcome.returned
        if one.type is not None and family_of(one.rule) == family
    }
    broken = [o for o in outcomes if wrong(o) and (not types or o.item.type in types)]
    best = _best(broken, family)
    points = []
    for threshold in sorted(set(errors.confidence.tolist()), reverse=True):
        over = errors.confidence >= threshold
        recall = float((best >= threshold).mean()) if len(best) else float("nan")
        points.append((threshold, weighted(errors.right[over], errors.weight[over]), recall))
    named = tuple(kind for kind in ErrorType if kind in types)
    return Curve(family, named, len(best), average_precision(points), tuple(points))


def _best(outcomes: Sequence[Outcome], family: str | None) -> Numbers:
    """The highest confidence of a hit in each report; -1 for none."""
    return np.array(
        [
            max(
                (r.confidence for r in o.returned if r.hit and family in (None, family_of(r.rule))),
                default=-1.0,
            )
            for o in outcomes
        ],
        dtype=np.float64,
    )

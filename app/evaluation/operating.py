"""What each confidence threshold would bring: flags, errors found, and what a flag is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.evaluation.metrics import Estimate, Numbers, Rate, bayes, rate
from app.evaluation.score import Outcome
from app.evaluation.summary import PREVALENCES, clean, wrong
from app.proofreading.profile import HIGH, MEDIUM
from app.proofreading.report import ErrorType

Families = Mapping[str, Sequence[Outcome]]


@dataclass(frozen=True, slots=True)
class Point:
    """All errors (``type`` None) or those of a type, shown from a confidence on.

    ``found``: of each family's injected errors (of the type) those hit by such a flag. ``ppv``: by
    prevalence, the share of reports with such a flag in which one hits an error, over all families; its
    bounds are those of both rates together.
    """

    type: ErrorType | None
    threshold: float
    mark: str
    flags_per_100_clean: float
    found: dict[str, Rate]
    ppv: dict[float, Estimate]


def operating_points(negatives: Sequence[Outcome], families: Families) -> tuple[Point, ...]:
    """For all types together and for each: every confidence that occurs, and the present thresholds."""
    untouched = [outcome for outcome in negatives if clean(outcome)]
    every = [*untouched, *(outcome for family in families.values() for outcome in family)]
    points: list[Point] = []
    for kind in (None, *ErrorType):
        seen = {
            one.confidence
            for outcome in every
            for one in outcome.returned
            if kind is None or one.type is kind
        }
        if seen:
            points += [_point(kind, at, untouched, families) for at in sorted(seen | {MEDIUM, HIGH})]
    return tuple(points)


def _point(kind: ErrorType | None, at: float, untouched: Sequence[Outcome], families: Families) -> Point:
    broken = [outcome for family in families.values() for outcome in family if wrong(outcome)]
    hit = rate((_best(broken, kind, hit=True) >= at).tolist())
    quiet = rate((_best(untouched, kind, hit=False) < at).tolist())
    flags = sum(
        one.confidence >= at for o in untouched for one in o.returned if kind is None or one.type is kind
    )
    found = {
        name: rate((_best(_of(family, kind), kind, hit=True) >= at).tolist())
        for name, family in families.items()
    }
    return Point(
        type=kind,
        threshold=at,
        mark="medium" if at == MEDIUM else "high" if at == HIGH else "",
        flags_per_100_clean=100 * flags / len(untouched) if untouched else float("nan"),
        found=found,
        ppv={share: _ppv(hit, quiet, share) for share in PREVALENCES},
    )


def _of(outcomes: Sequence[Outcome], kind: ErrorType | None) -> list[Outcome]:
    return [o for o in outcomes if wrong(o) and (kind is None or o.item.type is kind)]


def _best(outcomes: Sequence[Outcome], kind: ErrorType | None, *, hit: bool) -> Numbers:
    """The highest confidence in each report of what was returned, or of what hit; -1 for nothing."""
    return np.array(
        [
            max(
                (
                    one.confidence
                    for one in outcome.returned
                    if (kind is None or one.type is kind) and (one.hit or not hit)
                ),
                default=-1.0,
            )
            for outcome in outcomes
        ],
        dtype=np.float64,
    )


def _ppv(hit: Rate, quiet: Rate, prevalence: float) -> Estimate:
    pairs = ((hit.value, quiet.value), (hit.low, quiet.low), (hit.high, quiet.high))
    value, low, high = (bayes(*pair, prevalence) for pair in pairs)
    return Estimate(value, low, high)

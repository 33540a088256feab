"""All numbers of an evaluation, from the outcomes of its items."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.evaluation.build import PAPER, Items
from app.evaluation.calibration import Calibration, calibrate
from app.evaluation.curves import Curve, curves, report_curve
from app.evaluation.detectors import DetectorRow, detector_rows
from app.evaluation.items import Item
from app.evaluation.operating import Point, operating_points
from app.evaluation.paper import PaperScore, paper_score
from app.evaluation.run import Both
from app.evaluation.score import Outcome
from app.evaluation.summary import Summary, clean, summarize


@dataclass(frozen=True, slots=True)
class Checker:
    """What one checker achieves on the negatives and one family."""

    summary: Summary
    detectors: tuple[DetectorRow, ...]
    calibration: Calibration
    report_curve: Curve
    curves: tuple[Curve, ...]
    paper: PaperScore | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """One family of injected errors, checked by RadProof and by the plain rules."""

    radproof: Checker
    plain_rules: Checker


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that is printed, drawn or written."""

    families: dict[str, Family]
    operating_points: tuple[Point, ...]
    plain_points: tuple[Point, ...]


def analyse(items: Items, outcomes: Mapping[Item, Both]) -> Results:
    """Count the outcomes of all items.

    A family that brings clean reports of its own is judged on those, any other on the shared negatives.
    """
    ours = {item: both[0] for item, both in outcomes.items()}
    plain = {item: both[1] for item, both in outcomes.items()}
    return Results(
        {name: Family(_checker(name, items, ours), _checker(name, items, plain)) for name in items.families},
        _points(items, ours),
        _points(items, plain),
    )


def _checker(name: str, items: Items, outcomes: Mapping[Item, Outcome]) -> Checker:
    judged = [outcomes[item] for item in items.families[name]]
    paper = paper_score(judged) if name == PAPER else None
    if not any(clean(outcome) for outcome in judged):
        judged = [*(outcomes[item] for item in items.negatives), *judged]
    return Checker(
        summarize(judged),
        detector_rows(judged),
        calibrate(judged),
        report_curve(judged),
        curves(judged),
        paper,
    )


def _points(items: Items, outcomes: Mapping[Item, Outcome]) -> tuple[Point, ...]:
    families = {name: [outcomes[item] for item in made] for name, made in items.families.items()}
    return operating_points([outcomes[item] for item in items.negatives], families)


def document(results: Results, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All numbers as JSON values; NaN becomes null."""
    numbers: dict[str, Any] = finite({"settings": dict(settings), **asdict(results)})
    return numbers


def finite(value: Any) -> Any:
    """The value for JSON: keys are words, NaN is null."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value

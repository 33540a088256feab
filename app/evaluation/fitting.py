"""Shifts of confidence from what people decided of errors: logistic regression, held to the shipped confidences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.evaluation.metrics import Numbers
from app.evaluation.splits import share
from app.proofreading.verifier import chance, keys_of, log_odds

_PENALTY = 4.0  # an error has four shifts; together they are expected to be within one unit of log odds
_STEPS, _ENOUGH = 5_000, 1e-6
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """One error that a person judged: the shipped confidence, what it was, and whether it was accepted."""

    report_id: str
    rule: str
    type: str
    section: str
    confidence: float
    right: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """What its shifts go by."""
        return keys_of(self.rule, self.type, self.section)


@dataclass(frozen=True, slots=True)
class Fitted:
    """How confidences do on the same judged errors: mean squared error, and what a threshold shows.

    ``shown`` errors reach the threshold, ``right`` of them were accepted.
    """

    brier: float
    shown: int
    right: int


def fit(judged: Sequence[Judged]) -> dict[str, float]:
    """The shift of each key; a ridge penalty makes little feedback move little.

    Steps by a bound of the curvature, which never overshoot (Böhning and Lindsay 1988).
    """
    keys = sorted({key for one in judged for key in one.keys})
    columns = {key: number for number, key in enumerate(keys)}
    rows = np.zeros((len(judged), len(keys)))
    for number, one in enumerate(judged):
        rows[number, [columns[key] for key in one.keys]] = 1
    offset = np.array([log_odds(one.confidence) for one in judged])
    right = np.array([float(one.right) for one in judged])
    shifts = np.zeros(len(keys))
    bound = np.linalg.inv(rows.T @ rows / 4 + _PENALTY * np.eye(len(keys)))
    for _ in range(_STEPS):
        believed = 1 / (1 + np.exp(-(offset + rows @ shifts)))
        step = bound @ (rows.T @ (right - believed) - _PENALTY * shifts)
        shifts += step
        if np.abs(step).max(initial=0.0) < _ENOUGH:
            break
    return {key: float(shift) for key, shift in zip(keys, shifts, strict=True)}


def held_out(judged: Sequence[Judged]) -> list[float]:
    """The confidence of each error by shifts that were fitted without its report (five folds by report)."""
    folds = [int(share(f"fold:{one.report_id}") * _FOLDS) for one in judged]
    result = [0.0] * len(judged)
    for fold in range(_FOLDS):
        shifts = fit([one for one, other in zip(judged, folds, strict=True) if other != fold])
        for number, one in enumerate(judged):
            if folds[number] == fold:
                moved = sum(shifts.get(key, 0.0) for key in one.keys)
                result[number] = chance(log_odds(one.confidence) + moved)
    return result


def assess(judged: Sequence[Judged], confidences: Sequence[float], threshold: float) -> Fitted:
    """What these confidences, one for each judged error, achieve."""
    right: Numbers = np.array([float(one.right) for one in judged])
    stated: Numbers = np.array(confidences)
    shown = stated >= threshold
    return Fitted(float(((stated - right) ** 2).mean()), int(shown.sum()), int(right[shown].sum()))

"""Change over time that the sections, or the COMPARISON section, contradict."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, asserted, name, sentences
from app.proofreading.correct import cased
from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Correction, ErrorType
from models.types import Entity

_OPPOSED = frozenset(
    {
        frozenset({"increased", "decreased"}),
        frozenset({"increased", "stable"}),
        frozenset({"decreased", "stable"}),
        frozenset({"new", "stable"}),
        frozenset({"new", "decreased"}),
    }
)


class IntervalChange:
    """Compares what is said of change between the sections."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression."""
        described = [finding for finding in asserted(case, FINDINGS) if _change(finding)]
        for concluded in asserted(case, IMPRESSION):
            change = _change(concluded)
            rivals = [other for other in described if _same(concluded, other)]
            if change is None or not rivals:
                continue
            if all(frozenset({change.value, _value(other)}) in _OPPOSED for other in rivals):
                yield _candidate(case, concluded, change, rivals[0])


def _change(finding: Finding) -> Entity | None:
    """The change said of the finding itself, when just one is."""
    return finding.changes[0] if len({change.value for change in finding.changes}) == 1 else None


def _value(finding: Finding) -> str | None:
    change = _change(finding)
    return None if change is None else change.value


def _same(first: Finding, second: Finding) -> bool:
    if first.concept != second.concept:
        return False
    return not first.sides or not second.sides or first.sides == second.sides


def _candidate(case: Case, concluded: Finding, change: Entity, described: Finding) -> Candidate:
    seen = _change(described)
    words = seen.quote if seen is not None else ""
    fits = re.fullmatch(r"\w+", words) and re.fullmatch(r"\w+", change.quote)
    fixes: tuple[Correction, ...] = ()
    if fits and seen is not None:
        fixes = (
            Correction(change.span, cased(words, change.quote)),
            Correction(seen.span, cased(change.quote, words)),
        )
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=change.span,
        message=(
            f"The impression says {name(concluded.concept, case.facts)} is {change.value}; "
            f"the findings say {_value(described)}."
        ),
        rule="interval_change.sections",
        confidence=0.86,
        evidence=sentences(case, described, concluded),
        correction=fixes[0] if fixes else None,
        alternatives=fixes[1:],
    )

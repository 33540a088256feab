"""A finding of one severity in one sentence and of a far one in another."""

from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    is_chest,
    levels,
    likeness,
    name,
    sentences,
    without_either,
)
from app.proofreading.correct import cased
from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Correction, ErrorType
from models.types import Entity

RANKS = {"trace": 1, "mild": 2, "mild-moderate": 2.5, "moderate": 3, "moderate-severe": 3.5, "severe": 4}
_FAR = 1.5
_BEYOND = 0.3  # less sure outside the chest, where one report tells of many levels and vessels


class Severity:
    """Compares severity words of the same finding on the same side."""

    types = frozenset({ErrorType.SEVERITY_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression, then of the findings."""
        described = [finding for finding in asserted(case, FINDINGS) if _grade(finding)]
        concluded = [finding for finding in asserted(case, IMPRESSION) if _grade(finding)]
        for said in concluded:
            yield from _against(case, said, described)
        for within in (
            (concluded, described) if is_chest(case) else ()
        ):  # elsewhere there are levels and joints
            for number, said in enumerate(within):
                yield from _against(
                    case, said, [other for other in within[:number] if _one_thing(other, said)]
                )


def _against(case: Case, said: Finding, others: list[Finding]) -> Iterator[Candidate]:
    """A candidate where every other statement of the same finding grades it far from this one."""
    grade = _grade(said)
    rivals = [other for other in others if _same(said, other, case)]
    if grade and rivals and all(abs(_rank(grade) - _rank(_grade(other))) >= _FAR for other in rivals):
        yield _candidate(case, said, grade, rivals[0])


def _grade(finding: Finding) -> Entity | None:
    """The one grade of a finding, also where two words say it: "severe, advanced"."""
    graded = [entity for entity in finding.severities if entity.value in RANKS]
    return graded[0] if len({entity.value for entity in graded}) == 1 else None


def _rank(grade: Entity | None) -> float:
    return RANKS[grade.value] if grade is not None and grade.value in RANKS else 0.0


def _one_thing(first: Finding, second: Finding) -> bool:
    """Told in two sentences of a section: one finding by its name."""
    return first.sentence != second.sentence and first.concept == second.concept


def _same(first: Finding, second: Finding, case: Case) -> bool:
    """One finding, or a shadow and its reading at one level of the lung; on no other side or level."""
    tie = likeness(first.concept, second.concept, case.facts)
    if tie is Likeness.NONE or (tie is Likeness.SUGGESTED and not levels(first) & levels(second)):
        return False
    if first.sides and second.sides and first.sides != second.sides:
        return False
    return not (levels(first) and levels(second) and not levels(first) & levels(second))


def _candidate(case: Case, concluded: Finding, grade: Entity, described: Finding) -> Candidate:
    seen = _grade(described)
    words = seen.quote if seen is not None else ""
    fixes = [Correction(grade.span, cased(words, grade.quote))]
    if seen is not None:
        fixes.append(Correction(seen.span, cased(grade.quote, seen.quote)))
    return Candidate(
        type=ErrorType.SEVERITY_MISMATCH,
        span=grade.span,
        message=(
            f"{name(concluded.concept, case.facts)} is called {grade.quote.lower()} in one sentence "
            f"and {words.lower()} in another."
        ),
        rule="severity.sections",
        confidence=(0.86 if concluded.sides == described.sides else 0.7)
        - (0.0 if is_chest(case) else _BEYOND),
        evidence=sentences(case, described, concluded),
        correction=fixes[0],
        alternatives=(*fixes[1:], *without_either(case, concluded, described)),
    )

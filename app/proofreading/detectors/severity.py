"""A finding of one severity in one sentence and of a far one in another."""

import re
from collections.abc import Iterator
from itertools import product

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    fading,
    is_chest,
    levels,
    likeness,
    name,
    one_sign,
    same_part,
    sentences,
)
from app.proofreading.correct import cased
from app.proofreading.detectors.degree import Degree, degree
from app.proofreading.detectors.referring import told as told_of
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType
from kg_ingest.schema import EdgeKind
from models.types import Span

_FAR = 1.5
_BEYOND = 0.3  # less sure outside the chest, where one report tells of many levels and vessels
_ONE, _MANY = "one", "many"
_LONE = re.compile(
    r"(?:single|a single|solitary|lone|one|a few|few|two|a couple of|couple of|handful of|three)",
    re.IGNORECASE,
)
_LOTS = re.compile(r"(?:innumerable|countless|numerous|many|profuse|myriad)", re.IGNORECASE)
_COUNTED = frozenset(f"RP:{name}" for name in "nodule metastasis granuloma mass cyst cavity".split())
_FRACTURE = "RP:fracture"
_THESE = re.compile(r"\W*(?:the|these|those)\b", re.IGNORECASE)
_VERTEBRA = re.compile(r"\b[CTL]\d{1,2}\b", re.IGNORECASE)
_FAILURE = "RP:heart-failure"  # no degree of the heart's size
_FLUID = frozenset({_FAILURE, "RP:pulmonary-edema"})  # of which the one is graded by the other
_BLUNTED = "RP:cp-angle-blunting"


class Severity:
    """Compares severity words of the same finding on the same side."""

    types = frozenset({ErrorType.SEVERITY_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression, then of the findings."""
        described, concluded = (
            [(finding, found) for finding in asserted(case, part) if (found := degree(finding, case))]
            for part in (FINDINGS, IMPRESSION)
        )
        for said in concluded:
            yield from _against(case, said, described)
        if not is_chest(case):  # elsewhere there are levels and joints
            return
        for within in (concluded, described):
            for number, said in enumerate(within):
                beside = [
                    other
                    for other in within[:number]
                    if other[0].sentence != said[0].sentence and same_part(case, other[0], said[0])
                ]
                yield from _against(case, said, beside)
        yield from _counts(case)


_Graded = tuple[Finding, Degree]


def _against(case: Case, said: _Graded, others: list[_Graded]) -> Iterator[Candidate]:
    """A candidate where every other statement of the same finding grades it far from this one."""
    others = [other for other in others if not fading(other[0], case)]  # "the large effusion is smaller"
    rivals = [other for other in others if _same(said[0], other[0], case) and _of_one_bone(said, other)]
    if rivals and all(abs(said[1].rank - other[1].rank) >= _FAR for other in rivals):
        yield _candidate(case, said, rivals[0])


def _counts(case: Case) -> Iterator[Candidate]:
    """One or a few in the one section, very many in the other, or in the sentence that refers to them."""
    told = [
        [
            (one, number)
            for one in asserted(case, part)
            if one.concept in _COUNTED and (number := _number(one))
        ]
        for part in (FINDINGS, IMPRESSION)
    ]
    pairs = list(product(*told)) if len(told[0]) == len(told[1]) == 1 else []
    pairs += [(part[0], part[1]) for part in told if len(part) == 2 and _points_back(case, part[1][0])]
    for (seen, before), (said, after) in pairs:
        if {before[0], after[0]} == {_ONE, _MANY} and _same(said, seen, case):
            yield _candidate(
                case, (said, Degree(after[1], 4.0, worded=False)), (seen, Degree(before[1], 1.0))
            )


def _points_back(case: Case, finding: Finding) -> bool:
    """True for "The innumerable nodules" after a sentence that brings them up."""
    return bool(_THESE.match(told_of(case, finding)))


def _number(finding: Finding) -> tuple[str, Span] | None:
    for count in finding.counts:
        for kind, words in ((_ONE, _LONE), (_MANY, _LOTS)):
            if words.fullmatch(count.quote):
                return kind, count.span
    return None


def _of_one_bone(first: _Graded, second: _Graded) -> bool:
    """False for breaks of bones that may be two, where one is graded by its kind: "comminuted"."""
    if (first[1].worded and second[1].worded) or _FRACTURE not in (first[0].concept, second[0].concept):
        return True
    one, other = ({site.quote.lower() for site in finding.sites} for finding, _ in (first, second))
    return bool(one) and one == other


def _same(first: Finding, second: Finding, case: Case) -> bool:
    """One finding, or a shadow and its reading at one level of the lung; on no other side or level."""
    tie = likeness(first.concept, second.concept, case.facts)
    blunted = _BLUNTED in (first.concept, second.concept) and bool(first.sides & second.sides)
    if tie is Likeness.NONE or (
        tie is Likeness.SUGGESTED
        and not blunted
        and not one_sign(first.concept, second.concept)
        and not {first.concept, second.concept} <= _FLUID
        and not levels(first) & levels(second)
        and not _at_one_home(first, second, case)
    ):
        return False
    if first.sides and second.sides and first.sides != second.sides:
        return False
    vertebrae = [
        frozenset(_VERTEBRA.findall(" ".join(s.quote for s in one.sites))) for one in (first, second)
    ]
    if all(vertebrae) and not vertebrae[0] & vertebrae[1]:
        return False
    return not (levels(first) and levels(second) and not levels(first) & levels(second))


def _at_one_home(first: Finding, second: Finding, case: Case) -> bool:
    """True for two findings of one structure: hyperinflation and emphysema; not the heart's size and its failure."""
    one, other = (
        frozenset(case.facts.leaving.get((f.concept or "", EdgeKind.HAS_FINDING_SITE), ()))
        for f in (first, second)
    )
    return bool(one & other) and _FAILURE not in (first.concept, second.concept)


def _candidate(case: Case, concluded: _Graded, described: _Graded) -> Candidate:
    (said, grade), (seen, other) = concluded, described
    words = [case.report.quote(one.span) for one in (grade, other)]
    fixes: list[Correction] = []
    if grade.worded and other.worded:
        fixes = [
            Correction(grade.span, cased(words[1], words[0])),
            Correction(other.span, cased(words[0], words[1])),
        ]
    fixes += without_either(case, said, seen)
    return Candidate(
        type=ErrorType.SEVERITY_MISMATCH,
        span=grade.span,
        message=(
            f"{name(said.concept, case.facts)} is called {words[0].lower()} in one sentence "
            f"and {words[1].lower()} in another."
        ),
        rule="severity.sections",
        confidence=(0.86 if said.sides == seen.sides else 0.7) - (0.0 if is_chest(case) else _BEYOND),
        evidence=sentences(case, seen, said),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )

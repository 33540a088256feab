"""Change over time that the sections contradict."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import (
    ANYWHERE,
    FINDINGS,
    IMPRESSION,
    asserted,
    is_chest,
    is_device,
    levels,
    name,
    one_sign,
    sentences,
    subsumes,
)
from app.proofreading.correct import cased
from app.proofreading.detectors.bone_level import ribs, vertebrae
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType
from models.types import Entity

OPPOSED = frozenset(
    {
        frozenset({"increased", "decreased"}),
        frozenset({"increased", "stable"}),
        frozenset({"decreased", "stable"}),
        frozenset({"new", "stable"}),
        frozenset({"new", "decreased"}),
    }
)


_SMALLER = frozenset({"stable", "decreased"})
_REMAINING = re.compile(r"persist|remain|ongoing|continu|residual|unresolv", re.IGNORECASE)
_AS_IT_WAS = re.compile(
    r"\b(?:unchanged|stable|same|not changed|no change|as before|similar|unaltered)\b", re.IGNORECASE
)
_SHADOWS = ("RP:opacity", "RP:pneumonia")
_LESIONS = tuple(f"RP:{name}" for name in "nodule mass lung-lesion nonspecific-lesion neoplasm".split())
_UNNAMED = frozenset({"RP:nonspecific-lesion", "RP:lung-lesion"})  # "the lesion": any of them


_SEVERAL = 2
_INFLATED = frozenset({"RP:emphysema", "RP:hyperinflation", "RP:copd"})


class IntervalChange:
    """Compares what is said of change between the sections."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression, then of the findings."""
        described = [finding for finding in asserted(case, FINDINGS) if _change(finding)]
        concluded = [finding for finding in asserted(case, IMPRESSION) if _change(finding)]
        for said in concluded:
            yield from _against(case, said, described)
        yield from _by_another_name(case, concluded, described)
        for said in described:
            yield from _odd_one_out(case, said, described, concluded)
        for within in (concluded, described) if is_chest(case) else ():
            for number, said in enumerate(within):
                others = [other for other in within[:number] if _one_place(other, said)]
                yield from _against(case, said, others)


def _by_another_name(case: Case, concluded: list[Finding], described: list[Finding]) -> Iterator[Candidate]:
    """The one shadow of each section under two names, of two courses: new consolidation, unchanged opacities."""
    for kinds in (_SHADOWS, _LESIONS):
        seen, said = (
            [f for f in asserted(case, part) if _is_of(kinds, case, f)] for part in (FINDINGS, IMPRESSION)
        )
        if len(seen) == len(said) == 1 and seen[0].concept != said[0].concept:
            yield from _two_courses(case, (seen[0], described), (said[0], concluded))


_Among = tuple[Finding, list[Finding]]
"""A finding, and all of its section that change."""


def _two_courses(case: Case, in_findings: _Among, in_impression: _Among) -> Iterator[Candidate]:
    (first, described), (second, concluded) = in_findings, in_impression
    general = {first.concept, second.concept} & _UNNAMED
    change = _change(second)
    placed = _one_place(first, second) or (general and not (first.sides and second.sides))
    told = change is not None and first in described and second in concluded and placed
    ways = frozenset({change.value, _value(first)}) if change is not None else frozenset[str | None]()
    if ways == _SMALLER and any(_REMAINING.search(_told(case, one)) for one in (first, second)):
        return  # it persists, and is smaller
    if change is not None and told and ways in OPPOSED:
        yield _candidate(case, second, change, first)


def _told(case: Case, finding: Finding) -> str:
    return case.report.quote(case.report.sentences[finding.sentence].span)


def _is_of(kinds: tuple[str, ...], case: Case, finding: Finding) -> bool:
    return any(subsumes(kind, finding.concept or "", case.facts) for kind in kinds)


def _odd_one_out(
    case: Case, said: Finding, described: list[Finding], concluded: list[Finding]
) -> Iterator[Candidate]:
    """One of the findings section that is opposed to another of it, and to what the impression concludes."""
    if said.concept in ANYWHERE or said.sites:  # of which there may be several
        return
    if any(other.sides & said.sides != said.sides for other in concluded if _same(case, said, other)):
        return
    for part in (described, concluded):
        others = [other for other in part if other.sentence != said.sentence and _same(case, said, other)]
        if not others or not all(frozenset({_value(said), _value(o)}) in OPPOSED for o in others):
            return
    yield from _against(case, said, [other for other in concluded if _same(case, said, other)])


def _one_place(first: Finding, second: Finding) -> bool:
    """Told in two sentences of one place, so that within a section they are not two findings."""
    alike = first.sides == second.sides and levels(first) == levels(second)
    return alike and first.sentence != second.sentence and not first.measurements


def _against(case: Case, said: Finding, others: list[Finding]) -> Iterator[Candidate]:
    """A candidate where every other statement of the same finding tells of an opposed change."""
    change = _change(said)
    rivals = [other for other in others if _same(case, said, other)]
    if change is None or not rivals:
        return
    opposed = all(frozenset({change.value, _value(other)}) in OPPOSED for other in rivals)
    if opposed and not any(_is_rest(case, said, other) for other in rivals):
        yield _candidate(case, said, change, rivals[0])


def _is_rest(case: Case, first: Finding, second: Finding) -> bool:
    """True for what has become less, and what is left: "has decreased. A small effusion remains"."""
    if {_value(first), _value(second)} != _SMALLER:
        return False
    left = first if _value(first) == "stable" else second
    told = _told(case, left)
    return (
        bool(_REMAINING.match(left.changes[0].quote))
        and bool(left.severities or left.measurements)
        and not _AS_IT_WAS.search(told)
    )


def _change(finding: Finding) -> Entity | None:
    """The change said of the finding itself, when just one is."""
    if any(
        change.quote.lower().split()[-1] == "again" or change.quote.lower().startswith("again")
        for change in finding.changes
    ):
        return None  # seen again, whatever became of it
    if is_device(finding) and any(change.value in ("decreased", "increased") for change in finding.changes):
        return None  # what a tube did: "re-expansion following tube thoracostomy"
    if of_one_of_them(finding):
        return None  # "two nodules, in the upper lobe (stable) and in the lower lobe (was 7 mm)"
    return finding.changes[0] if len({change.value for change in finding.changes}) == 1 else None


def of_one_of_them(finding: Finding) -> bool:
    """True where the change is told between the places of several things: of one of the several."""
    if len(finding.sites) < _SEVERAL or not finding.entity.quote.lower().endswith("s"):
        return False
    places = [site.span.start for site in finding.sites]
    return all(min(places) < change.span.start < max(places) for change in finding.changes)


def _value(finding: Finding) -> str | None:
    change = _change(finding)
    return None if change is None else change.value


def _same(case: Case, first: Finding, second: Finding) -> bool:
    if first.concept != second.concept and not _two_names(first, second):
        return False
    for read in (vertebrae, ribs):
        one, other = (read(case, finding.sentence).numbers for finding in (first, second))
        if one and other and not one & other:
            return False
    return not first.sides or not second.sides or first.sides == second.sides


def _two_names(first: Finding, second: Finding) -> bool:
    """One disease by two of its names; "increased markings" is a look of it."""
    if first.concept in _INFLATED and second.concept in _INFLATED:
        return {_value(first), _value(second)} == {"increased", "decreased"}
    if levels(first) and levels(second) and not levels(first) & levels(second):
        return False
    looks = any(
        change.span.start < one.entity.span.start and change.value == "increased"
        for one in (first, second)
        for change in one.changes[:1]
    )
    return one_sign(first.concept, second.concept) and not looks


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
    fixes += without_either(case, concluded, described)
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=change.span,
        message=(
            f"{name(concluded.concept, case.facts)} is {change.value} in one sentence "
            f"and {_value(described)} in another."
        ),
        rule="interval_change.sections",
        confidence=0.86,
        evidence=sentences(case, described, concluded),
        correction=fixes[0] if fixes else None,
        alternatives=fixes[1:],
    )

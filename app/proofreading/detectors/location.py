"""A finding at one level of the lung in the findings, at another in the impression."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    edge_path,
    is_chest,
    levels,
    likeness,
    name,
    sentences,
    spoken_for,
)
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType
from models.types import Entity, Span

_WORD = {
    "upper": re.compile(r"upper", re.IGNORECASE),
    "middle": re.compile(r"middle|mid", re.IGNORECASE),
    "lower": re.compile(r"lower", re.IGNORECASE),
}

_LESSER = frozenset(  # which an impression leaves out beside what it concludes
    f"RP:{name}" for name in "granuloma scar calcification atelectasis".split()
)
_APEX = re.compile(r"\b(?:apex|apices|apical|biapical)\b", re.IGNORECASE)


class Location:
    """Compares upper, middle and lower between the sections, side by side."""

    types = frozenset({ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression, then of the findings."""
        described = [finding for finding in asserted(case, FINDINGS) if levels(finding)]
        for concluded in asserted(case, IMPRESSION):
            here = levels(concluded)
            if len(here) != 1:
                continue
            tied = [(likeness(concluded.concept, other.concept, case.facts), other) for other in described]
            tied = [(tie, other) for tie, other in tied if tie is not Likeness.NONE]
            taken = {id(other): spoken_for(other, concluded, case, levels) for _, other in tied}
            if any(levels(o) & here and (tie is Likeness.SAME or not taken[id(o)]) for tie, o in tied):
                continue
            clear = [
                other
                for _, other in tied
                if (not taken[id(other)] or _exactly(concluded, other)) and _facing(concluded, other)
            ]
            if clear and len(levels(clear[0])) == 1:
                yield _candidate(case, concluded, clear[0])
        for one in described if is_chest(case) else ():
            other = _unconcluded(one, case)
            if other is not None:
                yield _candidate(case, other, one, 0.72)


def _unconcluded(described: Finding, case: Case) -> Finding | None:
    """The conclusion of the same finding on the same side at a far level, where every one is far.

    Findings at both levels may be concluded at one: an impression leaves out the lesser.
    """
    here = levels(described)
    if len(here) != 1 or len(described.sides) != 1:
        return None
    if any(_exactly(described, o) and levels(o) - here for o in asserted(case, FINDINGS)):
        return None
    same = [
        o
        for o in asserted(case, IMPRESSION)
        if o.sides == described.sides
        and likeness(o.concept, described.concept, case.facts) is not Likeness.NONE
        and (described.concept not in _LESSER or o.concept == described.concept)
        and levels(o)
    ]
    far = [other for other in same if levels(other) == {"upper", "lower"} - here]
    return far[0] if far and len(far) == len(same) else None


def _exactly(concluded: Finding, other: Finding) -> bool:
    """One finding on one side, so that two levels are not two findings."""
    return concluded.concept == other.concept and len(concluded.sides) == 1 and concluded.sides == other.sides


def _facing(concluded: Finding, other: Finding) -> bool:
    """On no other side, and at a level that is another."""
    beside = other.sides and concluded.sides and not other.sides & concluded.sides
    return not beside and levels_apart(concluded, other)


def levels_apart(first: Finding, second: Finding) -> bool:
    """True for levels that no reader would take for the same place.

    Middle and lower overlap on a frontal view unless both are named as lobes.
    """
    both = levels(first) | levels(second)
    apical = any(_APEX.search(word) for one in (first, second) for word in _words(one))
    return (
        both == {"upper", "lower"}
        or (both == {"upper", "middle"} and apical)
        or (_lobe(first) and _lobe(second))
    )


def _words(finding: Finding) -> list[str]:
    return [entity.quote for entity in (*finding.sites, *finding.zones, finding.entity)]


def _lobe(finding: Finding) -> bool:
    return any(
        re.search(r"\blobe|\b[RL][UML]L\b|\blingula", site.quote, re.IGNORECASE) for site in finding.sites
    )


def _candidate(case: Case, concluded: Finding, described: Finding, confidence: float = 0.86) -> Candidate:
    (said,), (seen,) = levels(concluded), levels(described)
    place = _level_word(concluded, said)
    fixes = (*_turned(concluded, said, seen), *_turned(described, seen, said))
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=place.span if place is not None else concluded.entity.span,
        message=(
            f"The impression places {name(concluded.concept, case.facts)} in the {said} lung; "
            f"the findings describe it in the {seen} lung."
        ),
        rule="location.level",
        confidence=confidence,
        evidence=(
            *sentences(case, described, concluded),
            *edge_path(described.concept, concluded.concept, case.facts),
        ),
        correction=fixes[0] if fixes else None,
        alternatives=(*fixes[1:], *without_either(case, concluded, described)) if fixes else (),
    )


def _turned(finding: Finding, level: str, other: str) -> tuple[Correction, ...]:
    """The finding's level word turned to another, where it is said by such a word."""
    place = _level_word(finding, level)
    if place is None:
        return ()
    word = _WORD[level].search(place.quote)
    at = place.span.start + (word.start() if word else 0)
    end = place.span.start + (word.end() if word else 0)
    turned = other.capitalize() if place.quote[at - place.span.start].isupper() else other
    return (Correction(Span(at, end), turned),)


def _level_word(finding: Finding, level: str) -> Entity | None:
    for entity in (*finding.sites, *finding.zones):
        if _WORD[level].search(entity.quote):
            return entity
    return None

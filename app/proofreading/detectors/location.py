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
    levels,
    likeness,
    name,
    sentences,
)
from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Correction, ErrorType
from models.types import Entity, Span

_WORD = {
    "upper": re.compile(r"upper", re.IGNORECASE),
    "middle": re.compile(r"middle|mid", re.IGNORECASE),
    "lower": re.compile(r"lower", re.IGNORECASE),
}


class Location:
    """Compares upper, middle and lower between the sections, side by side."""

    types = frozenset({ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression."""
        described = [finding for finding in asserted(case, FINDINGS) if levels(finding)]
        for concluded in asserted(case, IMPRESSION):
            here = levels(concluded)
            if len(here) != 1:
                continue
            tied = [
                other
                for other in described
                if likeness(concluded.concept, other.concept, case.facts) is not Likeness.NONE
            ]
            if not tied or any(levels(other) & here for other in tied):
                continue
            same_side = [o for o in tied if not o.sides or not concluded.sides or o.sides & concluded.sides]
            clear = [other for other in same_side if _apart(concluded, other)]
            if clear and len(levels(clear[0])) == 1:
                yield _candidate(case, concluded, clear[0])


def _apart(first: Finding, second: Finding) -> bool:
    """True for levels that no reader would take for the same place.

    Middle and lower overlap on a frontal view unless both are named as lobes.
    """
    both = levels(first) | levels(second)
    return both == {"upper", "lower"} or (_lobe(first) and _lobe(second))


def _lobe(finding: Finding) -> bool:
    return any(re.search(r"\blobe|\b[RL][UML]L\b", site.quote, re.IGNORECASE) for site in finding.sites)


def _candidate(case: Case, concluded: Finding, described: Finding) -> Candidate:
    (said,), (seen,) = levels(concluded), levels(described)
    place = _level_word(concluded, said)
    span = place.span if place is not None else concluded.entity.span
    replacement = None if place is None else _WORD[said].sub(seen, place.quote, count=1)
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=span,
        message=(
            f"The impression places {name(concluded.concept, case.facts)} in the {said} lung; "
            f"the findings describe it in the {seen} lung."
        ),
        rule="location.level",
        confidence=0.86,
        evidence=(
            *sentences(case, described, concluded),
            *edge_path(described.concept, concluded.concept, case.facts),
        ),
        correction=None if replacement in (None, place and place.quote) else _correction(span, replacement),
    )


def _correction(span: Span, replacement: str | None) -> Correction | None:
    return None if replacement is None else Correction(span, replacement)


def _level_word(finding: Finding, level: str) -> Entity | None:
    for entity in (*finding.sites, *finding.zones):
        if _WORD[level].search(entity.quote):
            return entity
    return None

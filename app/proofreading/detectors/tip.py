"""The tip of a line or tube told at two places that are not next to each other."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, SectionName

_TIP = re.compile(r"\b(?:tip|terminat\w+|ends? (?:in|at)|distal end)\b", re.IGNORECASE)
_AIRWAY = ("RP:trachea", "RP:bronchus")
_VEINS = (
    "RP:jugular-vein", "RP:subclavian-vein", "RP:brachiocephalic-vein", "RP:superior-vena-cava",
    "RP:cavoatrial-junction", "RP:right-atrium", "RP:right-ventricle", "RP:pulmonary-artery",
)  # fmt: skip
_GUT = ("RP:esophagus", "RP:stomach", "RP:duodenum")
# along which a tube runs; neighbours are one place to different readers
_COURSES = (_AIRWAY, _VEINS, _GUT)
_ASIDE = frozenset({"RP:azygos-vein", "RP:inferior-vena-cava"})
_NEAR = 1
_LANDMARK = "RP:carina"  # by whose level the tips of lines are told


class Tip:
    """Compares where the findings and the impression place a tip, when each tells of one only."""

    types = frozenset({ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        found, concluded = _tips(case, FINDINGS), _tips(case, IMPRESSION)
        for section, others in ((concluded, found), (found, concluded), (found, found)):
            for site in section:
                apart = [
                    other for other in others if other.sentence != site.sentence and _apart(site, other, case)
                ]
                if len(apart) == 1 and len(others) == (2 if others is section else 1):
                    yield _candidate(case, site, apart[0])
                    return


def _tips(case: Case, sections: frozenset[SectionName]) -> list[Entity]:
    """The structure that each sentence on a tip names last, where it names one on a course."""
    result = []
    for number, sentence in enumerate(case.report.sentences):
        if case.report.section_of(number) not in sections or not _TIP.search(
            sentence.span.of(case.report.text)
        ):
            continue
        named = [
            e
            for e in case.graph.entities
            if e.sentence == number and e.kind is EntityKind.ANATOMY and _course(e, case) is not None
        ]
        if named:
            result.append(named[-1])
    return result


def _course(site: Entity, case: Case) -> tuple[int, int] | None:
    """(course, position along it) of a structure or of what it is part of."""
    place = {site.concept or "", *case.facts.wholes.get(site.concept or "", ())}
    if site.concept == _LANDMARK:
        return None
    if place & _ASIDE:
        return len(_COURSES), 0
    for number, course in enumerate(_COURSES):
        for position, structure in enumerate(course):
            if structure in place:
                return number, position
    return None


def _apart(first: Entity, second: Entity, case: Case) -> bool:
    one, other = _course(first, case), _course(second, case)
    if one is None or other is None or first.concept == second.concept:
        return False
    return one[0] != other[0] or abs(one[1] - other[1]) > _NEAR


def _candidate(case: Case, site: Entity, other: Entity) -> Candidate:
    sentences = case.report.sentences
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=site.span,
        message=f"One sentence has the tip at the {other.quote.lower()}, another at the {site.quote.lower()}.",
        rule="location.tip",
        confidence=0.7,
        evidence=tuple(
            Evidence(EvidenceKind.TEXT, span=sentences[number].span)
            for number in sorted({site.sentence, other.sentence})
        ),
        correction=without_place(case, site.span),
        alternatives=tuple(fix for fix in (without_place(case, other.span),) if fix is not None),
    )

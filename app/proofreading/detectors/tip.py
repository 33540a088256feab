"""The tip of a line or tube told at two places that are not next to each other."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, SectionName

_TIP = re.compile(r"\b(?:tip|terminat\w+|ends? (?:in|at)|distal end)\b", re.IGNORECASE)
_AIRWAY = ("RP:trachea", "RP:bronchus")
VEINS = (
    "RP:jugular-vein", "RP:subclavian-vein", "RP:brachiocephalic-vein", "RP:superior-vena-cava",
    "RP:cavoatrial-junction", "RP:right-atrium", "RP:right-ventricle", "RP:pulmonary-artery",
)  # fmt: skip
_GUT = ("RP:esophagus", "RP:stomach", "RP:duodenum")
# along which a tube runs; neighbours are one place to different readers
_COURSES = (_AIRWAY, VEINS, _GUT)
_UNNAMED = frozenset({"RP:catheter", "RP:central-line"})  # "the catheter" may be any
_LINES = frozenset({"RP:central-line", "RP:picc", "RP:port"})
_TUBES = frozenset({"RP:enteric-tube", "RP:endotracheal-tube", "RP:tracheostomy", "RADLEX:RID5566"})
_NO_COURSE = frozenset(
    {"RP:left-ventricle", "RP:left-atrium", "RADLEX:RID1212"}
)  # the last: superior mesenteric vein
# the numbers are those of the courses
_BARRED: tuple[tuple[frozenset[str], frozenset[str | int]], ...] = (
    (_LINES, frozenset[str | int]({0, 2}) | _NO_COURSE),
    (_TUBES, frozenset[str | int]({1})),
)
_ASIDE = frozenset({"RP:azygos-vein", "RP:inferior-vena-cava"})
_NEAR = 1
_LANDMARK = "RP:carina"  # by whose level the tips of lines are told


class Tip:
    """Compares where the findings and the impression place a tip, when each tells of one only."""

    types = frozenset({ErrorType.LOCATION_MISMATCH, ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        for misled in _out_of_reach(case):
            yield misled
            return
        found, concluded = _tips(case, FINDINGS), _tips(case, IMPRESSION)
        for section, others in ((concluded, found), (found, concluded), (found, found)):
            for site in section:
                apart = [
                    other
                    for other in others
                    if other.sentence != site.sentence
                    and _apart(site, other, case)
                    and not _of_others(site, other, case)
                ]
                if len(apart) == 1 and len(others) == (2 if others is section else 1):
                    yield _candidate(case, site, apart[0], 0.55 if others is section else 0.7)
                    return


def _of_others(first: Entity, second: Entity, case: Case) -> bool:
    """True when the two sentences tell of different lines or tubes."""
    one, other = (
        {e.concept for e in case.by_sentence.get(site.sentence, ()) if e.kind is EntityKind.DEVICE} - _UNNAMED
        for site in (first, second)
    )
    return bool(one and other) and not one & other


def _out_of_reach(case: Case) -> Iterator[Candidate]:
    """A tip where no such tube can come: a venous line in the gut, an enteric tube in a vein."""
    for site in _tips(case, FINDINGS | IMPRESSION, _NO_COURSE):
        course = _course(site, case)
        devices = {
            entity.concept
            for entity in case.by_sentence.get(site.sentence, ())
            if entity.kind is EntityKind.DEVICE and entity.span.start < site.span.start
        }
        barred = next((places for kinds, places in _BARRED if devices and devices <= kinds), None)
        if barred is None or not (site.concept in barred or (course is not None and course[0] in barred)):
            continue
        sentence = case.report.sentences[site.sentence].span
        yield Candidate(
            type=ErrorType.IMPOSSIBLE_ANATOMY,
            span=site.span,
            message=f"No such line or tube ends in the {site.quote.lower()}.",
            rule="impossible_anatomy.tip",
            confidence=0.86,
            evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
            correction=without_place(case, site.span),
        )


def _tips(case: Case, sections: frozenset[SectionName], others: frozenset[str] = frozenset()) -> list[Entity]:
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
            if e.sentence == number
            and e.kind is EntityKind.ANATOMY
            and (_course(e, case) is not None or e.concept in others)
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


def _candidate(case: Case, site: Entity, other: Entity, confidence: float) -> Candidate:
    sentences = case.report.sentences
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=site.span,
        message=f"One sentence has the tip at the {other.quote.lower()}, another at the {site.quote.lower()}.",
        rule="location.tip",
        confidence=confidence,
        evidence=tuple(
            Evidence(EvidenceKind.TEXT, span=sentences[number].span)
            for number in sorted({site.sentence, other.sentence})
        ),
        correction=without_place(case, site.span),
        alternatives=tuple(fix for fix in (without_place(case, other.span),) if fix is not None),
    )

"""One direction of change in the findings, the other in the impression, whatever they call the finding."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    current,
    is_chest,
    is_device,
    is_generic,
    likeness,
)
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, SectionName

_WAYS = {"increased": "worse", "decreased": "better", "resolved": "better", "stable": "same"}
_OPPOSED = frozenset({"worse", "better"})
_NO_WAY = frozenset(
    f"RP:{name}"
    for name in "low-lung-volumes hyperinflation cardiomegaly degenerative-change postoperative-change".split()
)
_CHEST = "RP:thorax"
_UNSAID = frozenset({"if", "unless", "should", "otherwise"})
_CONFIDENCE = 0.75


@dataclass(frozen=True, slots=True)
class _Said:
    """A word of change with what it is said of (None where that is no finding that we know)."""

    change: Entity
    way: str
    finding: Finding | None


class Direction:
    """Compares all words of change of one section with all of the other."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate: where every word of change points one way here, and the other way there."""
        if not is_chest(case):
            return
        described, concluded = list(_said(case, FINDINGS)), list(_said(case, IMPRESSION))
        ways = frozenset(one.way for one in described), frozenset(one.way for one in concluded)
        if all(len(way) == 1 for way in ways) and ways[0] != ways[1]:
            pairs = ((one, other) for other in concluded for one in described)
            tied = next((pair for pair in pairs if _tied(case, *pair)), None)
            if tied is not None:
                yield _candidate(case, tied, described)


def _said(case: Case, sections: frozenset[SectionName]) -> Iterator[_Said]:
    """Words of change of these sections: of findings, and of sentences without a finding that we know."""
    for finding in current(case, sections):
        if finding.normal or is_device(finding) or is_generic(finding) or finding.concept in _NO_WAY:
            continue
        for change in finding.changes:
            if (way := _WAYS.get(change.value or "")) is not None:
                yield _Said(change, way, finding)
    for number, entities in case.by_sentence.items():
        if case.report.section_of(number) in sections and all(map(is_generic, case.told_in.get(number, ()))):
            for entity in entities:
                if entity.kind is EntityKind.CHANGE and (way := _WAYS.get(entity.value or "")) is not None:
                    yield _Said(entity, way, None)


def _overall(case: Case, sentence: int) -> bool:
    """True for what is told of the study as a whole: "no interval change", "the chest looks worse"."""
    parts = (e.concept for e in case.by_sentence[sentence] if e.kind is EntityKind.ANATOMY)
    return _UNSAID.isdisjoint(
        case.report.quote(case.report.sentences[sentence].span).lower().split()
    ) and all(part == _CHEST for part in parts)


def _candidate(case: Case, pair: tuple[_Said, _Said], described: list[_Said]) -> Candidate:
    seen, said = pair
    numbers = sorted({*(one.change.sentence for one in described), said.change.sentence})
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=said.change.span,
        message=f"Here it is {said.way}; by every word of change of the findings it is {seen.way}.",
        rule="interval_change.direction",
        confidence=_CONFIDENCE,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=case.report.sentences[n].span) for n in numbers),
        correction=leave_out(case, said.change.sentence)
        if len(case.told_in.get(said.change.sentence, ())) < 2
        else None,
    )


def _tied(case: Case, one: _Said, other: _Said) -> bool:
    """True when both are said of like findings, not of two sides, or of something that we do not know."""
    if one.finding is None or other.finding is None:
        overall = all(_overall(case, said.change.sentence) for said in (one, other))
        return one.finding is other.finding and (overall or {one.way, other.way} == _OPPOSED)
    if {one.way, other.way} != _OPPOSED:
        return False  # of two findings one may be as it was
    sides = one.finding.sides, other.finding.sides
    if all(sides) and sides[0].isdisjoint(sides[1]):
        return False
    return likeness(one.finding.concept, other.finding.concept, case.facts) is not Likeness.NONE

"""A structure that has one course in the findings and another in the impression: "The heart is stable"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, is_chest, leave_out, name
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind, RelationKind, SectionName

_HEART = "RP:heart"
_AS_ONE = {"RP:cardiomediastinal-silhouette": _HEART}  # who calls it stable calls the heart stable
_WAYS = {"increased": "larger", "decreased": "smaller", "stable": "unchanged"}
# words that tell of time: "increased heart size" alone tells of a look
_OVER_TIME = re.compile(
    r"\b(?:interval|since|than|wors\w+|progress\w*|grown|growth|larger|bigger|smaller|shrunk|than|compared|previous\w*|prior)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|without)\b", re.IGNORECASE)
_CONFIDENCE = 0.78


@dataclass(frozen=True, slots=True)
class _Said:
    change: Entity
    way: str
    structure: str


class Course:
    """Compares what the sections say of the course of one structure, where no finding is named that changed."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """One candidate a structure: every word of the findings one way, every word of the impression another."""
        if not is_chest(case):
            return
        described, concluded = list(_said(case, FINDINGS)), list(_said(case, IMPRESSION))
        for structure in dict.fromkeys(one.structure for one in concluded):
            seen = [one for one in described if one.structure == structure]
            said = [one for one in concluded if one.structure == structure]
            ways = {one.way for one in seen}, {one.way for one in said}
            if all(len(way) == 1 for way in ways) and ways[0] != ways[1]:
                yield _candidate(case, seen, said[0])


def _said(case: Case, sections: frozenset[SectionName]) -> Iterator[_Said]:
    entities = case.graph.entities
    for relation in case.graph.relations:
        change, of = entities[relation.source], entities[relation.target]
        way = _WAYS.get(change.value or "") if change.kind is EntityKind.CHANGE else None
        structure = _structure(of, case)
        if way is None or structure is None or relation.kind is not RelationKind.MODIFY:
            continue
        if change.historical or case.report.section_of(change.sentence) not in sections:
            continue
        words = case.report.sentences[change.sentence].span.of(case.report.text)
        if way != "unchanged" and (not _OVER_TIME.search(words) or _DENIED.search(words)):
            continue
        yield _Said(change, way, structure)


def _structure(of: Entity, case: Case) -> str | None:
    """The heart, where the change is said of it or of its size as a finding."""
    if of.concept is None:
        return None
    homes = case.facts.leaving.get((of.concept, EdgeKind.HAS_FINDING_SITE), ())
    sized = of.concept == "RP:cardiomegaly"
    whole = of.concept if of.kind is EntityKind.ANATOMY else (homes[0] if sized and homes else None)
    whole = _AS_ONE.get(whole or "", whole)
    return whole if whole == _HEART else None


def _candidate(case: Case, seen: list[_Said], said: _Said) -> Candidate:
    numbers = sorted({*(one.change.sentence for one in seen), said.change.sentence})
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=said.change.span,
        message=f"Here the {name(said.structure, case.facts)} is {said.way}; in the findings it is {seen[0].way}.",
        rule="interval_change.course",
        confidence=_CONFIDENCE,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=case.report.sentences[n].span) for n in numbers),
        correction=leave_out(case, said.change.sentence)
        if len(case.told_in.get(said.change.sentence, ())) < 2
        else None,
    )

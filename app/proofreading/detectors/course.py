"""A structure that has one course in one sentence and another in the next: "The heart is stable"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, is_chest, name
from app.proofreading.findings import Status
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind, RelationKind

_HEART, _MEDIASTINUM, _AORTA = "RP:heart", "RP:mediastinum", "RP:aorta"
_OF_AORTA = frozenset({"RP:aortic-arch", "RP:ascending-aorta", "RP:descending-aorta"})
# who calls the silhouette stable calls both of its parts stable
_PARTS = {
    _HEART: frozenset({_HEART}),
    _MEDIASTINUM: frozenset({_MEDIASTINUM}),
    _AORTA: frozenset({_AORTA}),
    "RP:cardiomediastinal-silhouette": frozenset({_HEART, _MEDIASTINUM}),
}
_SIZED = frozenset(
    {"RP:cardiomegaly", "RP:widened-mediastinum", "RP:aortic-tortuosity", "RP:aortic-aneurysm"}
)
_WAYS = {
    "increased": "larger",
    "decreased": "smaller",
    "stable": "unchanged",
    "new": "larger",
    "changed": "changed",
}
# words that tell of time: "increased heart size" alone tells of a look
_OVER_TIME = re.compile(
    r"\b(?:interval|since|than|wors\w+|progress\w*|grown|growth|larger|bigger|smaller|shrunk|compared|previous\w*|prior"
    r"|last|earlier|before|former\w*|comparison|baseline|antecedent|old (?:film|study|exam\w*|radiograph)s?"
    r"|(?:has|have)\s+(?:\w+\s+){0,2}(?:increas|decreas|enlarg|widen|narrow|diminish|become|broaden|expand|shrunk|"
    r"lessen|grown)\w*|increasing|enlarging|growing"
    r"|new(?:ly)?)\b",
    re.IGNORECASE,
)
_GROWING = re.compile(
    r"\b(?:interval|progressive|(?:has|have)(?:\s+\w+){0,2}\s+(?:widened|enlarged|dilated|increased in size|grown)"
    r"|(?:widened|enlarged)\s+since)\b",
    re.IGNORECASE,
)
_LOOK = re.compile(  # why it only looks so
    r"\b(?:projection\w*|technique|ap|lung volumes|rotat\w+|otherwise|but)\b", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:no|not|without)\b", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,?\s*(?:and|or|/|,)\s*(?:the\s+)?)?", re.IGNORECASE)
_CONFIDENCE = 0.78


@dataclass(frozen=True, slots=True)
class _Said:
    word: Entity
    way: str
    parts: frozenset[str]


class Course:
    """Compares what sentences say of the course of heart, mediastinum and aorta, where no finding is named that changed."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate, where two different things are said of a part."""
        if not is_chest(case):
            return
        told = sorted(_said(case), key=lambda one: one.word.span.start)
        for part in (_HEART, _MEDIASTINUM, _AORTA):
            here = [one for one in told if part in one.parts]
            ways = {one.way for one in here}
            other = next((one for one in here if one.way != here[0].way), None)
            if len(ways) == 2 and other is not None and here[0].word.sentence != other.word.sentence:
                yield _candidate(case, here[0], other, part)
                return


def _said(case: Case) -> Iterator[_Said]:
    """What is said of the course of a structure, of its size as a finding, and of all that stand beside it."""
    entities = case.graph.entities
    changed = set()
    for relation in case.graph.relations:
        change, of = entities[relation.source], entities[relation.target]
        if change.kind is not EntityKind.CHANGE or relation.kind is not RelationKind.MODIFY:
            continue
        changed.add(relation.target)
        way = _WAYS.get(change.value or "")
        parts = _parts(of, case)
        if way is None or not parts or change.historical or not _reported(case, change):
            continue
        if change.value == "new" and of.kind is EntityKind.ANATOMY:
            continue
        if way != "unchanged" and not _over_time(case, change, _OVER_TIME):
            continue
        yield _Said(change, way, parts)
    for finding in case.findings:
        word = finding.entity
        sized = finding.concept in _SIZED and finding.status is Status.PRESENT and not word.historical
        fresh = sized and finding.index not in changed and _reported(case, word)
        if fresh and _over_time(case, word, _GROWING):
            yield _Said(word, "larger", _parts(word, case, finding.concept))


def _reported(case: Case, word: Entity) -> bool:
    return case.report.section_of(word.sentence) in REPORTED


def _over_time(case: Case, word: Entity, told: re.Pattern[str]) -> bool:
    words = case.report.sentences[word.sentence].span.of(case.report.text)
    return bool(told.search(words)) and not _DENIED.search(words) and not _LOOK.search(words)


def _parts(of: Entity, case: Case, concept: str | None = None) -> frozenset[str]:
    """Heart and mediastinum, where the change is said of them or of their size as a finding."""
    concept = concept or of.concept or ""
    if concept in _SIZED:
        if _at_a_part(of, case):
            return frozenset()
        homes = case.facts.leaving.get((concept, EdgeKind.HAS_FINDING_SITE), ())
        return _PARTS.get(homes[0], frozenset()) if homes else frozenset()
    if of.kind is not EntityKind.ANATOMY:
        return frozenset()
    beside = _beside(of, case)
    return frozenset[str]().union(*(_PARTS.get(one.concept or "", frozenset()) for one in (of, *beside)))


def _at_a_part(of: Entity, case: Case) -> bool:
    """True for what is told of a part of the aorta: its arch may be stable, and its descending part larger."""
    found = next((f for f in case.told_in.get(of.sentence, ()) if f.entity is of), None)
    return found is not None and any((site.concept or "") in _OF_AORTA for site in found.sites)


def _beside(of: Entity, case: Case) -> Iterator[Entity]:
    """The structures that share its predicate: "the heart and the mediastinal contours are stable"."""
    reach = of.span.start
    for entity in reversed(case.by_sentence.get(of.sentence, ())):
        if entity.span.start >= reach:
            continue
        joined = _AND.fullmatch(case.report.text, entity.span.end, reach)
        if joined is None or entity.kind is not EntityKind.ANATOMY:
            return
        yield entity
        reach = entity.span.start


def _candidate(case: Case, seen: _Said, said: _Said, part: str) -> Candidate:
    numbers = sorted({seen.word.sentence, said.word.sentence})
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=said.word.span,
        message=f"Here the {name(part, case.facts)} is {said.way}; in another sentence it is {seen.way}.",
        rule="interval_change.course",
        confidence=_CONFIDENCE,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=case.report.sentences[n].span) for n in numbers),
        correction=leave_out(case, said.word.sentence)
        if len(case.told_in.get(said.word.sentence, ())) < 2
        else None,
    )

"""A structure whose size is told, and whose size is called otherwise: 11 cm wide, "no mediastinal widening"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted, current, denied, sentences
from app.proofreading.detectors.measurement import NO_SIZE
from app.proofreading.detectors.normal_structures import facets
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, RelationKind


@dataclass(frozen=True, slots=True)
class _Row:
    """What the structure is called when it is large; ``least`` and ``most`` mm beyond which no adult's is, or is not."""

    finding: str
    least: float
    most: float


_AORTIC = _Row("RP:aortic-aneurysm", 30.0, 50.0)
_ROWS = {
    "RP:mediastinum": _Row("RP:widened-mediastinum", 70.0, 100.0),
    "RP:aorta": _AORTIC,
    "RP:ascending-aorta": _AORTIC,
    "RP:descending-aorta": _AORTIC,
    "RP:aortic-arch": _AORTIC,
    "RP:pulmonary-artery": _Row("RP:pulmonary-artery-enlargement", 24.0, 37.0),
}
_CHILD = re.compile(
    r"\b(?:infant|child|newborn|neonat\w+|p(?:a)?ediatric|toddler|months?[- ]old|boy|girl)\b", re.IGNORECASE
)
_OF_SIZE = frozenset({"general", "size"})
_ELSE = re.compile(
    r"\b(?:mass|nodes?|lesion|haematoma|hematoma|calcif\w+|plaque|wall|tip|tube|catheter|line|graft|stent|previous\w*|"
    r"interlobar|lobar|branch(?:es)?|descending (?:(?:right|left) )?(?:pulmonary|pa)|rdpa|"
    r"prior|was|than|shift\w*|displac\w+|deviat\w+|by|from|below|above)\b",
    re.IGNORECASE,
)
_CONFIDENCE = 0.8


class CalledSize:
    """Compares sizes of whole structures with what is said of their size."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        for size, structure in _measured(case):
            row, mm = _ROWS[structure.concept or ""], float(size.value or 0)
            if mm >= row.most:
                against = _called_normal(case, structure, row)
            elif mm <= row.least and not _CHILD.search(case.report.text):
                against = [
                    f for f in asserted(case, REPORTED) if f.concept == row.finding and _firm(f, structure)
                ]
            else:
                continue
            if against:
                yield _candidate(case, size, against[0])


def _measured(case: Case) -> Iterator[tuple[Entity, Entity]]:
    """Sizes that the report gives of these structures."""
    entities = case.graph.entities
    for relation in case.graph.relations:
        size, structure = entities[relation.source], entities[relation.target]
        if relation.kind is not RelationKind.MODIFY or size.kind is not EntityKind.MEASUREMENT:
            continue
        if structure.kind is not EntityKind.ANATOMY or structure.concept not in _ROWS:
            continue
        text = case.report.text
        told = case.report.sentences[size.sentence].span.of(text)
        aside = _ELSE.search(told) or NO_SIZE.match(text, size.span.end)
        if case.report.section_of(size.sentence) in REPORTED and not aside:
            yield size, structure


def _called_normal(case: Case, structure: Entity, row: _Row) -> list[Finding]:
    """Denials of the large size, and normal sizes of the structure, in other sentences."""
    no = [
        f for f in denied(case, REPORTED) if f.concept == row.finding and not f.severities and not f.acuities
    ]
    normal = [
        f
        for f in current(case, REPORTED)
        if f.normal
        and f.entity.value != "borderline"
        and any(site.concept == structure.concept for site in f.sites)
        and facets(f, case) & _OF_SIZE
    ]
    return [f for f in (*no, *normal) if f.sentence != structure.sentence]


def _firm(finding: Finding, structure: Entity) -> bool:
    at = {site.concept for site in finding.sites}
    same = structure.concept in at or (not at and finding.concept != _AORTIC.finding)
    return finding.status is Status.PRESENT and finding.sentence != structure.sentence and same


def _candidate(case: Case, size: Entity, against: Finding) -> Candidate:
    told = case.report.sentences[size.sentence].span
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=size.span,
        message=f"By {case.report.quote(size.span)} its size is another than another sentence says.",
        rule="measurement.called",
        confidence=_CONFIDENCE,
        evidence=tuple(dict.fromkeys((Evidence(EvidenceKind.TEXT, span=told), *sentences(case, against)))),
        correction=without_place(case, size.span),
    )

"""A sentence that brings together two structures that lie far apart: "the spleen touches the clavicle".

Heights by the vertebra beside a structure in the adult at rest, after the surface anatomy of the trunk as
textbooks give it; generous on both sides, since projection, posture and build move them by two or three vertebrae.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted
from app.proofreading.detectors.impossible_anatomy import MIRRORED
from app.proofreading.detectors.organ_findings import table_lines
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind, Span

_FAR = 5  # vertebrae between the two
_DEEP = 2.0  # of the ten parts from front to back, by which an order is wrong,
_FAR_DEEP = 6.0  # or by which two lie apart
_FEW = 6  # structures of a statement; a sentence of more is a list
_FIRST = {"C": 0, "T": 7, "L": 19, "S": 24}  # vertebrae above the first of each part
_TOLD = frozenset({EntityKind.OBSERVATION, EntityKind.NORMAL})
_LISTED = re.compile(r"\s*(?:,|/|&|and|or|nor|,\s*(?:and|or))\s*(?:the\s+)?", re.IGNORECASE)
_APART = re.compile(
    r"[;:,()]|\b(?:from|through|while|whereas|not|no|without|includ\w+|ct|mri?|views?|images?|exam\w*|"
    r"tips?|cannulas?|catheters?|lines?|leads?|grafts?|bypass|shunts?|rout(?:e|ing)|"
    r"conduits?|pull[- ]?(?:up|through)|interposition|herniat\w*|hernias?|flaps?|transplant\w*|intrathoracic|distances?|"
    r"diameters?|spaces?|gaps?)\b"
)
_PLACED = re.compile(  # after a comma: more of the same place
    r",\s*(?=(?:just |directly |and )?(?:anterior|posterior|in front|behind|above|below|beside|between|at|within|near|"
    r"adjacent|next|superior|inferior|medial|lateral|close)\b)"
)
_RANGE = re.compile(
    r"\s*(?:through|thru|to|down to|up to|into)\s+(?:the\s+)?(?:upper\s+|lower\s+)?", re.IGNORECASE
)
_JOINS = re.compile(
    r"\b(?:empt(?:y|ies|ying)|drain\w*|opens?|opening|flows?|joins?|joined|connects?|connected|communicates?|"
    r"continu(?:es|ous|ing)|articulat\w+|attach\w*|inserts?|inserted|leads?|suspend\w*|fused|enters?)\b",
    re.IGNORECASE,
)
_FRONT = re.compile(r"\b(?:anterior to|in front of|ventral to)\b", re.IGNORECASE)
_BACK = re.compile(r"\b(?:posterior to|behind|dorsal to|in back of)\b", re.IGNORECASE)
_OTHER = re.compile(r"[;:,()]|\b(?:while|whereas|not|no|without|includ\w+|and the)\b")
_TUBE = "tube"
_NO_TUBE = frozenset("gallbladder bladder kidney prostate uterus ovary".split())
_SYSTEMS = {frozenset({"bile", "gut"}), frozenset({"lung", "airway"})}
_SUPPLY = "vessel"  # which every organ has, though none is joined to
_NEVER_SUPPLIED = frozenset({"airway", "gut", "bone"})  # by a chamber or a great vessel
_CONFIDENCE = 0.84


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a structure lies: vertebrae counted from C1, front (0) to back (10), what it belongs to."""

    name: str
    top: int
    bottom: int
    front: float
    back: float
    system: str
    words: str


@cache
def _places() -> dict[str, _Place]:
    return {
        f"RP:{name}": _Place(
            name, _vertebra(top), _vertebra(low), float(front), float(back), system, f"{top} to {low}"
        )
        for name, top, low, front, back, system in table_lines("structure_places.tsv")
    }


def _vertebra(name: str) -> int:
    return _FIRST[name[0]] + int(name[1:])


class Apart:
    """Looks for two structures that a sentence places together, joins or sets in an order that no body has."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a sentence; none in a mirrored body."""
        if any(finding.concept in MIRRORED for finding in asserted(case, REPORTED)):
            return
        for number, entities in case.by_sentence.items():
            if case.report.section_of(number) not in REPORTED or any(e.kind in _TOLD for e in entities):
                continue
            devices = [entity for entity in entities if entity.kind is EntityKind.DEVICE]
            places = [entity for entity in entities if entity.kind is EntityKind.ANATOMY]
            if len(places) > _FEW or len(devices) > 1:
                continue
            wrong = _strayed(case, devices[0], places) if devices else _wrong(case, number, places)
            found = next(wrong, None)
            if found is not None:
                yield _candidate(case, *found)


_Wrong = tuple[Entity, Entity, str, tuple[str, str, str]]


def _wrong(case: Case, number: int, named: list[Entity]) -> Iterator[_Wrong]:
    """Two structures, why they cannot be so, and the places as a path."""
    text = case.report.text
    lead = text[case.report.sentences[number].span.start : named[0].span.start] if named else ""
    for first, second in combinations(named, 2):
        one, other = _place(case, first), _place(case, second)
        between = text[first.span.end : second.span.start]
        if one is None or other is None or one is other or first.span.overlaps(second.span):
            continue
        listed = _RANGE.fullmatch(between) or _LISTED.fullmatch(between)
        if listed or _APART.search(_PLACED.sub(" ", (lead + between).lower())):
            continue
        if _high(one, other) >= _FAR or _deep(one, other) >= _FAR_DEEP:
            yield first, second, "they lie far apart", _path(one, other)
        elif _JOINS.search(between) and not _join(one, other):
            yield (
                first,
                second,
                "they are not joined",
                (one.name, f"{one.system}, {other.system}", other.name),
            )
        elif (_FRONT.search(between) and one.front - other.back >= _DEEP) or (
            _BACK.search(between) and other.front - one.back >= _DEEP
        ):
            yield first, second, "they lie the other way round", (one.name, "FRONT_TO_BACK", other.name)


def _high(one: _Place, other: _Place) -> int:
    """Vertebrae between the two; none or fewer where they overlap."""
    return max(one.top - other.bottom, other.top - one.bottom)


def _deep(one: _Place, other: _Place) -> float:
    """Parts from front to back between the two."""
    return max(one.front - other.back, other.front - one.back)


def _path(one: _Place, other: _Place) -> tuple[str, str, str]:
    return f"{one.name} {one.words}", "BESIDE", f"{other.name} {other.words}"


def _strayed(case: Case, device: Entity, named: list[Entity]) -> Iterator[_Wrong]:
    """The one device of a sentence, and an organ that it never comes near: "the endotracheal tube ends in the bladder"."""
    reach = _place(case, device)
    for entity in named:
        organ = _place(case, entity)
        if reach is None or organ is None or entity.span.start < device.span.end:
            continue
        between = case.report.text[device.span.end : entity.span.start].lower()
        astray = reach.system == _TUBE and organ.name in _NO_TUBE
        if not _OTHER.search(between) and (astray or organ.top - reach.bottom >= _FAR):
            yield device, entity, "it never comes near", _path(reach, organ)


def _join(one: _Place, other: _Place) -> bool:
    """True for what may open into, continue as, or be held by the other."""
    systems = {one.system, other.system}
    if "-" in systems or (_SUPPLY in systems and not systems & _NEVER_SUPPLIED):
        return True
    if systems == {"bone"}:
        return _high(one, other) <= 1 and _deep(one, other) < _DEEP
    return len(systems) == 1 or frozenset(systems) in _SYSTEMS


def _place(case: Case, entity: Entity) -> _Place | None:
    concept = entity.concept or ""
    unsided = case.facts.leaving.get((concept, EdgeKind.UNSIDED), ())
    return next((_places()[one] for one in (concept, *unsided) if one in _places()), None)


def _candidate(case: Case, first: Entity, second: Entity, why: str, path: tuple[str, str, str]) -> Candidate:
    span = Span(first.span.start, second.span.end)
    sentence = case.report.sentences[first.sentence].span
    return Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=span,
        message=f'"{case.report.quote(span)}" cannot be: {why}.',
        rule="impossible_anatomy.apart",
        confidence=_CONFIDENCE,
        evidence=(
            Evidence(EvidenceKind.TEXT, span=sentence),
            Evidence(EvidenceKind.GRAPH_PATH, path=path, source="surface anatomy"),
        ),
        correction=without_place(case, span),
    )

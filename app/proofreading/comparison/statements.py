"""A report as statements: each finding once, however often it is told."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from app.proofreading.case import Case
from app.proofreading.comparing import (
    IMPRESSION,
    REPORTED,
    Likeness,
    current,
    is_device,
    is_generic,
    likeness,
    name,
    phrase,
)
from app.proofreading.comparison.course import communications, courses, is_of_time
from app.proofreading.comparison.places import Nearness, Place, nearness, place_of
from app.proofreading.detectors.severity import RANKS
from app.proofreading.findings import Finding, Status
from kg_ingest.schema import EdgeKind, Facts
from models.types import Entity, RelationKind, SectionName, Span

_TOLD_IN = REPORTED | {SectionName.ADDENDUM}
_CHEST = frozenset({"RP:thorax", "RP:chest-study", "RP:cardiopulmonary"})
_NAMED_AGAIN = ("again", "redemonstrat")  # says that it was there before, not how it has gone
_MOST_READINGS = 6  # concepts of one statement
SIZE_STEP = 1.2  # sizes nearer than by this factor are one size


class Kind(StrEnum):
    """What a statement says."""

    FOUND = "found"  # a finding or device is there, or perhaps
    DENIED = "denied"  # a finding is not there, or no longer
    NORMAL = "normal"  # a structure is normal
    BLANKET = "blanket"  # nothing at all, or nothing else, is wrong
    COURSE = "course"  # how things have gone on the whole
    TOLD = "told"  # the findings were passed on


@dataclass(frozen=True, slots=True)
class Statement:
    """What one report says of one finding, in all its sentences together.

    ``concepts``: the finding, then what it is read as. ``grades``: ranks of severity, 1 trace to 4 severe.
    ``sizes``: millimetres. ``ages``: acute, chronic, old. ``counts``: single, multiple. ``changes``: new, increased,
    decreased, stable, resolved, and mention for "again seen". ``concluded``: told in the impression only.
    """

    kind: Kind
    span: Span
    name: str
    concepts: tuple[str, ...] = ()
    device: bool = False
    place: Place = field(default_factory=Place)
    grades: frozenset[float] = frozenset()
    sizes: frozenset[float] = frozenset()
    ages: frozenset[str] = frozenset()
    counts: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    concluded: bool = False


def statements(case: Case, pulse: Callable[[], None]) -> list[Statement]:
    """Every statement of a report, in text order; ``pulse`` is called often and may raise to end it."""
    gathered = _Gathered(case)
    readings = _readings(case)
    for finding in current(case, _TOLD_IN):
        pulse()
        said = _statement(finding, case)
        if said is not None:
            gathered.add(said, finding.index, readings.get(finding.index))
    gathered.kept += [_whole(Kind.COURSE, said.way, said.span) for said in courses(case, _TOLD_IN)]
    gathered.kept += [_whole(Kind.TOLD, said.way, said.span) for said in communications(case)][:1]
    return sorted(gathered.kept, key=lambda said: said.span)


def _whole(kind: Kind, way: str, span: Span) -> Statement:
    names = {Kind.COURSE: "course since an earlier study", Kind.TOLD: "communication"}
    return Statement(kind, span, names[kind], changes=frozenset({way}))


def _statement(finding: Finding, case: Case) -> Statement | None:
    kind = _kind(finding)
    if kind is None:
        return None
    entity = finding.entity
    sites = ", ".join(site.quote.lower() for site in finding.sites)
    called = (
        f"{sites or 'all'} {entity.quote.lower()}" if finding.normal else name(finding.concept, case.facts)
    )
    if kind is Kind.NORMAL:
        place = Place(sides=finding.sides, sites=frozenset(s.concept for s in finding.sites if s.concept))
    else:
        place = place_of(finding, case)
    return Statement(
        kind=kind,
        span=phrase(finding, case),
        name="no other abnormality" if kind is Kind.BLANKET else called,
        concepts=(finding.concept,) if finding.concept is not None else (),
        device=is_device(finding),
        place=place,
        grades=frozenset(RANKS[e.value] for e in finding.severities if e.value in RANKS),
        sizes=frozenset(m.mm for m in finding.measurements if m.mm > 0)
        if not is_device(finding)
        else frozenset(),
        ages=_values(finding.acuities),
        counts=_values(finding.counts) & {"single", "multiple"},
        changes=_changes(finding),
        concluded=finding.section in IMPRESSION,
    )


def _kind(finding: Finding) -> Kind | None:
    absent = finding.status is Status.ABSENT
    if finding.normal:
        sites = {site.concept for site in finding.sites}
        return (
            None if absent else Kind.BLANKET if sites and sites <= _CHEST else Kind.NORMAL if sites else None
        )
    if finding.concept is None or is_of_time(finding):
        return None
    if is_generic(finding):
        return Kind.BLANKET if absent else None
    return Kind.DENIED if absent else Kind.FOUND


def _values(entities: Iterable[Entity]) -> frozenset[str]:
    return frozenset(entity.value for entity in entities if entity.value is not None)


def _changes(finding: Finding) -> frozenset[str]:
    return frozenset(
        "mention" if change.quote.lower().startswith(_NAMED_AGAIN) else change.value
        for change in finding.changes
        if change.value is not None
    )


def _readings(case: Case) -> dict[int, int]:
    """Index of what a finding suggests -> index of that finding."""
    return {
        relation.target: relation.source
        for relation in case.graph.relations
        if relation.kind is RelationKind.SUGGESTIVE_OF
    }


class _Gathered:
    """Statements in the making: one that is told again joins the first."""

    def __init__(self, case: Case) -> None:
        self.kept: list[Statement] = []
        self._facts = case.facts
        self._told: dict[int, int] = {}  # finding -> place in ``kept``
        self._sentence: dict[int, list[int]] = {}
        self._findings = {finding.index: finding for finding in case.findings}
        self._index = Tied(case.facts)

    def add(self, said: Statement, finding: int, source: int | None) -> None:
        """Keep a statement, by itself or with the one that says the same."""
        at = self._told.get(source) if source is not None else None
        if at is None or self.kept[at].kind is not said.kind:
            at = self._place(said, self._findings[finding])
        if at is None:
            at = len(self.kept)
            self.kept.append(said)
        else:
            self.kept[at] = joined(self.kept[at], said)
        self._told[finding] = at
        self._index.put(at, said)
        self._sentence.setdefault(self._findings[finding].sentence, []).append(at)

    def _place(self, said: Statement, finding: Finding) -> int | None:
        """Where the same is said already."""
        if said.kind is Kind.BLANKET:
            return next((i for i in self._index.blankets), None)
        if said.kind is Kind.FOUND and finding.status is Status.UNCERTAIN:
            for at in self._sentence.get(finding.sentence, ()):
                if (
                    self.kept[at].kind is Kind.FOUND
                    and tie(self.kept[at], said, self._facts) is not Likeness.NONE
                ):
                    return at
        alike = (at for at in self._index.of(said) if self._one(self.kept[at], said))
        return min(alike, key=lambda at: _farness(self.kept[at], said), default=None)

    def _one(self, first: Statement, second: Statement) -> bool:
        if first.kind is not second.kind:
            return False
        if first.kind is Kind.NORMAL:
            return first.place.sites == second.place.sites and first.place.sides == second.place.sides
        if nearness(first.place, second.place, self._facts) is not Nearness.ONE:
            return False
        tied = tie(first, second, self._facts)
        if first.kind is Kind.DENIED:
            return first.concepts == second.concepts and first.place.sides == second.place.sides
        across = first.concluded != second.concluded
        if tied is Likeness.SAME:
            told = across or first.device or _says_no_more(first.place, second.place)
            return told and size_ratio(first, second) <= SIZE_STEP
        return tied is Likeness.SUGGESTED and across and _both_placed(first.place, second.place)


def _says_no_more(first: Place, second: Place) -> bool:
    """True when one of two places within a section adds nothing: else they are two findings."""
    return first.within(second) or second.within(first)


def _farness(first: Statement, second: Statement) -> tuple[bool, bool, bool]:
    return (
        first.concepts[:1] != second.concepts[:1],
        first.place.sides != second.place.sides,
        first.place.levels != second.place.levels,
    )


def _both_placed(first: Place, second: Place) -> bool:
    """True when both say a side or a level, and share it."""
    return bool(first.levels & second.levels) or bool(
        first.sides & second.sides and not (first.levels and second.levels)
    )


class Tied:
    """Statements by concept, so that those tied to a given one are found without looking at all."""

    def __init__(self, facts: Facts) -> None:
        self.blankets: list[int] = []
        self._facts = facts
        self._by_concept: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._below: defaultdict[str, dict[str, None]] = defaultdict(dict)  # also: what suggests it
        self._normals: defaultdict[frozenset[str], dict[int, None]] = defaultdict(dict)

    def put(self, at: int, said: Statement) -> None:
        """Remember that statement ``at`` says this."""
        if said.kind is Kind.BLANKET:
            self.blankets.append(at)
        elif said.kind is Kind.NORMAL:
            self._normals[said.place.sites][at] = None
        for concept in said.concepts:
            if concept not in self._by_concept:
                for general in self._above(concept):
                    self._below[general][concept] = None
            self._by_concept[concept][at] = None

    def of(self, said: Statement) -> Iterator[int]:
        """Statements with a tied concept, or on the same structures; each once, equal concepts first."""
        at = dict(self._normals.get(said.place.sites, {})) if said.kind is Kind.NORMAL else {}
        for concept in said.concepts:
            for other in (concept, *self._above(concept), *self._below.get(concept, ())):
                at |= self._by_concept.get(other, {})
        yield from at

    def _above(self, concept: str) -> Iterator[str]:
        yield from sorted(self._facts.ancestors.get(concept, ()))
        yield from self._facts.leaving.get((concept, EdgeKind.SUGGESTS), ())


def tie(first: Statement, second: Statement, facts: Facts) -> Likeness:
    """The closest tie between what two statements name."""
    pairs = ((a, b) for a in first.concepts for b in second.concepts)
    return max((likeness(a, b, facts) for a, b in pairs), default=Likeness.NONE)


def size_ratio(first: Statement, second: Statement) -> float:
    """By which factor the nearest sizes of the two differ; 1 where one tells none."""
    pairs = [(a, b) for a in first.sizes for b in second.sizes]
    return min((max(a, b) / min(a, b) for a, b in pairs), default=1.0)


_SETS = tuple(item.name for item in fields(Place))


def joined(first: Statement, second: Statement) -> Statement:
    """Both as one statement, with the words of the first."""
    place = Place(**{key: getattr(first.place, key) | getattr(second.place, key) for key in _SETS})
    return replace(
        first,
        concepts=tuple(dict.fromkeys((*first.concepts, *second.concepts)))[:_MOST_READINGS],
        place=place,
        grades=first.grades | second.grades,
        sizes=first.sizes | second.sizes,
        ages=first.ages | second.ages,
        counts=first.counts | second.counts,
        changes=first.changes | second.changes,
        concluded=first.concluded and second.concluded,
    )

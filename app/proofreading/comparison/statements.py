"""A report as statements: each finding once, however often it is told."""

import re
from collections.abc import Callable, Iterable

from app.proofreading.case import Case
from app.proofreading.comparing import (
    IMPRESSION,
    REPORTED,
    Likeness,
    current,
    is_device,
    is_generic,
    name,
    phrase,
)
from app.proofreading.comparison.course import communications, courses, is_of_time
from app.proofreading.comparison.places import Nearness, Place, nearness, place_of
from app.proofreading.comparison.statement import SIZE_STEP, Kind, Statement, Tied, joined, size_ratio, tie
from app.proofreading.detectors.degree import RANKS
from app.proofreading.findings import Finding, Status
from models.types import Entity, RelationKind, SectionName, Span

_TOLD_IN = REPORTED | {SectionName.ADDENDUM}
_CHEST = frozenset({"RP:thorax", "RP:chest-study", "RP:cardiopulmonary"})
# signs of what is told beside them, no statements of their own
_SIGNS = frozenset({"RP:obscured-border", "RP:obscured-diaphragm", "RP:obscured-heart-border"})
_NAMED_AGAIN = ("again", "redemonstrat")  # says that it was there before, not how it has gone
_WHERE = re.compile(r"\s+(?:at|in|on|towards?|within)\b", re.IGNORECASE)


def statements(case: Case, pulse: Callable[[], None]) -> list[Statement]:
    """Every statement of a report, in text order; ``pulse`` is called often and may raise to end it."""
    gathered = _Gathered(case)
    readings = _readings(case)
    for finding in current(case, _TOLD_IN):
        pulse()
        said = _statement(finding, case)
        if said is not None:
            gathered.add(said, finding.index, readings.get(finding.index))
        elif finding.concept in _SIGNS:
            gathered.take_in(finding)
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
        changes=_changes(finding, case.report.text),
        concluded=finding.section in IMPRESSION,
    )


def _kind(finding: Finding) -> Kind | None:
    absent = finding.status is Status.ABSENT
    if finding.normal:
        sites = {site.concept for site in finding.sites}
        return (
            None if absent else Kind.BLANKET if sites and sites <= _CHEST else Kind.NORMAL if sites else None
        )
    if finding.concept is None or finding.concept in _SIGNS or is_of_time(finding):
        return None
    if is_generic(finding):
        return Kind.BLANKET if absent else None
    return Kind.DENIED if absent else Kind.FOUND


def _values(entities: Iterable[Entity]) -> frozenset[str]:
    return frozenset(entity.value for entity in entities if entity.value is not None)


def _changes(finding: Finding, text: str) -> frozenset[str]:
    """What is said of change; "worse at the bases" tells where, not how it has gone."""
    return frozenset(
        "mention" if change.quote.lower().startswith(_NAMED_AGAIN) else change.value
        for change in finding.changes
        if change.value is not None
        and not (change.quote.lower() == "worse" and _WHERE.match(text, change.span.end))
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

    def take_in(self, sign: Finding) -> None:
        """A sign of what its sentence tells before it goes with that, and so does what it is read as."""
        told = self._sentence.get(sign.sentence)
        if told:
            self._told[sign.index] = told[-1]

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

"""The report's graph read as findings: each observation with its status, sides, sites and modifiers."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from operator import attrgetter

from app.proofreading.parts import sentences_aside, sentences_on_earlier_studies
from app.proofreading.sided import compares_sides, side_named, sides_said
from app.proofreading.told_out import is_told_out, is_without_fault
from kg_ingest.schema import EdgeKind, Facts
from models.types import (
    Entity,
    EntityKind,
    EntityLabel,
    RelationKind,
    Report,
    ReportGraph,
    SectionName,
    Span,
)


class Status(StrEnum):
    """Whether the report says that the finding is there."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement attached to a finding; ``mm`` is its greatest dimension in millimetres."""

    mm: float
    span: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation or device with what is said of it.

    ``sides`` holds "left" and/or "right"; empty when no side is said. ``sites`` are the located_at
    anatomy entities. ``normal`` marks statements such as "lungs are clear" (concept None).
    ``shared``: the place is that of a finding beside it.
    ``aside`` marks what is told of another body part in a report of several exams, or of an earlier study.
    Modifier tuples hold the modifier entities, in text order.
    """

    entity: Entity
    index: int
    status: Status
    section: SectionName
    sentence: int
    concept: str | None
    normal: bool = False
    aside: bool = False
    shared: bool = False
    sides: frozenset[str] = frozenset()
    side_entities: tuple[Entity, ...] = ()
    sites: tuple[Entity, ...] = ()
    zones: tuple[Entity, ...] = ()
    severities: tuple[Entity, ...] = ()
    sizes: tuple[Entity, ...] = ()
    changes: tuple[Entity, ...] = ()
    acuities: tuple[Entity, ...] = ()
    counts: tuple[Entity, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    descriptors: tuple[Entity, ...] = ()


_HEADS = frozenset({EntityKind.OBSERVATION, EntityKind.DEVICE, EntityKind.NORMAL})
_STATUS = {
    EntityLabel.PRESENT: Status.PRESENT,
    EntityLabel.ABSENT: Status.ABSENT,
    EntityLabel.UNCERTAIN: Status.UNCERTAIN,
}
_OF_WHAT = (" of", " in", " of further", " of more", " further")
_NOUN_OF_CHANGE = re.compile(
    r"(?:interval )?(?:reduction|increase|decrease|improvement|progression|worsening|enlargement|clearing|regression|"
    r"resolution|growth)\b(?!d)",
    re.IGNORECASE,
)
_NEXT_TO = re.compile(r"\s+(?:(?:interval|further|but|only|and)\s+)?", re.IGNORECASE)
_HEART = "RP:heart"
_ABNORMAL = "abnormal"  # of a part: it says nothing of the whole
_CENTRAL_VESSELS = frozenset(
    f"RP:{name}"
    for name in "superior-vena-cava inferior-vena-cava cavoatrial-junction brachiocephalic-vein pulmonary-artery".split()
)
_DENIALS = (" no", ".no", "\nno", ":no", "without", " no significant", " no convincing", "no evidence of")


@cache
def compositions() -> dict[tuple[str, str], str]:
    """(predicate or finding, anatomy concept) -> the finding they name together; bundled data."""
    with files("app").joinpath("proofreading/compositions.tsv").open(encoding="utf-8") as lines:
        return {
            (row["predicate"], row["anatomy"]): row["finding"]
            for row in csv.DictReader(lines, delimiter="\t")
        }


def fold(report: Report, graph: ReportGraph, facts: Facts) -> tuple[Finding, ...]:
    """Each observation and device of the graph with its modifiers, sites and sides, in text order.

    A side is said by a modifier of the observation, by a modifier of its site, or by a site that
    exists on one side only (the lingula). Two words may name one concept together: "enlarged"
    located at the heart is cardiomegaly. What a finding suggests lies where the finding does, unless it
    is given a place of its own.
    """
    modifiers, sites = attached(graph)
    result = []
    asides = sentences_aside(report) | sentences_on_earlier_studies(report)
    for index, entity in enumerate(graph.entities):
        if entity.kind in _HEADS:
            located = sorted(sites[index])
            beside = [site for site in located if not _is_end(entity, graph.entities[site], facts)]
            around = sorted({*modifiers[index], *(m for site in beside for m in modifiers[site])})
            said = [graph.entities[modifier] for modifier in around]
            sided = tuple(graph.entities[site] for site in beside)
            at = tuple(graph.entities[site] for site in located)
            result.append(_finding(entity, said, _Place(report, index, at, sided, facts)))
            if entity.sentence in asides:
                result[-1] = replace(result[-1], aside=True)
    return _placed(result, graph, facts)


def attached(graph: ReportGraph) -> tuple[defaultdict[int, list[int]], defaultdict[int, list[int]]]:
    """(modifiers, sites) of each entity, by index, in the order of the relations."""
    modifiers: defaultdict[int, list[int]] = defaultdict(list)
    sites: defaultdict[int, list[int]] = defaultdict(list)
    for relation in graph.relations:
        if relation.kind is RelationKind.MODIFY:
            modifiers[relation.target].append(relation.source)
        elif relation.kind is RelationKind.LOCATED_AT:
            sites[relation.source].append(relation.target)
    return modifiers, sites


def _placed(findings: list[Finding], graph: ReportGraph, facts: Facts) -> tuple[Finding, ...]:
    """Each finding without a place takes that of the finding which suggests it, and is named with it."""
    found = {finding.index: finding for finding in findings}
    for relation in graph.relations:
        if relation.kind is RelationKind.SUGGESTIVE_OF and {relation.source, relation.target} <= found.keys():
            source, target = found[relation.source], found[relation.target]
            if target.zones and not (target.sides or target.sites):  # "represents fluid posteriorly"
                found[target.index] = replace(target, sides=source.sides, side_entities=source.side_entities)
            elif not (target.sides or target.sites):
                found[target.index] = replace(
                    target,
                    concept=_composed(target.entity, source.sites, facts) or target.concept,
                    sides=source.sides,
                    side_entities=source.side_entities,
                    sites=source.sites,
                    zones=source.zones,
                )
    return tuple(found[finding.index] for finding in findings)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an observation stands: its report and index, the anatomy it is located at, and what of it tells a side."""

    report: Report
    index: int
    sites: tuple[Entity, ...]
    sided: tuple[Entity, ...]
    facts: Facts


def _finding(entity: Entity, said: list[Entity], place: _Place) -> Finding:
    def of(*kinds: EntityKind) -> tuple[Entity, ...]:
        return tuple(modifier for modifier in said if modifier.kind in kinds)

    changes = of(EntityKind.CHANGE)
    if len({side.value for side in of(EntityKind.SIDE)}) > 1:  # "bilateral, larger on the right"
        changes = tuple(change for change in changes if not compares_sides(change, place.report.text))
    status = _STATUS.get(entity.label, Status.PRESENT)
    begins = place.report.sentences[entity.sentence].span.start
    if (
        entity.kind is EntityKind.DEVICE
        and status is Status.ABSENT
        and is_without_fault(place.report.text, entity.span)
    ):
        status = Status.PRESENT
    if entity.kind is EntityKind.DEVICE and is_told_out(place.report.text, entity.span, begins):
        status = Status.ABSENT
    if status is Status.ABSENT and changes and _only_change_denied(entity, changes, place.report.text):
        status, changes = Status.PRESENT, tuple(replace(change, value="stable") for change in changes)
    ways = {change.value for change in changes}
    if "resolved" in ways:  # "resolved on the right and persists on the left": neither
        words = {side.value for side in of(EntityKind.SIDE)}
        mixed = ways & {"stable", "decreased", "increased"} or {"left", "right"} <= words
        status = Status.UNCERTAIN if mixed else Status.ABSENT
    return Finding(
        entity=entity,
        index=place.index,
        status=status,
        section=place.report.section_of(entity.sentence),
        sentence=entity.sentence,
        concept=_composed(entity, place.sites, place.facts)
        or _zoned(entity, of(EntityKind.ZONE, EntityKind.SIDE), place.sites)
        or entity.concept,
        normal=entity.kind is EntityKind.NORMAL,
        sides=sides_said(of(EntityKind.SIDE), place.sided, place.facts) | side_named(entity),
        side_entities=of(EntityKind.SIDE),
        sites=place.sites,
        zones=of(EntityKind.ZONE),
        severities=tuple(
            s for s in of(EntityKind.SEVERITY) if not _of_a_change(s, changes, place.report.text)
        ),
        sizes=of(EntityKind.SIZE),
        changes=changes,
        acuities=of(EntityKind.ACUITY),
        counts=of(EntityKind.COUNT),
        measurements=tuple(
            Measurement(float(modifier.value or 0), modifier.span) for modifier in of(EntityKind.MEASUREMENT)
        ),
        descriptors=of(EntityKind.DESCRIPTOR),
    )


def _zoned(entity: Entity, zones: Iterable[Entity], sites: tuple[Entity, ...]) -> str | None:
    """What a predicate names with a level or side alone: "no air at the apices", "left-sided fluid"."""
    if entity.concept is not None or sites:
        return None
    after = (z for z in zones if z.span.end >= entity.span.start - (z.kind is EntityKind.SIDE))
    named = (compositions().get((entity.value or "", zone.value or "")) for zone in after)
    return next((concept for concept in named if concept is not None), None)


def _is_end(entity: Entity, site: Entity, facts: Facts) -> bool:
    """True where a line ends whichever side it comes from: its tip in the right atrium tells no side."""
    if entity.kind is not EntityKind.DEVICE or site.concept is None:
        return False
    return site.concept in _CENTRAL_VESSELS or _HEART in (site.concept, *facts.wholes.get(site.concept, ()))


def _of_a_change(severity: Entity, changes: tuple[Entity, ...], text: str) -> bool:
    """True for the degree of a change: "mildly progressed", "has increased modestly", "marked reduction"."""
    adverb = severity.quote.lower().endswith("ly")
    for change in changes:
        first, second = sorted((severity, change), key=attrgetter("span"))
        named = first is severity and _NOUN_OF_CHANGE.match(change.quote)
        if (adverb or named) and _NEXT_TO.fullmatch(text, first.span.end, second.span.start):
            return True
    return False


def _only_change_denied(entity: Entity, changes: tuple[Entity, ...], text: str) -> bool:
    """True for "no accumulation of further fluid": the change is denied, not the fluid."""
    return all(
        change.value in ("increased", "decreased")
        and change.quote.lower().endswith(_OF_WHAT)
        and change.span.end <= entity.span.start
        and text[: change.span.start].rstrip().lower().endswith(_DENIALS)
        for change in changes
    )


def _composed(entity: Entity, sites: Iterable[Entity], facts: Facts) -> str | None:
    """The finding that a predicate and its site, or a structure that the site is part of, name together.

    A finding of any place has a name of its own at some: a fracture of a rib.
    """
    table, said = compositions(), entity.concept or entity.value
    for site in sites:
        if said is None or site.concept is None:
            continue
        plain = facts.leaving.get((site.concept, EdgeKind.UNSIDED), ())
        wholes = () if said == _ABNORMAL else sorted(facts.wholes.get(site.concept, ()))
        for anatomy in (site.concept, *plain, *wholes):
            if (said, anatomy) in table:
                return table[said, anatomy]
    return None

"""The report's graph read as findings: each observation with its status, sides, sites and modifiers."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files

from app.proofreading.parts import sentences_aside, sentences_on_earlier_studies
from kg_ingest.schema import Facts, Sidedness
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
_DENIALS = (" no", ".no", "\nno", ":no", "without", " no significant", " no convincing", "no evidence of")
# where a line ends, whichever side it comes from
_CENTRAL = frozenset(
    f"RP:{name}"
    for name in (
        "right-atrium left-atrium right-ventricle left-ventricle cavoatrial-junction brachiocephalic-vein "
        "left-brachiocephalic-vein right-brachiocephalic-vein pulmonary-artery left-pulmonary-artery "
        "right-pulmonary-artery superior-vena-cava"
    ).split()
)
SIDES = {
    "left": frozenset({"left"}),
    "right": frozenset({"right"}),
    "bilateral": frozenset({"left", "right"}),
}


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
            siding = [site for site in located if _sides_it(entity, graph.entities[site])]
            around = sorted({*modifiers[index], *(m for site in siding for m in modifiers[site])})
            said = [graph.entities[modifier] for modifier in around]
            aside = entity.sentence in asides
            place = _Place(report, index, tuple(graph.entities[site] for site in located), facts, aside)
            result.append(_finding(entity, said, place))
    return _placed(result, graph, facts)


def _sides_it(entity: Entity, site: Entity) -> bool:
    """False for the right atrium, where a line of either side may end."""
    return entity.kind is not EntityKind.DEVICE or site.concept not in _CENTRAL


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
            if not (target.sides or target.sites or target.zones):
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
    """Where an observation stands: its report and index, and the anatomy it is located at."""

    report: Report
    index: int
    sites: tuple[Entity, ...]
    facts: Facts
    aside: bool


def _finding(entity: Entity, said: list[Entity], place: _Place) -> Finding:
    def of(*kinds: EntityKind) -> tuple[Entity, ...]:
        return tuple(modifier for modifier in said if modifier.kind in kinds)

    changes = of(EntityKind.CHANGE)
    status = _STATUS.get(entity.label, Status.PRESENT)
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
        concept=_composed(entity, place.sites, place.facts) or entity.concept,
        normal=entity.kind is EntityKind.NORMAL,
        aside=place.aside,
        sides=_sides(
            of(EntityKind.SIDE), [site for site in place.sites if _sides_it(entity, site)], place.facts
        )
        | _curve(entity),
        side_entities=of(EntityKind.SIDE),
        sites=place.sites,
        zones=of(EntityKind.ZONE),
        severities=of(EntityKind.SEVERITY),
        sizes=of(EntityKind.SIZE),
        changes=changes,
        acuities=of(EntityKind.ACUITY),
        counts=of(EntityKind.COUNT),
        measurements=tuple(
            Measurement(float(modifier.value or 0), modifier.span) for modifier in of(EntityKind.MEASUREMENT)
        ),
        descriptors=of(EntityKind.DESCRIPTOR),
    )


def _only_change_denied(entity: Entity, changes: tuple[Entity, ...], text: str) -> bool:
    """True for "no accumulation of further fluid": the change is denied, not the fluid."""
    return all(
        change.value in ("increased", "decreased")
        and change.quote.lower().endswith(_OF_WHAT)
        and change.span.end <= entity.span.start
        and text[: change.span.start].rstrip().lower().endswith(_DENIALS)
        for change in changes
    )


def _sides(said: Iterable[Entity], sites: Iterable[Entity], facts: Facts) -> frozenset[str]:
    sides = frozenset[str]().union(*(SIDES.get(modifier.value or "", frozenset()) for modifier in said))
    for site in sites:
        node = facts.nodes.get(site.concept or "")
        if node is not None and node.sidedness in (Sidedness.LEFT, Sidedness.RIGHT):
            sides |= {str(node.sidedness)}
    return sides


def _curve(entity: Entity) -> frozenset[str]:
    """The side that a curve of the spine is named by: dextroscoliosis, levoscoliosis."""
    word = entity.quote.lower()
    if word.startswith("dextro"):
        return frozenset({"right"})
    return frozenset({"left"}) if word.startswith("levo") else frozenset()


def _composed(entity: Entity, sites: Iterable[Entity], facts: Facts) -> str | None:
    """The finding that a predicate and its site, or a structure that the site is part of, name together.

    A finding of any place has a name of its own at some: a fracture of a rib.
    """
    table, said = compositions(), entity.concept or entity.value
    for site in sites:
        if said is None or site.concept is None:
            continue
        for anatomy in (site.concept, *sorted(facts.wholes.get(site.concept, ()))):
            if (said, anatomy) in table:
                return table[said, anatomy]
    return None

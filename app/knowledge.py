"""The read side of the knowledge graph: its names for the extractor, its facts for one report."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from app.proofreading.findings import compositions
from kg_ingest.naming import trusted
from kg_ingest.schema import Edge, Facts, Group
from kg_ingest.sources.core import NAME as CORE
from kg_ingest.store import GraphStore, NameRow
from models.lexical import load_modifiers
from models.tokens import fold
from models.types import EntityKind, LexiconEntry, ReportGraph

_KINDS = {
    Group.ANATOMY: EntityKind.ANATOMY,
    Group.FINDING: EntityKind.OBSERVATION,
    Group.DISEASE: EntityKind.OBSERVATION,
    Group.DEVICE: EntityKind.DEVICE,
}
Counts = Mapping[tuple[str, str], int]
_NAMEABLE = frozenset({EntityKind.ANATOMY, EntityKind.OBSERVATION, EntityKind.DEVICE})


@dataclass(frozen=True, slots=True)
class Grounded:
    """A report's graph with concepts, and what the knowledge graph knows of them.

    ``observed`` counts how often each (finding, site) pair of the report was said in reference reports.
    """

    graph: ReportGraph
    facts: Facts
    observed: dict[tuple[str, str], int]


def lexicon(names: Iterable[NameRow]) -> Iterator[LexiconEntry]:
    """Every name that the extractor should know, of a store's, in its order.

    Of large vocabularies only names that may be trusted in prose; every name of the curated graph. A name
    that is no more than modifiers before a curated one ("patchy opacities", "small left pleural effusion")
    would hide what the modifiers say, so it is left to them.
    """
    rows = [row for row in names if row.group in _KINDS]
    modifiers = {fold(phrase) for phrase, _, _ in load_modifiers()}
    curated = {fold(row.text) for row in rows if row.source == CORE and row.group is not Group.ANATOMY}
    for name, concept, group, source in rows:
        if source == CORE or (trusted(name, group) and not _composed(fold(name), modifiers, curated)):
            yield LexiconEntry(name, concept, _KINDS[group])


def _composed(name: str, modifiers: Set[str], curated: Set[str]) -> bool:
    """True for modifiers followed by a name of the curated graph."""
    words = name.split()
    return any(
        " ".join(words[at:]) in curated and all(word in modifiers for word in words[:at])
        for at in range(1, len(words))
    )


def ground(graph: ReportGraph, store: GraphStore, counted: Counts | None = None) -> Grounded:
    """Give every nameable entity a concept and fetch the facts of all of them in one query.

    ``counted``: (finding, site) counts of the service's own references, added to the graph's.

    Raises:
        GraphStoreError: when the store cannot answer.
    """
    unnamed = {
        entity.quote
        for entity in graph.entities
        if entity.concept is None and entity.kind in _NAMEABLE and entity.value is None
    }
    named = store.concepts_by_name(sorted(unnamed)) if unnamed else {}
    entities = tuple(
        replace(entity, concept=nodes[0].id) if (nodes := named.get(entity.quote)) else entity
        for entity in graph.entities
    )
    linked = ReportGraph(entities, graph.relations)
    concepts = {entity.concept for entity in entities if entity.concept is not None}
    predicates = {entity.value for entity in entities if entity.concept is None} | concepts
    concepts |= {finding for (predicate, _), finding in compositions().items() if predicate in predicates}
    pairs = {
        (source, target)
        for relation in graph.relations
        if (source := entities[relation.source].concept) is not None
        and (target := entities[relation.target].concept) is not None
    }
    facts = store.facts(sorted(concepts))
    own = counted or {}
    return Grounded(linked, facts, {pair: facts.observed.get(pair, 0) + own.get(pair, 0) for pair in pairs})


def described(path: tuple[Edge, ...], facts: Facts) -> tuple[str, ...]:
    """A path as alternating names and relations, for evidence."""
    words: list[str] = []
    for edge in path:
        if not words:
            words.append(_name(edge.source_id, facts))
        words += [edge.kind.value, _name(edge.target_id, facts)]
    return tuple(words)


def _name(concept: str, facts: Facts) -> str:
    node = facts.nodes.get(concept)
    return node.name if node is not None else concept

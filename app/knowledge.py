"""The read side of the knowledge graph: its names for the extractor, its facts for one report."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kg_ingest.schema import Edge, Facts, Group
from kg_ingest.store import GraphStore
from models.types import EntityKind, LexiconEntry, ReportGraph

_KINDS = {
    Group.ANATOMY: EntityKind.ANATOMY,
    Group.FINDING: EntityKind.OBSERVATION,
    Group.DISEASE: EntityKind.OBSERVATION,
    Group.DEVICE: EntityKind.DEVICE,
}
_NAMEABLE = frozenset({EntityKind.ANATOMY, EntityKind.OBSERVATION, EntityKind.DEVICE})


@dataclass(frozen=True, slots=True)
class Grounded:
    """A report's graph with concepts, and what the knowledge graph knows of them.

    ``observed`` counts how often each (finding, site) pair of the report was said in reference reports.
    """

    graph: ReportGraph
    facts: Facts
    observed: dict[tuple[str, str], int]


def lexicon(store: GraphStore) -> Iterator[LexiconEntry]:
    """Every name that the extractor should know, from the store, in its order."""
    for name, concept, group in store.names(tuple(_KINDS)):
        yield LexiconEntry(name, concept, _KINDS[group])


def ground(graph: ReportGraph, store: GraphStore) -> Grounded:
    """Give every nameable entity a concept and fetch the facts of all of them in one query.

    Raises:
        GraphStoreError: when the store cannot answer.
    """
    entities = tuple(
        replace(entity, concept=_concept(entity.quote, store))
        if entity.concept is None and entity.kind in _NAMEABLE and entity.value is None
        else entity
        for entity in graph.entities
    )
    linked = ReportGraph(entities, graph.relations)
    concepts = {entity.concept for entity in entities if entity.concept is not None}
    pairs = {
        (source, target)
        for relation in graph.relations
        if (source := entities[relation.source].concept) is not None
        and (target := entities[relation.target].concept) is not None
    }
    return Grounded(linked, store.facts(sorted(concepts)), store.observed(sorted(pairs)))


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


def _concept(quote: str, store: GraphStore) -> str | None:
    nodes = store.concepts_by_name(quote)
    return nodes[0].id if nodes else None

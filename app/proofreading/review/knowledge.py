"""Dual knowledge in words, by rule (arXiv 2406.15045): what a report's graph says, what references say.

"Opacity in the left lower lobe" becomes "left lower lobe opacity", with OBS-DA "no left lower lobe opacity";
suggestive_of becomes "air bronchogram suggests pneumonia".
"""

from collections.abc import Iterator
from dataclasses import asdict

from app.knowledge import described
from app.proofreading.case import Case
from app.proofreading.findings import attached
from app.proofreading.report import Context
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind, EntityLabel, RelationKind, ReportGraph

_HEADS = frozenset({EntityKind.OBSERVATION, EntityKind.DEVICE, EntityKind.NORMAL})
_TOLD = frozenset({EdgeKind.SUGGESTS, EdgeKind.EXCLUDES, EdgeKind.HAS_FINDING_SITE})
_OPENING = {EntityLabel.ABSENT: "no", EntityLabel.UNCERTAIN: "possible"}
_MOST_SENTENCES = 40
_MOST_FACTS = 12
_LONGEST = 200  # characters of a field of the context


def sentences(graph: ReportGraph) -> tuple[str, ...]:
    """What the graph says, one short sentence a finding, then what suggests what; each once."""
    return tuple(dict.fromkeys(_sentences(graph)))[:_MOST_SENTENCES]


def _sentences(graph: ReportGraph) -> Iterator[str]:
    modifiers, sites = attached(graph)
    for index, entity in enumerate(graph.entities):
        if entity.kind in _HEADS and not (entity.historical or entity.hypothetical or entity.other):
            places = [i for site in sorted(sites[index]) for i in (*sorted(modifiers[site]), site)]
            own = [i for i in sorted(modifiers[index]) if i not in places]
            words = [_OPENING.get(entity.label, "")]
            words += [_words(graph.entities[i]) for i in (*own, *places)]
            yield " ".join(word for word in (*words, _words(entity)) if word)
    for relation in graph.relations:
        if relation.kind is RelationKind.SUGGESTIVE_OF:
            source, target = graph.entities[relation.source], graph.entities[relation.target]
            yield f"{_words(source)} suggests {_words(target)}"


def facts(case: Case) -> tuple[str, ...]:
    """What the knowledge graph says of the concepts of the report among themselves."""
    concepts = {entity.concept for entity in case.graph.entities}
    told = (
        " ".join(described((edge,), case.facts)).replace(edge.kind.value, edge.kind.value.lower())
        for edge in case.facts.edges
        if edge.kind in _TOLD and edge.source_id in concepts and edge.target_id in concepts
    )
    return tuple(sorted(set(told)))[:_MOST_FACTS]


def told(context: Context) -> tuple[str, ...]:
    """What is known beside the text, but for an earlier report, which may be long."""
    fields = {name: value for name, value in asdict(context).items() if name != "prior_report"}
    return tuple(f"{name}: {str(value)[:_LONGEST]}" for name, value in fields.items() if value is not None)


def _words(entity: Entity) -> str:
    return " ".join(entity.quote.lower().split())

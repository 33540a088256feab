"""A report graph as plain JSON values, and back, exactly."""

from typing import Any

from models.types import Entity, EntityKind, EntityLabel, Relation, RelationKind, ReportGraph, Span

_FLAGS = ("historical", "hypothetical", "other")


def graph_to_json(graph: ReportGraph) -> dict[str, Any]:
    """``{"entities": [...], "relations": [[kind, source, target], ...]}``; empty fields are left out."""
    return {
        "entities": [_entity_to_json(entity) for entity in graph.entities],
        "relations": [
            [relation.kind.value, relation.source, relation.target] for relation in graph.relations
        ],
    }


def graph_from_json(raw: dict[str, Any]) -> ReportGraph:
    """The graph of ``graph_to_json``.

    Raises:
        ValueError, KeyError, TypeError: when ``raw`` is not of that shape.
    """
    entities = tuple(_entity_from_json(item) for item in raw["entities"])
    relations = tuple(
        Relation(RelationKind(kind), source, target) for kind, source, target in raw["relations"]
    )
    if any(not 0 <= end < len(entities) for r in relations for end in (r.source, r.target)):
        raise ValueError("a relation names an entity that is not there")
    return ReportGraph(entities, relations)


def _entity_to_json(entity: Entity) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "start": entity.span.start,
        "end": entity.span.end,
        "quote": entity.quote,
        "label": entity.label.value,
        "kind": entity.kind.value,
        "sentence": entity.sentence,
    }
    if entity.concept is not None:
        raw["concept"] = entity.concept
    if entity.value is not None:
        raw["value"] = entity.value
    raw |= {flag: True for flag in _FLAGS if getattr(entity, flag)}
    if entity.rules:
        raw["rules"] = list(entity.rules)
    return raw


def _entity_from_json(raw: dict[str, Any]) -> Entity:
    return Entity(
        span=Span(raw["start"], raw["end"]),
        quote=raw["quote"],
        label=EntityLabel(raw["label"]),
        kind=EntityKind(raw["kind"]),
        sentence=raw["sentence"],
        concept=raw.get("concept"),
        value=raw.get("value"),
        historical=raw.get("historical", False),
        hypothetical=raw.get("hypothetical", False),
        other=raw.get("other", False),
        rules=tuple(raw.get("rules", ())),
    )

"""RadGraph's own format: token-indexed annotations, and their way back to characters.

Reads RadGraph v1 ("ANAT-DP", "OBS-DA") and RadGraph-XL labels ("Observation::definitely absent",
"Anatomy::measurement::uncertain"); token indexes are inclusive (Jain et al. 2021, arXiv 2106.14463;
Delbrouck et al. 2024, ACL Findings 765).
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.types import Entity, EntityKind, EntityLabel, Relation, RelationKind, Report, ReportGraph, Span

_TOKEN = re.compile(r"\w+|[^\w\s]")
_LABELS = {
    "definitely present": EntityLabel.PRESENT,
    "definitely absent": EntityLabel.ABSENT,
    "uncertain": EntityLabel.UNCERTAIN,
}
_RELATIONS = {kind.value: kind for kind in RelationKind}


@dataclass(frozen=True, slots=True)
class Aligned:
    """A graph read from an annotation, and how many entities had no place in the submitted text."""

    graph: ReportGraph
    lost: int


def words_of(text: str) -> list[str]:
    """The words that RadGraph models are given: words and single punctuation marks."""
    return _TOKEN.findall(text)


def label_of(name: str) -> tuple[EntityLabel, EntityKind]:
    """Our label and kind of a RadGraph label of either version.

    Raises:
        ValueError: for a label of neither.
    """
    if name in EntityLabel.__members__.values():
        label = EntityLabel(name)
        kind = EntityKind.ANATOMY if label is EntityLabel.ANATOMY else EntityKind.OBSERVATION
        return label, kind
    family, *detail, certainty = name.split("::")
    if family not in ("Observation", "Anatomy") or certainty not in _LABELS:
        raise ValueError(f"not a RadGraph label: {name!r}")
    if "measurement" in detail:
        return _LABELS[certainty], EntityKind.MEASUREMENT
    if family == "Anatomy":
        return EntityLabel.ANATOMY, EntityKind.ANATOMY
    return _LABELS[certainty], EntityKind.OBSERVATION


def align(words: Sequence[str], text: str) -> list[Span | None]:
    """Where each annotated word stands in ``text``; None for a word that is not there.

    The annotation may differ in case, in spaces and in how it cuts punctuation off; its words come
    in the order of the text. A word is searched for within a short way ahead, so that one lost word
    does not lose the rest.
    """
    folded = text.lower() if len(text.lower()) == len(text) else text
    places: list[Span | None] = []
    position = 0
    for word in words:
        wanted = word.lower()
        start = folded.find(wanted, position, position + len(wanted) + _REACH)
        if start < 0:
            places.append(None)
            continue
        places.append(Span(start, start + len(wanted)))
        position = start + len(wanted)
    return places


_REACH = 60  # characters that may lie between two annotated words: white space, dropped marks


def graph_from_radgraph(report: Report, annotation: Mapping[str, Any]) -> Aligned:
    """The graph of one annotation ({"text", "entities"}) with spans in the submitted text.

    Entities that cannot be placed are left out with their relations, and counted.

    Raises:
        KeyError, ValueError, TypeError: when the annotation is not of RadGraph's shape.
    """
    places = align(str(annotation["text"]).split(), report.text)
    begins = [sentence.span.start for sentence in report.sentences]
    entities: list[Entity] = []
    keys: list[str] = []
    lost = 0
    for key, raw in annotation["entities"].items():
        span = _span(places[int(raw["start_ix"]) : int(raw["end_ix"]) + 1])
        if span is None:
            lost += 1
            continue
        label, kind = label_of(raw["label"])
        sentence = max(0, bisect_right(begins, span.start) - 1)
        entities.append(Entity(span, span.of(report.text), label, kind, sentence))
        keys.append(key)
    order = sorted(range(len(entities)), key=lambda index: entities[index].span)
    number = {keys[old]: new for new, old in enumerate(order)}
    edges = [
        Relation(_RELATIONS[kind], number[key], number[target])
        for key in keys
        for kind, target in annotation["entities"][key]["relations"]
        if target in number
    ]
    return Aligned(ReportGraph(tuple(entities[old] for old in order), tuple(edges)), lost)


def _span(places: Sequence[Span | None]) -> Span | None:
    found = [place for place in places if place is not None]
    if not found or len(found) < len(places):
        return None
    return Span(found[0].start, found[-1].end)

"""Corpora of reports as counts: RadGraph annotations, and a site's own reports through an extractor.

What comes out are counted OBSERVED edges (finding, site) between concepts of a graph that is at hand,
and on request which report mentions what. No word of a report leaves this file: what no concept of the
graph names is counted as skipped.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Item, Mention, Reject, Skip
from models.extractor import GraphExtractor
from models.radgraph_format import label_of
from models.sections import parse
from models.types import EntityKind, EntityLabel, RelationKind

Linker = Callable[[str], str | None]
_CHANGE = "CHAN-"  # RadGraph2 (Khanna et al., 2023) adds labels of change; they name no site
_SECTIONS = ("findings", "impression")


@dataclass(frozen=True, slots=True)
class RadGraph:
    """Annotations in RadGraph's JSON: v1 (also with labeler_1 and labeler_2), XL, RadGraph2, inference files.

    ``link`` names the concept of an entity's words, or None. ``mentions``: also say which report
    mentions which concept.
    """

    path: Path
    version: str
    link: Linker
    mentions: bool = False
    name: str = "RadGraph"
    kind: str = "radgraph"
    licence: str = "RadGraph"

    def __repr__(self) -> str:
        """Without the linker, so that two runs over one file have one stamp."""
        return f"RadGraph({self.version}, {self.mentions})"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return sorted(self.path.rglob("*.json")) if self.path.is_dir() else (self.path,)

    def read(self) -> Iterator[Item]:
        """One OBSERVED edge per (observation, anatomy) pair with its count over all reports."""
        pairs: Counter[tuple[str, str]] = Counter()
        left_out: Counter[str] = Counter()
        for path in self.files:
            for key, document in _documents(path):
                for annotation in _annotations(document):
                    try:
                        yield from self._report(key, annotation, pairs, left_out)
                    except (KeyError, ValueError, TypeError, AttributeError):
                        yield Reject(path.name, 0, "an annotation that is not of RadGraph's shape")
        yield from _observed(pairs, self.name, self.version)
        yield from (Skip(reason, count) for reason, count in sorted(left_out.items()))

    def _report(
        self, key: str, entities: Mapping[str, Any], pairs: Counter[tuple[str, str]], left_out: Counter[str]
    ) -> Iterator[Item]:
        concepts: dict[str, str] = {}
        for number, entity in entities.items():
            if str(entity["label"]).startswith(_CHANGE):
                left_out["entity of change (RadGraph2)"] += 1
                continue
            label, kind = label_of(str(entity["label"]))
            concept = self.link(str(entity["tokens"])) if kind is not EntityKind.MEASUREMENT else None
            if concept is None:
                left_out["entity that no concept names"] += 1
                continue
            concepts[number] = concept
            if self.mentions:
                yield Mention(key, concept, label.value, self.name, self.version)
        for number, entity in entities.items():
            for relation, target in entity["relations"]:
                if relation == RelationKind.LOCATED_AT.value and number in concepts and target in concepts:
                    pairs[concepts[number], concepts[target]] += 1


@dataclass(frozen=True, slots=True)
class Reports:
    """A site's own reports, CSV or JSON lines with ``report_id`` (or id, uid) and ``text``, or findings and impression."""

    path: Path
    version: str
    extractor: GraphExtractor
    mentions: bool = True
    name: str = "own reports"
    kind: str = "reports"
    licence: str = "own"

    def __repr__(self) -> str:
        """Without the extractor, so that two runs over one file have one stamp."""
        return f"Reports({self.version}, {self.mentions})"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return (self.path,)

    def read(self) -> Iterator[Item]:
        """Counted (finding, site) pairs, and the mentions of each report."""
        pairs: Counter[tuple[str, str]] = Counter()
        for number, row in _rows(self.path):
            text = row.get("text") or "\n".join(f"{key}: {row[key]}" for key in _SECTIONS if row.get(key))
            if not isinstance(text, str) or not text.strip():
                yield Reject(self.path.name, number, "a report without text")
                continue
            key = str(row.get("report_id") or row.get("id") or row.get("uid") or number)
            graph = self.extractor.extract(parse(text))
            for concept, label in sorted({(e.concept, e.label.value) for e in graph.entities if e.concept}):
                if self.mentions and concept is not None:
                    yield Mention(key, concept, label, self.name, self.version)
            for relation in graph.relations:
                finding, site = graph.entities[relation.source], graph.entities[relation.target]
                said = finding.label is not EntityLabel.ABSENT and relation.kind is RelationKind.LOCATED_AT
                if said and finding.concept is not None and site.concept is not None:
                    pairs[finding.concept, site.concept] += 1
        yield from _observed(pairs, self.name, self.version)


def _observed(pairs: Counter[tuple[str, str]], name: str, version: str) -> Iterator[Edge]:
    for (finding, site), count in sorted(pairs.items()):
        if finding != site:
            yield Edge(finding, EdgeKind.OBSERVED, site, name, version, count)


def _documents(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(report id, document) of one file: an object of documents by id, or a list of them."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path.name} is not JSON in UTF-8") from error
    pairs = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    return ((str(key), document) for key, document in pairs if isinstance(document, dict))


def _annotations(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entities of a document: its own, each labeler's, or those of a model's processed output."""
    for inner in (document.get("radgraph_annotations") or {}).values():
        yield from _annotations(inner)
    for holder in (document, document.get("labeler_1"), document.get("labeler_2")):
        if isinstance(holder, dict) and isinstance(holder.get("entities"), dict):
            yield holder["entities"]


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        if path.suffix == ".csv":
            try:
                yield from enumerate(csv.DictReader(stream), start=2)
            except csv.Error as error:
                raise SourceError(f"{path.name} is not CSV: {error}") from error
            return
        for number, line in enumerate(stream, start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceError(f"{path.name} line {number}: not JSON") from error
            yield number, row if isinstance(row, dict) else {}

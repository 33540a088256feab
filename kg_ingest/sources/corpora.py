"""Corpora of reports as counts: RadGraph annotations, and a site's own reports through an extractor.

What comes out are counted OBSERVED edges (finding, site) between concepts of a graph that is at hand,
and on request which report mentions what. No word of a report leaves this file: what no concept of the
graph names is counted as skipped.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Item, Mention, Reject, Skip
from kg_ingest.soundness import storable
from kg_ingest.sources.fields import document_of, entry, parsed, text
from kg_ingest.sources.rows import RowError, lines, whole
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
            for number, (key, document) in enumerate(_documents(path), start=1):
                try:
                    said = [self._report(key, entities) for entities in _annotations(document)]
                except RowError as error:
                    yield Reject(path.name, number, str(error))
                    continue
                for mentions, found, passed in said:
                    yield from whole(mentions, path.name, number)
                    pairs += found
                    left_out += passed
        yield from _observed(pairs, self.name, self.version)
        yield from (Skip(reason, count) for reason, count in sorted(left_out.items()))

    def _report(
        self, key: str, entities: Mapping[str, Any]
    ) -> tuple[list[Mention], Counter[tuple[str, str]], Counter[str]]:
        """Mentions of one annotation, its (observation, anatomy) pairs, and what was left out."""
        concepts: dict[str, str] = {}
        mentions: list[Mention] = []
        left_out: Counter[str] = Counter()
        for number, stated in entities.items():
            entity = entry(stated)
            if text(entity, "label").startswith(_CHANGE):
                left_out["entity of change (RadGraph2)"] += 1
                continue
            label, kind = _label(entity)
            words = text(entity, "tokens")
            concept = self.link(words) if kind is not EntityKind.MEASUREMENT and storable(words) else None
            if concept is None:
                left_out["entity that no concept names"] += 1
                continue
            concepts[number] = concept
            if self.mentions:
                mentions.append(Mention(key, concept, label.value, self.name, self.version))
        pairs = Counter(
            (concepts[number], concepts[target])
            for number, entity in entities.items()
            for relation, target in _relations(entity)
            if relation == RelationKind.LOCATED_AT.value and number in concepts and target in concepts
        )
        return mentions, pairs, left_out


def _label(entity: dict[str, Any]) -> tuple[EntityLabel, EntityKind]:
    try:
        return label_of(text(entity, "label"))
    except ValueError as error:
        raise RowError("a label that is not of RadGraph") from error


def _relations(entity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    relations = entity.get("relations")
    if not isinstance(relations, list):
        raise RowError("relations is missing, or no list")
    for pair in relations:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(end, str) for end in pair)):
            raise RowError("a relation that is not a pair of texts")
        yield pair[0], pair[1]


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
            if isinstance(row, Reject):
                yield row
                continue
            try:
                words = _words(row)
            except RowError as error:
                yield Reject(self.path.name, number, str(error))
                continue
            key = str(row.get("report_id") or row.get("id") or row.get("uid") or number)
            graph = self.extractor.extract(parse(words))
            if self.mentions:
                named = sorted({(e.concept, e.label.value) for e in graph.entities if e.concept})
                mentions = (Mention(key, concept, label, self.name, self.version) for concept, label in named)
                yield from whole(mentions, self.path.name, number)
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


def _documents(path: Path) -> Iterator[tuple[str, object]]:
    """(report id, document) of one file: an object of documents by id, or a list of them."""
    raw = document_of(path)
    if not isinstance(raw, dict | list):
        raise SourceError(f"{path.name} is neither an object nor a list of annotations")
    pairs = raw.items() if isinstance(raw, dict) else enumerate(raw)
    return ((str(key), document) for key, document in pairs)


def _annotations(document: object) -> Iterator[Mapping[str, Any]]:
    """The entities of a document: its own, each labeler's, or those of a model's processed output."""
    holder = entry(document)
    for inner in entry(holder.get("radgraph_annotations") or {}).values():
        yield from _annotations(inner)
    for holding in (holder, holder.get("labeler_1"), holder.get("labeler_2")):
        if isinstance(holding, dict) and "entities" in holding:
            yield entry(holding["entities"])


def _words(fields: Mapping[str, Any]) -> str:
    """The text of a report, or its sections one after the other."""
    words = fields.get("text")
    if not words:
        words = "\n".join(f"{key}: {text(fields, key)}" for key in _SECTIONS if fields.get(key))
    if not isinstance(words, str) or not words.strip():
        raise RowError("a report without text")
    if not storable(words):
        raise RowError("a report with a character that is no text")
    return words


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | Reject]]:
    if path.suffix == ".csv":
        yield from _csv_rows(path)
        return
    for line in lines([path]):
        if isinstance(line, Reject):
            yield line.line, line
            continue
        try:
            yield line.number, entry(parsed(line.text))
        except RowError as error:
            yield line.number, Reject(path.name, line.number, str(error))


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | Reject]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        try:
            columns = rows.fieldnames or ()
            if not {"text", *_SECTIONS} & set(columns):
                raise SourceError(f"{path.name} has no column text, findings or impression")
            for row in rows:
                if None in row or None in row.values():
                    reason = f"not the {len(columns)} columns of the header row"
                    yield rows.line_num, Reject(path.name, rows.line_num, reason)
                else:
                    yield rows.line_num, row
        except csv.Error as error:
            raise SourceError(f"{path.name} line {rows.line_num} is not CSV: {error}") from error
        except UnicodeDecodeError as error:
            raise SourceError(f"{path.name} is not UTF-8, after line {rows.line_num}") from error

"""Knowledge Graph Exchange (KGX) files: JSON lines or TSV, nodes and edges in Biolink's words.

A pair of files NAME_nodes.jsonl and NAME_edges.jsonl, or .tsv, where a list is joined by "|".
``write`` exports a graph in the same form.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_ingest.identifiers import curie
from kg_ingest.output import whole_file
from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Link, Node, Reject
from kg_ingest.sources.fields import entry, parsed, text
from kg_ingest.sources.rows import RowError, cells, lines, skips, whole

_CATEGORIES = {
    "AnatomicalEntity": Group.ANATOMY,
    "GrossAnatomicalStructure": Group.ANATOMY,
    "PhenotypicFeature": Group.FINDING,
    "ClinicalFinding": Group.FINDING,
    "Disease": Group.DISEASE,
    "DiseaseOrPhenotypicFeature": Group.DISEASE,
    "Device": Group.DEVICE,
    "Procedure": Group.PROCEDURE,
}
# predicate -> (kind, True when the edge runs from subject to object)
_PREDICATES = {
    "subclass_of": (EdgeKind.IS_A, True),
    "part_of": (EdgeKind.PART_OF, True),
    "has_part": (EdgeKind.PART_OF, False),
    "located_in": (EdgeKind.HAS_FINDING_SITE, True),
    "disease_has_location": (EdgeKind.HAS_FINDING_SITE, True),
    "causes": (EdgeKind.CAUSES, True),
    "caused_by": (EdgeKind.CAUSES, False),
    "treats": (EdgeKind.TREATS, True),
    "treated_by": (EdgeKind.TREATS, False),
    "has_phenotype": (EdgeKind.SUGGESTS, False),
    "phenotype_of": (EdgeKind.SUGGESTS, True),
    "related_to": (EdgeKind.RELATED_TO, True),
}
_SAME = frozenset({"same_as", "exact_match"})
_OUT = {
    EdgeKind.IS_A: "biolink:subclass_of",
    EdgeKind.PART_OF: "biolink:part_of",
    EdgeKind.HAS_FINDING_SITE: "biolink:located_in",
    EdgeKind.CAUSES: "biolink:causes",
    EdgeKind.TREATS: "biolink:treats",
    EdgeKind.SUGGESTS: "biolink:phenotype_of",
}
_OUT_CATEGORY = {
    Group.ANATOMY: "biolink:AnatomicalEntity",
    Group.FINDING: "biolink:PhenotypicFeature",
    Group.DISEASE: "biolink:Disease",
    Group.DEVICE: "biolink:Device",
    Group.PROCEDURE: "biolink:Procedure",
    Group.OTHER: "biolink:NamedThing",
}


@dataclass(frozen=True, slots=True)
class Kgx:
    """The nodes file of a pair; the edges file lies beside it."""

    path: Path
    name: str
    version: str
    kind: str = "kgx"
    licence: str = "unknown"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        edges = self.path.with_name(self.path.name.replace("_nodes.", "_edges."))
        return [path for path in (self.path, edges) if path.is_file()]

    def read(self) -> Iterator[Item]:
        """Nodes first, then edges; a predicate that is not used is left out and counted."""
        if len(set(self.files)) < 2:
            raise SourceError(
                "KGX is a pair of files: --source kgx= names NAME_nodes.jsonl or NAME_nodes.tsv"
            )
        left_out: Counter[str] = Counter()
        nodes, edges = self.files
        for number, row in _records(nodes):
            yield from [row] if isinstance(row, Reject) else whole(self._node(row), nodes.name, number)
        for number, row in _records(edges):
            if isinstance(row, Reject):
                yield row
            else:
                yield from whole(self._edge(row, left_out), edges.name, number)
        yield from skips(left_out)

    def _node(self, row: dict[str, Any]) -> Iterator[Item]:
        name, identifier = text(row, "name"), text(row, "id")
        categories = [category.removeprefix("biolink:") for category in _list(row.get("category"))]
        group = next(
            (_CATEGORIES[category] for category in categories if category in _CATEGORIES), Group.OTHER
        )
        names = tuple(dict.fromkeys([name, *_list(row.get("synonym"))]))
        xrefs = tuple(dict.fromkeys(map(curie, _list(row.get("xref")))))
        yield Node(curie(identifier), name, group, self.name, self.version, names, xrefs)

    def _edge(self, row: dict[str, Any], left_out: Counter[str]) -> Iterator[Item]:
        subject, target = curie(text(row, "subject")), curie(text(row, "object"))
        predicate = text(row, "predicate").removeprefix("biolink:")
        if predicate in _SAME:
            yield Link(subject, target, self.name, self.version)
        elif predicate in _PREDICATES:
            kind, forward = _PREDICATES[predicate]
            source, end = (subject, target) if forward else (target, subject)
            yield Edge(source, kind, end, self.name, self.version)
        else:
            left_out["predicate that is not used"] += 1


def write(items: Iterable[Node | Edge], stem: Path) -> None:
    """Export to STEM_nodes.jsonl and STEM_edges.jsonl with the fields that KGX 2 requires.

    Raises:
        OSError: when one cannot be written.
    """
    nodes = stem.with_name(f"{stem.name}_nodes.jsonl")
    edges = stem.with_name(f"{stem.name}_edges.jsonl")
    with whole_file(nodes) as node_file, whole_file(edges) as edge_file:
        for number, item in enumerate(items):
            if isinstance(item, Node):
                node_file.write(json.dumps(_node_out(item), ensure_ascii=False) + "\n")
            else:
                edge_file.write(json.dumps(_edge_out(item, number), ensure_ascii=False) + "\n")


def _node_out(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "category": [_OUT_CATEGORY[node.group]],
        "name": node.name,
        "synonym": [name for name in node.names if name != node.name],
        "xref": list(node.xrefs),
        "provided_by": [f"{node.source} {node.source_version}"],
    }


def _edge_out(edge: Edge, number: int) -> dict[str, Any]:
    return {
        "id": f"urn:radproof:edge:{number}",
        "subject": edge.source_id,
        "predicate": _OUT.get(edge.kind, "biolink:related_to"),
        "object": edge.target_id,
        "radproof_relation": edge.kind.value,
        "radproof_count": edge.count,
        "knowledge_level": "statistical_association"
        if edge.kind is EdgeKind.OBSERVED
        else "knowledge_assertion",
        "agent_type": "automated_agent" if edge.kind is EdgeKind.OBSERVED else "manual_agent",
        "primary_knowledge_source": f"{edge.source} {edge.source_version}",
    }


def _list(value: object) -> list[str]:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str) and item.strip()]
    return [item for item in value.split("|") if item] if isinstance(value, str) else []


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any] | Reject]]:
    header: list[str] | None = None
    for line in lines([path]):
        if isinstance(line, Reject):
            yield line.line, line
        elif path.suffix == ".jsonl":
            try:
                yield line.number, entry(parsed(line.text))
            except RowError as error:
                yield line.number, Reject(path.name, line.number, str(error))
        elif header is None:
            header = line.text.split("\t")
        else:
            row = cells(line, path.name, separator="\t", quoted=False)
            if isinstance(row, Reject):
                yield line.number, row
            elif len(row) == len(header):
                yield line.number, dict(zip(header, row, strict=True))
            else:
                reason = f"{len(row)} columns where {len(header)} are expected"
                yield line.number, Reject(path.name, line.number, reason)

"""The graph as RDF in Turtle, and back, without loss.

Vocabulary: concepts are ``skos:Concept`` with ``skos:prefLabel``, ``skos:altLabel`` and
``skos:exactMatch`` (cross references as CURIE literals in ``rp:xref``); relations are reified once
in ``rdf:Statement`` nodes so that each keeps its source and version, one for each source that states it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import RDF, SKOS

from kg_ingest.coding import decode, encode
from kg_ingest.output import whole_file
from kg_ingest.schema import Edge, EdgeKind, Group, Node, Reject, Sidedness
from kg_ingest.sources import rdf_files

RP = Namespace("urn:radproof:schema:")
_CONCEPT = "urn:radproof:concept:"
_EDGE = "urn:radproof:edge:"
_TEXT = ("region", "acuity", "sex")


def write(items: Iterable[Node | Edge], path: Path) -> None:
    """Write nodes and edges to ``path`` as UTF-8 Turtle.

    Raises:
        OSError: when it cannot be written.
    """
    graph = Graph()
    graph.bind("rp", RP)
    graph.bind("skos", SKOS)
    for item in items:
        if isinstance(item, Node):
            _add_node(graph, item)
        else:
            _add_edge(graph, item)
    with whole_file(path) as stream:
        stream.write(graph.serialize(format="turtle"))


def read(path: Path) -> Iterator[Node | Edge | Reject]:
    """The nodes, then the edges, of a file that ``write`` made, in the order of their ids.

    Raises:
        SourceError: when the file is not RDF.
        OSError: when it cannot be read.
    """
    graph = Graph()
    rdf_files.parse(graph, path)
    for kind, form in ((SKOS.Concept, _node), (RDF.Statement, _edge)):
        for uri in sorted(graph.subjects(RDF.type, kind), key=str):
            try:
                yield form(graph, uri)
            except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
                yield Reject(path.name, 0, "a concept or an edge that is not as export writes it")


def _uri(identifier: str) -> URIRef:
    return URIRef(_CONCEPT + quote(identifier, safe=""))


def _id(uri: object) -> str:
    return unquote(str(uri).removeprefix(_CONCEPT))


def _add_node(graph: Graph, node: Node) -> None:
    uri = _uri(node.id)
    graph.add((uri, RDF.type, SKOS.Concept))
    graph.add((uri, SKOS.prefLabel, Literal(node.name)))
    graph.add((uri, RP.group, Literal(node.group.value)))
    graph.add((uri, RP.source, Literal(node.source)))
    graph.add((uri, RP.sourceVersion, Literal(node.source_version)))
    for order, name in enumerate(node.names):
        graph.add((uri, RP.name, Literal(f"{order:04d} {name}")))
        graph.add((uri, SKOS.altLabel, Literal(name)))
    for order, xref in enumerate(node.xrefs):
        graph.add((uri, RP.xref, Literal(f"{order:04d} {xref}")))
    for order, severity in enumerate(node.severities):
        graph.add((uri, RP.severity, Literal(f"{order:04d} {severity}")))
    for order, member in enumerate(node.members):
        graph.add((uri, RP.member, Literal(f"{order:04d} {encode(member)}")))
    if node.sidedness is not None:
        graph.add((uri, RP.sidedness, Literal(node.sidedness.value)))
    if node.plausible_mm is not None:
        graph.add((uri, RP.lowestMm, Literal(repr(node.plausible_mm[0]))))
        graph.add((uri, RP.highestMm, Literal(repr(node.plausible_mm[1]))))
    for key in _TEXT:
        if getattr(node, key) is not None:
            graph.add((uri, RP[key], Literal(getattr(node, key))))


def _add_edge(graph: Graph, edge: Edge) -> None:
    parts = (edge.source_id, edge.kind, edge.target_id, edge.source, edge.source_version)
    uri = URIRef(_EDGE + "/".join(quote(part, safe="") for part in parts))
    graph.add((_uri(edge.source_id), RP[edge.kind.value], _uri(edge.target_id)))
    graph.add((uri, RDF.type, RDF.Statement))
    graph.add((uri, RDF.subject, _uri(edge.source_id)))
    graph.add((uri, RDF.predicate, RP[edge.kind.value]))
    graph.add((uri, RDF.object, _uri(edge.target_id)))
    graph.add((uri, RP.source, Literal(edge.source)))
    graph.add((uri, RP.sourceVersion, Literal(edge.source_version)))
    graph.add((uri, RP["count"], Literal(str(edge.count))))


def _text(graph: Graph, uri: object, predicate: URIRef) -> str | None:
    value = graph.value(uri, predicate)
    return None if value is None else str(value)


def _ordered(graph: Graph, uri: object, predicate: URIRef) -> tuple[str, ...]:
    return tuple(str(value)[5:] for value in sorted(graph.objects(uri, predicate), key=str))


def _node(graph: Graph, uri: object) -> Node:
    sidedness = _text(graph, uri, RP.sidedness)
    low, high = _text(graph, uri, RP.lowestMm), _text(graph, uri, RP.highestMm)
    return Node(
        id=_id(uri),
        name=_text(graph, uri, SKOS.prefLabel) or "",
        group=Group(_text(graph, uri, RP.group) or ""),
        source=_text(graph, uri, RP.source) or "",
        source_version=_text(graph, uri, RP.sourceVersion) or "",
        names=_ordered(graph, uri, RP.name),
        xrefs=_ordered(graph, uri, RP.xref),
        region=_text(graph, uri, RP.region),
        sidedness=Sidedness(sidedness) if sidedness else None,
        acuity=_text(graph, uri, RP.acuity),
        sex=_text(graph, uri, RP.sex),
        plausible_mm=(float(low), float(high)) if low and high else None,
        severities=_ordered(graph, uri, RP.severity),
        members=tuple(decode(member) for member in _ordered(graph, uri, RP.member)),
    )


def _edge(graph: Graph, uri: object) -> Edge:
    kind = str(graph.value(uri, RDF.predicate)).removeprefix(str(RP))
    return Edge(
        source_id=_id(graph.value(uri, RDF.subject)),
        kind=EdgeKind(kind),
        target_id=_id(graph.value(uri, RDF.object)),
        source=_text(graph, uri, RP.source) or "",
        source_version=_text(graph, uri, RP.sourceVersion) or "",
        count=int(_text(graph, uri, RP["count"]) or 1),
    )

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kg_ingest import turtle
from kg_ingest.pipeline import Plain, load
from kg_ingest.schema import Edge, EdgeKind, Group, Node, Sidedness
from kg_ingest.sources import core

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)


@st.composite
def small_graphs(draw: st.DrawFn) -> list[Node | Edge]:
    keys = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
    nodes = [
        Node(
            id=key,
            name=draw(TEXT),
            group=draw(st.sampled_from(Group)),
            source=draw(TEXT),
            source_version=draw(TEXT),
            names=tuple(draw(st.lists(TEXT, min_size=1, max_size=3))),
            xrefs=tuple(draw(st.lists(TEXT, max_size=3))),
            region=draw(st.none() | TEXT),
            sidedness=draw(st.none() | st.sampled_from(Sidedness)),
            acuity=draw(st.none() | TEXT),
            sex=draw(st.none() | TEXT),
            plausible_mm=draw(st.none() | st.tuples(st.floats(1, 5), st.floats(6, 90))),
            severities=tuple(draw(st.lists(TEXT, max_size=2))),
        )
        for key in keys
    ]
    triples = st.tuples(st.sampled_from(keys), st.sampled_from(EdgeKind), st.sampled_from(keys))
    pairs = set(draw(st.lists(triples, max_size=4)))
    edges = [Edge(a, k, b, draw(TEXT), draw(TEXT), draw(st.integers(1, 9))) for a, k, b in sorted(pairs)]
    joined = replace(nodes[0], members=tuple(nodes)) if len(nodes) > 1 else nodes[0]
    again = [replace(edge, source=f"{edge.source}2") for edge in edges[:1]]
    return [joined, *nodes[1:], *edges, *again]


@given(small_graphs())
def test_turtle_loses_nothing(tmp_path_factory: object, items: list[Node | Edge]) -> None:
    path = Path(tmp_path_factory.mktemp("turtle")) / "graph.ttl"  # type: ignore[attr-defined]
    turtle.write(items, path)
    back = list(turtle.read(path))
    assert {repr(item) for item in back} == {repr(item) for item in items}


def test_the_curated_graph_keeps_its_checksum_through_turtle(tmp_path: Path) -> None:
    items = [item for item in core.read() if item.source == core.NAME]
    known = {item.id for item in items if isinstance(item, Node)}
    items = [i for i in items if isinstance(i, Node) or {i.source_id, i.target_id} <= known]
    turtle.write(items, tmp_path / "core.ttl")
    before, _ = load([Plain(items)], None)
    after, summary = load([Plain(turtle.read(tmp_path / "core.ttl"))], None)
    assert summary.rejected == 0
    assert after.checksum() == before.checksum()

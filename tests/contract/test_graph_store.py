"""What every GraphStore answers, in clinical facts. New stores join the fixture."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_ingest.embedded_store import create, open_bundled, open_store
from kg_ingest.schema import SCHEMA_VERSION, Edge, EdgeKind, Group, Node, Sidedness
from kg_ingest.sources import core
from kg_ingest.store import GraphStore, GraphStoreError


@pytest.fixture(scope="module", params=["embedded memory", "embedded file"])
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    if request.param == "embedded memory":
        opened = open_bundled()
    else:
        path = tmp_path_factory.mktemp("graph") / "core.db"
        create(str(path), core.read())[0].close()
        opened = open_store(path)
    yield opened
    opened.close()


def test_manifest_counts_the_bundled_graph(graph: GraphStore) -> None:
    manifest = graph.manifest()
    assert manifest.schema_version == SCHEMA_VERSION
    assert manifest.concepts >= 3_000
    assert manifest.names >= 15_000
    assert {source.name for source in manifest.sources} >= {"RadProof core", "RadLex", "HPO"}
    assert sum(source.nodes for source in manifest.sources) == manifest.concepts


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("LLL", "RP:left-lower-lobe"),
        ("left lower lobe", "RP:left-lower-lobe"),
        ("Pleural  EFFUSIONS", "RP:pleural-effusion"),
        ("air-space consolidation", "RP:consolidation"),
        ("cardiac silhouette", "RP:heart"),
        ("ETT", "RP:endotracheal-tube"),
    ],
)
def test_names_find_their_concept(graph: GraphStore, name: str, concept: str) -> None:
    assert [node.id for node in graph.concepts_by_name(name)][:1] == [concept]


def test_unknown_names_find_nothing(graph: GraphStore) -> None:
    assert graph.concepts_by_name("no such thing") == ()
    assert graph.concepts_by_name("") == ()


def test_sides_of_structures(graph: GraphStore) -> None:
    nodes = graph.facts(["RP:lingula", "RP:middle-lobe", "RP:left-lung", "RP:lung", "RP:heart"]).nodes
    sides = {key.removeprefix("RP:"): nodes[key].sidedness for key in nodes if key.startswith("RP:")}
    assert sides["lingula"] is Sidedness.LEFT
    assert sides["middle-lobe"] is Sidedness.RIGHT
    assert sides["left-lung"] is Sidedness.LEFT
    assert sides["lung"] is Sidedness.PAIRED
    assert sides["heart"] is Sidedness.MIDLINE


def test_facts_bring_edges_wholes_and_ancestors(graph: GraphStore) -> None:
    facts = graph.facts(["RP:pneumothorax", "RP:left-lower-lobe", "RP:consolidation", "no:such"])
    edges = {(edge.source_id, edge.kind, edge.target_id) for edge in facts.edges}
    assert ("RP:pneumothorax", EdgeKind.HAS_FINDING_SITE, "RP:pleural-space") in edges
    assert ("RP:left-lower-lobe", EdgeKind.LATERAL_TWIN, "RP:right-lower-lobe") in edges
    assert "RP:left-lung" in facts.wholes["RP:left-lower-lobe"]
    assert "RP:opacity" in facts.ancestors["RP:consolidation"]
    assert "no:such" not in facts.nodes
    assert all(edge.source and edge.source_version for edge in facts.edges)
    assert facts.nodes["RP:pleural-space"].name == "pleural space"


def test_no_facts_of_nothing(graph: GraphStore) -> None:
    assert graph.facts([]).nodes == {}


def test_path_explains_how_two_concepts_are_tied(graph: GraphStore) -> None:
    path = graph.path("RP:consolidation", "RP:pneumonia")
    assert path is not None
    assert [(edge.source_id, edge.kind, edge.target_id) for edge in path] == [
        ("RP:consolidation", EdgeKind.SUGGESTS, "RP:pneumonia")
    ]
    longer = graph.path("RP:opacity", "RP:heart-failure", 5)
    assert longer is not None
    assert len(longer) >= 2
    assert graph.path("RP:opacity", "no:such") is None
    assert graph.path("RP:opacity", "RP:opacity") == ()


def test_names_of_a_group(graph: GraphStore) -> None:
    devices = list(graph.names([Group.DEVICE]))
    assert ("endotracheal tube", "RP:endotracheal-tube", Group.DEVICE) in devices
    assert {group for _, _, group in devices} == {Group.DEVICE}
    assert devices == list(graph.names([Group.DEVICE]))


def test_pairs_never_observed_count_zero(graph: GraphStore) -> None:
    assert graph.observed([("RP:nodule", "RP:lung")]) == {("RP:nodule", "RP:lung"): 0}


def test_observed_pairs_add_up() -> None:
    store = open_bundled()
    store.add_observed([("RP:nodule", "RP:lung", 2)])
    store.add_observed([("RP:nodule", "RP:lung", 3)])
    assert store.observed([("RP:nodule", "RP:lung")]) == {("RP:nodule", "RP:lung"): 5}
    store.close()


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphStoreError, match="no graph file"):
        open_store(tmp_path / "absent.db")
    other = tmp_path / "other.db"
    other.write_text("not a database " * 100)
    with pytest.raises(GraphStoreError):
        open_store(other)


def test_another_schema_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.db"
    monkeypatch.setattr("kg_ingest.embedded_store.SCHEMA_VERSION", "0")
    node = Node("x", "x", Group.OTHER, "test", "1", names=("x",))
    create(str(path), [node])[0].close()
    monkeypatch.undo()
    with pytest.raises(GraphStoreError, match="schema version 0"):
        open_store(path)


def test_a_load_refuses_what_is_not_sound() -> None:
    node = Node("x", "x", Group.OTHER, "test", "1", names=("x",))
    nameless = Node("y", "y", Group.OTHER, "test", "1")
    edge = Edge("x", EdgeKind.IS_A, "z", "test", "1")
    store, summary = create(":memory:", [node, node, nameless, edge])
    assert (summary.nodes, summary.edges) == (1, 0)
    assert [position for position, _ in summary.rejects] == [2, 3, 4]
    store.close()

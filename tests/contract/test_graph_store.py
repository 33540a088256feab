"""What every GraphStore answers, in clinical facts. New stores join the fixture."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_ingest.embedded_store import open_store
from kg_ingest.neo4j_store import open_neo4j
from kg_ingest.neo4j_writer import push
from kg_ingest.pipeline import Plain, load
from kg_ingest.schema import SCHEMA_VERSION, Edge, EdgeKind, Group, Mention, Node, Sidedness
from kg_ingest.sources import core
from kg_ingest.store import GraphStore, GraphStoreError, Inference, Rule

CORPUS = [
    Edge("RP:nodule", EdgeKind.OBSERVED, "RP:lung", "test corpus", "1", 3),
    Edge("RP:chest-tube", EdgeKind.TREATS, "RP:pneumothorax", "test corpus", "1"),
    Edge("RP:pneumonia", EdgeKind.IS_A, "RP:opacity", "test corpus", "1"),
    Mention("r3", "RP:chest-tube", "OBS-DP", "test corpus", "1"),
    Mention("r4", "RP:opacity", "OBS-DP", "test corpus", "1"),
    Mention("r4", "RP:consolidation", "OBS-DP", "test corpus", "1"),
    Mention("r1", "RP:consolidation", "OBS-DP", "test corpus", "1"),
    Mention("r2", "RP:opacity", "OBS-DA", "test corpus", "1"),
    Mention("r2", "RP:pneumothorax", "OBS-DP", "test corpus", "1"),
]


@pytest.fixture(scope="module", params=["embedded memory", "embedded file", "neo4j"])
def graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    readers = [core.reader(), Plain(CORPUS, "corpus")]
    if request.param == "embedded memory":
        opened: GraphStore = load(readers, None)[0]
    else:
        path = tmp_path_factory.mktemp("graph") / "core.db"
        load(readers, path)[0].close()
        opened = open_store(path)
        if request.param == "neo4j":
            server = request.getfixturevalue("neo4j_server")
            push(opened, server)
            opened.close()
            opened = open_neo4j(server)
    yield opened
    opened.close()


def test_manifest_counts_the_bundled_graph(graph: GraphStore) -> None:
    manifest = graph.manifest()
    assert manifest.schema_version == SCHEMA_VERSION
    assert manifest.concepts >= 3_000
    assert manifest.names >= 15_000
    assert {source.name for source in manifest.sources} >= {"RadProof core", "RadLex", "HPO"}
    assert sum(source.nodes for source in manifest.sources) == manifest.concepts + manifest.joined


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
    assert [node.id for node in graph.concepts_by_name([name])[name]][:1] == [concept]


def test_names_are_looked_up_together(graph: GraphStore) -> None:
    found = graph.concepts_by_name(["no such thing", "", "RLL", "rll"])
    assert found["no such thing"] == found[""] == ()
    assert found["RLL"] == found["rll"] != ()


def test_words_find_concepts_whose_names_hold_them(graph: GraphStore) -> None:
    found = graph.search("lobe left low")
    assert found[0].id == "RP:left-lower-lobe"
    assert graph.search("lobe left low", limit=1) == found[:1]
    assert graph.search("") == graph.search("nosuchword") == ()
    assert graph.search('*:* ~ "(') == ()


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
    assert ("endotracheal tube", "RP:endotracheal-tube", Group.DEVICE, "RadProof core") in devices
    assert {row.group for row in devices} == {Group.DEVICE}
    assert devices == list(graph.names([Group.DEVICE]))


def test_observed_pairs_count(graph: GraphStore) -> None:
    assert graph.facts(["RP:nodule", "RP:lung"]).observed == {("RP:nodule", "RP:lung"): 3}
    assert graph.facts(["RP:nodule"]).observed == {}
    assert graph.facts(["RP:lung", "RP:heart"]).observed == {}


def test_a_concept_and_all_its_kinds(graph: GraphStore) -> None:
    kinds = graph.kinds_of("RP:opacity")
    assert {"RP:opacity", "RP:consolidation"} <= kinds
    assert "RP:pneumothorax" not in kinds
    assert graph.kinds_of("no:such") == frozenset()


def test_which_reports_mention_any_kind_of_it(graph: GraphStore) -> None:
    assert graph.reports_mentioning("RP:opacity") == (
        ("r1", "RP:consolidation", "OBS-DP"),
        ("r2", "RP:opacity", "OBS-DA"),
        ("r4", "RP:consolidation", "OBS-DP"),
        ("r4", "RP:opacity", "OBS-DP"),
    )
    assert graph.reports_mentioning("RP:rib-fracture") == ()


def test_possible_causes_of_any_kind_of_it(graph: GraphStore) -> None:
    causes = {(edge.source_id, edge.kind, edge.target_id) for edge in graph.possible_causes("RP:opacity")}
    assert ("RP:consolidation", EdgeKind.SUGGESTS, "RP:pneumonia") in causes
    assert graph.possible_causes("no:such") == ()


def test_rules_infer_what_a_report_does_not_say(graph: GraphStore) -> None:
    assert graph.inferred(Rule.TREATED) == (
        Inference(Rule.TREATED, "r3", "RP:pneumothorax", ("RP:chest-tube",)),
    )
    specific = Inference(Rule.SPECIFIC, "r4", "RP:pneumonia", ("RP:opacity", "RP:consolidation"))
    assert specific in graph.inferred(Rule.SPECIFIC)


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphStoreError, match="no graph file"):
        open_store(tmp_path / "absent.db")
    other = tmp_path / "other.db"
    other.write_text("not a database " * 100)
    with pytest.raises(GraphStoreError):
        open_store(other)


def test_another_schema_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.db"
    monkeypatch.setattr("kg_ingest.embedded_build.SCHEMA_VERSION", "0")
    node = Node("x", "x", Group.OTHER, "test", "1", names=("x",))
    load([Plain([node])], path)[0].close()
    monkeypatch.undo()
    with pytest.raises(GraphStoreError, match="schema version 0"):
        open_store(path)


@pytest.fixture(params=["embedded", "neo4j"])
def circles(request: pytest.FixtureRequest) -> Iterator[GraphStore]:
    """Circles of IS_A of many lengths, tied to each other: more ways than anyone could follow."""
    size = 600
    nodes = [Node(f"T:{n}", f"c {n}", Group.FINDING, "test", "1", (f"c {n}",)) for n in range(size)]
    steps = (*range(1, 40, 4), size - 1)
    above = [(n, (n + step) % size) for n in range(size) for step in steps]
    edges = [Edge(f"T:{n}", EdgeKind.IS_A, f"T:{parent}", "test", "1") for n, parent in above]
    said = [Edge("T:1", EdgeKind.SUGGESTS, "T:2", "test", "1")]
    mentions = [Mention("r1", f"T:{n}", "OBS-DP", "test", "1") for n in (1, 2, 5)]
    opened, summary = load([Plain([*nodes, *edges, *said, *mentions])], None)
    assert summary.cyclic_concepts == size
    if request.param == "embedded":
        yield opened
    else:
        server = request.getfixturevalue("neo4j_server")
        push(opened, server)
        store = open_neo4j(server)
        yield store
        store.close()
    opened.close()


def test_questions_end_on_circles(circles: GraphStore) -> None:
    others = frozenset(f"T:{n}" for n in range(600)) - {"T:3"}
    asked = [f"T:{n}" for n in range(0, 600, 40)]
    assert circles.facts(["T:3"]).ancestors == {"T:3": others}
    assert circles.facts(asked).wholes.keys() == set(asked)
    assert circles.kinds_of("T:3") == others | {"T:3"}
    assert len(circles.path("T:3", "T:299", 8) or ()) == 8
    assert len(circles.reports_mentioning("T:3")) == 3
    assert [edge.target_id for edge in circles.possible_causes("T:3")] == ["T:2"]
    assert circles.inferred(Rule.SPECIFIC) == (Inference(Rule.SPECIFIC, "r1", "T:2", ("T:5", "T:1")),)

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.embedder import Vectors
from models.graph_json import graph_from_json, graph_to_json
from models.reference_index import (
    SCHEMA_VERSION,
    ReferenceIndex,
    ReferenceIndexError,
    ReferenceRecord,
    essence,
    read_manifest,
)
from models.types import Entity, EntityKind, EntityLabel, Relation, RelationKind, ReportGraph, Span


class Letters:
    """Embeds a text as its letter counts: close texts share letters."""

    def __init__(self, model_id: str = "letters@1") -> None:
        self.model_id = model_id
        self.dimension = 26

    def embed(self, texts: list[str]) -> Vectors:  # type: ignore[override]
        rows = np.array([[text.lower().count(chr(97 + i)) + 0.01 for i in range(26)] for text in texts])
        rows = rows.reshape(len(texts), 26)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


GRAPH = ReportGraph(
    (
        Entity(Span(0, 4), "left", EntityLabel.PRESENT, EntityKind.SIDE, 0, value="left"),
        Entity(
            Span(5, 13),
            "effusion",
            EntityLabel.PRESENT,
            EntityKind.OBSERVATION,
            0,
            "RP:pleural-effusion",
            rules=("a",),
        ),
    ),
    (Relation(RelationKind.MODIFY, 0, 1),),
)
RECORDS = [
    ReferenceRecord("a", "left effusion", GRAPH),
    ReferenceRecord("b", "zzzz zzz", ReportGraph()),
    ReferenceRecord("c", "qqqq", ReportGraph()),
]


def build() -> ReferenceIndex:
    return ReferenceIndex.build(RECORDS, Letters(), "test")  # type: ignore[arg-type]


def test_hits_come_best_first_with_their_graph() -> None:
    hits = build().search("effusion left", 2)
    assert hits[0].record == RECORDS[0]
    assert hits[0].score == pytest.approx(1.0, abs=1e-4)
    assert hits[0].score >= hits[1].score


def test_more_neighbours_than_reports_gives_all() -> None:
    assert len(build().search("x", 50)) == 3


def test_add_and_delete() -> None:
    index = build()
    assert index.delete(["a", "absent"]) == 1
    assert index.search("effusion left", 1)[0].record.id != "a"
    assert index.add([RECORDS[0]]) == 1
    assert index.search("effusion left", 1)[0].record.id == "a"
    with pytest.raises(ReferenceIndexError) as caught:
        index.add([RECORDS[1]])
    assert caught.value.code == "duplicate"
    assert len(index) == 3


def test_saved_and_opened_it_answers_alike(tmp_path: Path) -> None:
    manifest = build().save(tmp_path / "index")
    opened = ReferenceIndex.open(tmp_path / "index", Letters())  # type: ignore[arg-type]
    assert read_manifest(tmp_path / "index") == manifest
    assert opened.search("effusion left", 3) == build().search("effusion left", 3)
    assert list(opened.records()) == RECORDS


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "index"

    def code(model: str = "letters@1") -> str:
        with pytest.raises(ReferenceIndexError) as caught:
            ReferenceIndex.open(folder, Letters(model))  # type: ignore[arg-type]
        return caught.value.code

    assert code() == "missing"
    build().save(folder)
    assert code("other@2") == "model_mismatch"
    manifest = folder / "manifest.json"
    sound = manifest.read_text("utf-8")
    manifest.write_text(
        sound.replace(f'"schema_version": "{SCHEMA_VERSION}"', '"schema_version": "0"'), "utf-8"
    )
    assert code() == "schema_mismatch"
    manifest.write_text("{", "utf-8")
    assert code() == "corrupt"
    manifest.write_text(sound, "utf-8")
    with (folder / "vectors.faiss").open("ab") as file:
        file.write(b"x")
    assert code() == "corrupt"


@st.composite
def graphs(draw: st.DrawFn) -> ReportGraph:
    spans = draw(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=6))
    entities = tuple(
        Entity(
            Span(start, start + size),
            draw(st.text(max_size=5)),
            draw(st.sampled_from(EntityLabel)),
            draw(st.sampled_from(EntityKind)),
            draw(st.integers(0, 3)),
            draw(st.none() | st.text(max_size=4)),
            draw(st.none() | st.text(max_size=4)),
            draw(st.booleans()),
            draw(st.booleans()),
            draw(st.booleans()),
            tuple(draw(st.lists(st.text(max_size=3), max_size=2))),
        )
        for start, size in spans
    )
    if not entities:
        return ReportGraph()
    ends = st.integers(0, len(entities) - 1)
    edges = draw(st.lists(st.builds(Relation, st.sampled_from(RelationKind), ends, ends), max_size=5))
    return ReportGraph(entities, tuple(edges))


@given(graphs())
def test_a_graph_survives_json(graph: ReportGraph) -> None:
    assert graph_from_json(graph_to_json(graph)) == graph


def test_history_and_technique_make_no_neighbours() -> None:
    text = "INDICATION: Fever.\nTECHNIQUE: PA.\nFINDINGS: Clear lungs.\nIMPRESSION: Normal."
    assert essence(text) == "Clear lungs.\nNormal."
    assert essence("Clear lungs.") == "Clear lungs."

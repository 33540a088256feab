"""Corpora as sources: RadGraph files and a site's own reports become counts without words."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Mention, Reject, Skip
from kg_ingest.sources.catalogue import Choices, reader
from kg_ingest.sources.corpora import RadGraph, Reports
from models.lexical import LexicalExtractor


def entity(tokens: str, label: str, *sites: str) -> dict[str, object]:
    return {"tokens": tokens, "label": label, "relations": [["located_at", site] for site in sites]}


ENTITIES = {
    "1": entity("consolidation", "Observation::definitely present", "2"),
    "2": entity("lung", "ANAT-DP"),
    "3": entity("Mr Smith", "OBS-DA", "2"),
    "4": entity("worse", "CHAN-CON"),
}


def link(words: str) -> str | None:
    return {"consolidation": "RP:consolidation", "lung": "RP:lung"}.get(words)


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ({"r1": {"text": "t", "entities": ENTITIES}}, 1),
        ({"r1": {"labeler_1": {"entities": ENTITIES}, "labeler_2": {"entities": ENTITIES}}}, 2),
        ([{"entities": ENTITIES}, {"entities": ENTITIES}], 2),
    ],
)
def test_radgraph_becomes_counts_without_words(tmp_path: Path, document: object, count: int) -> None:
    path = tmp_path / "radgraph.json"
    path.write_text(json.dumps(document))
    items = list(RadGraph(path, "1", link, mentions=True).read())
    observed = Edge("RP:consolidation", EdgeKind.OBSERVED, "RP:lung", "RadGraph", "1", count)
    assert [item for item in items if isinstance(item, Edge)] == [observed]
    assert Skip("entity that no concept names", count) in items
    assert Skip("entity of change (RadGraph2)", count) in items
    assert {item.concept_id for item in items if isinstance(item, Mention)} == {"RP:consolidation", "RP:lung"}
    assert "Smith" not in repr(items)


def test_radgraph_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "radgraph.json"
    path.write_text(json.dumps({"r1": {"entities": {"1": {"label": "??"}}}}))
    assert [type(item) for item in RadGraph(path, "1", link).read()] == [Reject]
    path.write_text("{")
    with pytest.raises(SourceError, match="not JSON"):
        list(RadGraph(path, "1", link).read())


def test_genuine_radgraph_output_loads(shared: Callable[[str], Path]) -> None:
    path = shared("radgraph_format/radgraph_xl_test_annotations.json")
    items = list(reader("radgraph", path, "1", "", Choices(mentions=True)).read())
    assert not [item for item in items if isinstance(item, Reject)]
    mentioned = {item.concept_id for item in items if isinstance(item, Mention)}
    assert {"RP:endotracheal-tube", "RP:consolidation"} <= mentioned


def test_own_reports_become_counts_and_mentions(tmp_path: Path, extractor: LexicalExtractor) -> None:
    path = tmp_path / "reports.csv"
    path.write_text(
        "report_id,findings,impression\nr1,Consolidation in the left lower lobe. Seen by Dr. Jones.,Pneumonia.\n"
        "r2,No consolidation in the left lower lobe.,\nr3,,\n"
    )
    items = list(Reports(path, "1", extractor).read())
    assert Edge("RP:consolidation", EdgeKind.OBSERVED, "RP:left-lower-lobe", "own reports", "1", 1) in items
    assert Mention("r2", "RP:consolidation", "OBS-DA", "own reports", "1") in items
    assert [item.line for item in items if isinstance(item, Reject)] == [4]
    assert "Jones" not in repr(items)

"""What every GraphExtractor does; RadGraph weights join where torch is installed."""

from pathlib import Path

import pytest
from tiny_radgraph import tiny_radgraph

from models.extractor import GraphExtractor
from models.lexical import LexicalExtractor
from models.sections import parse
from models.types import EntityKind, EntityLabel

TEXTS = [
    "",
    "FINDINGS: Small left pleural effusion. No pneumothorax.\r\nIMPRESSION: Left effusion.",
    "No focal consolidation, 1.2 cm nodule [**x**] XXXX \u2028 İ é.",
    "effusion " * 500,
]


@pytest.fixture(scope="module", params=["lexical", "radgraph"])
def any_extractor(
    request: pytest.FixtureRequest, extractor: LexicalExtractor, tmp_path_factory: pytest.TempPathFactory
) -> GraphExtractor:
    if request.param == "lexical":
        return extractor
    pytest.importorskip("torch", reason="torch (extra 'gpu') is not installed")
    from models.radgraph import RadGraphExtractor

    folder: Path = tmp_path_factory.mktemp("radgraph")
    tiny_radgraph(folder)
    return RadGraphExtractor(folder)


@pytest.mark.parametrize("text", TEXTS)
def test_entities_are_exact_and_relations_valid(any_extractor: GraphExtractor, text: str) -> None:
    graph = any_extractor.extract(parse(text))
    starts = [entity.span.start for entity in graph.entities]
    assert starts == sorted(starts)
    for entity in graph.entities:
        assert entity.span.of(text) == entity.quote
        assert isinstance(entity.label, EntityLabel)
        assert isinstance(entity.kind, EntityKind)
    for relation in graph.relations:
        assert 0 <= relation.source < len(graph.entities)
        assert 0 <= relation.target < len(graph.entities)


def test_the_same_text_gives_the_same_graph(any_extractor: GraphExtractor) -> None:
    assert any_extractor.extract(parse(TEXTS[1])) == any_extractor.extract(parse(TEXTS[1]))

"""What every Embedder does; sentence-transformers joins where it is installed."""

from importlib.util import find_spec

import numpy as np
import pytest

from models.embedder import Embedder, EmbedderError
from models.onnx_embedder import OnnxEmbedder, bundled_model
from models.sentence_transformer import SentenceTransformerEmbedder


@pytest.fixture(scope="module", params=["onnx", "sentence_transformers"])
def embedder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    if request.param == "onnx":
        return OnnxEmbedder(bundled_model())
    if find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers (extra 'gpu') is not installed")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    BertModel(
        BertConfig(
            vocab_size=30_522,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
        )
    ).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab=str(bundled_model() / "vocab.txt")).save_pretrained(folder / "bert")
    word = modules.Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[word, modules.Pooling(32)]).save(str(folder / "model"))
    return SentenceTransformerEmbedder(folder / "model", device="cpu")


TEXTS = ["Small left pleural effusion.", "", "No acute disease. " * 200, "\u2028é"]


def test_one_unit_vector_a_text_in_order(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert float((vectors * alone).sum(axis=1).min()) > 0.98


def test_no_text_gives_no_row(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_the_id_names_the_weights(embedder: Embedder) -> None:
    assert "@" in embedder.model_id


def test_likeness_of_meaning() -> None:
    onnx = OnnxEmbedder(bundled_model())
    near, far, query = onnx.embed(
        ["fluid in the left pleural space", "dual lead pacemaker", "left pleural effusion"]
    )
    assert float(query @ near) > float(query @ far)


def test_a_missing_model_is_named(tmp_path: pytest.TempPathFactory) -> None:
    with pytest.raises(EmbedderError, match="cannot be opened"):
        OnnxEmbedder(tmp_path)  # type: ignore[arg-type]

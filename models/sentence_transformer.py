"""Embedder over sentence-transformers, for GPU-class encoders (extra ``gpu``)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.embedder import EmbedderError, Vectors


class SentenceTransformerEmbedder:
    """Embedder over a local sentence-transformers folder; never reaches for the network."""

    def __init__(self, folder: Path, device: str | None = None) -> None:
        """Load the model; ``device`` is a torch device name, None for the best there is.

        Raises:
            EmbedderError: when the library or the folder is missing.
        """
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EmbedderError("install the extra 'gpu' to use sentence-transformers") from error
        try:
            self._model = SentenceTransformer(str(folder), device=device, local_files_only=True)
            digest = hashlib.sha256()
            for part in sorted(folder.glob("*.safetensors")):
                digest.update(part.read_bytes())
        except (OSError, ValueError) as error:
            raise EmbedderError(f"the embedding model cannot be opened: {type(error).__name__}") from error
        self._model_id = f"{folder.name}@{digest.hexdigest()[:12]}"
        self._dimension = int(self._model.get_embedding_dimension())

    @property
    def model_id(self) -> str:
        """See Embedder."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """See Embedder."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder."""
        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

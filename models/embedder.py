"""What every text embedder does."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class EmbedderError(Exception):
    """The embedding model is absent, unreadable or failed."""


class Embedder(Protocol):
    """Turns texts into unit vectors. Thread-safe.

    Embeddings find neighbours; they cannot tell left from right or present from absent, so graphs
    decide what a neighbour means.
    """

    @property
    def model_id(self) -> str:
        """Name and content hash of the model: two indexes with one id are comparable."""

    @property
    def dimension(self) -> int:
        """Length of each vector."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One L2-normalised float32 row a text, in order; shape (len(texts), dimension).

        Raises:
            EmbedderError: when the model cannot run.
        """

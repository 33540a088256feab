"""One checksum of a graph's content that does not depend on the order in which it is read.

A store that returns rows in any order, and a load that was cut off and taken up again, must give the
same figure: every row is hashed to 64 bits and the hashes are added modulo 2**64. It finds accidents,
not forgers.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg_ingest.schema import EdgeKind

_Words = NDArray[np.uint64]
_ODD = np.uint64(0x9E3779B97F4A7C15)
KINDS = tuple(EdgeKind)
_KIND_NUMBER = {kind.value: number for number, kind in enumerate(KINDS)}


def text_hash(text: str) -> int:
    """64 bits of BLAKE2b (RFC 7693) of UTF-8 text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


@dataclass(slots=True)
class Checksum:
    """Adds up the nodes, edges and mentions of one graph."""

    total: np.uint64 = field(default_factory=lambda: np.uint64(0))

    def add_texts(self, texts: Iterable[str]) -> None:
        """Nodes as JSON, mentions as joined fields: anything that is one text."""
        self._add(np.fromiter((text_hash(text) for text in texts), np.uint64))

    def add_edges(self, ends: tuple[_Words, _Words], kinds: _Words, origins: _Words, counts: _Words) -> None:
        """Edges as columns: hashes of both ends' ids, kind numbers, hashes of origins, counts."""
        rows = ends[0]
        for column in (kinds, ends[1], origins, counts):
            rows = _mixed(rows) + column
        self._add(_mixed(rows))

    def hexdigest(self) -> str:
        """16 hexadecimal digits."""
        return f"{int(self.total):016x}"

    def _add(self, hashes: _Words) -> None:
        with np.errstate(over="ignore"):
            self.total = np.uint64(self.total + hashes.sum(dtype=np.uint64))


def kind_number(kind: str) -> int:
    """The number by which stores and checksums name an EdgeKind."""
    return _KIND_NUMBER[kind]


def columns(rows: list[tuple[Any, ...]], width: int) -> list[_Words]:
    """Rows of integers (negative ones wrap) as ``width`` columns of unsigned 64-bit words."""
    table = np.array(rows, dtype=np.int64).reshape(-1, width)
    return [table[:, number].astype(np.uint64) for number in range(width)]


def _mixed(words: _Words) -> _Words:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    words = words + _ODD
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))

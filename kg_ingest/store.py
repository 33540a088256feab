"""The questions that the service asks of a knowledge graph, whatever engine answers."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from kg_ingest.schema import Edge, Facts, Group, Manifest, Node


class GraphStoreError(Exception):
    """The store could not answer: unreachable, corrupt, or of another schema version."""


class GraphStore(Protocol):
    """Read side of a knowledge graph. Implementations are safe to share between threads.

    Every method raises GraphStoreError when the store cannot answer.
    """

    def manifest(self) -> Manifest:
        """Schema version, sources and counts."""

    def names(self, groups: Collection[Group]) -> Iterator[tuple[str, str, Group]]:
        """(name as written, concept id, group) of every name of these groups, in a stable order."""

    def concepts_by_name(self, name: str) -> tuple[Node, ...]:
        """Concepts with this name, case- and space-folded; best source first."""

    def facts(self, ids: Iterable[str]) -> Facts:
        """Everything known about these concepts in one query; unknown ids are left out."""

    def path(self, source_id: str, target_id: str, max_hops: int = 4) -> tuple[Edge, ...] | None:
        """A shortest path over T-box edges in either direction, or None when there is none."""

    def observed(self, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Counts of OBSERVED (finding id, site id) pairs; absent pairs count 0."""

    def add_observed(self, triples: Iterable[tuple[str, str, int]]) -> None:
        """Count more (finding id, site id) pairs, for as long as the store is open."""

    def close(self) -> None:
        """Release what is held."""

"""Any source into any writer: strict about what it takes, loud about what it refuses."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from kg_ingest.schema import Edge, Node


class Writer(Protocol):
    """Takes nodes and edges; each node before the edges that touch it."""

    def write_node(self, node: Node) -> None:
        """Store one concept."""

    def write_edge(self, edge: Edge) -> None:
        """Store one relation."""


class LoadError(Exception):
    """The load as a whole failed: too few, or too many, nodes or edges."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many nodes and edges a sound load has, both ends included."""

    nodes: tuple[int, int] = (1, 100_000_000)
    edges: tuple[int, int] = (0, 1_000_000_000)


@dataclass(slots=True)
class Summary:
    """What was loaded, and what was refused: (position in the source, reason)."""

    nodes: int = 0
    names: int = 0
    edges: int = 0
    rejects: list[tuple[int, str]] = field(default_factory=list)


def load(items: Iterable[Node | Edge], writer: Writer, bounds: Bounds | None = None) -> Summary:
    """Write every sound item; refuse the rest with a reason.

    Raises:
        LoadError: when the counts fall outside ``bounds``, so that a cut-off source never passes.
    """
    summary = Summary()
    seen: set[str] = set()
    for position, item in enumerate(items, start=1):
        reason = _refusal(item, seen)
        if reason is not None:
            summary.rejects.append((position, reason))
        elif isinstance(item, Node):
            seen.add(item.id)
            writer.write_node(item)
            summary.nodes += 1
            summary.names += len(item.names)
        else:
            writer.write_edge(item)
            summary.edges += 1
    limits = bounds or Bounds()
    for what, count, (low, high) in (
        ("nodes", summary.nodes, limits.nodes),
        ("edges", summary.edges, limits.edges),
    ):
        if not low <= count <= high:
            raise LoadError(f"{count} {what} loaded, expected {low} to {high}")
    return summary


def _refusal(item: Node | Edge, seen: set[str]) -> str | None:
    if isinstance(item, Node):
        if item.id in seen:
            return f"duplicate node {item.id}"
        return None if item.names else f"node {item.id} has no name"
    for end in (item.source_id, item.target_id):
        if end not in seen:
            return f"edge to unknown node {end}"
    return f"edge from {item.source_id} to itself" if item.source_id == item.target_id else None

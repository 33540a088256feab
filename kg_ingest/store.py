"""The questions that the service asks of a knowledge graph, whatever engine answers."""

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from kg_ingest.schema import Edge, Facts, Group, Manifest, Node

PRESENT = "OBS-DP"  # RadGraph's label of what a report says is there


class GraphStoreError(Exception):
    """The store could not answer: unreachable, corrupt, or of another schema version."""


class NameRow(NamedTuple):
    """One name of a concept as written, and the source that has it first."""

    text: str
    concept: str
    group: Group
    source: str


class Rule(StrEnum):
    """What may be inferred of a report beyond what it says, from the concepts that it says are there."""

    TREATED = "treated"  # X is there, and X treats C: then C is probably there
    SPECIFIC = "specific"  # F and G are there, G suggests S, and S is a kind of F: then F is probably S


class Inference(NamedTuple):
    """By which rule a report probably has a concept, and the concepts it says that speak for it."""

    rule: Rule
    report_id: str
    concept_id: str
    because: tuple[str, ...]


class GraphStore(Protocol):
    """Read side of a knowledge graph. Implementations are safe to share between threads.

    Every method raises GraphStoreError when the store cannot answer.
    """

    def manifest(self) -> Manifest:
        """Schema version, sources and counts."""

    def names(self, groups: Collection[Group]) -> Iterator[NameRow]:
        """Every name of the concepts of these groups; concepts in the order of their sources."""

    def concepts_by_name(self, names: Collection[str]) -> dict[str, tuple[Node, ...]]:
        """Asked name -> concepts with it, case- and space-folded, best source first; one query."""

    def search(self, words: str, limit: int = 10) -> tuple[Node, ...]:
        """Concepts with a name that holds all of these words or their beginnings, closest first."""

    def facts(self, ids: Iterable[str]) -> Facts:
        """Everything known about these concepts in one query; unknown ids are left out."""

    def path(self, source_id: str, target_id: str, max_hops: int = 4) -> tuple[Edge, ...] | None:
        """A shortest path over T-box edges in either direction, or None when there is none."""

    def kinds_of(self, concept_id: str) -> frozenset[str]:
        """The concept and every concept below it by IS_A, any depth; empty for an unknown id."""

    def reports_mentioning(self, concept_id: str) -> tuple[tuple[str, str, str], ...]:
        """(report id, concept id, label) of every mention of any kind of the concept, in that order."""

    def possible_causes(self, concept_id: str) -> tuple[Edge, ...]:
        """Edges that name a cause of any kind of the concept: X CAUSES it, or it SUGGESTS X."""

    def inferred(self, rule: Rule) -> tuple[Inference, ...]:
        """What a rule infers over all mentions, in the order of reports."""

    def close(self) -> None:
        """Release what is held."""

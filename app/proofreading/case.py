"""Everything a detector may look at, frozen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar

from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Context, ErrorType, ReferenceHit
from kg_ingest.schema import Facts
from models.types import Entity, Report, ReportGraph


@dataclass(frozen=True)
class Case:
    """One report with all that is known about it.

    What several detectors ask of every sentence or finding is worked out once.

    ``observed`` counts how often (finding concept, site concept) was said in reference reports.
    """

    report: Report
    graph: ReportGraph
    findings: tuple[Finding, ...]
    facts: Facts
    observed: dict[tuple[str, str], int]
    references: tuple[ReferenceHit, ...]
    context: Context

    @cached_property
    def by_sentence(self) -> Mapping[int, tuple[Entity, ...]]:
        """The entities of each sentence, in text order."""
        return _grouped(self.graph.entities)

    @cached_property
    def told_in(self) -> Mapping[int, tuple[Finding, ...]]:
        """The findings of each sentence, in text order."""
        return _grouped(self.findings)

    @cached_property
    def memo(self) -> dict[object, Any]:
        """Answers that ``comparing`` keeps for the next detector; a function of the case only."""
        return {}


class _Told(Protocol):
    @property
    def sentence(self) -> int: ...


_T = TypeVar("_T", bound=_Told)


def _grouped(items: Iterable[_T]) -> Mapping[int, tuple[_T, ...]]:
    groups: dict[int, list[_T]] = {}
    for item in items:
        groups.setdefault(item.sentence, []).append(item)
    return {sentence: tuple(group) for sentence, group in groups.items()}


class Detector(Protocol):
    """Finds one family of errors. Pure: the same case gives the same candidates."""

    types: frozenset[ErrorType]

    def detect(self, case: Case) -> Iterable[Candidate]:
        """Candidates in text order, each with its evidence."""

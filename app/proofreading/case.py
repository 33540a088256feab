"""Everything a detector may look at, frozen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Context, ErrorType, ReferenceHit
from kg_ingest.schema import Facts
from models.types import Report, ReportGraph


@dataclass(frozen=True, slots=True)
class Case:
    """One report with all that is known about it.

    ``observed`` counts how often (finding concept, site concept) was said in reference reports.
    """

    report: Report
    graph: ReportGraph
    findings: tuple[Finding, ...]
    facts: Facts
    observed: dict[tuple[str, str], int]
    references: tuple[ReferenceHit, ...]
    context: Context


class Detector(Protocol):
    """Finds one family of errors. Pure: the same case gives the same candidates."""

    types: frozenset[ErrorType]

    def detect(self, case: Case) -> Iterable[Candidate]:
        """Candidates in text order, each with its evidence."""

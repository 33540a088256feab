"""The one function that compares two reports: a pair in, discrepancies, matches and GREEN out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from app.proofreading.case import Case
from app.proofreading.check import LATE, OutOfTimeError, case_of, grounded_of, unreadable
from app.proofreading.comparison.differences import of_changes, of_findings, of_pair, of_places
from app.proofreading.comparison.explain import explained
from app.proofreading.comparison.matching import matched
from app.proofreading.comparison.statement import Kind, Statement
from app.proofreading.comparison.statements import statements
from app.proofreading.comparison.types import (
    ComparedReports,
    ComparisonCoverage,
    Discrepancy,
    Explanation,
    Match,
    Passages,
    Point,
    ReportPair,
)
from app.proofreading.detectors.normal_statement import ruled_out
from app.proofreading.report import SubmittedReport
from app.proofreading.visible import placed_graph, visible
from kg_ingest.schema import Facts
from kg_ingest.store import GraphStoreError
from models.sections import parse
from models.types import ReportGraph, Span

if TYPE_CHECKING:
    from app.services import Services


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in two texts as they are seen."""

    discrepancies: tuple[Discrepancy, ...] = ()
    matches: tuple[Match, ...] = ()
    graphs: tuple[ReportGraph, ReportGraph] = (ReportGraph(), ReportGraph())
    explanation: Explanation | None = None


def compare_reports(pair: ReportPair, services: "Services") -> ComparedReports:
    """Hold a candidate against its reference by GREEN's six categories (arXiv 2405.03595).

    A report that cannot be read, or a pair that takes longer than ``services.seconds``, is answered as not
    compared: without a score. The language model explains; it changes neither counts nor score.
    """
    sides = _Side(pair.candidate), _Side(pair.reference)
    until = monotonic() + services.seconds
    found, coverage = _Found(), ComparisonCoverage(sides[0].coverage, sides[1].coverage)
    if coverage.compared:
        try:
            found, coverage = _compared(sides, services, until)
        except OutOfTimeError:
            coverage = ComparisonCoverage(LATE, LATE, LATE, "not_needed")
    else:
        coverage = replace(coverage, knowledge="not_needed", llm="not_needed")
    return ComparedReports(
        pair=pair,
        discrepancies=tuple(_placed(item, sides) for item in found.discrepancies),
        matches=tuple(_placed(item, sides) for item in found.matches),
        coverage=coverage,
        graphs=(sides[0].graph(found.graphs[0]), sides[1].graph(found.graphs[1])),
        explanation=found.explanation
        and replace(found.explanation, points=tuple(_placed(p, sides) for p in found.explanation.points)),
        versions=dict(services.versions),
    )


class _Side:
    """One of the two reports, read as it is seen."""

    def __init__(self, submitted: SubmittedReport) -> None:
        self._submitted = submitted
        self._seen = visible(submitted.text)
        self.report = parse(self._seen.text if self._seen is not None else submitted.text)
        self.coverage = unreadable(self.report) or "done"

    def case(self, services: "Services") -> tuple[Case, str]:
        """All that is known of it, and the coverage of the knowledge."""
        grounded, knowledge = grounded_of(services.extractor.extract(self.report), services)
        return case_of(self.report, grounded, (), self._submitted), knowledge

    def placed(self, span: Span | None) -> Span | None:
        """A span of the seen text in the text as submitted."""
        return span if span is None or self._seen is None else self._seen.placed(span)

    def graph(self, graph: ReportGraph) -> ReportGraph:
        """A graph of the seen text as one of the text as submitted."""
        return graph if self._seen is None else placed_graph(graph, self._submitted.text, self._seen)


_Sides = tuple[_Side, _Side]
_Item = TypeVar("_Item", Discrepancy, Match, Point)


def _placed(item: _Item, sides: _Sides) -> _Item:
    passages = Passages(sides[0].placed(item.passages.candidate), sides[1].placed(item.passages.reference))
    return replace(item, passages=passages)


def _compared(sides: _Sides, services: "Services", until: float) -> tuple[_Found, ComparisonCoverage]:
    def pulse() -> None:
        if monotonic() > until:
            raise OutOfTimeError

    (ours, known), (theirs, known_too) = sides[0].case(services), sides[1].case(services)
    pulse()
    facts, known_together = _facts((ours, theirs), services)
    knowledge = max(known, known_too, known_together)  # "failed: …" comes after "done"
    told = statements(ours, pulse), statements(theirs, pulse)
    discrepancies, matches = _judged(told, facts, pulse)
    explanation, llm = explained((sides[0].report, sides[1].report), services.reviewer)
    found = _Found(discrepancies, matches, (ours.graph, theirs.graph), explanation)
    return found, ComparisonCoverage(knowledge=knowledge, llm=llm)


def _judged(
    told: tuple[list[Statement], list[Statement]], facts: Facts, pulse: Callable[[], None]
) -> tuple[tuple[Discrepancy, ...], tuple[Match, ...]]:
    """Discrepancies and matches. A finding misplaced or misjudged by much is no match."""
    matching = matched(*told, facts, pulse)
    found: list[Discrepancy] = []
    for item in of_findings(matching, told, facts):
        pulse()
        found.append(item)
    found += (of_places(one, other, facts) for one, other in matching.misplaced)
    agreed = []
    for one, other in matching.pairs:
        pulse()
        wrong = list(of_pair(one, other, facts)) if one.kind is Kind.FOUND else []
        found += wrong
        if not any(item.significant for item in wrong):
            agreed.append(Match(one.name, Passages(one.span, other.span)))
    for item in of_changes(matching, told, facts):
        pulse()
        found.append(item)
    return tuple(sorted(found, key=_order)), tuple(sorted(agreed, key=_order))


def _order(item: Discrepancy | Match) -> tuple[bool, Span, Span]:
    """In the order of the candidate; what only the reference says comes last."""
    first, second = item.passages.candidate, item.passages.reference
    return first is None, first or Span(0, 0), second or Span(0, 0)


def _facts(cases: tuple[Case, Case], services: "Services") -> tuple[Facts, str]:
    """What is known of the concepts of both reports, and of what normal structures rule out; its coverage."""
    told = [entity.concept for case in cases for entity in case.graph.entities]
    told += [finding.concept for case in cases for finding in case.findings]
    named = {concept for concept in told if concept is not None}
    named |= {finding for findings in ruled_out().values() for finding in findings}
    try:
        return services.knowledge.facts(sorted(named)), "done"
    except GraphStoreError:
        return Facts(), "failed: graph_unavailable"

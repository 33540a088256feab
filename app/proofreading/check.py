"""The one function that recombines every stage: a submitted report in, a checked report out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from app.knowledge import Grounded, ground
from app.proofreading.case import Case
from app.proofreading.correct import apply_edits, propose
from app.proofreading.findings import fold
from app.proofreading.language import is_english
from app.proofreading.merge import resolve
from app.proofreading.report import (
    Candidate,
    CheckedReport,
    Coverage,
    ReferenceHit,
    ReportError,
    SubmittedReport,
    Tier,
)
from app.proofreading.review.reviewer import Reviewed
from app.proofreading.support import with_references
from kg_ingest.schema import Facts
from kg_ingest.store import GraphStoreError
from models.embedder import EmbedderError
from models.reference_index import ReferenceIndexError
from models.sections import parse
from models.types import Report, ReportGraph

if TYPE_CHECKING:
    from app.services import Services

_TRIES = 12  # fixes tried one by one in a report
_TRIED_TEXT = 8_000  # code points of the longest report that they are tried in: far above any real one
_FOREIGN = "failed: unsupported_language"


def check_report(submitted: SubmittedReport, services: "Services") -> CheckedReport:
    """Find, explain and propose fixes for the errors of one report.

    A stage that is not configured or fails is named in the answer's coverage; the rest still
    answers. Corrections that would bring a new error are withdrawn.
    """
    if not is_english(submitted.text):
        return _not_checked(submitted, services)
    report = parse(submitted.text)
    graph = services.extractor.extract(report)
    grounded, knowledge = _grounded(graph, services)
    references, retrieval = _references(submitted.text, services)
    case = _case(report, grounded, references, submitted)
    found = resolve(_candidates(case, services), report, services.profile)
    reviewed = _reviewed(found, case, services)
    before = _kinds(found) | _kinds(reviewed.errors)  # the larger count of each: only detectors check again
    errors, corrected = _corrected(reviewed.errors, before, case, submitted, services)
    return CheckedReport(
        report=submitted,
        errors=with_references(errors, case),
        coverage=Coverage(knowledge=knowledge, references=retrieval, llm=reviewed.coverage),
        corrected_text=corrected,
        graph=grounded.graph,
        references=references,
        versions=dict(services.versions),
        review=reviewed.review,
    )


def _not_checked(submitted: SubmittedReport, services: "Services") -> CheckedReport:
    """The answer to a report that the rules cannot read: nothing found, and nothing looked at."""
    coverage = Coverage(rules=_FOREIGN, knowledge=_FOREIGN, references=_FOREIGN)
    versions = dict(services.versions)
    return CheckedReport(submitted, (), coverage, submitted.text, ReportGraph(), versions=versions)


def _case(
    report: Report, grounded: Grounded, references: tuple[ReferenceHit, ...], submitted: SubmittedReport
) -> Case:
    return Case(
        report=report,
        graph=grounded.graph,
        findings=fold(report, grounded.graph, grounded.facts),
        facts=grounded.facts,
        observed=grounded.observed,
        references=references,
        context=submitted.context,
    )


def _candidates(case: Case, services: "Services") -> list[Candidate]:
    return [candidate for detector in services.detectors for candidate in detector.detect(case)]


def _reviewed(found: tuple[ReportError, ...], case: Case, services: "Services") -> Reviewed:
    if services.reviewer is None:
        return Reviewed(found)
    return services.reviewer.reviewed(case, found, services.profile)


def _grounded(graph: ReportGraph, services: "Services") -> tuple[Grounded, str]:
    try:
        return ground(graph, services.knowledge, services.counted), "done"
    except GraphStoreError:
        return Grounded(graph, Facts(), {}), "failed: graph_unavailable"


def _references(text: str, services: "Services") -> tuple[tuple[ReferenceHit, ...], str]:
    if services.references is None:
        return (), "not_configured"
    try:
        return services.references.search(text, services.references_k), "done"
    except EmbedderError:
        return (), "failed: embedder_unavailable"
    except ReferenceIndexError:
        return (), "failed: index_unavailable"


def _corrected(
    errors: tuple[ReportError, ...],
    before: Counter[str],
    case: Case,
    submitted: SubmittedReport,
    services: "Services",
) -> tuple[tuple[ReportError, ...], str]:
    """Keep the fixes that hold, apply those that leave no choice, and check the result again.

    The later half of the fixes is dropped until no new error appears; an error whose fix is dropped
    stays, without its correction.
    """

    def kinds_of(text: str) -> Counter[str]:
        return _kinds(_errors_of(text, case, submitted, services))

    errors = _with_sound_fixes(errors, before, submitted.text, kinds_of)
    edits = propose(errors)
    while edits:
        text = apply_edits(submitted.text, edits)
        if not _gained(kinds_of(text), before):
            return errors, text
        edits = edits[: len(edits) // 2]
        kept = set(edits)
        errors = tuple(
            error
            if error.candidate.alternatives or error.candidate.correction in (None, *kept)
            else replace(error, candidate=replace(error.candidate, correction=None))
            for error in errors
        )
    return errors, submitted.text


def _with_sound_fixes(
    errors: tuple[ReportError, ...],
    before: Counter[str],
    text: str,
    kinds_of: Callable[[str], Counter[str]],
) -> tuple[ReportError, ...]:
    """Of fixes to choose from, those that remove their error and bring no other.

    Where one is left, the rest of the report has decided: the other reading contradicts it. In a very
    long report they are offered untried.
    """
    result = []
    tries = _TRIES if len(text) <= _TRIED_TEXT else 0
    for error in errors:
        fixes = error.candidate.fixes
        if error.tier is not Tier.LOW and error.candidate.alternatives and tries >= len(fixes):
            tries -= len(fixes)
            kind = error.candidate.type.value
            after = [(fix, kinds_of(apply_edits(text, (fix,)))) for fix in fixes]
            sound = [
                fix
                for fix, kinds in after
                if kinds.get(kind, 0) < before[kind] and not _gained(kinds, before)
            ]
            candidate = replace(
                error.candidate, correction=sound[0] if sound else None, alternatives=tuple(sound[1:])
            )
            error = replace(error, candidate=candidate)
        result.append(error)
    return tuple(result)


def _gained(after: Counter[str], before: Counter[str]) -> bool:
    return any(count > before.get(kind, 0) for kind, count in after.items())


def _errors_of(
    text: str, case: Case, submitted: SubmittedReport, services: "Services"
) -> tuple[ReportError, ...]:
    """The errors of an edited text, against the same references and context."""
    report = parse(text)
    grounded, _ = _grounded(services.extractor.extract(report), services)
    edited = _case(report, grounded, case.references, replace(submitted, text=text))
    return resolve(_candidates(edited, services), report, services.profile)


def _kinds(errors: tuple[ReportError, ...]) -> Counter[str]:
    return Counter(error.candidate.type.value for error in errors if error.tier is not Tier.LOW)

"""The one function that recombines every stage: a submitted report in, a checked report out."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from app.knowledge import Grounded, ground
from app.proofreading.cancellation import Cancellation
from app.proofreading.case import Case
from app.proofreading.correct import apply_edits, propose
from app.proofreading.effects import by_effect
from app.proofreading.findings import fold
from app.proofreading.framing import framed
from app.proofreading.language import is_english
from app.proofreading.merge import resolve, section_of
from app.proofreading.report import (
    Candidate,
    CheckedReport,
    Correction,
    Coverage,
    ReferenceHit,
    ReportError,
    SubmittedReport,
    Tier,
)
from app.proofreading.review.types import Reviewed
from app.proofreading.sharing import shared
from app.proofreading.stacked import sized, stacked
from app.proofreading.support import with_references
from app.proofreading.visible import restored, visible
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
_EMPTY = "failed: no_sentences"  # headings, numbers or signs only
_LETTER = re.compile(r"[^\W\d_]")
LATE = "failed: out_of_time"


class OutOfTimeError(Exception):
    """The report has had its time."""


def check_report(
    submitted: SubmittedReport, services: "Services", cancellation: Cancellation | None = None
) -> CheckedReport:
    """Find, explain and propose fixes for the errors of one report.

    A stage that is not configured or fails is named in the answer's coverage; the rest still
    answers. Corrections that would bring a new error are withdrawn. A report that takes longer than
    ``services.seconds`` is answered as not checked by the rules; one whose errors are found by then,
    without the corrections that are not tried yet.

    Raises:
        CancelledCheckError: when ``cancellation`` says, during the review, that nobody waits any more.
    """
    seen = visible(submitted.text)
    if seen is not None:
        return restored(
            check_report(replace(submitted, text=seen.text), services, cancellation), submitted, seen
        )
    until = monotonic() + services.seconds
    try:
        return _check(submitted, services, until, cancellation)
    except OutOfTimeError:
        return _not_checked(submitted, services, LATE)


def _check(
    submitted: SubmittedReport, services: "Services", until: float, cancellation: Cancellation | None
) -> CheckedReport:
    report = parse(submitted.text)
    why = unreadable(report)
    if why is not None:
        return _not_checked(submitted, services, why)
    graph = services.extractor.extract(report)
    grounded, knowledge = grounded_of(graph, services)
    references, retrieval = _references(submitted.text, services)
    case = case_of(report, grounded, references, submitted)
    found = resolve(_candidates(case, services, until), report, services.profile)
    asked = monotonic()
    reviewed = _reviewed(found, case, services, cancellation)
    until += monotonic() - asked  # the review has a deadline of its own
    before = _kinds(found) | _kinds(reviewed.errors)  # the larger count of each: only detectors check again

    def kinds_of(text: str) -> Counter[str]:
        return _kinds(_errors_of(replace(submitted, text=text), case, services, until))

    try:
        errors, corrected = _corrected(reviewed.errors, before, submitted.text, kinds_of)
    except OutOfTimeError:
        errors, corrected = _without_fixes(reviewed.errors, ()), submitted.text
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


def unreadable(report: Report) -> str | None:
    """Why the rules cannot read a report, as coverage says it; None where they can."""
    if not is_english(report.text):
        return _FOREIGN
    told = any(_LETTER.search(report.quote(sentence.span)) for sentence in report.sentences)
    return None if told else _EMPTY


def _not_checked(submitted: SubmittedReport, services: "Services", why: str) -> CheckedReport:
    """The answer to a report that the rules cannot read: nothing found, and nothing looked at."""
    coverage = Coverage(rules=why, knowledge=why, references=why)
    versions = dict(services.versions)
    return CheckedReport(submitted, (), coverage, submitted.text, ReportGraph(), versions=versions)


def case_of(
    report: Report, grounded: Grounded, references: tuple[ReferenceHit, ...], submitted: SubmittedReport
) -> Case:
    """All that detectors may look at."""
    told = framed(report, fold(report, grounded.graph, grounded.facts))
    graph, facts = grounded.graph, grounded.facts
    worded = sized(report, graph, stacked(report, graph, told, facts), facts)
    placed = shared(report, graph, worded, facts)
    return Case(
        report=report,
        graph=grounded.graph,
        findings=by_effect(report, grounded.graph, placed, grounded.facts),
        facts=grounded.facts,
        observed=grounded.observed,
        references=references,
        context=submitted.context,
    )


def _candidates(case: Case, services: "Services", until: float) -> list[Candidate]:
    """What the detectors propose, with the confidence that it deserves at the site."""
    found: list[Candidate] = []
    verifier = services.profile.verifier
    for detector in services.detectors:
        for candidate in detector.detect(case):
            found.append(verifier.believed(candidate, section_of(candidate.span, case.report)))
        if monotonic() > until:
            raise OutOfTimeError
    return found


def _reviewed(
    found: tuple[ReportError, ...], case: Case, services: "Services", cancellation: Cancellation | None
) -> Reviewed:
    if services.reviewer is None:
        return Reviewed(found)
    return services.reviewer.reviewed(case, found, services.profile, cancellation)


def grounded_of(graph: ReportGraph, services: "Services") -> tuple[Grounded, str]:
    """The graph with what the knowledge graph knows of it, and the stage's coverage."""
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
    text: str,
    kinds_of: Callable[[str], Counter[str]],
) -> tuple[tuple[ReportError, ...], str]:
    """Keep the fixes that hold, apply those that leave no choice, and check the result again.

    The later half of the fixes is dropped until no new error appears; an error whose fix is dropped
    stays, without its correction.
    """
    errors = _with_sound_fixes(errors, before, text, kinds_of)
    edits = propose(errors)
    while edits:
        edited = apply_edits(text, edits)
        if not _gained(kinds_of(edited), before):
            return errors, edited
        edits = edits[: len(edits) // 2]
        errors = _without_fixes(errors, edits)
    return errors, text


def _without_fixes(errors: tuple[ReportError, ...], kept: tuple[Correction, ...]) -> tuple[ReportError, ...]:
    """The errors without the corrections that are not ``kept``; fixes to choose from stay."""
    return tuple(
        error
        if error.candidate.alternatives or error.candidate.correction in (None, *kept)
        else replace(error, candidate=replace(error.candidate, correction=None))
        for error in errors
    )


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
    edited: SubmittedReport, case: Case, services: "Services", until: float
) -> tuple[ReportError, ...]:
    """The errors of an edited report, against the same references."""
    report = parse(edited.text)
    grounded, _ = grounded_of(services.extractor.extract(report), services)
    candidates = _candidates(case_of(report, grounded, case.references, edited), services, until)
    return resolve(candidates, report, services.profile)


def _kinds(errors: tuple[ReportError, ...]) -> Counter[str]:
    return Counter(error.candidate.type.value for error in errors if error.tier is not Tier.LOW)

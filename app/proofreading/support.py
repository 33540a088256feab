"""What similar correct reports say of a flagged finding, as one more piece of evidence."""

from collections.abc import Iterable
from dataclasses import replace

from app.proofreading.case import Case
from app.proofreading.report import Evidence, EvidenceKind, ReferenceHit, ReportError

_MOST = 2  # references shown with one error


def with_references(errors: Iterable[ReportError], case: Case) -> tuple[ReportError, ...]:
    """Each error with the nearest references that speak of the same finding or structure.

    Never a reason to flag: only shown beside the reasons.
    """
    return tuple(_supported(error, case) for error in errors)


def _supported(error: ReportError, case: Case) -> ReportError:
    concepts = {
        entity.concept
        for entity in case.graph.entities
        if entity.concept is not None and _concerns(entity.sentence, error, case)
    }
    shown = [
        Evidence(EvidenceKind.REFERENCE, reference_id=hit.id, score=round(hit.score, 4))
        for hit in case.references
        if concepts & _concepts(hit)
    ][:_MOST]
    if not shown:
        return error
    candidate = replace(error.candidate, evidence=(*error.candidate.evidence, *shown))
    return replace(error, candidate=candidate)


def _concerns(sentence: int, error: ReportError, case: Case) -> bool:
    return case.report.sentences[sentence].span.overlaps(error.candidate.span)


def _concepts(hit: ReferenceHit) -> set[str | None]:
    return {entity.concept for entity in hit.graph.entities} - {None}

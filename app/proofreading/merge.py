"""Candidates to errors: one per place, with its tier."""

from collections.abc import Iterable
from dataclasses import replace

from app.proofreading.report import Candidate, Evidence, EvidenceKind, ReportError, Tier
from models.types import Report, SectionName, Span

HIGH = 0.85
MEDIUM = 0.6


def tier(confidence: float) -> Tier:
    """The tier of a confidence between 0 and 1."""
    if confidence >= HIGH:
        return Tier.HIGH
    return Tier.MEDIUM if confidence >= MEDIUM else Tier.LOW


def resolve(candidates: Iterable[Candidate], report: Report) -> tuple[ReportError, ...]:
    """Keep the most confident candidate of each place, with the evidence of all; in text order.

    Two candidates speak of one place when their spans overlap, or when they are of one type and
    rest on the same sentences. Ids are e1, e2, ... in text order.
    """
    best = sorted(candidates, key=lambda c: (-c.confidence, c.span, c.type))
    kept: list[Candidate] = []
    for candidate in best:
        index = next((i for i, other in enumerate(kept) if _same_place(candidate, other)), None)
        if index is None:
            kept.append(candidate)
        else:
            kept[index] = replace(kept[index], evidence=_joined(kept[index].evidence, candidate.evidence))
    kept.sort(key=lambda candidate: (candidate.span, candidate.type))
    return tuple(
        ReportError(
            id=f"e{number}",
            candidate=candidate,
            tier=tier(candidate.confidence),
            section=_section(candidate.span, report),
            quote=report.quote(candidate.span),
        )
        for number, candidate in enumerate(kept, start=1)
    )


def _same_place(first: Candidate, second: Candidate) -> bool:
    if first.span.overlaps(second.span):
        return True
    sentences = _sentences(first)
    return first.type is second.type and bool(sentences) and sentences == _sentences(second)


def _sentences(candidate: Candidate) -> frozenset[Span | None]:
    return frozenset(item.span for item in candidate.evidence if item.kind is EvidenceKind.TEXT)


def _joined(first: tuple[Evidence, ...], second: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _section(span: Span, report: Report) -> SectionName:
    for section in report.sections:
        if section.body.contains(span) or (section.heading is not None and section.heading.contains(span)):
            return section.name
    return SectionName.UNTITLED

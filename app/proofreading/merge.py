"""Candidates to errors: one per place, with its tier."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import replace

from app.proofreading.profile import Profile
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind, ReportError
from models.types import Report, SectionName, Span


def resolve(
    candidates: Iterable[Candidate], report: Report, profile: Profile | None = None
) -> tuple[ReportError, ...]:
    """Keep the most confident candidate of each place, with the evidence of all; in text order.

    Two candidates speak of one place when their spans overlap, or when they are of one type and
    rest on the same sentences. Ids are e1, e2, ... in text order; tiers are those of the site's profile.
    """
    site = profile or Profile()
    kept = _Kept()
    for candidate in sorted(candidates, key=lambda c: (-c.confidence, c.span, c.type)):
        kept.take(candidate)
    ordered = sorted(kept.candidates, key=lambda candidate: (candidate.span, candidate.type))
    return tuple(
        ReportError(
            id=f"e{number}",
            candidate=candidate,
            tier=site.tier(candidate),
            section=section_of(candidate.span, report),
            quote=report.quote(candidate.span),
        )
        for number, candidate in enumerate(ordered, start=1)
    )


class _Kept:
    """The best candidate of each place so far; their spans are disjoint, so that one look finds an overlap."""

    def __init__(self) -> None:
        self.candidates: list[Candidate] = []
        self._spans: list[tuple[Span, int]] = []
        self._reasons: dict[tuple[ErrorType, frozenset[Span | None]], int] = {}

    def take(self, candidate: Candidate) -> None:
        """Keep the candidate, or give its evidence to the better one of its place."""
        sentences = _sentences(candidate)
        index = self._overlapping(candidate.span)
        if index is None and sentences:
            index = self._reasons.get((candidate.type, sentences))
        if index is None:
            self._reasons.setdefault((candidate.type, sentences), len(self.candidates))
            insort(self._spans, (candidate.span, len(self.candidates)))
            self.candidates.append(candidate)
        else:
            best = self.candidates[index]
            self.candidates[index] = replace(best, evidence=_joined(best.evidence, candidate.evidence))

    def _overlapping(self, span: Span) -> int | None:
        at = bisect_left(self._spans, (span, -1))
        near = self._spans[max(0, at - 1) : at + 1]
        return next((index for other, index in near if other.overlaps(span)), None)


def _sentences(candidate: Candidate) -> frozenset[Span | None]:
    return frozenset(item.span for item in candidate.evidence if item.kind is EvidenceKind.TEXT)


def _joined(first: tuple[Evidence, ...], second: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def section_of(span: Span, report: Report) -> SectionName:
    """The section that a span lies in."""
    for section in report.sections:
        if section.body.contains(span) or (section.heading is not None and section.heading.contains(span)):
            return section.name
    return SectionName.UNTITLED

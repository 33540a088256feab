"""One answer against one item."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.evaluation.items import Item, Origin
from app.proofreading.report import CheckedReport, ErrorType, EvidenceKind, Tier
from models.sections import parse
from models.types import Span


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a checker made of an item.

    ``flagged``: any error of tier medium or high. ``found``: one of them lies on the altered sentence,
    or names it as evidence. ``spanned``: its span overlaps the altered words. ``typed``: it has the
    injected type. ``fixed``: the corrected text equals the original up to white space.
    ``unintended``: the corrected text differs from the submitted one outside the altered sentence.
    """

    item: Item
    flagged: bool
    flags: int
    found: bool = False
    spanned: bool = False
    typed: bool = False
    fixed: bool = False
    unintended: bool = False
    types: tuple[ErrorType, ...] = ()


def score(item: Item, checked: CheckedReport) -> Outcome:
    """Compare a checked report with its item."""
    errors = [error for error in checked.errors if error.tier is not Tier.LOW]
    types = tuple(error.candidate.type for error in errors)
    if item.origin is not Origin.INJECTED or item.altered is None:
        return Outcome(item, bool(errors), len(errors), types=types)
    home = altered_sentence(item)
    hits = [
        error
        for error in errors
        if _touches(error.candidate.span, home)
        or any(
            _touches(evidence.span, home)
            for evidence in error.candidate.evidence
            if evidence.kind is EvidenceKind.TEXT and evidence.span is not None
        )
    ]
    edits = [error.candidate.correction for error in hits if error.candidate.correction is not None]
    return Outcome(
        item,
        flagged=bool(errors),
        flags=len(errors),
        found=bool(hits),
        spanned=any(_touches(error.candidate.span, item.altered) for error in hits),
        typed=any(error.candidate.type is item.type for error in hits),
        fixed=_folded(checked.corrected_text) == _folded(item.original),
        unintended=any(not _touches(edit.span, home) for edit in edits),
        types=types,
    )


def score_spans(item: Item, spans: Iterable[Span]) -> Outcome:
    """The same for a checker that only points at sentences."""
    pointed = list(spans)
    if item.altered is None:
        return Outcome(item, bool(pointed), len(pointed))
    home = altered_sentence(item)
    found = any(_touches(span, home) for span in pointed)
    return Outcome(item, bool(pointed), len(pointed), found, found)


def altered_sentence(item: Item) -> Span:
    """The sentences that the injected edit touches, as one span; the edit itself where none does."""
    if item.altered is None:
        raise ValueError("the item has no injected error")
    touched = [s.span for s in parse(item.report.text).sentences if _touches(s.span, item.altered)]
    if not touched:
        return item.altered
    return Span(min(span.start for span in touched), max(span.end for span in touched))


def _touches(first: Span, second: Span) -> bool:
    """Overlap, where an empty span touches what it lies in or at the edge of."""
    return (
        first.start <= second.end and second.start <= first.end
        if first.start == first.end or (second.start == second.end)
        else first.overlaps(second)
    )


def _folded(text: str) -> str:
    return " ".join(text.split()).lower()

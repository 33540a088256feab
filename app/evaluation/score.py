"""One answer against one item."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.evaluation.items import Item, Origin
from app.proofreading.correct import apply_edits, propose
from app.proofreading.report import CheckedReport, Correction, ErrorType, EvidenceKind, ReportError, Tier
from models.sections import parse
from models.types import Span

PLAIN = "plain_rules"


@dataclass(frozen=True, slots=True)
class Returned:
    """One error that a checker returned, of any tier.

    ``hit``: it lies on the sentence of the injected error, or names it as evidence. ``type`` is None
    for a checker that only points.
    """

    type: ErrorType | None
    rule: str
    confidence: float
    tier: Tier
    hit: bool

    @property
    def flag(self) -> bool:
        """True for tier medium and high."""
        return self.tier is not Tier.LOW


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a checker made of an item.

    Of the flags that hit: ``spanned``: one overlaps the altered words; ``typed``: one has the injected
    type; ``offered``: a fix that one offers makes the original; ``unintended``: the first fix of one lies
    outside the altered sentence. ``fixed``: the corrected text equals the original. Both up to white space
    and case. ``strayed``: the corrected text differs from the
    submitted one outside the altered sentence and the sentences that the flags that hit name.
    ``corrected``: the corrected text, None where nothing was changed.
    """

    item: Item
    returned: tuple[Returned, ...] = ()
    spanned: bool = False
    typed: bool = False
    fixed: bool = False
    offered: bool = False
    unintended: bool = False
    strayed: bool = False
    corrected: str | None = None

    @property
    def flags(self) -> int:
        """How many errors of tier medium or high."""
        return sum(one.flag for one in self.returned)

    @property
    def flagged(self) -> bool:
        """True when there is any error of tier medium or high."""
        return any(one.flag for one in self.returned)

    @property
    def found(self) -> bool:
        """True when a flag hits the injected error."""
        return any(one.flag and one.hit for one in self.returned)


def score(item: Item, checked: CheckedReport) -> Outcome:
    """Compare a checked report with its item."""
    corrected = None if checked.corrected_text == item.report.text else checked.corrected_text
    if item.origin is not Origin.INJECTED or item.altered is None:
        returned = tuple(_returned(error, hit=False) for error in checked.errors)
        return Outcome(item, returned, corrected=corrected)
    home = altered_sentence(item)
    returned = tuple(_returned(error, hit=_hits(error, home)) for error in checked.errors)
    hits = [error for error, one in zip(checked.errors, returned, strict=True) if one.flag and one.hit]
    fixes = [error.candidate.correction for error in hits]
    return Outcome(
        item,
        returned,
        spanned=any(_touches(error.candidate.span, item.altered) for error in hits),
        typed=any(error.candidate.type is item.type for error in hits),
        fixed=_folded(checked.corrected_text) == _folded(item.original),
        offered=any(_makes(fix, item) for error in hits for fix in error.candidate.fixes),
        unintended=any(fix is not None and not _touches(fix.span, home) for fix in fixes),
        strayed=_strays(checked, [home, *(span for error in hits for span in _cited(error))]),
        corrected=corrected,
    )


def score_spans(item: Item, spans: Iterable[Span]) -> Outcome:
    """The same for a checker that only points at sentences, always sure and never of a type."""
    home = None if item.altered is None else altered_sentence(item)
    returned = tuple(
        Returned(None, PLAIN, 1.0, Tier.MEDIUM, home is not None and _touches(span, home)) for span in spans
    )
    return Outcome(item, returned, spanned=any(one.hit for one in returned))


def altered_sentence(item: Item) -> Span:
    """The sentences that the injected edit touches, as one span; the edit itself where none does."""
    if item.altered is None:
        raise ValueError("the item has no injected error")
    touched = [s.span for s in parse(item.report.text).sentences if _touches(s.span, item.altered)]
    if not touched:
        return item.altered
    return Span(min(span.start for span in touched), max(span.end for span in touched))


def _returned(error: ReportError, *, hit: bool) -> Returned:
    candidate = error.candidate
    return Returned(candidate.type, candidate.rule, candidate.confidence, error.tier, hit)


def _hits(error: ReportError, home: Span) -> bool:
    return _touches(error.candidate.span, home) or any(_touches(span, home) for span in _cited(error))


def _cited(error: ReportError) -> list[Span]:
    """The places that an error names as evidence."""
    evidence = error.candidate.evidence
    return [one.span for one in evidence if one.kind is EvidenceKind.TEXT and one.span is not None]


def _strays(checked: CheckedReport, allowed: Sequence[Span]) -> bool:
    """True when an edit touches a sentence that none of the allowed places touches."""
    sentences = [sentence.span for sentence in parse(checked.report.text).sentences]
    for edit in propose(checked.errors):
        places = [span for span in sentences if _touches(span, edit.span)] or [edit.span]
        if not all(any(_touches(place, near) for near in allowed) for place in places):
            return True
    return False


def _makes(fix: Correction, item: Item) -> bool:
    return _folded(apply_edits(item.report.text, (fix,))) == _folded(item.original)


def _touches(first: Span, second: Span) -> bool:
    """Overlap, where an empty span touches what it lies in or at the edge of."""
    return (
        first.start <= second.end and second.start <= first.end
        if first.start == first.end or (second.start == second.end)
        else first.overlaps(second)
    )


def _folded(text: str) -> str:
    return " ".join(text.split()).lower()

"""Corrections: which to propose together, and the text that they make."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from app.proofreading.report import Correction, ReportError, Tier


def propose(errors: Iterable[ReportError]) -> tuple[Correction, ...]:
    """Corrections of the errors of tier medium and high that do not touch one another, in text order.

    Where two overlap, the one of the more confident error stays. Where an error has alternatives, a
    person has to choose, so none is taken.
    """
    chosen: list[Correction] = []
    for error in sorted(errors, key=lambda error: (-error.candidate.confidence, error.candidate.span)):
        correction = error.candidate.correction
        if correction is None or error.tier is Tier.LOW or error.candidate.alternatives:
            continue
        if not any(_clash(correction, other) for other in chosen):
            chosen.append(correction)
    return tuple(sorted(chosen, key=lambda correction: correction.span))


def apply_edits(text: str, corrections: Sequence[Correction]) -> str:
    """``text`` with every correction made, from right to left so that offsets stay true.

    Raises:
        ValueError: when two corrections overlap or one lies outside the text.
    """
    ordered = sorted(corrections, key=lambda correction: correction.span, reverse=True)
    for later, earlier in pairwise(ordered):
        if _clash(later, earlier):
            raise ValueError("corrections overlap")
    for correction in ordered:
        span = correction.span
        if span.end > len(text):
            raise ValueError("a correction lies outside the text")
        text = text[: span.start] + correction.replacement + text[span.end :]
    return text


def cased(words: str, like: str) -> str:
    """``words`` with the capitals of what they replace."""
    if like.isupper() and len(like) > 1:
        return words.upper()
    return words.capitalize() if like[:1].isupper() else words.lower()


def _clash(first: Correction, second: Correction) -> bool:
    """Overlapping, or both inserting at one point."""
    return first.span.overlaps(second.span) or first.span == second.span

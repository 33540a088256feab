"""A report as it is seen: without characters that nobody sees, ligatures spelled out.

Text copied from a PDF or a web page carries soft hyphens, zero-width spaces and joined letters within its
words. No word with one of them would be found in the lexicon, so reports are checked as they are seen,
and everything found is placed in the text as submitted.
"""

import re
import unicodedata
from dataclasses import dataclass, replace

from app.proofreading.correct import apply_edits, propose
from app.proofreading.report import Candidate, CheckedReport, Correction, ReportError, SubmittedReport
from models.types import Entity, ReportGraph, Span

# Of no width: soft hyphen, accents set apart, joiners, zero-width spaces, direction marks, fillers, variation selectors,
# tags. And the Latin ligatures
_UNSEEN = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufffc\U000e0000-\U000e01ef\ufb00-\ufb06]"
)


@dataclass(frozen=True, slots=True)
class Visible:
    """The seen ``text``; its character i stands at [starts[i], ends[i]) of the text as submitted."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def placed(self, span: Span) -> Span:
        """Where ``span`` of the seen text lies in the text as submitted, whole characters there."""
        if span.start == span.end:
            at = self.starts[span.start] if span.start < len(self.starts) else self._end
            return Span(at, at)
        return Span(self.starts[span.start], self.ends[span.end - 1])

    def correction(self, given: Correction) -> Correction:
        """The same correction of the text as submitted; a ligature cut in two is replaced as a whole."""
        start, end = given.span.start, given.span.end
        while 0 < start < len(self.text) and self.starts[start] == self.starts[start - 1]:
            start -= 1
        while 0 < end < len(self.text) and self.ends[end] == self.ends[end - 1]:
            end += 1
        words = self.text[start : given.span.start] + given.replacement + self.text[given.span.end : end]
        return Correction(self.placed(Span(start, end)), words)

    @property
    def _end(self) -> int:
        return self.ends[-1] if self.ends else 0


def visible(text: str) -> Visible | None:
    """``text`` as it is seen; None when that is the text itself."""
    if _UNSEEN.search(text) is None:
        return None
    shown = [_shown(character) for character in text]
    starts = [at for at, letters in enumerate(shown) for _ in letters]
    return Visible("".join(shown), tuple(starts), tuple(at + 1 for at in starts))


def _shown(character: str) -> str:
    if _UNSEEN.fullmatch(character) is None:
        return character
    letters = unicodedata.normalize("NFKC", character)
    return letters if letters.isascii() else ""


def restored(checked: CheckedReport, submitted: SubmittedReport, seen: Visible) -> CheckedReport:
    """The answer about the seen text as an answer about the text as submitted."""
    text = submitted.text
    errors = tuple(_error(error, text, seen) for error in checked.errors)
    return replace(
        checked,
        report=submitted,
        errors=errors,
        corrected_text=apply_edits(text, propose(errors)),
        graph=placed_graph(checked.graph, text, seen),
    )


def placed_graph(graph: ReportGraph, text: str, seen: Visible) -> ReportGraph:
    """A graph of the seen text as one of the text as submitted."""
    return replace(graph, entities=tuple(_entity(entity, text, seen) for entity in graph.entities))


def _error(error: ReportError, text: str, seen: Visible) -> ReportError:
    candidate = _candidate(error.candidate, seen)
    return replace(error, candidate=candidate, quote=candidate.span.of(text))


def _candidate(candidate: Candidate, seen: Visible) -> Candidate:
    evidence = tuple(
        replace(item, span=seen.placed(item.span)) if item.span else item for item in candidate.evidence
    )
    return replace(
        candidate,
        span=seen.placed(candidate.span),
        evidence=evidence,
        correction=seen.correction(candidate.correction) if candidate.correction else None,
        alternatives=tuple(seen.correction(fix) for fix in candidate.alternatives),
    )


def _entity(entity: Entity, text: str, seen: Visible) -> Entity:
    span = seen.placed(entity.span)
    return replace(entity, span=span, quote=span.of(text))

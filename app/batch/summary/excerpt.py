"""Words of a report within their sentence, as far as a result says them."""

import re

from app.api.schemas import CheckedReportOut, CorrectionOut
from app.batch.summary.original import UNKNOWN, original
from app.batch.summary.types import Fix, Said
from app.printable import printable
from models.sections import parse
from models.types import Report, SectionName, Span

LONGEST = 300  # code points of a quote, and of what stands on each side of it
_CUT = "…"
_GAP = re.compile(f"{UNKNOWN}+")
# What a fix took along beside a sentence and nobody quotes: between a stop and a capital it is white space
_SPACE = re.compile(f"(?<=[^\\d{UNKNOWN}][.!?:\\n]){UNKNOWN}{{1,2}}(?=[A-Z\\s(]|$)")


class Excerpts:
    """The excerpts of one checked report."""

    def __init__(self, checked: CheckedReportOut) -> None:
        text = original(checked)
        self._text = text and _SPACE.sub(lambda found: " " * len(found[0]), text)
        self._report: Report = parse((self._text or "").replace(UNKNOWN, " "))

    def said(self, start: int, end: int, quote: str) -> Said:
        """The quote within its sentence; alone where the result does not tell the sentence."""
        if self._text is None:
            return Said("", clipped(quote), "")
        around = self._around(start, end)
        return Said(self._before(around, start), clipped(quote), self._after(end, around))

    def section(self, start: int, end: int) -> str | None:
        """The name of the section that holds the words; None where it has none or it is not known."""
        if self._text is None:
            return None
        span = Span(start, end)
        sentences = enumerate(self._report.sentences)
        return next((titled(self._report.section_of(n)) for n, s in sentences if s.span.overlaps(span)), None)

    def fix(self, correction: CorrectionOut) -> Fix:
        """The sentence with the words to replace, and with those that replace them."""
        start, end = correction.start, correction.end
        if self._text is None:
            place = f"characters {start}–{end}"
            return Fix(Said("", place, ""), Said("", clipped(correction.replacement), ""))
        around = self._around(start, end)
        before, after = self._before(around, start), self._after(end, around)
        words = _known(self._text[start:end])
        words = words if before or after else words.strip()
        return Fix(Said(before, clipped(words), after), Said(before, clipped(correction.replacement), after))

    def _around(self, start: int, end: int) -> tuple[int, int]:
        """The sentences that the words touch, with the unknown characters beside them."""
        span, text = Span(start, end), self._text or ""
        touched = [s.span for s in self._report.sentences if s.span.overlaps(span)] or [span]
        first, last = min(touched[0].start, start), max(touched[-1].end, end)
        while first > 0 and text[first - 1] == UNKNOWN:
            first -= 1
        while last < len(text) and text[last] == UNKNOWN:
            last += 1
        return first, last

    def _before(self, around: tuple[int, int], start: int) -> str:
        text = _known((self._text or "")[around[0] : start])
        return printable(text if len(text) <= LONGEST else _CUT + text[-LONGEST:])

    def _after(self, end: int, around: tuple[int, int]) -> str:
        return clipped(_known((self._text or "")[end : around[1]]))


def titled(section: SectionName) -> str | None:
    """The name of a section that has one of its own."""
    return None if section in (SectionName.UNTITLED, SectionName.OTHER) else section.value


def clipped(text: str, longest: int = LONGEST) -> str:
    """``text``, printable, cut where it is longer."""
    return printable(text if len(text) <= longest else text[:longest] + _CUT)


def _known(text: str) -> str:
    """``text`` with an ellipsis for what the result does not say."""
    return _GAP.sub(_CUT, text)

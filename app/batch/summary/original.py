"""The submitted text of a checked report, put together again from its answer.

An answer holds ``corrected_text``: the submitted text with the corrections that leave no choice made.
Undoing them gives the submitted text, as far as the words that they replaced are quoted in the answer.
"""

from app.api.schemas import CheckedReportOut, CorrectionOut, ErrorOut
from app.proofreading.correct import propose
from app.proofreading.report import Candidate, Correction, ReportError
from models.types import Span

UNKNOWN = "\0"  # no report holds one (app/limits.py)

_Quote = tuple[int, int, str]  # [start, end) and the words there


def original(checked: CheckedReportOut) -> str | None:
    """The text as submitted, with UNKNOWN for each character that the answer does not say.

    Every quote of the answer lies in the result: ``text[start:end] == quote``. None where the answer
    contradicts itself.
    """
    try:
        corrections = propose([_error(error) for error in checked.errors])
    except ValueError:  # offsets that are no span
        return None
    pieces, at, read = [], 0, 0
    for correction in corrections:
        span, words = correction.span, correction.replacement
        kept = span.start - at
        if checked.corrected_text[read + kept : read + kept + len(words)] != words:
            return None
        pieces += [checked.corrected_text[read : read + kept], UNKNOWN * (span.end - span.start)]
        at, read = span.end, read + kept + len(words)
    quotes = _quotes(checked)
    text = _filled("".join((*pieces, checked.corrected_text[read:])), quotes)
    return text if all(text[start:end] == quote for start, end, quote in quotes) else None


def _filled(text: str, quotes: list[_Quote]) -> str:
    characters = list(text)
    for start, end, quote in quotes:
        if end <= len(characters) and len(quote) == end - start and UNKNOWN in text[start:end]:
            known = characters[start:end]
            characters[start:end] = [
                new if old == UNKNOWN else old for old, new in zip(known, quote, strict=True)
            ]
    return "".join(characters)


def _quotes(checked: CheckedReportOut) -> list[_Quote]:
    """Every quote of the answer with its place: of errors, evidence and the graph."""
    found = [(error.start, error.end, error.quote) for error in checked.errors]
    found += [
        (one.start, one.end, one.quote)
        for error in checked.errors
        for one in error.evidence
        if one.start is not None and one.end is not None and one.quote is not None
    ]
    return found + [(entity.start, entity.end, entity.quote) for entity in checked.graph.entities]


def _error(error: ErrorOut) -> ReportError:
    """The error as far as the choice of corrections asks."""
    candidate = Candidate(
        type=error.type,
        span=Span(error.start, error.end),
        message="",
        rule="",
        confidence=error.confidence,
        correction=_correction(error.correction) if error.correction else None,
        alternatives=tuple(_correction(other) for other in error.alternatives),
    )
    return ReportError(error.id, candidate, error.tier, error.section, error.quote)


def _correction(given: CorrectionOut) -> Correction:
    return Correction(Span(given.start, given.end), given.replacement)

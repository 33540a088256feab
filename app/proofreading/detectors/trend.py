"""A word of change that the two sizes beside it deny: "reduced from 11 mm to 19 mm"."""

import re
from collections.abc import Iterator
from itertools import pairwise

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.correct import cased
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.measurements import find_measurements
from models.types import Span

_GROWN = re.compile(
    r"\b(?:increas\w+|enlarg(?:ed|ing)|grown|growing|larger|bigger|wider|longer|thicker)\b", re.IGNORECASE
)
_SHRUNK = re.compile(
    r"\b(?:decreas\w+|reduc\w+|shrunk\w*|shrink\w*|smaller|regress\w+|diminish\w+|narrower|thinner)\b",
    re.IGNORECASE,
)
_FROM_TO = re.compile(r"\bfrom\s+(?:about\s+|approximately\s+)?\Z", re.IGNORECASE)
_TO = re.compile(r"[^,;.]{0,40}?\bto\s+(?:about\s+|approximately\s+)?\Z", re.IGNORECASE)
_FORMERLY = re.compile(
    r"[\s,;(]*(?:\w+\s+)?(?:previously|formerly|was|were|compared (?:to|with)|against|versus|vs\.?|prior|before)\b"
    r"[^,;.\d]{0,30}\Z",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|without|neither|nor)\b", re.IGNORECASE)
_ROUNDING = 1.15  # sizes nearer to each other than by this factor say nothing
_WORDS = {"increased": "decreased", "decreased": "increased", "larger": "smaller", "smaller": "larger"}


class Trend:
    """Reads pairs of sizes, one now and one before, with one word of change in their clause."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a sentence."""
        for index, sentence in enumerate(case.report.sentences):
            if case.report.section_of(index) in REPORTED:
                found = _contradiction(case.report.text, sentence.span)
                if found is not None:
                    yield _candidate(case, sentence.span, *found)


def _contradiction(text: str, sentence: Span) -> tuple[Span, str, str] | None:
    """(the word of change, what it says, what the sizes say) where they differ."""
    sizes = list(find_measurements(text, sentence.start, sentence.end))
    words = sentence.of(text)
    said = [
        (match, way)
        for way, pattern in (("grown", _GROWN), ("shrunk", _SHRUNK))
        for match in pattern.finditer(words)
    ]
    if len(sizes) != 2 or len(said) != 1 or _DENIED.search(words):
        return None
    for (first, one), (second, two) in pairwise(sizes):
        ahead, between = text[sentence.start : first.start], text[first.end : second.start]
        if _FROM_TO.search(ahead) and _TO.fullmatch(between):
            before, now = one, two
        elif _FORMERLY.fullmatch(between):
            before, now = two, one
        else:
            continue
        ratio = now / before if before else 1.0
        shown = "grown" if ratio > _ROUNDING else "shrunk" if ratio < 1 / _ROUNDING else ""
        match, way = said[0]
        if shown and shown != way:
            place = Span(sentence.start + match.start(), sentence.start + match.end())
            return place, way, shown
    return None


def _candidate(case: Case, sentence: Span, place: Span, said: str, shown: str) -> Candidate:
    quote = case.report.quote(place)
    other = _WORDS.get(quote.lower())
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=place,
        message=f'"{quote}" says that it has {said}; by the sizes it has {shown}.',
        rule="interval_change.sizes",
        confidence=0.88,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=Correction(place, cased(other, quote)) if other else None,
    )

"""Ribs and vertebrae that do not exist by their number."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_READ = frozenset(
    {SectionName.FINDINGS, SectionName.IMPRESSION, SectionName.UNTITLED, SectionName.RECOMMENDATION}
)
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12,
    "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
    "nineteenth": 19, "twentieth": 20,
}  # fmt: skip
_NUMBER = rf"(?P<number>\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join(ORDINALS)})"


@dataclass(frozen=True, slots=True)
class _Series:
    """Numbered structures; one more than ``last`` is a known variant, so only higher numbers are doubted."""

    name: str
    last: int
    variant: int
    pattern: re.Pattern[str]


def _series(name: str, last: int, variant: int, pattern: str) -> _Series:
    return _Series(name, last, variant, re.compile(pattern, re.IGNORECASE))


_SERIES = (
    _series("rib", 12, 13, rf"\b{_NUMBER}\s+(?:(?:left|right|anterior|posterior|lateral)\s+){{0,2}}ribs?\b"),
    _series("rib", 12, 13, r"\bribs?\s+(?:number\s+|#\s?)?(?P<number>\d{1,2})\b(?!\s?(?:mm|cm|%|views?))"),
    _series("rib", 12, 13, r"\bribs?\b[^.;]{0,40}\bR(?P<number>\d{1,2})\b"),
    _series("thoracic vertebra", 12, 13, r"\b[TD](?P<number>\d{1,2})\b(?![-\s]?weighted)"),
    _series("thoracic vertebra", 12, 13, rf"\b{_NUMBER}\s+thoracic\s+vertebra"),
    _series("lumbar vertebra", 5, 6, r"\bL(?P<number>\d{1,2})\b"),
    _series("lumbar vertebra", 5, 6, rf"\b{_NUMBER}\s+lumbar\s+vertebra"),
    _series("cervical vertebra", 7, 8, r"\bC(?P<number>\d{1,2})\b"),
    _series("cervical vertebra", 7, 8, rf"\b{_NUMBER}\s+cervical\s+vertebra"),
)
_HIGH = re.compile(
    r"[CLcl][7-9]|\d\d|(?:seven|eigh|nin|ten|teen|ie)th", re.IGNORECASE
)  # stands in every number that is doubted
_CASED = re.compile(r"[TDLC]")


class Numbering:
    """Reads the numbers of ribs and vertebrae."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence."""
        for index, sentence in enumerate(case.report.sentences):
            if case.report.section_of(index) not in _READ:
                continue
            text = sentence.span.of(case.report.text)
            for series in _SERIES if _HIGH.search(text) else ():
                for match in series.pattern.finditer(text):
                    number = _value(match["number"])
                    letter = match.group()[0]
                    written = not letter.isalpha() or len(match.group()) > len("T12") or _CASED.match(letter)
                    if written and number > series.variant:
                        span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
                        yield _candidate(case, series, number, span)


def _value(number: str) -> int:
    digits = re.match(r"\d+", number)
    return int(digits.group()) if digits else ORDINALS[number.lower()]


def _candidate(case: Case, series: _Series, number: int, span: Span) -> Candidate:
    sentence = next(s.span for s in case.report.sentences if s.span.contains(span))
    return Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=span,
        message=f"There is no {series.name} {number}: the last one is {series.last}.",
        rule="impossible_anatomy.number",
        confidence=0.92,
        evidence=(
            Evidence(EvidenceKind.TEXT, span=sentence),
            Evidence(
                EvidenceKind.GRAPH_PATH,
                path=(series.name, "LAST_NUMBER", str(series.last)),
                source="RadProof core",
            ),
        ),
        correction=without_place(case, span),
    )

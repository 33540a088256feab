"""A size of the impression whose two digits stand the other way round in the findings: 72 mm for 27 mm."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_SIZE = re.compile(
    r"(?<![\d.])(?P<digits>\d{1,3}(?:\.\d)?)(?=\s?(?:[x×]\s?[\d.]+\s?){0,2}(?P<unit>mm|cm)\b)", re.IGNORECASE
)
_PART = re.compile(
    r"(?<=[x×])\s?(?P<digits>\d{1,3}(?:\.\d)?)(?=[^;,]{0,12}?\s?(?P<unit>mm|cm)\b)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d)?(?![\d.])")
_TWO = 2


class Digits:
    """Compares sizes that the impression states and the findings do not."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        told = list(_sizes(case, FINDINGS))
        known = {
            match.group() for n in _numbers(case, FINDINGS) for match in _NUMBER.finditer(_text(case, n))
        }
        for sentence, place, digits, unit in _sizes(case, IMPRESSION):
            if digits in known or len(digits.replace(".", "")) != _TWO:
                continue
            turned = [one for one in told if one[3] == unit and _turned(one[2], digits)]
            if turned and len({one[2] for one in turned}) == 1:
                yield _candidate(case, (sentence, place), turned[0])


def _turned(first: str, second: str) -> bool:
    """True for 2.7 and 7.2: the same two digits, the other way round."""
    alike = len(first) == len(second) and ("." in first) == ("." in second)
    return alike and first != second and first.replace(".", "") == second.replace(".", "")[::-1]


def _numbers(case: Case, sections: frozenset[SectionName]) -> Iterator[int]:
    for number in range(len(case.report.sentences)):
        if case.report.section_of(number) in sections:
            yield number


def _text(case: Case, sentence: int) -> str:
    return case.report.sentences[sentence].span.of(case.report.text)


def _sizes(case: Case, sections: frozenset[SectionName]) -> Iterator[tuple[int, Span, str, str]]:
    """(sentence, where the digits stand, digits, unit) of each size."""
    for number in _numbers(case, sections):
        start = case.report.sentences[number].span.start
        for pattern in (_SIZE, _PART):
            for match in pattern.finditer(_text(case, number)):
                place = Span(start + match.start("digits"), start + match.end("digits"))
                yield number, place, match["digits"], match["unit"].lower()


def _candidate(case: Case, said: tuple[int, Span], seen: tuple[int, Span, str, str]) -> Candidate:
    sentence, place = said
    spans = (case.report.sentences[number].span for number in sorted({seen[0], sentence}))
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=place,
        message=f"The impression says {case.report.quote(place)} {seen[3]}; the findings say {seen[2]} {seen[3]}.",
        rule="measurement.digits",
        confidence=0.8,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=span) for span in spans),
        correction=Correction(place, seen[2]),
        alternatives=(Correction(seen[1], case.report.quote(place)),),
    )

"""The cardiothoracic ratio: numbers that none can be, and numbers that the heart's description denies.

A ratio above 0.5 on a frontal view is the usual sign of cardiomegaly (Danzer 1919); some slack is left.
"""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted, current, sentences, subsumes, without_place
from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span

_RATIO = re.compile(
    r"\b(?:cardio-?\s?thoracic (?:ratio|index)|c/?t\s?ratio|ctr)\b[^.\d\n]{0,30}"
    r"(?P<ratio>\d{1,3}(?:\.\d{1,3})?)(?!\d|\s?/|\.\d)\s?(?P<percent>%|per\s?cent)?",
    re.IGNORECASE,
)
_LEAST, _MOST = 0.25, 0.95
_SMALL, _LARGE = 0.48, 0.58
_CARDIOMEGALY = "RP:cardiomegaly"
_HEARTS = frozenset({"RP:heart", "RP:heart-border", "RP:cardiomediastinal-silhouette"})


class Cardiothoracic:
    """Compares each ratio with what is possible, and with what is said of the heart's size."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        for match in _RATIO.finditer(case.report.text):
            value = float(match["ratio"]) / (100 if match["percent"] else 1)
            span = Span(match.start("ratio"), match.end())
            if not _LEAST <= value <= _MOST:
                yield _candidate(case, span, f"No cardiothoracic ratio is {value:g}.", (), 0.9)
            elif value <= _SMALL and (large := _enlarged(case)):
                yield _candidate(
                    case, span, f"A ratio of {value:g} is not that of an enlarged heart.", large[:1], 0.86
                )
            elif value >= _LARGE and (normal := _normal(case)) and not _enlarged(case):
                yield _candidate(
                    case, span, f"A ratio of {value:g} is not that of a normal heart.", normal[:1], 0.86
                )


def _enlarged(case: Case) -> list[Finding]:
    return [f for f in asserted(case, REPORTED) if subsumes(_CARDIOMEGALY, f.concept or "", case.facts)]


def _normal(case: Case) -> list[Finding]:
    return [
        f for f in current(case, REPORTED) if f.normal and any(site.concept in _HEARTS for site in f.sites)
    ]


def _candidate(
    case: Case, span: Span, message: str, against: tuple[Finding, ...] | list[Finding], confidence: float
) -> Candidate:
    around = next((s.span for s in case.report.sentences if s.span.overlaps(span)), span)
    said = Evidence(EvidenceKind.TEXT, span=around)
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=span,
        message=message,
        rule="measurement.cardiothoracic",
        confidence=confidence,
        evidence=tuple(dict.fromkeys((said, *sentences(case, *against)))),
        correction=without_place(case, span),
    )

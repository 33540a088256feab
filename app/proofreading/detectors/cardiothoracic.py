"""The cardiothoracic ratio: numbers that none can be, and numbers that the heart's description denies.

A ratio above 0.5 on a frontal view is the usual sign of cardiomegaly (Danzer 1919); some slack is left.
"""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import IMPRESSION, REPORTED, asserted, current, denied, sentences, subsumes
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import sentence_at, without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span

_NUMBER = r"(?P<ratio>\d{1,3}(?:\.\d{1,3})?|\.\d{1,2})(?!\d|\s?/|\.\d)\s?(?P<percent>%|per\s?cent)?"
_RATIOS = (
    re.compile(
        r"\b(?:cardi(?:o|ac)[-\s]?(?:to[-\s])?thora(?:cic|x) (?:ratio|index)|c/?t\s(?:ratio|index)|"
        r"ctr(?=\D{0,12}(?:0?\.\d|\d+\s?%))|"
        r"heart[-\s](?:to[-\s])?(?:thorax|chest|lung) ratio|ratio of (?:the )?(?:heart|cardiac)[^.\d\n]{0,40})\b"
        rf"[^.\d\n]{{0,30}}{_NUMBER}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:heart|cardiac (?:silhouette|shadow|diameter|width))\s[^.\d\n]{0,40}"
        r"(?P<ratio>\d{1,3})\s?(?P<percent>%|per\s?cent) of (?:the )?[^.\n]{0,30}(?:thora|chest|transverse)",
        re.IGNORECASE,
    ),
)
_HEART, _CHEST = (
    r"\b(?:heart|cardiac)\b",
    r"\b(?:thora(?:cic|x)|chest|rib ?cage)\b(?! (?:tube|drain|wall|port|aort|spin|vertebr|kyph|scolio))",
)
_OF_HEART = r"(?P<heart>\d{1,3}(?:\.\d)?)\s?(?P<unit>cm|mm)?"
_OF_CHEST = r"(?P<chest>\d{1,3}(?:\.\d)?)\s?(?P<other>cm|mm)\b"
_FEW = r"(?:(?!\b(?:previous\w*|prior|was|from|now)\b)[^.;\d\n]){1,50}?"
_DIAMETERS = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        rf"{_HEART}{_FEW}\b{_OF_HEART}\b{_FEW}{_CHEST}{_FEW}\b{_OF_CHEST}",
        rf"{_HEART}{_FEW}\b{_OF_HEART}\b{_FEW}\b{_OF_CHEST}(?:\s[\w-]+){{0,3}}\s{_CHEST}",
        rf"\b{_OF_HEART}(?:\s[\w-]+){{0,3}}\s{_HEART}{_FEW}\b{_OF_CHEST}(?:\s[\w-]+){{0,3}}\s{_CHEST}",
        rf"{_CHEST}{_FEW}\b{_OF_CHEST}{_FEW}{_HEART}{_FEW}\b{_OF_HEART}\b",
    )
)
_LEAST_CHEST = 120.0  # mm: below it the numbers are of something else, or of a child
_NEAR = 0.04  # by which a ratio may differ from that of the diameters
_LARGER = re.compile(
    r"\b(?:globular|abnormal|pericardial effusion|"
    r"(?:heart|cardiac) failure|decompensat\w+|ccf|chf|exaggerat\w+|infant|neonate|newborn|for age|"
    r"cardiomegal\w*|(?:heart|cardi\w+|silhouette|ventric\w+|atri\w+)\b[^.\n]{0,60}\b(?:enlarg\w*|larg\w+|big\w*|"
    r"prominen\w+|increas\w+|dilat\w+|wide\w*|magnif\w+|upper limits?)|(?:enlarg\w*|larg\w+|prominen\w+|increas\w+|"
    r"dilat\w+|borderline|upper limits?)\b[^.\n]{0,40}\b(?:heart|cardi\w+|silhouette))\b",
    re.IGNORECASE,
)
_NO_LARGER = re.compile(r"\b(?:no|not|without|nor)\b[^.\n]{0,40}\Z", re.IGNORECASE)
_LEAST, _MOST = 0.25, 0.95
_SMALL, _LARGE = 0.48, 0.58
_UNSAID = 0.5  # where the heart is not called normal, the number is all that is told of it: a remark
_CARDIOMEGALY = "RP:cardiomegaly"
_HEARTS = frozenset({"RP:heart", "RP:heart-border", "RP:cardiomediastinal-silhouette"})


class Cardiothoracic:
    """Compares each ratio with what is possible, and with what is said of the heart's size."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        yield from _of_diameters(case)
        for match in (match for pattern in _RATIOS for match in pattern.finditer(case.report.text)):
            value = float(match["ratio"]) / (100 if match["percent"] else 1)
            span = Span(match.start("ratio"), match.end("percent" if match["percent"] else "ratio"))
            if not _LEAST <= value <= _MOST:
                yield _candidate(case, span, f"No cardiothoracic ratio is {value:g}.", (), 0.9)
            elif value <= _SMALL and (large := _enlarged(case)):
                yield _candidate(
                    case, span, f"A ratio of {value:g} is not that of an enlarged heart.", large[:1], 0.86
                )
            elif value >= _LARGE and not _said_larger(case) and not _alone(case, span):
                message = f"A ratio of {value:g} is not that of a normal heart, and none is called large."
                normal = _normal(case)[:1]
                yield _candidate(case, span, message, normal, 0.86 if normal else _UNSAID)


def _of_diameters(case: Case) -> Iterator[Candidate]:
    """A ratio, or a heart called large, that the two diameters deny."""
    for ratio, place in _by_diameters(case):
        for match in (match for pattern in _RATIOS for match in pattern.finditer(case.report.text)):
            value = float(match["ratio"]) / (100 if match["percent"] else 1)
            if abs(value - ratio) > _NEAR:
                span = Span(match.start("ratio"), match.end("percent" if match["percent"] else "ratio"))
                yield _candidate(case, span, f"By the two diameters the ratio is {ratio:.2f}.", (), 0.84)
        if ratio <= _SMALL and (large := _enlarged(case)):
            message = f"By its diameters ({ratio:.2f} of the chest's) the heart is not enlarged."
            yield _candidate(case, place, message, large[:1], 0.84)
        elif ratio >= _LARGE and (normal := _normal(case)) and not _said_larger(case):
            message = f"By its diameters ({ratio:.2f} of the chest's) the heart is enlarged."
            yield _candidate(case, place, message, normal[:1], 0.84)


def _alone(case: Case, span: Span) -> bool:
    """True for a ratio that is the conclusion itself, where no sentence calls the heart normal."""
    number = sentence_at(case, span)
    return number is not None and case.report.section_of(number) in IMPRESSION and not _normal(case)


def _by_diameters(case: Case) -> Iterator[tuple[float, Span]]:
    """Ratios by two diameters, and where those of the heart are told."""
    seen: set[int] = set()
    for match in (match for pattern in _DIAMETERS for match in pattern.finditer(case.report.text)):
        heart, chest = float(match["heart"]), float(match["chest"])
        heart *= 10 if (match["unit"] or match["other"]).lower() == "cm" else 1
        chest *= 10 if match["other"].lower() == "cm" else 1
        if chest >= _LEAST_CHEST and match.start("heart") not in seen:
            seen.add(match.start("heart"))
            yield heart / chest, Span(match.start("heart"), match.end("heart"))


def _said_larger(case: Case) -> bool:
    """True when any sentence calls the heart large, borderline or prominent."""
    text = case.report.text
    return any(not _NO_LARGER.search(text[: match.start()]) for match in _LARGER.finditer(text))


def _enlarged(case: Case) -> list[Finding]:
    return [f for f in asserted(case, REPORTED) if subsumes(_CARDIOMEGALY, f.concept or "", case.facts)]


def _normal(case: Case) -> list[Finding]:
    """What calls the heart normal, or denies that it is large."""
    normal = [
        f for f in current(case, REPORTED) if f.normal and any(site.concept in _HEARTS for site in f.sites)
    ]
    return normal or [f for f in denied(case, REPORTED) if f.concept == _CARDIOMEGALY]


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

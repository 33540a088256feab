"""Quantities that cannot be: shares above the whole, angles above the half turn, tubes far from the carina."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.leaving_out import sentence_at, without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span


@dataclass(frozen=True, slots=True)
class _Limit:
    """A quantity with the largest value that it can have; ``number`` is the pattern's group."""

    name: str
    most: float
    pattern: re.Pattern[str]


def _limit(name: str, most: float, pattern: str) -> _Limit:
    return _Limit(name, most, re.compile(pattern, re.IGNORECASE))


_NUMBER = r"(?P<number>\d{1,4}(?:\.\d+)?)"
_LENGTH = r"(?:(?:greatest|maximum|maximal|largest|transverse|axial|short axis)\s+)?(?:diameter|length|width|thickness)\b"
_TOOL = r"[^.;]{0,30}\b(?:catheters?|wires?|guidewires?|sheaths?|stents?|grafts?|balloons?|needles?|tubes?|lines?|cords?)\b"
_NUMBER_LONG = r"(?P<number>\d{1,6})"
_NO_HEIGHT = r"(?<!height )(?<!height of )(?<!height: )"
_TIP = r"[^.;]{0,60}?" + _NUMBER + r"\s?"
_LIMITS = (
    _limit(
        "share",
        100,
        rf"(?<![\d.]){_NUMBER}\s?(?:%|percent|per cent)(?=\s+(?:of the|pneumothorax|collapse|stenosis|loss|of))",
    ),
    _limit(
        "share",
        100,
        rf"(?<![\d.]){_NUMBER}\s?(?:%|percent|per cent)(?=[^.;]{{0,25}}\b(?:height|volume|hemithorax|collapse\w*|"
        r"compress\w+|narrow\w+|luminal|lung|loss|wedg\w+|occlu\w+))"
        r"(?! (?:larger|increase|greater|more|predicted|expected|in volume|by volume))",
    ),
    _limit(
        "share", 100, rf"\b(?:occup\w+|approximately|about|measuring|of)\s+{_NUMBER}\s?(?:%|percent|per cent)"
    ),
    _limit(
        "volume in litres",
        12,
        rf"(?<![\d.]){_NUMBER}\s?(?-i:L|litres?|liters?)\b(?=[^.;]{{0,40}}(?:remov|drain|aspirat|fluid|evacuat))",
    ),
    _limit(
        "volume of an effusion in litres",
        6,
        rf"\b(?:effusions?|h(?:a)?emothorax|collection)\b[^.;]{{0,30}}?(?<![\d.]){_NUMBER}\s?(?:(?-i:L)|litres?|liters?)\b",
    ),
    _limit(
        "size of a finding, since it is a mass",
        0,
        rf"\b(?:nodules?|granulomas?|opacit\w+|consolidations?|heart|silhouette|aorta|trachea|lesion|pneumothorax|effusions?)\s"
        rf"(?:is|are|measur\w+|weigh\w*|of)\s(?:\w+\s)?{_NUMBER}\s?(?:kg|kilograms?|grams?|pounds?|lbs?|ounces?|tons?|"
        r"degrees (?:celsius|fahrenheit)|volts?|miles?|km|kilomet(?:er|re)s?|feet|yards?)\b",
    ),
    _limit(
        "length, since it is a volume",
        0,
        rf"(?<![\d.]){_NUMBER}\s?(?:ml|cc|cm3|litres?|liters?)\s+(?:in|of) {_LENGTH}",
    ),
    _limit(
        "length within a body in cm",
        60,
        rf"{_NO_HEIGHT}(?<![\d.]){_NUMBER}\s?cm\b(?!\s?/\s?s|\s*(?:tall|in height|h2o|per sec)|{_TOOL})",
    ),
    _limit("length within a body in mm", 600, rf"(?<![\d.]){_NUMBER}\s?mm\b(?!\s*hg|{_TOOL})"),
    _limit("age of a person in years", 125, r"(?<![\d.])(?P<number>\d{3})[\s-]years?[\s-]old\b"),
    _limit(
        "attenuation in Hounsfield units",
        9000,
        rf"(?<![\d.]){_NUMBER_LONG}\s?(?:hu|hounsfield(?: units?)?)\b",
    ),
    _limit(
        "ejection fraction in per cent",
        100,
        rf"(?<!gallbladder )\bejection fraction\b[^.;\d]{{0,25}}{_NUMBER}\s?(?:%|per\s?cent)",
    ),
    _limit("Cobb angle in degrees", 150, rf"\bcobb\b[^.;\d]{{0,25}}{_NUMBER}\s?(?:degrees?\b|°)"),
    _limit("carinal angle in degrees", 140, rf"\bcarina\w*\b[^.;\d]{{0,40}}{_NUMBER}[\s-]?(?:degrees?\b|°)"),
    _limit("angle in degrees", 180, rf"(?<![\d.]){_NUMBER}[\s-]?(?:degrees?\b|°)"),
    _limit(
        "distance of a tube from the carina in cm",
        12,
        rf"\b(?:endotracheal|et|tracheostomy|ett)\b{_TIP}cm\s+(?:above|from|below|proximal to)\s+(?:the\s+)?carina",
    ),
    _limit(
        "distance of a tube from the carina in mm",
        120,
        rf"\b(?:endotracheal|et|tracheostomy|ett)\b{_TIP}mm\s+(?:above|from|below|proximal to)\s+(?:the\s+)?carina",
    ),
)


_DIGIT = re.compile(r"\d")


class Quantity:
    """Reads shares, angles and distances."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates limit by limit."""
        for limit in _LIMITS if _DIGIT.search(case.report.text) else ():
            for match in limit.pattern.finditer(case.report.text):
                span = Span(match.start("number"), match.end("number"))
                sentence = sentence_at(case, span)
                if sentence is None or case.report.section_of(sentence) not in REPORTED:
                    continue
                if float(match["number"]) > limit.most:
                    yield _candidate(case, limit, span, case.report.sentences[sentence].span)


def _candidate(case: Case, limit: _Limit, span: Span, sentence: Span) -> Candidate:
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=span,
        message=f"{case.report.quote(span)} is no possible {limit.name} (at most {limit.most:g}).",
        rule="measurement.quantity",
        confidence=0.87,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_place(case, span),
    )

"""Quantities in the unit of another one, or that their own words deny: "4 degrees long", "a giant bulla of 9 mm"."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, without_place
from app.proofreading.detectors.size_words import ANGLE, LENGTH, NUM, SEARCHES, SIZE, Found, size
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_CONFIDENCE = 0.86
_BODY = REPORTED | {SectionName.COMPARISON, SectionName.RECOMMENDATION}
_DIMENSION = r"(?:long|wide|thick|tall|deep|in (?:(?:maximum|maximal|greatest|transverse) )?(?:diameter|length|width|size|thickness|height|dimension|depth))"
_MEASURED = (
    r"(?:knob|knuckle|arch|aorta|trachea|heart|silhouette|pedicle(?: width)?|interval|distance|space|nodules?|mass|pneumothorax|effusion|"
    r"opacity|lesion|node|granuloma|cyst|bulla|cavity|hernia|stripe|cardiac|thickening|collection|artery|width|diameter|thickness|length|"
    r"displacement|separation|calcification|haematoma|hematoma|aneurysm|stent|effusions|consolidation)"
)
_ANGULAR = re.compile(
    r"angle|angul|curv|scolio|kypho|lordo|cobb|rotat|tilt|flex|exten|inclin|obliq|abduct|wedg|torsion|version|valgus|varus|"
    r"slope|contact|encas|abut|circumfer|fell|fall|height|film|distance|fahrenheit|celsius|fever|temperature|turn|arc\b|view",
    re.IGNORECASE,
)
_OTHER_UNIT = (
    (rf"\b{_MEASURED}\b[^.;\d]{{0,40}}{NUM}[\s-]?{ANGLE}", "a length has no degrees", True),
    (rf"{NUM}[\s-]?{ANGLE}\s{_DIMENSION}", "a length has no degrees", True),
    (
        rf"\b(?:(?:sub)?carinal|cobb|kypho\w+|scolio\w+|curvature)(?: angle)?(?: (?:is|of|measur\w+|at|about|approximately|angle))+ {NUM}\s?{LENGTH}",
        "an angle has degrees",
        False,
    ),
    (
        rf"{NUM}\s?(?:x|×|by)\s?{NUM}\s?(?:(?-i:mL)|ml|cc|litres?|liters?)\b",
        "a product of lengths has no litres",
        False,
    ),
    (
        rf"\b(?:nodules?|granulomas?|lymph nodes?|fractures?|displacement|tip|trachea|aorta|knob)\b(?: (?:is|are|of|measur\w+|up to|a|now))+ {NUM}\s?(?:ml|cc|litres?|liters?|%|percent|hu|kg)\b(?! (?:calcified|of|larger|smaller|increase|decrease|stenosis))",
        "a length has no such unit",
        False,
    ),
    (
        rf"{NUM}\s?(?:degrees|°|%|percent|ml|cc|kg|grams?|hours?|weeks?|days|years|hu)\s(?:above|below|proximal to|distal to|beyond|past|superior to) the "
        r"(?:carina|arch|aortic|diaphragm|ge |gastro|cavo|clavic\w+|thoracic inlet|svc|knob)",
        "a distance has no such unit",
        False,
    ),
    (
        rf"\b(?:repeat\w*|follow[- ]?up|recheck|re-?imag\w+|return|reassess\w*|re-?evaluat\w+|radiographs?|cxr|ct)\b[^.;\d]{{0,40}}\bin (?:about |approximately )?{NUM}"
        rf"(?:\s?(?:to|-)\s?{NUM})?\s?(?:{LENGTH}|degrees|%|ml\b)(?! (?:slices|sections|thick|intervals))",
        "a time has no such unit",
        False,
    ),
    (
        rf"{NUM}\s?(?:minutes?|hours?|seconds?|days?|weeks?|years?|kg|kilograms?|grams?|hu|%|percent|beats)\s(?:long|wide|thick|in (?:(?:maximum|maximal|greatest|"
        r"largest|transverse) )?(?:diameter|length|width|thickness|dimension))\b",
        "a length has no such unit",
        False,
    ),
    (
        rf"{NUM}\s?(?:x|×|by)\s?{NUM}\s?(?:kg|g|grams?|minutes|hours|degrees|hu)\b(?! (?:each|per|views?))",
        "a product of lengths has no such unit",
        False,
    ),
    (
        rf"\b(?:of|measur\w+|is|negative|minus)\s(?:(?<=negative )|(?<=minus )|-){NUM}\s?{LENGTH}",
        "no length is below nothing",
        False,
    ),
    (rf"\b(?:negative|minus)\s{NUM}\s?(?:%|percent)", "no share is below nothing", False),
    (
        rf"\b(?:drain\w*|remov\w+|aspirat\w+|evacuat\w+)\b[^.;\d]{{0,25}}(?<![\d.])(?:1[3-9]|[2-9]\d|\d{{3,}})\s?(?:(?-i:L)|litres?|liters?)\b",
        "no chest holds so much",
        False,
    ),
    (
        rf"\bpneumothorax\b(?: (?:is|of|measur\w+|at))+ {NUM}\s?(?:(?-i:L)|litres?|liters?|ml|cc|kg|degrees)\b",
        "it is told in lengths or shares",
        False,
    ),
    (rf"{NUM}\s?(?:ml|cc|kg|degrees|%)\sapart\b", "a distance has no such unit", False),
    (rf"{NUM}[\s-](?:mm|cm|kg|ml|degrees?)[\s-](?:ago|later|old)\b", "a time has no such unit", False),
    (
        rf"\b(?:cardio-?thoracic|c/t) (?:ratio|index)(?: (?:is|of|measur\w+|about|approximately|at))+ {NUM}\s?(?:{LENGTH}|degrees|ml\b)",
        "a ratio has no unit",
        False,
    ),
    (
        rf"\bejection fraction(?: (?:is|of|about|approximately|at))+ {NUM}\s?(?:{LENGTH}|ml\b|degrees)",
        "it is a share",
        False,
    ),
    (
        rf"\b(?:of|measur\w+|is|now|up to) {NUM}\s?(?-i:m)(?=[ ,.;)]|$)(?![^.;]{{0,30}}\b(?:distance|tall|high|focal|fall|fell|walk))",
        "nothing in a body is metres long",
        True,
    ),
    (
        rf"\b(?:attenuation|suv(?:max)?)(?: (?:is|of|about|at|value))+ {NUM}\s?{LENGTH}",
        "it is no length",
        False,
    ),
)
_UNITS = tuple((re.compile(words, re.IGNORECASE), why, angular) for words, why, angular in _OTHER_UNIT)
_MOVED = re.compile(
    rf"\b(?:advanc\w+|retract\w*|withdr\w+|pull\w* back|pulled)\b(?: back| out| by| about| approximately| further| the (?:tube|catheter|line))*\s{SIZE}(?! (?:above|below|from|x|of))",
    re.IGNORECASE,
)
_MOVES = (3.0, 300.0)
_ABOVE = re.compile(
    rf"{SIZE} (?:above|proximal to|superior to|from) the (?:carina|tracheal bifurcation)", re.IGNORECASE
)
_IN = re.compile(
    r"\b(?:should be|could be|recommend\w*|suggest\w*|needs? to be|consider|must be|can be|to be)\b[^.;]{0,30}?\badvanc\w+",
    re.IGNORECASE,
)
_OUT = re.compile(
    r"\b(?:should be|could be|recommend\w*|suggest\w*|needs? to be|consider|must be|to be)\b[^.;]{0,30}?\b(?:retract\w*|withdraw\w*|pull\w*)",
    re.IGNORECASE,
)
_NEAR_CARINA, _FAR_CARINA = 20.0, 60.0
_FAR = re.compile(
    rf"{SIZE} (?:above|below|beyond|past|distal to|proximal to) the (?:level of the )?(?:carina|aortic (?:arch|knob)|arch|knob|cavoatrial|ge |gastro-?o?esophageal|diaphragm|"
    r"hemidiaphragm|clavic\w+|top of the arch)",
    re.IGNORECASE,
)
_FARTHEST = 200.0
_WALL = re.compile(
    rf"(?<!chest )(?<!abdominal )(?<!body )\bwall(?: thickness)?(?: (?:of|is|measur\w+|up to|about|at))* {SIZE}(?! (?:mass|lesion|nodule|collection))",
    re.IGNORECASE,
)
_WALL_MOST = 60.0
_DATE = re.compile(
    r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[/-])(?P<b>\d{1,2})(?P=sep)(?P<year>(?:19|20)\d\d)(?![\d/-])"
)
_MONTHS = {"january": 31, "february": 29, "march": 31, "april": 30, "may": 31, "june": 30, "july": 31, "august": 31,
           "september": 30, "october": 31, "november": 30, "december": 31}  # fmt: skip
_NAMED = re.compile(
    rf"\b(?:(?P<month>{'|'.join(_MONTHS)}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?=\d{{4}})|(?P<first>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<then>{'|'.join(_MONTHS)}),? (?=\d{{4}}))",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:at|@|time|taken|obtained|performed)[ :]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?!\d)|(?<![\d:.])(?P<h>\d{1,2}):(?P<m>\d{2}) ?(?:hours|hrs|h|am|pm|a\.m\.|p\.m\.)(?!\w)",
    re.IGNORECASE,
)
_POOR = re.compile(
    r"\b(?:poor|shallow|low|limited|suboptimal|incomplete|decreased)\b[^.;]{0,25}\b(?:inspirat\w+|volumes?)\b[^.;]{0,40}?\b(?:10|11|12|ten|eleven|twelve|tenth|eleventh|twelfth|10th|11th|12th)"
    r"(?: posterior)? ribs?\b|\b(?:1[1-9]|eleven|twelve|thirteen|fourteen) anterior ribs\b",
    re.IGNORECASE,
)
_DEEP = re.compile(
    r"\b(?:good|deep|excellent|full|adequate)\b[^.;]{0,20}\binspirat\w+\b[^.;]{0,40}?\b(?:4|5|6|four|five|six|fourth|fifth|sixth|4th|5th|6th) posterior ribs?\b",
    re.IGNORECASE,
)


class Units:
    """Reads quantities sentence by sentence."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the sentences."""
        for number, sentence in enumerate(case.report.sentences):
            if case.report.section_of(number) in _BODY:
                for start, end, why in _found(sentence.span.of(case.report.text)):
                    span = Span(sentence.span.start + start, sentence.span.start + end)
                    yield _candidate(case, span, sentence.span, why)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _found(text: str) -> tuple[Found, ...]:
    counted = (
        tuple(
            (m.start(), m.end(), "so many ribs are no such inspiration")
            for p in (_POOR, _DEEP)
            for m in p.finditer(text)
        )
        if "rib" in text
        else ()
    )
    if not any(letter.isdigit() for letter in text):
        return counted
    return (*counted, *(found for search in _SEARCHES for found in search(text)))


def _other_units(text: str) -> Iterator[Found]:
    for pattern, why, angular in _UNITS:
        for match in pattern.finditer(text):
            if not (angular and _ANGULAR.search(text)):
                yield match.start(), match.end(), why


def _distances(text: str) -> Iterator[Found]:
    for match in _MOVED.finditer(text):
        if not _MOVES[0] <= size(match) <= _MOVES[1]:
            yield match.start(), match.end(), "no tube is moved so far"
    for match in _ABOVE.finditer(text):
        mm, rest = size(match), text[match.end() :]
        if (mm <= _NEAR_CARINA and _IN.search(rest)) or (mm >= _FAR_CARINA and _OUT.search(rest)):
            yield match.start(), match.end(), "so placed, it should be moved the other way"
    for pattern, most in ((_FAR, _FARTHEST), (_WALL, _WALL_MOST)):
        for match in pattern.finditer(text):
            if size(match) > most:
                yield match.start(), match.end(), "nothing in a body has this size"


def _times(text: str) -> Iterator[Found]:
    """Days and hours that no calendar and no clock has."""
    for match in _DATE.finditer(text):
        day, month, year = int(match["a"]), int(match["b"]), int(match["year"])
        if not _is_date(year, month, day) and not _is_date(year, day, month):
            yield match.start(), match.end(), "no calendar has this day"
    for match in _NAMED.finditer(text):
        month_name, number = (match["month"] or match["then"]).lower(), int(match["day"] or match["first"])
        if not 1 <= number <= _MONTHS[month_name]:
            yield match.start(), match.end(), "no calendar has this day"
    for match in _TIME.finditer(text):
        hour, minute = int(match["hour"] or match["h"]), int(match["minute"] or match["m"])
        if hour > 24 or minute > 59:
            yield match.start(), match.end(), "no clock has this time"


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


_SEARCHES: tuple[Callable[[str], Iterator[Found]], ...] = (_other_units, _distances, _times, *SEARCHES)


def _candidate(case: Case, span: Span, sentence: Span, why: str) -> Candidate:
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=span,
        message=f'"{case.report.quote(span)}" cannot be: {why}.',
        rule="measurement.unit",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_place(case, span),
    )

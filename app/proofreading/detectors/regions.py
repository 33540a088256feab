"""One clause with two regions of the spine, or two sides of one part: "lumbar rods at C2"."""

import re
from collections.abc import Iterator
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.detectors.cannot_be import Found, impossible
from app.proofreading.report import Candidate, ErrorType

_CONFIDENCE = 0.84
_CLAUSE = re.compile(r"(?:[^.;:,()]|\.(?=\d))+")
_SPINE = re.compile(
    r"\b(?P<region>cervical|thoracic|lumbar)\b(?:\W+(?!(?:and|to|through|with|above|below|from|cord|stimulator|epidural|"
    r"catheter|drain|lead|tip|nerve|aort\w*|stents?|grafts?|duct|outlet|inlet|cervical|thoracic|lumbar)\b)\w+){0,6}?"
    r"\W+(?:at|of|spans?|spanning|involving|in)\W+(?:the\W+)?(?P<level>[CTDL])(?P<number>1?\d)\b",
    re.IGNORECASE,
)
_FIRST = {"C": 0, "T": 7, "D": 7, "L": 19}  # vertebrae above the first of each part
_REACH = {"cervical": (1, 9), "thoracic": (6, 21), "lumbar": (17, 25)}  # with two neighbours at each end
_BODY = (
    r"(?:(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|anterior|posterior|lateral|"
    r"medial|mid|upper|lower|through|to|and) )*"
)
_PART = (
    r"(?:ribs?|humeral head|humerus|clavicle|scapula|acromion|coracoid|pneumothorax|pleural effusion|upper lobe|"
    r"lower lobe|hemidiaphragm|nipple shadow|glenohumeral joint|shoulder|axilla|breast)"
)
_HOLDER = (
    r"(?:(?:lateral |anterior |posterior |upper |lower )*(?:chest wall|hemithorax|glenoid(?: fossa)?|acromion|axilla|"
    r"shoulder|lung apex|lung base|lung|hemidiaphragm|costophrenic (?:angle|sulcus)))"
)
_SIDES = re.compile(
    rf"\b(?P<one>left|right)(?:-sided)? {_BODY}{_PART}(?: (?!(?:and|or|than|while|with|extend\w*|herniat\w*|cross\w*|toward|"
    rf"towards|to|tip|catheter|line|lead|tube|shift\w*|compar\w*|versus|contralateral|relative|now|new|less|more|"
    rf"higher|lower|left|right)\b)\w+){{0,5}}? (?:along|beneath|under|over|overl\w+|in|of|within|from|at|against) (?:the )?"
    rf"(?P<other>left|right) {_HOLDER}\b",
    re.IGNORECASE,
)
_SHIFT = re.compile(
    r"\b(?:(?P<one>left|right)ward (?:shift|deviation|displacement)|"
    r"(?:shift\w*|deviat\w+|displac\w+) to the (?P<same>left|right))"
    r"(?: (?!(?:and|with|from|away|due|secondary|because|relative|pushed|by)\b)\w+){0,4}? (?:in)?to(?:wards?)? (?:the )?"
    r"(?P<other>left|right)\b",
    re.IGNORECASE,
)


class Regions:
    """Reads clause by clause; a clause that compares, shifts or joins says nothing."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence."""
        yield from impossible(case, _found, "clause", _CONFIDENCE)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _found(text: str) -> tuple[Found, ...]:
    found = []
    for clause in _CLAUSE.finditer(text):
        for match in _SPINE.finditer(text, *clause.span()):
            vertebra = _FIRST[match["level"].upper()] + int(match["number"])
            first, last = _REACH[match["region"].lower()]
            if not first <= vertebra <= last:
                found.append((*match.span(), f"that vertebra is none of the {match['region'].lower()} spine"))
        for match in _SIDES.finditer(text, *clause.span()):
            if match["one"].lower() != match["other"].lower():
                found.append((*match.span(), "the two lie on one side"))
        for match in _SHIFT.finditer(text, *clause.span()):
            if (match["one"] or match["same"]).lower() != match["other"].lower():
                found.append((*match.span(), "one shift has one direction"))
    return tuple(found)

"""One quantity told twice, with two values: a distance, an angle, a ratio, a count, a size across the sections."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, levels_named
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.measurements import find_measurements
from models.types import SectionName, Span

_CONFIDENCE = 0.84
_DIGITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "fifth": 5, "fourth": 4,
    "third": 3, "second": 2, "first": 1,
}  # fmt: skip
_COUNT = rf"(?P<value>\d{{1,2}}|{'|'.join(_DIGITS)})(?:st|nd|rd|th)?"


def _kind(name: str, slack: float, pattern: str) -> tuple[str, float, re.Pattern[str]]:
    return name, slack, re.compile(pattern, re.IGNORECASE)


_NUMBER = r"(?P<value>\d{1,3}(?:\.\d{1,3})?)"
_KINDS = (  # name, by how much two tellings may differ, where the value stands
    _kind("ratio", 0.035, rf"\b(?:cardio-?thoracic (?:ratio|index)|ctr|c/t ratio)\b[^.\d;]{{0,20}}(?P<value>0?\.\d{{1,3}}|\d{{1,3}}(?=\s?(?:%|percent|per cent)))"),
    _kind("kyphosis angle", 5, rf"\bkypho\w+\b[^.;\d]{{0,30}}{_NUMBER}[\s-]?(?:degrees?|°)"),
    _kind("angle of the curve", 5, rf"\b(?:scolio\w+|cobb|curv\w+|dextro\w+|levo\w+)\b[^.;\d]{{0,40}}{_NUMBER}[\s-]?(?:degrees?|°)"),
    _kind("angle of the curve", 5, rf"{_NUMBER}[\s-]?(?:degrees?|°)[^.;\d]{{0,25}}\b(?:scolio\w+|curv\w+|dextro\w+|levo\w+)\b"),
    _kind("carinal angle", 8, rf"\b(?:sub)?carin\w+\b[^.;\d]{{0,30}}{_NUMBER}[\s-]?(?:degrees?|°)"),
    _kind("number of sternal wires", 0, rf"\b{_COUNT} (?:\w+ ){{0,2}}(?:sternal|sternotomy|cerclage) (?:wires|sutures)\b"),
    _kind("number of posterior ribs", 1, rf"\b{_COUNT} (?:visible )?posterior ribs?\b|\b(?:inspirat\w+|rib count)\b[^.;\d]{{0,40}}?\b(?P<value2>\d{{1,2}}|{'|'.join(_DIGITS)})(?:st|nd|rd|th)? (?:ribs? )?posterior(?:ly| ribs?)"),
    _kind("number of anterior ribs", 1, rf"\b{_COUNT} (?:visible )?anterior ribs\b"),
    _kind("share of height lost", 12, rf"{_NUMBER}\s?(?:%|percent|per cent)[^.;\d]{{0,30}}\b(?:height|compress\w+|wedg\w+)|\b(?:height loss|loss of (?:\w+ ){{0,2}}height|compress\w+|wedg\w+)\b[^.;\d]{{0,30}}?(?<!\d)(?P<value2>\d{{1,3}})\s?(?:%|percent)"),
    _kind("share of the hemithorax", 12, rf"{_NUMBER}\s?(?:%|percent|per cent) of (?:the )?(?:\w+ )?(?:hemi)?thora"),
    _kind("size in French", 0, rf"\b{_NUMBER}[\s-]?(?:fr|french|f)\b"),
    _kind("share of the stenosis", 10, rf"{_NUMBER}\s?(?:%|percent|per cent)[^.;\d]{{0,20}}\b(?:stenosis|narrow\w+|luminal)"),
    _kind("SUV", 0.5, rf"\bsuv\w*[^.;\d]{{0,15}}{_NUMBER}"),
    _kind("number of rib fractures", 0, rf"\b{_COUNT} (?:(?:acute|displaced|nondisplaced|healed|healing|old|left|right|lateral|posterior|contiguous) )*rib fractures\b"),
    _kind("number of chest tubes", 0, rf"\b{_COUNT} (?:(?:left|right|pleural) )*(?:chest tubes|chest drains)\b"),
    _kind("share of the pneumothorax", 6, rf"\b{_NUMBER}\s?(?:%|percent|per cent)\s(?:\w+\s){{0,3}}pneumothorax\b|\bpneumothorax\b[^.;\d]{{0,35}}?\b(?P<value2>\d{{1,3}})\s?(?:%|percent|per cent)"),
    _kind("ejection fraction", 5, rf"\b(?:ejection fraction|lvef|ef)\b[^.;\d]{{0,20}}{_NUMBER}\s?(?:%|percent)"),
    _kind("volume drained in ml", 50, rf"\b{_NUMBER}\s?(?:ml|cc)\b[^.;\d]{{0,40}}\b(?:drained|removed|aspirated|evacuated)\b"),
    _kind("attenuation", 10, rf"\b{_NUMBER}\s?(?:hu|hounsfield)\b"),
)  # fmt: skip
_RANGE = re.compile(
    r"\bribs?\s+(?P<a>\d{1,2})(?:st|nd|rd|th)?\s?(?:through|thru|to|-)\s?(?P<b>\d{1,2})\b|\b(?P<c>\d{1,2})(?:st|nd|rd|th)?\s?(?:through|thru|to|-)\s?"
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)? (?:(?:left|right|lateral|posterior|anterior) )*ribs?\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\b(?:previous\w*|prior|formerly|earlier|compared|was|were|used to|from|until|expected|should|recommend\w*|suggest\w*|normal|upper limits?|"
    r"advanc\w+|retract\w+|withdraw\w*|respectively|and another|another|second|several|multiple|range|between|largest|smallest|each|both|"
    r"additional|other|bilateral\w*|up to)\b",
    re.IGNORECASE,
)
_PRIOR = re.compile(
    r"[,(]?\s?\b(?:previously|formerly|earlier|compared (?:to|with)|versus|from|was|were)\s(?:\w+\s){0,2}\d[\d.x× ]*\s?(?:mm|cm)?(?:\s?(?:previously|before|on the prior|at prior))?\)?",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\bfrom \d[\d.]*\s?(?:mm|cm)?\s?to (?P<now>\d+(?:\.\d+)?)\s?(?P<unit>mm|cm)\b", re.IGNORECASE
)
_VERTEBRA = re.compile(r"\b[CTL]\d{1,2}\b")
_RIB = re.compile(
    r"\b(?P<value>\d{1,2})(?:st|nd|rd|th) (?:\w+ )?rib\b(?!s)|\brib (?P<value2>\d{1,2})\b", re.IGNORECASE
)
_LESION = re.compile(
    r"\b(?:sclerotic|lytic|lesion|focus|bone island|expansile|enostosis|destruct\w+|exostosis)\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:[<>\u2264\u2265]|\b(?:than|least|most|under|over|below|above|exceed\w*|within|every|slices?))\s*\Z",
    re.IGNORECASE,
)
_REACH = 12  # code points before a size in which it is called a limit
_SIDES = re.compile(
    r"\b(?:(?P<left>left|l[ul]l|lingula\w*)|(?P<right>right|r[uml]l)|(?P<both>bilateral|both))\b",
    re.IGNORECASE,
)
_CATEGORIES = tuple(
    re.compile(rf"\b(?:{words})", re.IGNORECASE)
    for words in (
        "(?:above|below|from|past|beyond|proximal to|distal to|superior to) the carina",
        "(?:above|below|from|past|beyond|distal to) the (?:top of the )?(?:aortic )?(?:arch|knob)|top of the arch",
        "(?:above|below|from|past|beyond|proximal to|distal to) the (?:gej|ge junction|gastro-?o?esophageal)",
        "(?:above|below|from|past|beyond|into|distal to) the (?:cavo-?atrial|atriocaval)",
        "(?:hemi-?)?diaphragm",
        "transverse (?:cardiac |heart )?diameter|cardiac (?:diameter|width)|heart measures",
        "cavit",
        "nodul",
        "mass(?:es)?\\b",
        "pneumothora",
        "effusion",
        "bulla",
        "cyst",
        "aneurysm|ascending aorta|aortic (?:root|arch|knob)|descending aorta",
        "hernia",
        "granuloma",
        "pseudo-?tumou?r|lentiform|fissur",
        "abscess",
        "lymph node|\\bnode",
        "pleural (?:thickening|plaque|cap)|apical cap",
        "mediastin\\w+ (?:width|measur)|mediastinum (?:is|measures)",
        "trachea",
        "pulmonary artery",
        "vascular pedicle",
        "(?:hemi)?thorax",
        "sclerotic|lytic|bone island",
        "foreign body|coin|bullet|button battery",
        "consolidation|opacit|infiltrat",
        "fragment|displac|fracture",
        "haematoma|hematoma|collection",
        "stent|clip|screw",
        "lesion",
    )
)
_CLOSE = 0.13  # share by which two tellings of one size may differ
_ROUNDED = 1.0


@dataclass(frozen=True, slots=True)
class _Told:
    """A value with its place; ``keys`` are the things that its sentence speaks of."""

    kind: str
    value: float
    span: Span
    keys: frozenset[int]
    sides: frozenset[str]
    levels: frozenset[str]


class ToldTwice:
    """Compares the values that findings and impression give one quantity."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate for each kind of quantity."""
        concluded = list(_section(case, IMPRESSION))
        if not concluded:
            return
        described = list(_section(case, FINDINGS))
        done: set[str] = set()
        for said, seen in product(concluded, described):
            if (
                said.kind == seen.kind
                and said.kind not in done
                and _one_thing(said, seen, described, concluded)
            ):
                done.add(said.kind)
                yield _candidate(case, said, seen)


def _section(case: Case, sections: frozenset[SectionName]) -> Iterator[_Told]:
    for number, sentence in enumerate(case.report.sentences):
        if case.report.section_of(number) in sections:
            for kind, value, start, end, keys, sides, levels in _values(sentence.span.of(case.report.text)):
                yield _Told(
                    kind,
                    value,
                    Span(sentence.span.start + start, sentence.span.start + end),
                    keys,
                    sides,
                    levels,
                )


_Value = tuple[str, float, int, int, frozenset[int], frozenset[str], frozenset[str]]


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _values(text: str) -> tuple[_Value, ...]:
    lowered = text.lower()
    digits = any(letter.isdigit() for letter in text)
    if not digits and "rib" not in lowered and "wire" not in lowered:
        return ()
    keys = frozenset(number for number, words in enumerate(_CATEGORIES) if words.search(text))
    sides = frozenset(
        name for match in _SIDES.finditer(text) for name, found in match.groupdict().items() if found
    )
    around = keys, sides, levels_named(text) | frozenset(match.group() for match in _VERTEBRA.finditer(text))
    found = [(*value, *around) for value in _of_kinds(text)]
    sizes = list(_sizes(text)) if digits else []
    if len(sizes) == 1:
        found.append((*sizes[0], *around))
    return tuple(found)


def _of_kinds(text: str) -> Iterator[tuple[str, float, int, int]]:
    for name, _, pattern in _KINDS:
        matches = list(pattern.finditer(text))
        if len(matches) == 1 and not _OTHERWISE.search(text):
            group = "value" if matches[0]["value"] else "value2"
            words = matches[0][group].lower()
            value = float(_DIGITS.get(words, 0) or words)
            ratio = value / 100 if name == "ratio" and value > 1 else value
            yield name, ratio, matches[0].start(group), matches[0].end(group)
    ribs = list(_RIB.finditer(text)) if _LESION.search(text) else []
    if len(ribs) == 1 and not _OTHERWISE.search(text):
        group = "value" if ribs[0]["value"] else "value2"
        yield "rib with the lesion", float(ribs[0][group]), ribs[0].start(group), ribs[0].end(group)
    ranges = list(_RANGE.finditer(text))
    if len(ranges) == 1 and not _OTHERWISE.search(text):
        first, last = (int(number) for number in ranges[0].groups() if number)
        yield "ribs", first * 100.0 + last, ranges[0].start(), ranges[0].end()


def _sizes(text: str) -> Iterator[tuple[str, float, int, int]]:
    """The sizes of today in a sentence of one thing."""
    for match in _FROM_TO.finditer(text):
        yield (
            "size in mm",
            float(match["now"]) * (1.0 if match["unit"].lower() == "mm" else 10.0),
            match.start("now"),
            match.end("unit"),
        )
    spared = [match.span() for pattern in (_PRIOR, _FROM_TO) for match in pattern.finditer(text)]
    for span, mm in find_measurements(text):
        limit = _LIMIT.search(text, max(0, span.start - _REACH), span.start)
        if limit is None and not any(start <= span.start < end for start, end in spared):
            yield "size in mm", mm, span.start, span.end


def _one_thing(said: _Told, seen: _Told, described: list[_Told], concluded: list[_Told]) -> bool:
    """True when both tell of one thing, and no other sentence of the findings gives the value that is said."""
    if said.sides and seen.sides and said.sides != seen.sides:
        return False
    if said.levels and seen.levels and not said.levels & seen.levels:
        return False
    alike = [one for one in described if one.kind == said.kind]
    if any(_agree(said, one) for one in alike):
        return False
    if said.kind != "size in mm":
        return len(alike) == 1 and sum(one.kind == said.kind for one in concluded) == 1
    shared = said.keys & seen.keys
    rivals = [
        one
        for one in alike
        if one.keys & said.keys and (not one.sides or not said.sides or one.sides == said.sides)
    ]
    return bool(shared) and len(rivals) == 1


def _agree(first: _Told, second: _Told) -> bool:
    if first.kind == "size in mm":
        return abs(first.value - second.value) <= max(_ROUNDED, _CLOSE * max(first.value, second.value))
    slack = next((slack for name, slack, _ in _KINDS if name == first.kind), 0.0)
    return abs(first.value - second.value) <= slack


def _candidate(case: Case, said: _Told, seen: _Told) -> Candidate:
    spans = [next(s.span for s in case.report.sentences if s.span.contains(one.span)) for one in (seen, said)]
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=said.span,
        message=f"The impression gives {case.report.quote(said.span)}; the findings give {case.report.quote(seen.span)}.",
        rule="measurement.twice",
        confidence=_CONFIDENCE,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=span) for span in spans),
        correction=Correction(said.span, case.report.quote(seen.span)),
        alternatives=(Correction(seen.span, case.report.quote(said.span)),),
    )

"""Findings, devices and looks by classes of organs that cannot have them: "osteophytes of the aorta"."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.detectors.beginnings import by_letters, rows_for
from app.proofreading.detectors.cannot_be import Found, impossible
from app.proofreading.report import Candidate, ErrorType

_NONE = "-"
_CONFIDENCE = 0.86
_LEAD = 30  # code points before a finding in which a word may make it another
FOLLOWS = (  # after an organ: it is no adjective of what comes next ("the heart border")
    r"(?=\s*(?:[.,;:)]|$)|\s+(?:and|or|with|at|on|is|are|was|were|which|that|to|from|as|since|suggest\w*|consistent|"
    r"compatible|c/w|due|unchanged|stable|today|bilaterally|seen|noted|again|decreased|increased|question\w*|for|but|"
    r"without|measur\w+|worrisome|concerning|suspicious|likely|may|could|has|have|by|near|because|accounts?|contain\w*)\b)"
)
_VERBS = (
    r"(?:\W+(?:is|are|was|were|be|been|being|seen|noted|present|located|identified|appreciated|visible|visuali[sz]ed|"
    r"involv\w+|tips?|now|lies|lie|lying|found|again|tracking|evident|extend\w*|bridg\w+|several|multiple|levels?|"
    r"coiled|positioned|placed|intact|unchanged|stable|aligned|accumulating|articulat\w+ with|there))*"
)
ASPECT = (
    r"(?:(?:the|a|an|both|left|right|bilateral|upper|lower|mid|middle|proximal|distal|lateral|medial|anterior|posterior|"
    r"superior|inferior|entire|ascending|descending|thoracic|abdominal|normal|visuali[sz]ed|"
    r"(?:aspects?|shafts?|midshafts?|portions?|parts?|bod(?:y|ies)|tips?|walls?|lumens?|half|thirds?|ends?|margins?|borders?|bases?|region|middle|"
    r"centre|center|canal|substance|tissue|interior) of|visible|whole|deep|outer|inner|central|peripheral)\W+)*"
)
_IN = r"\W+(?:of|in|within|inside|involving|affecting|outlining|surrounding|throughout|with the)\W+"
_PART_OF = r"\W+of\W+"
_ALONG = r"\W+(?:along|around|about|occup(?:ies|y|ying))\W+"
_AT = r"\W+(?:of|in|within|inside|involving|at|over|overl(?:ies|ie|ying)|project\w* over|above|near)\W+"
_TIP = (  # no other device stands between, nor a second statement
    r"(?:\W+(?!(?:and|or|with|while|tube|drain|catheter|line|picc|port|cvc|swan|ngt?|ett?|ij)\b)\w+){0,6}?"
    r"(?:,? with)?\W+(?:(?:the|its) )?(?:tips?|leads?|markers?|terminat\w+|end(?:s|ing)?|side ?(?:hole|port)s?|coiled|"
    r"positioned|lies|seen|located)\b(?:\W+(?!(?:and|with|tube|drain|catheter|line)\b)\w+){0,3}?"
    r"\W+(?:in|within|inside|into)\W+(?:(?:the\W+)?(?:left |right )?[a-z]+,? and )?"
)
_LEVEL = r"[^.;:,]{0,50}?\b(?:above|below|from|beyond|at the level of|at)\W+"
_RUN = r"(?:\W+(?!(?:and|with|while|tube|which)\b)\w+){0,10}?\W+(?:inside|within|in|into)\W+"
_UNDER = r"\W+(?:is |are |seen |noted |present )*(?:under|beneath|below|underneath)\W+"
_AROUND = r"\W+(?:is |lies )?(?:around|encircl\w+|surround\w+)\W+"
_SHOWS = (
    r"\W+(?:shows?|demonstrates?|exhibits?|contains?|reveals?|has|have)\W+(?:(?:a|an|some|mild|moderate|severe|minimal|"
    r"small|large|focal|diffuse|patchy|acute|chronic|old|healed|stable|new)\W+)*"
)
_IS = (
    r"\W+(?:is|are|appears?|remains?|looks?)\W+"
    r"(?:(?:to be|mildly|moderately|markedly|severely|slightly|somewhat|now|again|both|well)\W+)*"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A class of findings with organs that cannot have it; ``before``: words with which it is another finding."""

    beginnings: tuple[str, ...]
    words: str
    before: re.Pattern[str] | None
    why: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled where a report first has words that it may begin with: all of them take half a second."""
        return _compiled(self.words)


@cache
def organ_classes() -> dict[str, tuple[str, str]]:
    """Nouns and adjectives of each class of organs, as regular expressions."""
    return {name: (nouns, adjectives) for name, nouns, adjectives in table_lines("organ_classes.tsv")}


def table_lines(name: str) -> Iterator[list[str]]:
    """The cells of each line of a bundled table of this package."""
    for line in files("app").joinpath("proofreading/detectors", name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


@cache
def _rows() -> tuple[_Row, ...]:
    rows = []
    for letters, finding, ways, before, classes, why in table_lines("organ_findings.tsv"):
        forms = "|".join(_forms(finding, ways.split(), classes.split()))
        barred = None if before == _NONE else re.compile(rf"\b(?:{before})\b", re.IGNORECASE)
        rows.append(_Row(tuple(letters.split("|")), rf"\b(?:{forms})", barred, why))
    return tuple(rows)


@cache
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


@cache
def _by_letters() -> Mapping[str, frozenset[int]]:
    return by_letters(row.beginnings for row in _rows())


def _forms(finding: str, ways: list[str], classes: list[str]) -> Iterator[str]:
    """The regular expressions of the ways in which a finding and an organ are named together."""
    if "words" in ways:
        yield rf"(?:{finding})(?!\w)"
        return
    nouns = "|".join(organ_classes()[name][0] for name in classes)
    adjectives = "|".join(organ_classes()[name][1] for name in classes if organ_classes()[name][1] != _NONE)
    organ = rf"{ASPECT}(?:{nouns}){FOLLOWS}"
    told = rf"(?:{finding})"
    if "in" in ways:
        yield told + _VERBS + (_AT if "at" in ways else _IN) + organ
    if "of" in ways:
        yield told + _PART_OF + organ
    if "along" in ways:
        yield told + _VERBS + _ALONG + organ
    if "adj" in ways and adjectives:
        yield rf"(?:{adjectives})\s(?:(?:displaced|acute|old|healed|mild|severe)\s)?{told}(?!\w)"
    if "shows" in ways:
        yield rf"(?:{nouns}){_SHOWS}{told}(?!\w)"
    if "tip" in ways:
        yield told + r"\b" + _TIP + organ
    for way, between in (("level", _LEVEL), ("under", _UNDER), ("around", _AROUND), ("run", _RUN)):
        if way in ways:
            yield told + r"\b" + between + organ
    if "is" in ways:
        yield rf"(?:{nouns}){_IS}{told}(?!\w)"
        yield rf"{told}\s(?:{nouns}){FOLLOWS}"


class OrganFindings:
    """Looks for findings beside the name of an organ of a class that cannot have them."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence."""
        yield from impossible(case, _found, "class", _CONFIDENCE)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _found(text: str) -> tuple[Found, ...]:
    found = []
    for row in (_rows()[number] for number in rows_for(text, _by_letters())):
        for match in row.pattern.finditer(text):
            lead = text[max(0, match.start() - _LEAD) : match.start()]
            if row.before is None or not row.before.search(lead):
                found.append((match.start(), match.end(), row.why))
    return tuple(found)

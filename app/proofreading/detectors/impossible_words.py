"""Words that no body and no classification has: "both spleens", "segment 11 of the liver", "Lung-RADS 7"."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted
from app.proofreading.detectors.beginnings import by_letters, rows_for
from app.proofreading.detectors.cannot_be import Found, impossible
from app.proofreading.detectors.impossible_anatomy import MIRRORED
from app.proofreading.report import Candidate, ErrorType

_CONFIDENCE = 0.85
_DISC = re.compile(
    r"\b(?P<first>[CTL])(?P<upper>\d{1,2})\s?[-/]\s?(?P<second>[CTLS])?(?P<lower>\d{1,2}) "
    r"(?:inter-?vertebral )?(?:disc|disk)\b(?!s)",
    re.IGNORECASE,
)
_SLIP = re.compile(
    r"\b(?:(?:antero|retro|spondylo)?listhesis|anterior slip) (?:of )?(?P<first>[CTL])(?P<upper>\d{1,2}) (?:directly )?"
    r"(?:on|over|upon) (?P<second>[CTLS])?(?P<lower>\d{1,2})\b",
    re.IGNORECASE,
)
_BELOW = {"C": 0, "T": 7, "L": 19, "S": 24}  # vertebrae above the first of each part
_REMOVED = (
    (re.compile(r"\bcholecystectomy\b", re.IGNORECASE), "gallbladder"),
    (re.compile(r"\bsplenectomy\b", re.IGNORECASE), "spleen"),
    (re.compile(r"\bhysterectomy\b", re.IGNORECASE), "uterus"),
    (re.compile(r"\bappendectomy\b", re.IGNORECASE), "appendix"),
    (re.compile(r"\bprostatectomy\b", re.IGNORECASE), "prostate"),
)
_PRESENT = (
    r"\b(?:the )?{organ} (?:is|appears|looks) (?:(?:grossly|otherwise) )?"
    r"(?:normal|unremarkable|enlarged|distended|intact)\b"
)
_MASTECTOMY = re.compile(r"\b(?:left|right)(?:-sided)? mastectomy\b", re.IGNORECASE)
_BREASTS = re.compile(
    r"\b(?:both breast shadows|bilateral breast shadows|breast shadows are (?:\w+ (?:and )?)*?(?:symmetric\w*|bilateral))\b",
    re.IGNORECASE,
)
_REBUILT = re.compile(r"\b(?:reconstruct\w+|implants?|prosthes[ei]s|expanders?|flap)\b", re.IGNORECASE)
_NOT_DONE = re.compile(
    r"\b(?:no|not|without|consider\w*|recommend\w*|candidate|partial|subtotal|for)\b", re.IGNORECASE
)


@cache
def _table() -> tuple[tuple[re.Pattern[str], str], ...]:
    lines = files("app").joinpath("proofreading/detectors/impossible.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple((re.compile(rf"\b(?:{words})(?!\w)", re.IGNORECASE), why) for _, words, why in rows)


@cache
def _by_letters() -> Mapping[str, frozenset[int]]:
    lines = files("app").joinpath("proofreading/detectors/impossible.tsv").read_text("utf-8").splitlines()
    return by_letters(line.split("\t")[0].split("|") for line in lines if not line.startswith("#"))


class ImpossibleWords:
    """Looks for the words of a table, for discs between bones that do not meet, for organs after their removal."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order; none in a mirrored body, where sides prove nothing."""
        if any(finding.concept in MIRRORED for finding in asserted(case, REPORTED)):
            return

        def found(text: str) -> Iterator[Found]:
            yield from (*_words(text), *_discs(text), *_removed(case, text), *_breasts(case, text))

        yield from impossible(case, found, "words", _CONFIDENCE)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _words(text: str) -> tuple[Found, ...]:
    rows = (_table()[number] for number in rows_for(text, _by_letters()))
    return tuple(
        (match.start(), match.end(), why) for pattern, why in rows for match in pattern.finditer(text)
    )


def _discs(text: str) -> Iterator[Found]:
    """One disc is named by two bones that follow each other."""
    for match in _DISC.finditer(text):
        first = match["first"].upper()
        upper = _BELOW[first] + int(match["upper"])
        lower = _BELOW[(match["second"] or first).upper()] + int(match["lower"])
        if match["second"] is None and lower < upper:
            continue  # "L5/1": the sacrum is understood
        if lower - upper != 1:
            yield match.start(), match.end(), "a disc lies between neighbours"
    for match in _SLIP.finditer(text):
        first = match["first"].upper()
        lower = _BELOW[(match["second"] or first).upper()] + int(match["lower"])
        if abs(lower - _BELOW[first] - int(match["upper"])) != 1 and (
            match["second"] or match["lower"] != "1"
        ):
            yield match.start(), match.end(), "a vertebra slips on its neighbour"


def _removed(case: Case, text: str) -> Iterator[Found]:
    """An organ that is there, in a report that tells of its removal."""
    words = text.lower()
    for removal, organ in _REMOVED:
        if organ not in words:
            continue
        match = re.search(_PRESENT.format(organ=organ), text, re.IGNORECASE)
        if match is None:
            continue
        told = (s.span.of(case.report.text) for s in case.report.sentences)
        if any(removal.search(words) and not _NOT_DONE.search(words) for words in told):
            yield match.start(), match.end(), "the report tells of its removal"


def _breasts(case: Case, text: str) -> Iterator[Found]:
    """Two breasts, in a report that tells of the removal of one and of no other in its place."""
    match = _BREASTS.search(text) if "breast" in text.lower() else None
    if match is None or _REBUILT.search(case.report.text):
        return
    told = (s.span.of(case.report.text) for s in case.report.sentences)
    if any(_MASTECTOMY.search(words) and not _NOT_DONE.search(words) for words in told):
        yield match.start(), match.end(), "the report tells of the removal of one"

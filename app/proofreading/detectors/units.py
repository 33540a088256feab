"""Quantities in the unit of another one, and distances, days and hours that cannot be: "4 degrees long"."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.detectors.patterns import compiled, read_patterns
from app.proofreading.detectors.size_words import SEARCHES, Found, size
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_CONFIDENCE = 0.86
_BODY = REPORTED | {SectionName.COMPARISON, SectionName.RECOMMENDATION}
_FILE = "units.tsv"
_LEAST_MOVE, _MOST_MOVE = 3.0, 300.0  # mm by which a tube is moved
_NEAR_CARINA, _FAR_CARINA = 20.0, 60.0  # mm; nearer, no tube goes further in; farther, none further out
_FARTHEST, _WALL_MOST = 200.0, 60.0  # mm from a landmark of the chest; of a wall
_MONTHS = {
    "january": 31, "february": 29, "march": 31, "april": 30, "may": 31, "june": 30, "july": 31, "august": 31,
    "september": 30, "october": 31, "november": 30, "december": 31,
}  # fmt: skip
_LAST_HOUR, _LAST_MINUTE = 24, 59


@cache
def _units() -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    """Words, why they cannot be, and whether an angle in the sentence excuses them."""
    return tuple(
        (re.compile(words, re.IGNORECASE), why, excused == "length")
        for words, why, excused in read_patterns(_FILE)["unit"]
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
    counted = tuple(_counted(text)) if "rib" in text else ()
    if not any(letter.isdigit() for letter in text):
        return counted
    return (*counted, *(found for search in _SEARCHES for found in search(text)))


def _counted(text: str) -> Iterator[Found]:
    """So many or so few ribs as the breath that is told does not show."""
    for pattern in (compiled(_FILE, "poor"), compiled(_FILE, "deep")):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), "so many ribs are no such inspiration"


def _other_units(text: str) -> Iterator[Found]:
    for pattern, why, angular in _units():
        for match in pattern.finditer(text):
            if not (angular and compiled(_FILE, "angular").search(text)):
                yield match.start(), match.end(), why


def _distances(text: str) -> Iterator[Found]:
    for match in compiled(_FILE, "moved").finditer(text):
        if not _LEAST_MOVE <= size(match) <= _MOST_MOVE:
            yield match.start(), match.end(), "no tube is moved so far"
    for match in compiled(_FILE, "above").finditer(text):
        mm, rest = size(match), text[match.end() :]
        if (mm <= _NEAR_CARINA and compiled(_FILE, "in").search(rest)) or (
            mm >= _FAR_CARINA and compiled(_FILE, "out").search(rest)
        ):
            yield match.start(), match.end(), "so placed, it should be moved the other way"
    for pattern, most in ((compiled(_FILE, "far"), _FARTHEST), (compiled(_FILE, "wall"), _WALL_MOST)):
        for match in pattern.finditer(text):
            if size(match) > most:
                yield match.start(), match.end(), "nothing in a body has this size"


def _times(text: str) -> Iterator[Found]:
    """Days and hours that no calendar and no clock has."""
    for match in compiled(_FILE, "date").finditer(text):
        day, month, year = int(match["a"]), int(match["b"]), int(match["year"])
        if not _is_date(year, month, day) and not _is_date(year, day, month):
            yield match.start(), match.end(), "no calendar has this day"
    for match in compiled(_FILE, "named").finditer(text):
        month_name, number = (match["month"] or match["then"]).lower(), int(match["day"] or match["first"])
        if not 1 <= number <= _MONTHS[month_name]:
            yield match.start(), match.end(), "no calendar has this day"
    for match in compiled(_FILE, "time").finditer(text):
        hour, minute = int(match["hour"] or match["h"]), int(match["minute"] or match["m"])
        if hour > _LAST_HOUR or minute > _LAST_MINUTE:
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

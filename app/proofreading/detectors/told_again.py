"""One size told twice in two sentences that follow each other: "A 7 mm nodule. Its greatest diameter is 7 cm."."""

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, levels, subsumes
from app.proofreading.detectors.measurement import NO_SIZE
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind

_ITS = re.compile(r"\W*(?:its|it)\b", re.IGNORECASE)
_DEFINITE = re.compile(r"\W*(?:the|this|that|these)\b", re.IGNORECASE)
_OF_TIME = re.compile(
    r"\b(?:previous\w*|prior|formerly|earlier|was|were|from|compared|since|grown|increas\w+|decreas\w+|by|than|"
    r"now|last|ago|other|another|second|also|largest|smaller|larger)\b",
    re.IGNORECASE,
)
_PART = re.compile(  # of which the size is told, where it is not that of the whole
    r"\b(?:walls?|margins?|components?|parts?|portion|axis|depth|deep|thick\w*|thin|extend\w*|distan\w+|lies|spacing|gap|"
    r"apart|core|rim|neck|calcif\w+|fluid level|length|long|height|slices?|sections?|apex)\b",
    re.IGNORECASE,
)
_HAS = re.compile(r"\b(?:contain\w*|has|have|having|with|harbou?rs?|shows?|includ\w+)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}", re.IGNORECASE)
_GENERAL = frozenset(
    "the this that these with and its are there left right upper lower middle lobe lung size measures measuring "
    "measured about small large seen noted base apex side diameter thick thin lie lies lung".split()
)
_SLIP, _ROUNDED = 10.0, 0.02
_APART = 1.5  # the least factor by which two sizes of one thing differ where one of them is wrong
_CONFIDENCE = {True: 0.84, False: 0.72}  # by a slip of the unit or the point, or by some other number


class ToldAgain:
    """Compares the one size of a sentence with that of the sentence before, to which it refers."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        numbers = [n for n in case.by_sentence if case.report.section_of(n) in REPORTED]
        for first, second in pairwise(numbers):
            same = case.report.sentences[first].section == case.report.sentences[second].section
            if not same or second - first != 1:
                continue
            sizes = _size(case, first), _size(case, second)
            if sizes[0] is not None and sizes[1] is not None:
                yield from _compared(case, sizes[0], sizes[1])


def _size(case: Case, number: int) -> Entity | None:
    """The one size of a sentence that tells no distance and no change."""
    told = [entity for entity in case.by_sentence[number] if entity.kind is EntityKind.MEASUREMENT]
    if len(told) != 1 or NO_SIZE.match(case.report.text, told[0].span.end):
        return None
    return None if _OF_TIME.search(_text(case, number)) else told[0]


def _text(case: Case, number: int) -> str:
    return case.report.sentences[number].span.of(case.report.text)


def _compared(case: Case, before: Entity, after: Entity) -> Iterator[Candidate]:
    low, high = sorted((float(before.value or 0), float(after.value or 0)))
    ratio = high / low if low else 1.0
    slip = math.isclose(ratio, _SLIP, rel_tol=_ROUNDED)
    if ratio < _APART or not _refers(case, before.sentence, after.sentence, slip=slip):
        return
    parts = {bool(_PART.search(_text(case, one.sentence))) for one in (before, after)}
    if len(parts) == 2 or (not slip and True in parts) or _HAS.search(_text(case, after.sentence)):
        return
    quotes = [case.report.quote(one.span) for one in (after, before)]
    removed = without_place(case, after.span)
    yield Candidate(
        type=ErrorType.MEASUREMENT,
        span=after.span,
        message=f"This sentence gives {quotes[0]}; the one before it gives {quotes[1]}.",
        rule="measurement.again",
        confidence=_CONFIDENCE[slip],
        evidence=tuple(
            Evidence(EvidenceKind.TEXT, span=case.report.sentences[one.sentence].span)
            for one in (before, after)
        ),
        correction=Correction(after.span, quotes[1]),
        alternatives=(Correction(before.span, quotes[0]), *([] if removed is None else [removed])),
    )


def _refers(case: Case, first: int, second: int, *, slip: bool) -> bool:
    """True when the second sentence speaks of what the first one tells."""
    text = _text(case, second)
    told, again = (_told(case, number) for number in (first, second))
    if _ITS.match(text):
        return len(told) == 1 and all(one.concept == told[0].concept for one in again)
    if not _DEFINITE.match(text):
        return False
    if any(_alike(case, one, other) for one in told for other in again):
        return True
    words = [
        {w.lower().removesuffix("s") for w in _WORD.findall(_text(case, n))} - _GENERAL
        for n in (first, second)
    ]
    return slip and not again and bool(words[0] & words[1])


def _told(case: Case, number: int) -> list[Finding]:
    return [
        one
        for one in case.told_in.get(number, ())
        if one.concept is not None and one.status is not Status.ABSENT
    ]


def _alike(case: Case, one: Finding, other: Finding) -> bool:
    """True for findings that may be one by their kinds and places."""
    general, special = one.concept or "", other.concept or ""
    if not (subsumes(general, special, case.facts) or subsumes(special, general, case.facts)):
        return False
    if one.sides and other.sides and one.sides != other.sides:
        return False
    return not (levels(one) and levels(other) and not levels(one) & levels(other))

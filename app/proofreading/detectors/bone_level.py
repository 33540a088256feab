"""A finding of one numbered rib or vertebra in the findings, of another in the impression."""

import re
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import NamedTuple

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    likeness,
    name,
    sentences,
    subsumes,
)
from app.proofreading.detectors.numbering import ORDINALS
from app.proofreading.detectors.referring import adjacent, is_bare, refers, tells_of_more
from app.proofreading.findings import Finding
from app.proofreading.report import Candidate, Correction, ErrorType
from models.types import Span

_RIBS = re.compile(r"\bribs?\b", re.IGNORECASE)
_CARDINALS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
_RIB = re.compile(
    rf"\b(?:(?P<digits>\d{{1,2}})(?:st|nd|rd|th)|(?P<word>{'|'.join(ORDINALS)})|ribs?\s+#?(?P<after>\d{{1,2}}|{'|'.join(_CARDINALS)}))\b"
    r"(?![\s-]*(?:intercostal|interspace|mm|cm|view))",
    re.IGNORECASE,
)
_VERTEBRA = re.compile(r"\b(?P<part>[CTL])(?P<number>\d{1,2})\b(?![-\s]?weighted)")
_SPELLED = re.compile(
    rf"\b(?P<number>\d{{1,2}}(?:st|nd|rd|th)|{'|'.join(ORDINALS)}) "
    r"(?P<part>cervical|thoracic|dorsal|lumbar) vertebra",
    re.IGNORECASE,
)
_BELOW = {"C": 0, "T": 7, "L": 19}  # vertebrae above the first of that part
_MOST = 50  # findings compared: a report with more tells of many bones
_ACROSS, _WITHIN = 0.82, 0.55  # within a section it may be another break: a remark
_REFERRED = 0.64
_BROKEN, _CEMENT = "RP:fracture", "RP:vertebroplasty"


class Numbers(NamedTuple):
    """The numbered bones of one sentence: where each stands, its number counted from the top, and the first's name."""

    spans: tuple[Span, ...]
    numbers: frozenset[int]
    name: str = ""


class BoneLevel:
    """Compares the numbers of ribs, and of vertebrae, that the sections give for one kind of finding."""

    types = frozenset({ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression; at most one a sentence."""
        told: set[int] = set()
        described = [finding for finding in asserted(case, FINDINGS) if _is_broken(finding, case)]
        told_of = {read: _everywhere(case, read) for read in (ribs, vertebrae)}
        for concluded in asserted(case, IMPRESSION):
            if concluded.sentence in told or not _is_broken(concluded, case):
                continue
            for read in (ribs, vertebrae):
                here = read(case, concluded.sentence)
                beside = [
                    (other, read(case, other.sentence))
                    for other in described
                    if likeness(concluded.concept, other.concept, case.facts) is Likeness.SAME
                ]
                numbered = [(other, there) for other, there in beside if there.numbers]
                if here.numbers & told_of[read]:
                    continue
                if here.numbers and numbered and not any(_meet(here, there) for _, there in numbered):
                    told.add(concluded.sentence)
                    yield _candidate(case, (concluded, here), numbered[0])
                    break
        yield from islice(_referred(case), 1)


def _referred(case: Case) -> Iterator[Candidate]:
    """A bare mention of a broken bone, and one of another number in the same section."""
    for section, read in product((FINDINGS, IMPRESSION), (ribs, vertebrae)):
        numbered = [
            (one, numbers) for one in asserted(case, section) if (numbers := read(case, one.sentence)).numbers
        ]
        bare = [item for item in numbered if _is_broken(item[0], case)]
        for one, other in product(bare[:_MOST], numbered[:_MOST]):
            if _one_break(case, one, other):
                yield _candidate(case, one, other)


def _one_break(case: Case, one: tuple[Finding, Numbers], other: tuple[Finding, Numbers]) -> bool:
    """True when nothing says that the bare mention tells of another break."""
    (bare, here), (told, there) = one, other
    if _meet(here, there) or tells_of_more(case, bare, told):
        return False
    if bare.sides and told.sides and not bare.sides & told.sides:
        return False
    if refers(case, bare, told):
        return likeness(bare.concept, told.concept, case.facts) is not Likeness.NONE
    if adjacent(bare, told) or not is_bare(case, bare, here.spans):
        return False
    changed = [{word.value for word in (*one.acuities, *one.changes)} for one in (bare, told)]
    if changed[0] != changed[1]:  # an old break and a fresh one
        return False
    return likeness(bare.concept, told.concept, case.facts) is not Likeness.NONE


def _everywhere(case: Case, read: Callable[[Case, int], Numbers]) -> frozenset[int]:
    """Every number that the findings give, of whatever finding."""
    numbers = frozenset[int]()
    for index in range(len(case.report.sentences)):
        if case.report.section_of(index) in FINDINGS:
            numbers |= read(case, index).numbers
    return numbers


def _is_broken(finding: Finding, case: Case) -> bool:
    """True for fractures, and for the cement of one vertebra."""
    return finding.concept == _CEMENT or subsumes(_BROKEN, finding.concept or "", case.facts)


def _meet(first: Numbers, second: Numbers) -> bool:
    """True when the stretches of bones overlap, ends counted: "ribs 5 through 8" and "7th rib"."""
    return min(first.numbers) <= max(second.numbers) and min(second.numbers) <= max(first.numbers)


def ribs(case: Case, sentence: int) -> Numbers:
    """The numbered ribs of a sentence."""
    span = case.report.sentences[sentence].span
    text = span.of(case.report.text)
    if not _RIBS.search(text):
        return Numbers((), frozenset())
    found = list(_RIB.finditer(text))
    numbers = [
        ORDINALS[m["word"].lower()] if m["word"] else _number(m["digits"] or m["after"]) for m in found
    ]
    first = f"rib {numbers[0]}" if numbers else ""
    return Numbers(tuple(_placed(m, span) for m in found), frozenset(numbers), first)


def _number(word: str) -> int:
    return _CARDINALS.get(word.lower()) or int(word)


def vertebrae(case: Case, sentence: int) -> Numbers:
    """The numbered vertebrae of a sentence, counted from the first of the neck."""
    span = case.report.sentences[sentence].span
    text = span.of(case.report.text)
    found = [*_VERTEBRA.finditer(text), *(_SPELLED.finditer(text) if "vertebra" in text else ())]
    numbers = frozenset(_counted(m) for m in found)
    return Numbers(tuple(_placed(m, span) for m in found), numbers, found[0].group() if found else "")


def _counted(match: re.Match[str]) -> int:
    number = ORDINALS.get(match["number"].lower()) or int(re.sub(r"\D", "", match["number"]))
    return _BELOW["T" if match["part"][0] in "dD" else match["part"][0].upper()] + number


def _placed(match: re.Match[str], within: Span) -> Span:
    return Span(within.start + match.start(), within.start + match.end())


def _candidate(
    case: Case, concluded: tuple[Finding, Numbers], described: tuple[Finding, Numbers]
) -> Candidate:
    (finding, here), (other, there) = concluded, described
    said, seen = here.spans[0], there.spans[0]
    across = finding.section in IMPRESSION and other.section not in IMPRESSION
    where = (
        ("The impression places", "the findings describe") if across else ("One sentence has", "another has")
    )
    alone = len(here.spans) == len(there.spans) == 1
    fixes = (
        Correction(said, case.report.quote(seen)),
        Correction(seen, case.report.quote(said)),
    )
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=said,
        message=(
            f"{where[0]} {name(finding.concept, case.facts)} at {here.name}; {where[1]} it at {there.name}."
        ),
        rule="location.bone",
        confidence=_ACROSS if across else _REFERRED if refers(case, finding, other) else _WITHIN,
        evidence=sentences(case, other, finding),
        correction=fixes[0] if alone else None,
        alternatives=fixes[1:] if alone else (),
    )

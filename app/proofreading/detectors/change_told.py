"""Two sections that tell of two courses of one finding: by a word, by two sizes, by its age, by a tube that was moved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    current,
    is_chest,
    is_device,
    is_specific,
    levels,
    likeness,
    name,
    sentences,
    subsumes,
)
from app.proofreading.detectors.interval_change import OPPOSED, of_one_of_them
from app.proofreading.detectors.referring import tells_of_more, told
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, ErrorType
from models.types import EntityKind, SectionName

_OPPOSED = OPPOSED | {
    frozenset({"new", "old"}),
    frozenset({"acute", "old"}),
    frozenset({"acute", "healing"}),
    frozenset({"moved", "stable"}),
}
_PLAIN = frozenset({"increased", "decreased", "stable", "new"})
_FAR = frozenset({frozenset({"increased", "decreased"}), frozenset({"new", "old"})})
_SIZE = re.compile(
    r"(?<![\d.])(\d{1,3}(?:\.\d)?)(?:\s?(?:mm|cm)?\s?(?:x|by)\s?\d{1,3}(?:\.\d)?)*[\s-]?(mm|cm|millimet\w+|centimet\w+)\b",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\b(?:previous\w*|formerly|compared|earlier|before|prior|yesterday|last|ago|against|versus|having been|"
    r"up from|down from|was|were|measured|in (?:19|20)\d\d|\d{1,2}/\d{1,2})\b",
    re.IGNORECASE,
)
_CARINA = re.compile(r"\b(?:carina|above|below|deep|vertebra\w*|rib)\b", re.IGNORECASE)
_RATIO = re.compile(r"\d\s?/\s?\d")  # heart and chest: "17/29 cm"
_GROWN, _SHRUNK, _EQUAL = 1.15, 0.87, 0.05
_AGE = re.compile(r"chronic|long|\bold\b|remote|healed|healing", re.IGNORECASE)
_NOT_THEN = re.compile(r"\b(?:not|never) (?:yet )?(?:there|present|seen|visible|evident)\b", re.IGNORECASE)
_HEALING = re.compile(r"healing|partially healed", re.IGNORECASE)
_AGED = re.compile(
    r"\b(?:(?:is|are) (?:an? )?(?:old|known|chronic|remote|long-?\s?standing)|old finding|of long standing"
    r"|for (?:many )?years|"
    r"(?:there|present|seen|visible|evident|known|existed|described|documented|noted|dat(?:es|ing)(?: back)?)"
    r"(?: \w+)? (?:since|in|from|to) (?:at least )?(?:19|20)\d\d|(?:is|are|was|were) (?:already )?(?:known|there|present) "
    r"(?:on|in) (?:the )?(?:prior|previous|old|earlier|\w+ 20\d\d)|callus|already present)\b",
    re.IGNORECASE,
)
_KNOWN = re.compile(r"^(?:the |this )?(?:known|longstanding|long-standing)\b", re.IGNORECASE)
_MOVED = re.compile(
    r"\b(?:(?:has|have|had|was|were|been|now)(?: \w+){0,2} (?:advanced|retracted|pulled back|repositioned|adjusted|migrated|"
    r"moved|slipped|dislodged|flipped|shifted|withdrawn (?:by|to|slightly|several|a few|\d))"
    r"|interval (?:advancement|withdrawal|retraction|repositioning|migration))",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:if|should|recommend\w*|suggest(?:ed)?|advis\w+|could|would|consider|not|no|if)\b", re.IGNORECASE
)
_FRACTURE = "RP:fracture"
_CONFIDENCE = 0.55
_PLAINLY = 0.72  # where both sections name one place, and one course each
_REMAINING = re.compile(
    r"persist|remain|ongoing|continu|residual|unresolv", re.IGNORECASE
)  # and changed, perhaps
_OF_TIME = frozenset({"increased", "decreased", "stable", "new", "old"})


@dataclass(frozen=True, slots=True)
class _Said:
    finding: Finding
    way: str


class ChangeTold:
    """Compares the courses that the impression gives with those of the findings section."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate: where each statement of the findings is opposed to a conclusion."""
        if not is_chest(case):
            return
        concluded = list(_said(case, IMPRESSION))
        described = list(_said(case, FINDINGS)) if concluded else []
        for one in concluded:
            tied = [other for other in described if _tied(case, one, other)]
            opposed = tied and all(frozenset({one.way, other.way}) in _OPPOSED for other in tied)
            if opposed and not tells_of_more(case, one.finding, tied[0].finding):
                alone = len(tied) == 1 and sum(_tied(case, one, other) for other in concluded) == 1
                yield _candidate(
                    case, one, tied[0], _PLAINLY if alone and _plain(case, one, tied[0]) else _CONFIDENCE
                )
                return


def _said(case: Case, sections: frozenset[SectionName]) -> Iterator[_Said]:
    """Each finding of these sections with its one course."""
    for finding in current(case, sections):
        if finding.normal or not is_specific(finding):
            continue
        ways = set(_ways(case, finding))
        if len(ways) == 1:
            yield _Said(finding, ways.pop())


def _ways(case: Case, finding: Finding) -> Iterator[str]:
    text = told(case, finding)
    if is_device(finding) and _MOVED.search(text) and not _ASKED.search(text):
        yield "moved"
        return
    if finding.status is Status.ABSENT or of_one_of_them(finding):
        return
    yield from (
        change.value
        for change in finding.changes
        if change.value in _PLAIN and "again" not in change.quote.lower()
    )
    broken = subsumes(_FRACTURE, finding.concept or "", case.facts)
    if any(acuity.value == "subacute" for acuity in finding.acuities):
        return
    if any(_HEALING.match(acuity.quote) for acuity in finding.acuities):
        yield "healing"  # not fresh, though it may be seen for the first time
        return
    if any(_AGE.search(acuity.quote) for acuity in finding.acuities) or _is_aged(text):
        if not finding.changes:
            yield "old"
    elif broken and any(acuity.quote.lower() == "acute" for acuity in finding.acuities):
        yield "acute"
    if not finding.changes and not is_device(finding) and len(case.told_in[finding.sentence]) == 1:
        way = _by_sizes(text)
        if way is not None:
            yield way


@lru_cache(maxsize=4096)
def _is_aged(text: str) -> bool:
    return not _NOT_THEN.search(text) and bool(_AGED.search(text) or _KNOWN.search(text))


@lru_cache(maxsize=4096)
def _by_sizes(text: str) -> str | None:
    """What a size now and one before, in that order, tell of the course."""
    sizes = list(_SIZE.finditer(text))
    if _RATIO.search(text):
        return None
    if len(sizes) != 2 or _CARINA.search(text) or sizes[0][2][0].lower() != sizes[1][2][0].lower():
        return None
    if not _THEN.search(text, sizes[0].end()):
        return None
    now, before = float(sizes[0][1]), float(sizes[1][1])
    share = now / before if before else 1.0
    if share > _GROWN:
        return "increased"
    return "decreased" if share < _SHRUNK else "stable" if abs(share - 1) < _EQUAL else None


def _tied(case: Case, one: _Said, other: _Said) -> bool:
    """True when both may be said of one finding at one place."""
    first, second = one.finding, other.finding
    if first.sides and second.sides and first.sides != second.sides:
        return False
    here, there = levels(first), levels(second)
    if here and there and not here & there:
        return False
    if first.concept == second.concept:
        return True
    placed = bool(here & there) or bool(first.sides and first.sides == second.sides)
    tie = likeness(first.concept, second.concept, case.facts)
    if tie is Likeness.SAME:
        return placed or subsumes(_FRACTURE, first.concept or "", case.facts)
    far = frozenset({one.way, other.way}) in _FAR or first.sides == second.sides != frozenset()
    return tie is Likeness.SUGGESTED and bool(here & there) and far


def _plain(case: Case, one: _Said, other: _Said) -> bool:
    """True where both are told of one side, and of one level if the words differ."""
    first, second = one.finding, other.finding
    if (
        not {one.way, other.way} <= _OF_TIME
        or is_device(first)
        or Status.UNCERTAIN in (first.status, second.status)
    ):
        return False
    if any(_REMAINING.match(word.quote) for said in (first, second) for word in said.changes):
        return False
    for said in (one, other):  # "persists, but is smaller"
        here = case.by_sentence.get(said.finding.sentence, ())
        if {word.value for word in here if word.kind is EntityKind.CHANGE} - {said.way}:
            return False
    if first.concept == second.concept and first.sites and _sites(first) == _sites(second):
        return first.sides == second.sides
    same = first.concept == second.concept or bool(levels(first) & levels(second))
    return same and bool(first.sides) and first.sides == second.sides


def _sites(finding: Finding) -> frozenset[str]:
    return frozenset(site.quote.lower() for site in finding.sites)


def _candidate(case: Case, concluded: _Said, described: _Said, confidence: float) -> Candidate:
    said, seen = concluded.finding, described.finding
    words = [*said.changes, *said.acuities]
    fixes = without_either(case, said, seen)
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=words[0].span if words else said.entity.span,
        message=(
            f"By one sentence {name(seen.concept, case.facts)} is {described.way}, by another "
            f"{name(said.concept, case.facts)} is {concluded.way}."
        ),
        rule="interval_change.told",
        confidence=confidence,
        evidence=sentences(case, seen, said),
        correction=fixes[0] if fixes else None,
        alternatives=fixes[1:],
    )

"""Whether a sentence refers to a finding that another one describes, or tells of a second one.

Who tells of a second finding describes it, or says "also". A mention that is named by its place only refers
to what is told elsewhere.
"""

import re
from collections.abc import Iterable

from app.proofreading.case import Case
from app.proofreading.findings import Finding
from models.types import Span

_MORE = re.compile(
    r"\b(?:also|another|additional\w*|a second|a third|other|contralateral|opposite|"
    r"too|as well|likewise|similar\w*|addition|multiple|multifocal|scattered|remaining)\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:as|was|were|already|previously) (?:described|noted|mentioned|detailed|stated|reported|discussed|outlined|above)\b"
    r"|\b(?:described|noted|mentioned|detailed|discussed) above\b|\babove[- ](?:described|mentioned|noted)\b"
    r"|\baforementioned\b",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"\b(?:confined|limited|restricted|isolated|localized|localised) to\b"
    r"|\b(?:exclusively|solely|only) (?:in|at|on|within|involv\w+)\b"
    r"|\b(?:unilateral\w*|solitary)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+|\d+(?![.)]?\s)")
_REFERS = re.compile(r"(?:as |while |since )?(?:the|this|that|such|these|those)\b", re.IGNORECASE)
_NEAR = 7  # words from the article to the finding
_LIGHT = frozenset(
    (
        "a an the is are was were be been there of in on at over within overlying projecting and with to side sided lung "
        "chest seen noted present identified demonstrated visualized visible observed evident found appears lies "
        "confined limited localized restricted isolated only as described above detailed below region area zone level "
        "again evidence findings finding which that situated localised centred centered based involving "
        "involves affecting affects occupying occupies appearing appear appears detected shown shows demonstrates "
        "visualised mentioned stated today current currently study film radiograph image view views frontal lateral "
        "hemithorax field third portion aspect part has have it its from by through into per about well "
        "benign incidental incidentally healed residual calcified single likely probably consistent compatible keeping "
        "representing represents focal note made localizes localises lobe subsegmental "
        "contains containing harbors harbours bears carries sits lying residing resides remains remain"
    ).split()
)


def is_bare(case: Case, finding: Finding, places: Iterable[Span] = ()) -> bool:
    """True when its sentence says what and where, and nothing else of it; ``places``: further words of place."""
    span = case.report.sentences[finding.sentence].span
    parts = (finding.entity, *finding.side_entities, *finding.sites, *finding.zones)
    taken = [*places, *(part.span for part in parts)]
    rest = (m for m in _WORD.finditer(case.report.text, span.start, span.end))
    return all(m.group().lower() in _LIGHT or any(t.start <= m.start() < t.end for t in taken) for m in rest)


def tells_of_more(case: Case, *findings: Finding) -> bool:
    """True when one of the sentences says that there are several."""
    return any(_MORE.search(told(case, finding)) for finding in findings)


def refers(case: Case, finding: Finding, other: Finding) -> bool:
    """True for "the right effusion" or "this nodule" after a sentence of its section that brings one up.

    What is compared with an earlier study may be known from there, and refers to no sentence.
    """
    return not _REFERS.match(told(case, other)) and is_named(case, finding, other)


def is_named(case: Case, finding: Finding, other: Finding) -> bool:
    """True for a finding that its sentence opens with, as one that is known from another sentence before it."""
    if finding.section is not other.section or finding.sentence <= other.sentence:
        return False
    if any(one.changes or one.acuities for one in (finding, other)):
        return False
    opening = _REFERS.match(told(case, finding))
    start = case.report.sentences[finding.sentence].span.start
    words = case.report.text[start : finding.entity.span.start]
    return opening is not None and len(words.split()) <= _NEAR


def tells_again(case: Case, finding: Finding, other: Finding) -> bool:
    """True for "as described": its sentence says that another one of its section has told of it."""
    return finding.section is other.section and bool(_AGAIN.search(told(case, finding)))


def tells_of_one(case: Case, finding: Finding) -> bool:
    """True when its sentence says that it is nowhere else: "confined to the left base"."""
    return bool(_ALONE.search(told(case, finding)))


def adjacent(first: Finding, second: Finding) -> bool:
    """True for sentences that follow each other: two short ones make a list."""
    return abs(first.sentence - second.sentence) == 1


def told(case: Case, finding: Finding) -> str:
    """The sentence of the finding."""
    return case.report.sentences[finding.sentence].span.of(case.report.text)

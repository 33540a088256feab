"""What a report says as a whole: how things have gone since an earlier study, and who was told."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from app.proofreading.case import Case
from app.proofreading.comparing import is_specific
from app.proofreading.findings import Finding
from models.types import EntityKind, SectionName, Span

_COURSE = re.compile(r"\b(?:(?:dis)?progress(?:ion|ive)|regression|interval|recurrence)\b", re.IGNORECASE)
_WAYS = (
    ("increased", re.compile(r"\b(?:progress\w*|worse\w*|deteriorat\w+|recurrence)\b", re.IGNORECASE)),
    ("decreased", re.compile(r"\b(?:regress\w*|improve\w*|better)\b", re.IGNORECASE)),
    ("stable", re.compile(r"\b(?:stable|unchanged|no\b[^.;]{0,30}\bchange|similar|same)\b", re.IGNORECASE)),
)
_DENIED = re.compile(r"\b(?:no|not|without|absence|negative)\b", re.IGNORECASE)
_EARLIER = re.compile(
    r"\b(?:compar(?:ed|ison|ing)|reference is made|correlat\w+)\b[^.;]{0,60}?"
    r"\b(?:prior|previous|earlier|last|old|study|studies|exam\w*|radiograph\w*|film|ct|yesterday|dated)\b",
    re.IGNORECASE,
)
_WHO = (
    r"(?:dr\.?|doctors?|physicians?|clinicians?|nurse|surgeons?|residents?|registrar|consultant|team|provider|"
    r"practitioner|referr\w+|emergency department|ed|ward)"
)
_TOLD = re.compile(
    r"\b(?:discuss(?:ed|ion)|communicat(?:ed|ion)|convey(?:ed|ance)|relay(?:ed)?|notif(?:ied|ication)|inform(?:ed)?"
    r"|telephoned|phoned|paged|called|reported)\b[^.;]{0,60}?\b(?:(?:with|to|by|between)\s+(?:the\s+)?(?:\w+\s+){0,2}?"
    rf"{_WHO}|(?:tele)?phone)(?=\W|$)"
    rf"|\b{_WHO}\s+(?:\w+\s+){{0,3}}?(?:was|were|has been)\s+(?:notified|informed|paged|called|telephoned)",
    re.IGNORECASE,
)


class Said(NamedTuple):
    """A sentence on the whole: the way that things have gone, "mention" of an earlier study, or "told"."""

    way: str
    span: Span


def is_of_time(finding: Finding) -> bool:
    """True for "disease progression" and the like, which the lexicon has as findings."""
    return _COURSE.search(finding.entity.quote) is not None


def courses(case: Case, sections: frozenset[SectionName]) -> Iterator[Said]:
    """What sentences say of the whole, in text order; a sentence on a finding says nothing of the whole."""
    for index, sentence in enumerate(case.report.sentences):
        if case.report.section_of(index) not in sections:
            continue
        words = sentence.span.of(case.report.text)
        if any(is_specific(f) and not is_of_time(f) for f in case.told_in.get(index, ())):
            continue
        way = _way(words, case, index)
        if way is not None:
            yield Said(way, sentence.span)


def communications(case: Case) -> Iterator[Said]:
    """Sentences that say whom the findings were told to, in any section."""
    for sentence in case.report.sentences:
        if _TOLD.search(sentence.span.of(case.report.text)):
            yield Said("told", sentence.span)


def _way(words: str, case: Case, index: int) -> str | None:
    changes = {
        e.value
        for e in case.by_sentence.get(index, ())
        if e.kind is EntityKind.CHANGE and e.value is not None
    }
    loose = changes and not case.told_in.get(index)
    if loose or _COURSE.search(words) or (changes and _EARLIER.search(words)):
        if _DENIED.search(words):
            return "stable"
        told = [way for way, pattern in _WAYS if pattern.search(words)]
        return next(iter([*told, *sorted(changes)]), None)
    return "mention" if _EARLIER.search(words) else None

"""Corrections of a denial and a description that contradict each other."""

import re

from app.proofreading.case import Case
from app.proofreading.comparing import phrase
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import as_denied, without_sentence
from app.proofreading.report import Correction
from models.types import Span

_NEGATIVE_OPENING = re.compile(
    r"(there (is|are|has been) )?(no|without|negative for)( (evidence|signs?|findings?) (of|for))?\s*",
    re.IGNORECASE,
)
_ITEM_BEFORE = re.compile(r"(,\s*(?:and|or|nor)?|\s+(?:and|or|nor))\s*$")
_ITEM_AFTER = re.compile(r"\s*(,|or|and|nor)\s+", re.IGNORECASE)


def unsaid(case: Case, wrong: Finding, other: Finding) -> tuple[Correction, ...]:
    """A denial takes over the words of the description, or goes; a description goes, or is denied."""
    removed = without_sentence(case, wrong)
    kept = () if removed is None else (removed,)
    if wrong.status is Status.ABSENT:
        taken = _take_over(case, wrong, other)
        return kept if taken is None else (taken, *kept)
    return (*kept, as_denied(case, wrong))


def _take_over(case: Case, denial: Finding, described: Finding) -> Correction | None:
    """Replace a sentence that denies one thing only by the words that describe it."""
    sentence = case.report.sentences[denial.sentence].span
    heads = [f for f in case.findings if f.sentence == denial.sentence and not f.normal]
    text = sentence.of(case.report.text)
    opening = _NEGATIVE_OPENING.match(text)
    if len(heads) != 1 or opening is None:
        return _drop_from_list(case, denial)
    words = phrase(described, case).of(case.report.text)
    words = words[0].upper() + words[1:]
    return Correction(Span(sentence.start, phrase(denial, case).end), words)


def _drop_from_list(case: Case, denial: Finding) -> Correction | None:
    """Take one item out of a list of denials."""
    place = phrase(denial, case)
    sentence = case.report.sentences[denial.sentence].span
    before = _ITEM_BEFORE.search(case.report.text, sentence.start, place.start)
    if before is not None:
        return Correction(Span(before.start(), place.end), "")
    after = _ITEM_AFTER.match(case.report.text, place.end, sentence.end)
    return None if after is None else Correction(Span(place.start, after.end()), "")

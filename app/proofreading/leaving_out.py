"""Corrections that leave a sentence out, or deny what it describes."""

import re
from bisect import bisect_right

from app.proofreading.case import Case
from app.proofreading.comparing import phrase
from app.proofreading.findings import Finding, Status
from app.proofreading.report import Correction
from models.types import Span

_NUMBER_BEFORE = re.compile(r"(?:\s\(?\d{1,2}[.)]|\s?[-*\u2022])\s*$|\s$")
_SPACE_BEFORE = re.compile(r" $")
_ITEM_ENDS = re.compile(r"\s*(?:$|\n|\(?\d{1,2}[.)]\s|[-*\u2022]\s)")
_LONGEST_NUMBER = 8  # code points


def without_sentence(case: Case, finding: Finding) -> Correction | None:
    """Leave out the sentence of a finding, where it tells of this finding only, or of it with one that is there, too."""
    told = case.told_in[finding.sentence]
    there = finding.status is not Status.ABSENT and not finding.normal
    alike = [one for one in told if one.normal == finding.normal and (one.status is Status.ABSENT) != there]
    return leave_out(case, finding.sentence) if len(told) == len(alike) <= 1 + there else None


def as_denied(case: Case, finding: Finding) -> Correction:
    """Say that what is described is not there."""
    start = phrase(finding, case).start
    word = case.report.text[start : finding.entity.span.end]
    opens = case.report.sentences[finding.sentence].span.start == start
    abbreviated = word[1:2].isupper()  # "NG tube"
    said = f"No {word if abbreviated else word[0].lower() + word[1:]}" if opens else f"no {word}"
    return Correction(Span(start, finding.entity.span.end), said)


def denied_alone(case: Case, concluded: Finding) -> Correction | None:
    """All that a section says cannot go; where it says one thing only, that is denied."""
    return as_denied(case, concluded) if len(case.told_in[concluded.sentence]) == 1 else None


def leave_out(case: Case, sentence: int) -> Correction | None:
    """Leave out a sentence with its number in a list and the space before it; none where its section has no other."""
    section = case.report.sentences[sentence].section
    beside = case.report.sentences[max(0, sentence - 1) : sentence + 2]
    if sum(other.section == section for other in beside) == 1:
        return None
    span = case.report.sentences[sentence].span
    text = case.report.text
    ends_item = _ITEM_ENDS.match(text, span.end) is not None
    before = (_NUMBER_BEFORE if ends_item else _SPACE_BEFORE).search(
        text, max(0, span.start - _LONGEST_NUMBER), span.start
    )
    return Correction(Span(span.start if before is None else before.start(), span.end), "")


def sentence_at(case: Case, span: Span) -> int | None:
    """The sentence in which the span lies."""
    starts = [sentence.span.start for sentence in case.report.sentences]
    number = bisect_right(starts, span.start) - 1
    return number if number >= 0 and case.report.sentences[number].span.contains(span) else None


def without_place(case: Case, span: Span) -> Correction | None:
    """Leave out the sentence of the span, where it tells of one finding at most."""
    number = sentence_at(case, span)
    if number is None or len(case.told_in.get(number, ())) > 1:
        return None
    return leave_out(case, number)


def without_either(case: Case, *contradicting: Finding) -> tuple[Correction, ...]:
    """For each of two statements that contradict, the report without it, where it is a sentence of its own."""
    fixes = (without_sentence(case, finding) for finding in contradicting)
    return tuple(fix for fix in fixes if fix is not None)

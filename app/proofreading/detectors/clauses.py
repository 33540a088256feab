"""Which words of its sentence a denial speaks of: what stands before "no" is of another thing."""

import re
from dataclasses import replace

from app.proofreading.case import Case
from app.proofreading.findings import Finding
from models.types import Entity

_OPENS = re.compile(
    r"\b(?:no|without|nil|neither|not|negative for|absence of|free (?:of|from)|lacks?)\s", re.IGNORECASE
)
_NEW_CLAUSE = re.compile(r"[,;]|\b(?:with|there (?:is|are|was|were)|and (?:no|show\w*))\b", re.IGNORECASE)


def of_its_clause(denial: Finding, case: Case) -> Finding:
    """The denial without what its sentence says before "no": "complete resolution without residual fibrosis"."""
    key = "as denied", denial.index
    if key not in case.memo:
        case.memo[key] = _of_its_clause(denial, case)
    denied: Finding = case.memo[key]
    return denied


def _of_its_clause(denial: Finding, case: Case) -> Finding:
    begin = opened(denial, case)

    def after(words: tuple[Entity, ...]) -> tuple[Entity, ...]:
        return tuple(word for word in words if word.span.start >= begin)

    return replace(
        denial,
        severities=after(denial.severities),
        acuities=after(denial.acuities),
        descriptors=after(denial.descriptors),
    )


def opened(denial: Finding, case: Case) -> int:
    """Where the clause of the denial begins: after the last "no", where a clause of another thing stands before it."""
    key = "clause of a denial", denial.index
    if key not in case.memo:
        case.memo[key] = _opened(denial, case)
    start: int = case.memo[key]
    return start


def _opened(denial: Finding, case: Case) -> int:
    start = case.report.sentences[denial.sentence].span.start
    negators = [found.end() for found in _OPENS.finditer(case.report.text, start, denial.entity.span.start)]
    apart = negators and _NEW_CLAUSE.search(case.report.text, start, negators[-1])
    return negators[-1] if apart else start

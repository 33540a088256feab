"""How much was ordered against how much is told: complete and limited studies, and contrast."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_COMPLETE = re.compile(r"\b(?:complete|comp)\b", re.IGNORECASE)
_LIMITED = re.compile(r"\b(?:limited|ltd)\b", re.IGNORECASE)
_BODY = REPORTED | {SectionName.TECHNIQUE}
_NONE = re.compile(
    r"\bw/?o\b|\bwithout\b|\bnon-?\s?contrast\b|\bunenhanced\b|\bno (?:iv|intravenous) contrast\b",
    re.IGNORECASE,
)
_WITH = re.compile(r"\bw(?:ith|/)?\b(?!/?o\b)[^.]{0,25}\bcontrast\b|\bcontrast[- ]enhanced\b", re.IGNORECASE)
_BOTH = re.compile(
    r"\bw(?:ith|/)?\s*(?:and|&|\+)\s*w/?o|\bwithout and with\b|\bwith and without\b|\bpre and post\b",
    re.IGNORECASE,
)
_WITHOUT_SAID = re.compile(
    r"\bwithout\s+(?:the (?:use|administration) of\s+)?(?:iv\s+|intravenous\s+)?contrast\b", re.IGNORECASE
)
_WITH_SAID = re.compile(
    r"\b(?:with|following|after)\s+(?:the\s+)?(?:administration of\s+|injection of\s+)?(?:iv\s+|intravenous\s+)?contrast\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Study:
    """A study with the parts that a complete one tells of: part -> words for it."""

    id: str
    ordered: re.Pattern[str]
    parts: tuple[tuple[str, re.Pattern[str]], ...]


@cache
def _studies() -> tuple[_Study, ...]:
    table = files("app").joinpath("proofreading/detectors/study_organs.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return tuple(
        _Study(
            key,
            re.compile(pattern, re.IGNORECASE),
            tuple(
                (part.strip(), re.compile(rf"\b(?:{words.strip()})\b", re.IGNORECASE))
                for part, _, words in (cell.partition("=") for cell in parts.split(";"))
            ),
        )
        for key, pattern, parts in rows
    )


class Scope:
    """Reads what the ordered procedure says of completeness and contrast."""

    types = frozenset({ErrorType.ORDER_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates on completeness, then on contrast; none without an ordered procedure."""
        ordered = case.context.procedure
        if ordered:
            yield from _completeness(case, ordered)
            yield from _contrast(case, ordered)


def _completeness(case: Case, ordered: str) -> Iterator[Candidate]:
    study = next((study for study in _studies() if study.ordered.search(ordered)), None)
    told = " ".join(
        s.span.of(case.report.text)
        for n, s in enumerate(case.report.sentences)
        if case.report.section_of(n) in _BODY
    )
    if study is None or not told:
        return
    missing = [part for part, words in study.parts if not words.search(told)]
    where = next((part.heading or part.body for part in case.report.sections if part.name in REPORTED), None)
    if where is None:
        return
    if _COMPLETE.search(ordered) and missing and len(missing) < len(study.parts):
        what = ", ".join(missing)
        yield _candidate(
            where, f"A complete study was ordered; nothing is said of: {what}.", "complete", 0.65
        )
    elif _LIMITED.search(ordered) and not missing:
        yield _candidate(
            where, "A limited study was ordered; the report tells of a complete one.", "limited", 0.65
        )


def _contrast(case: Case, ordered: str) -> Iterator[Candidate]:
    if _BOTH.search(ordered):
        return
    wanted = "without" if _NONE.search(ordered) else "with" if _WITH.search(ordered) else None
    if wanted is None:
        return
    opposite = _WITHOUT_SAID if wanted == "with" else _WITH_SAID
    for number, sentence in enumerate(case.report.sentences):
        section = case.report.section_of(number)
        text = sentence.span.of(case.report.text)
        match = opposite.search(text)
        if match is None or section not in (SectionName.EXAM, SectionName.TECHNIQUE) or _BOTH.search(text):
            continue
        span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
        yield _candidate(
            span, f"The report says {match.group().lower()}; ordered: {wanted} contrast.", "contrast", 0.8
        )
        return


def _candidate(span: Span, message: str, rule: str, confidence: float) -> Candidate:
    return Candidate(
        type=ErrorType.ORDER_MISMATCH,
        span=span,
        message=message,
        rule=f"order.{rule}",
        confidence=confidence,
        evidence=(Evidence(EvidenceKind.TEXT, span=span), Evidence(EvidenceKind.ORDER, source="procedure")),
    )

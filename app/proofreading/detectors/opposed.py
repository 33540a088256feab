"""Sides and levels of one sentence that exclude each other: "a right effusion in the left costophrenic sulcus"."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED, asserted
from app.proofreading.detectors.impossible_anatomy import MIRRORED
from app.proofreading.detectors.patterns import compiled, read_patterns
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span

_CONFIDENCE = 0.86
_FILE = "opposed.tsv"
_RIGHT, _LEFT = "right", "left"
_SHORT = {_LEFT: "(?:lll|lul)", _RIGHT: "(?:rll|rul|rml)"}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...]:
    return tuple(
        (re.compile(words, re.IGNORECASE), why, tuple(letters.split("|")))
        for words, why, letters in read_patterns(_FILE)["opposed"]
    )


class Opposed:
    """Reads sides and levels that one sentence gives one thing, and lobes of a lung that was taken out."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence; none in a mirrored body."""
        if any(finding.concept in MIRRORED for finding in asserted(case, REPORTED)):
            return
        gone = _removed_lung(case)
        for number, sentence in enumerate(case.report.sentences):
            if case.report.section_of(number) not in REPORTED:
                continue
            text = sentence.span.of(case.report.text)
            for start, end, why in (*_opposed(text), *_of_removed(text, gone)):
                span = Span(sentence.span.start + start, sentence.span.start + end)
                yield _candidate(case, span, sentence.span, why)


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _opposed(text: str) -> tuple[tuple[int, int, str], ...]:
    words = text.lower()
    return tuple(
        (match.start(), match.end(), why)
        for pattern, why, stems in _patterns()
        if any(stem in words for stem in stems)
        for match in pattern.finditer(text)
        if _differ(match)
    )


def _differ(match: re.Match[str]) -> bool:
    """True when the two sides that were read exclude each other; a pattern with ``same`` needs no second side."""
    found = match.groupdict()
    if found.get("same") or found.get("same2"):
        return True
    other = found.get("other") or (_LEFT if found.get("lingula") else _RIGHT if found.get("middle") else None)
    return other is not None and other[0].lower() != (found["one"] or "")[:1].lower()


def _removed_lung(case: Case) -> str | None:
    """The side of a lung that the report tells was taken out."""
    if "pneumonectomy" not in case.report.text.lower():
        return None
    for sentence in case.report.sentences:
        text = sentence.span.of(case.report.text)
        match = compiled(_FILE, "pneumonectomy").search(text)
        if match is not None and not compiled(_FILE, "planned").search(text[: match.start()]):
            return (match["one"] or match["two"]).lower()
    return None


def _of_removed(text: str, side: str | None) -> Iterator[tuple[int, int, str]]:
    if side is None:
        return
    for match in re.finditer(
        read_patterns(_FILE)["of_lung"][0][0].format(side=side, short=_SHORT[side]), text, re.IGNORECASE
    ):
        yield match.start(), match.end(), "the report tells that this lung was taken out"


def _candidate(case: Case, span: Span, sentence: Span, why: str) -> Candidate:
    return Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=span,
        message=f'"{case.report.quote(span)}" cannot be: {why}.',
        rule="impossible_anatomy.opposed",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_place(case, span),
    )

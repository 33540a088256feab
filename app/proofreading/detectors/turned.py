"""A change that its own figures turn round: "decreased, from small to large"."""

import re
from collections.abc import Iterator
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span

_RANKS = (
    ("trace", "minimal", "tiny"),
    ("small", "mild"),
    ("moderate", "moderately sized"),
    ("large", "severe", "marked", "massive"),
)
_RANK = {word: rank for rank, words in enumerate(_RANKS) for word in words}
_DEGREE = "|".join(sorted(_RANK, key=len, reverse=True))
_SIZE = r"\d{1,3}(?:\.\d+)?"
_TURNED = re.compile(
    r"\b(?:(?P<less>decreas\w+|diminish\w+|reduced|shr[au]nk\w*|smaller)|"
    r"(?P<more>increas\w+|enlarg\w+|worsen\w+|grown|grew|larger))\b"
    r"(?P<between>(?:(?!\b(?:lung|volumes?|aeration|inspirat\w+|expan\w+|but|although)\b)[^.;]){0,40}?)\bfrom (?:a )?"
    rf"(?:(?P<first>{_DEGREE})\b[^.;]{{0,30}}?\bto (?:a )?(?P<then>{_DEGREE})\b|"
    rf"(?P<size>{_SIZE}) ?(?P<unit>mm|cm)?\b[^.;\d]{{0,30}}?\bto (?P<now>{_SIZE}) ?(?P<measure>mm|cm)\b)",
    re.IGNORECASE,
)
_CONFIDENCE = 0.85


class Turned:
    """Reads from what to what a finding is told to have changed."""

    types = frozenset({ErrorType.INTERVAL_CHANGE_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates sentence by sentence."""
        for number, sentence in enumerate(case.report.sentences):
            if case.report.section_of(number) not in REPORTED:
                continue
            for start, end in _found(sentence.span.of(case.report.text)):
                yield _candidate(
                    case, Span(sentence.span.start + start, sentence.span.start + end), sentence.span
                )


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _found(text: str) -> tuple[tuple[int, int], ...]:
    if " from " not in text or " to " not in text:
        return ()
    return tuple((match.start(), match.end()) for match in _TURNED.finditer(text) if _against(match))


def _against(match: re.Match[str]) -> bool:
    """True when the second value lies on the other side of the first than the word says."""
    if match["first"] is not None:
        step = float(_RANK[match["then"].lower()] - _RANK[match["first"].lower()])
    elif match["unit"] is not None and match["unit"].lower() != match["measure"].lower():
        return False
    else:
        step = float(match["now"]) - float(match["size"])
    return step > 0 if match["less"] is not None else step < 0


def _candidate(case: Case, span: Span, sentence: Span) -> Candidate:
    return Candidate(
        type=ErrorType.INTERVAL_CHANGE_MISMATCH,
        span=span,
        message=f'"{case.report.quote(span)}" changes the other way than it says.',
        rule="interval_change.turned",
        confidence=_CONFIDENCE,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=without_place(case, span),
    )

"""A comparison of the sides that names one of them twice: "left greater than left"."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.detectors.laterality import swap_side
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Span

_TWICE = re.compile(
    r"\b(?P<one>left|right)(?:[- ]sided| side| lung| base)? (?:(?:is|being|slightly|much|somewhat) )*"
    r"(?:greater|larger|worse|more|smaller|less|bigger|higher|lower) (?:\w+ )?than "
    r"(?:(?:on|in|at) )?(?:the )?(?P<other>(?P=one))\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\bmore (?:\w+ ){1,3}(?:on|in) the (?P<one>left|right) than (?:(?:on|in) )?the (?P<other>(?P=one))\b",
    re.IGNORECASE,
)


class SameSide:
    """Reads "left > left" for what it is."""

    types = frozenset({ErrorType.LATERALITY_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order."""
        for number, sentence in enumerate(case.report.sentences):
            if case.report.section_of(number) not in REPORTED:
                continue
            text = sentence.span.of(case.report.text)
            for match in (match for pattern in (_TWICE, _MORE) for match in pattern.finditer(text)):
                yield _candidate(case, sentence.span, match)


def _candidate(case: Case, sentence: Span, match: re.Match[str]) -> Candidate:
    places = [
        Span(sentence.start + match.start(group), sentence.start + match.end(group))
        for group in ("other", "one")
    ]
    fixes = [Correction(span, turned) for span in places if (turned := swap_side(case.report.quote(span)))]
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH,
        span=Span(sentence.start + match.start(), sentence.start + match.end()),
        message="This compares a side with itself.",
        rule="laterality.same_side",
        confidence=0.9,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence),),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )

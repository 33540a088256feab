"""What tables and patterns find impossible in a sentence, as candidates."""

from collections.abc import Callable, Iterable, Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import REPORTED
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Span

Found = tuple[int, int, str]
"""(start, end, why it cannot be), within a sentence."""


def impossible(
    case: Case, found: Callable[[str], Iterable[Found]], rule: str, confidence: float
) -> Iterator[Candidate]:
    """A candidate for each place that ``found`` names in a sentence of findings or impression, in text order."""
    for number, sentence in enumerate(case.report.sentences):
        if case.report.section_of(number) not in REPORTED:
            continue
        for start, end, why in found(sentence.span.of(case.report.text)):
            span = Span(sentence.span.start + start, sentence.span.start + end)
            yield Candidate(
                type=ErrorType.IMPOSSIBLE_ANATOMY,
                span=span,
                message=f'"{case.report.quote(span)}" cannot be: {why}.',
                rule=f"impossible_anatomy.{rule}",
                confidence=confidence,
                evidence=(Evidence(EvidenceKind.TEXT, span=sentence.span),),
                correction=without_place(case, span),
            )

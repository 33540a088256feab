"""What a review may do to the detectors' errors, over any review at all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.proofreading.case import Case
from app.proofreading.check import check_report
from app.proofreading.profile import Profile
from app.proofreading.report import (
    Candidate,
    Context,
    Correction,
    ErrorType,
    Evidence,
    EvidenceKind,
    ReportError,
    SubmittedReport,
    Tier,
)
from app.proofreading.review.policy import RULE, apply_review
from app.proofreading.review.types import Addition, Review, Reviewed, Verdict
from app.services import Services
from models.types import Span

TEXT = (
    "FINDINGS: Small left pleural effusion. The the heart is normal. Nodule of 4 mm. No rib fracture.\n"
    "IMPRESSION: Small right pleural effusion. Nodule of 8 mm. Rib fracture."
)
RANK = [Tier.LOW, Tier.MEDIUM, Tier.HIGH]
KNOWLEDGE = {EvidenceKind.GRAPH_PATH, EvidenceKind.ORDER}


class Listening:
    """A reviewer that keeps what it was given."""

    case: Case
    errors: tuple[ReportError, ...]

    def reviewed(self, case: Case, errors: tuple[ReportError, ...], *_: Any) -> Reviewed:
        self.case, self.errors = case, errors
        return Reviewed(errors)


def heard(services: Services, text: str = TEXT) -> Listening:
    listening = Listening()
    submitted = SubmittedReport(text, "r", Context(modality="CT"))
    check_report(submitted, replace(services, reviewer=listening))  # type: ignore[arg-type]
    return listening


@pytest.fixture(scope="session")
def told(all_services: Services) -> Listening:
    return heard(all_services)


SPANS = st.tuples(st.integers(0, len(TEXT) - 2), st.integers(1, 60)).map(
    lambda at: Span(at[0], min(len(TEXT), at[0] + at[1]))
)
CHANCES = st.floats(0, 1)
ADDITIONS = st.builds(
    lambda kind, span, other, chance, words: Addition(
        kind, span, other, Correction(span, words) if words is not None else None, chance
    ),
    st.sampled_from(ErrorType),
    SPANS,
    SPANS | st.none(),
    CHANCES | st.none(),
    st.sampled_from(("", "Left", "x y")) | st.none(),
)


@given(st.lists(ADDITIONS, max_size=4), st.lists(CHANCES, min_size=12, max_size=12), st.booleans(), st.data())
def test_no_review_takes_anything_away(
    told: Listening, additions: list[Addition], odds: list[float], trusted: bool, data: st.DataObject
) -> None:
    errors = told.errors
    assert len(errors) >= 4
    verdicts = tuple(
        Verdict(e.candidate.type, e.candidate.span, chance) for e, chance in zip(errors, odds, strict=False)
    )
    some = data.draw(st.sampled_from((verdicts, verdicts[:1], ())))
    merged = apply_review(errors, Review(tuple(additions), some), told.case, Profile(), trusted=trusted)
    own = {(e.candidate.rule, e.candidate.span): e for e in merged if e.candidate.rule != RULE}
    for error in errors:
        after = own[error.candidate.rule, error.candidate.span]
        assert after.candidate.fixes == error.candidate.fixes
        assert after.candidate.evidence[: len(error.candidate.evidence)] == error.candidate.evidence
        step = RANK.index(after.tier) - RANK.index(error.tier)
        bound = error.tier is Tier.HIGH and any(i.kind in KNOWLEDGE for i in error.candidate.evidence)
        assert step == 0 or (trusted and abs(step) == 1 and not bound)
    assert len(own) == len(errors)
    added = [e for e in merged if e.candidate.rule == RULE]
    assert all(e.tier is Tier.LOW or (trusted and e.tier is Tier.MEDIUM) for e in added)
    assert [e.id for e in merged] == [f"e{n}" for n in range(1, len(merged) + 1)]
    assert all(e.quote == e.candidate.span.of(TEXT) for e in merged)


def _error(kind: ErrorType, span: Span, cited: tuple[Span, ...], case: Case) -> ReportError:
    evidence = tuple(Evidence(EvidenceKind.TEXT, span=one) for one in cited)
    candidate = Candidate(kind, span, "m", f"test.{span.start}", 0.3, evidence)
    return ReportError("e1", candidate, Tier.LOW, case.report.sections[0].name, span.of(TEXT))


def _sentence_of(words: str, case: Case) -> Span:
    at = TEXT.index(words)
    return next(s.span for s in case.report.sentences if s.span.start <= at < s.span.end)


@pytest.fixture
def case(told: Listening) -> Case:
    return told.case


@pytest.fixture
def both(case: Case) -> Callable[[str, str], tuple[Span, Span]]:
    return lambda first, second: (_sentence_of(first, case), _sentence_of(second, case))


def test_other_end_of_a_contradiction_is_no_new_error(case: Case, both: Any) -> None:
    """A remark says that the impression is wrong; the model, surer, that the finding is: that is one error."""
    findings, impression = both("Small left", "Small right")
    start = TEXT.index("right")
    error = _error(ErrorType.LATERALITY_MISMATCH, Span(start, start + 5), (findings, impression), case)
    at = TEXT.index("left")
    other = Span(start, start + 5)
    addition = Addition(ErrorType.LATERALITY_MISMATCH, Span(at, at + 4), other, None, 0.99)
    merged = apply_review((error,), Review((addition,)), case, Profile(), trusted=True)
    [kept] = merged
    assert kept.candidate.rule == error.candidate.rule
    assert kept.candidate.evidence[-1].kind is EvidenceKind.LLM


def test_two_errors_that_cite_the_same_sentences_stay_two(case: Case, both: Any) -> None:
    cited = both("Nodule of 4", "Nodule of 8")
    spans = [Span(TEXT.index(w), TEXT.index(w) + 4) for w in ("4 mm", "8 mm")]
    errors = tuple(_error(ErrorType.MEASUREMENT, span, cited, case) for span in spans)
    assert len(apply_review(errors, Review(), case, Profile(), trusted=False)) == 2


def test_another_graph_or_order_is_another_question(told: Listening) -> None:
    """A kept review is used only where the model would be shown the same."""
    from app.proofreading.review.reviewer import Reviewer, ReviewPlan
    from app.proofreading.review.stages import Reviewing
    from models.llm import ModelServer

    reviewer = Reviewer(ModelServer("http://127.0.0.1:9/v1", "m"), ReviewPlan())

    def key(case: Case, errors: tuple[ReportError, ...]) -> str:
        work = Reviewing.of(reviewer.model, reviewer.plan.mode, case, 12_000, errors)
        return reviewer._key(work)

    try:
        case, errors = told.case, told.errors
        keys = {
            key(case, errors),
            key(
                replace(case, graph=replace(case.graph, entities=case.graph.entities[:3], relations=())),
                errors,
            ),
            key(replace(case, context=Context(modality="MR")), errors),
            key(case, errors[1:]),
        }
        assert len(keys) == 4
        assert key(case, errors) in keys
    finally:
        reviewer.close()

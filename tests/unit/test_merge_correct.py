import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.proofreading.correct import apply_edits, propose
from app.proofreading.merge import resolve
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind, Tier
from models.sections import parse
from models.types import Span

TEXT = "FINDINGS: Left effusion. No nodule.\nIMPRESSION: Right effusion."


def candidate(start: int, end: int, confidence: float, **more: object) -> Candidate:
    kind = more.pop("type", ErrorType.LATERALITY_MISMATCH)
    return Candidate(kind, Span(start, end), "why", "rule", confidence, **more)  # type: ignore[arg-type]


def test_one_error_a_place_with_the_evidence_of_all() -> None:
    first = candidate(10, 14, 0.7, evidence=(Evidence(EvidenceKind.TEXT, span=Span(10, 24)),))
    second = candidate(10, 20, 0.9, evidence=(Evidence(EvidenceKind.ORDER, source="laterality"),))
    (error,) = resolve([first, second], parse(TEXT))
    assert error.candidate.confidence == 0.9
    assert len(error.candidate.evidence) == 2
    assert error.quote == TEXT[10:20]


def test_tiers_ids_and_sections_in_text_order() -> None:
    errors = resolve([candidate(48, 53, 0.86), candidate(10, 14, 0.61), candidate(28, 34, 0.2)], parse(TEXT))
    assert [(e.id, e.tier, e.section.value) for e in errors] == [
        ("e1", Tier.MEDIUM, "FINDINGS"),
        ("e2", Tier.LOW, "FINDINGS"),
        ("e3", Tier.HIGH, "IMPRESSION"),
    ]


def test_low_tier_errors_change_nothing() -> None:
    low = candidate(10, 14, 0.3, correction=Correction(Span(10, 14), "Right"))
    assert propose(resolve([low], parse(TEXT))) == ()


def test_of_two_overlapping_fixes_the_surer_stays() -> None:
    sure = candidate(10, 14, 0.95, correction=Correction(Span(10, 14), "Right"))
    other = candidate(15, 23, 0.9, correction=Correction(Span(12, 23), "x"))
    assert propose(resolve([sure, other], parse(TEXT))) == (Correction(Span(10, 14), "Right"),)


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply_edits("abcdef", [Correction(Span(0, 3), "x"), Correction(Span(2, 4), "y")])
    with pytest.raises(ValueError, match="outside"):
        apply_edits("abc", [Correction(Span(2, 9), "x")])


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[Correction]]:
    text = draw(st.text(max_size=60))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=10)))
    spans = [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    assume(len(set(spans)) == len(spans))
    return text, [Correction(span, draw(st.text(max_size=8))) for span in spans]


@given(edits(), st.randoms(use_true_random=False))
def test_edits_equal_the_text_rebuilt_from_left_to_right(
    given_edits: tuple[str, list[Correction]], rng: object
) -> None:
    text, corrections = given_edits
    rebuilt, position = "", 0
    for correction in sorted(corrections, key=lambda c: c.span):
        rebuilt += text[position : correction.span.start] + correction.replacement
        position = correction.span.end
    rebuilt += text[position:]
    shuffled = list(corrections)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert apply_edits(text, shuffled) == rebuilt

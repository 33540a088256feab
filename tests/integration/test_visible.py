"""Reports with characters that nobody sees: checked as they are seen, placed in the text as submitted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.limits import InadmissibleError, admit
from app.proofreading.check import check_report
from app.proofreading.correct import apply_edits, propose
from app.proofreading.report import Correction, SubmittedReport
from app.proofreading.visible import visible
from app.services import Services
from models.types import Span

UNSEEN = "\u0301\ufffc\u3164\U000e0020\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff\ufe0f"
PLAIN = "FINDINGS: Small left pleural effusion. No plural thickening.\nIMPRESSION: Right pleural effusion."


@pytest.mark.parametrize("unseen", UNSEEN)
def test_errors_are_found_through_unseen_characters(services: Services, unseen: str) -> None:
    text = PLAIN.replace("effusion", f"eff{unseen}usion").replace("Right", f"Ri{unseen}ght")
    checked = check_report(SubmittedReport(text, "x"), services)
    plain = check_report(SubmittedReport(PLAIN, "x"), services)
    assert [e.candidate.type for e in checked.errors] == [e.candidate.type for e in plain.errors] != []
    for error in checked.errors:
        assert error.candidate.span.of(text) == error.quote
    assert [e.quote.replace(unseen, "") for e in checked.errors] == [e.quote for e in plain.errors]
    assert checked.corrected_text == apply_edits(text, propose(checked.errors))
    assert checked.corrected_text.replace(unseen, "") == plain.corrected_text
    assert all(entity.span.of(text) == entity.quote for entity in checked.graph.entities)


def test_ligatures_are_spelled_out(services: Services) -> None:
    text = PLAIN.replace("effusion", "e\ufb00usion")
    checked = check_report(SubmittedReport(text, "x"), services)
    assert "laterality_mismatch" in [error.candidate.type for error in checked.errors]
    assert all(entity.span.of(text) == entity.quote for entity in checked.graph.entities)


def test_correction_within_a_ligature_keeps_its_other_letters() -> None:
    text = "a\ufb03x"
    seen = visible(text)
    assert seen is not None
    assert seen.text == "affix"
    fix = seen.correction(Correction(Span(2, 3), "F"))
    assert (fix.span.of(text), apply_edits(text, (fix,))) == ("\ufb03", "afFix")


def test_text_of_unseen_characters_alone_is_blank() -> None:
    with pytest.raises(InadmissibleError, match="nothing to check"):
        admit(SubmittedReport("\u200b\ufeff \n", "x"), 100)


texts = st.text(st.sampled_from("aé \n😀\ufb01\ufb04" + UNSEEN), max_size=20)


@given(texts, st.data())
def test_every_span_of_the_seen_text_has_its_place(text: str, data: st.DataObject) -> None:
    seen = visible(text)
    if seen is None:
        assert not set(text) & set(UNSEEN + "\ufb01\ufb04")
        return
    start = data.draw(st.integers(0, len(seen.text)))
    span = Span(start, data.draw(st.integers(start, len(seen.text))))
    again = visible(seen.placed(span).of(text))
    words = seen.placed(span).of(text) if again is None else again.text
    assert span.of(seen.text) in words
    edited = apply_edits(text, (seen.correction(Correction(span, "Z")),))
    shown = visible(edited)
    assert (edited if shown is None else shown.text) == apply_edits(seen.text, (Correction(span, "Z"),))

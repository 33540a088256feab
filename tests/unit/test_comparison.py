"""Two reports held against each other: GREEN's categories, matches and formula."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.proofreading.comparison.compare import compare_reports
from app.proofreading.comparison.types import ComparedReports, GreenCategory, Grounds, ReportPair, green
from app.proofreading.report import SubmittedReport
from app.services import Services, bundled_reports
from kg_ingest.store import GraphStoreError

_PAIRS = Path(__file__).parents[2] / "samples" / "compared"
_KNOWN = {"d-synonym", "h-17"}  # answered otherwise than labelled: see samples/compared/README.md
_REPORTS = [report.text for report in bundled_reports()]


def compared(candidate: str, reference: str, services: Services) -> ComparedReports:
    pair = ReportPair(SubmittedReport(candidate, "candidate"), SubmittedReport(reference, "reference"))
    return compare_reports(pair, services)


def letters(answer: ComparedReports, *, significant: bool = True) -> str:
    """The letters of the errors, each as often as it was counted."""
    return "".join(category * count for category, count in answer.counts(significant=significant).items())


# The examples of the GREEN part of the tutorial (Ostmeier et al. 2024): short phrases, with what it prints of
# them. Where it prints no report but the finding only, the report around it is ours.
_FIELD = (
    "Infiltrates in the upper {} right field. Doubtful retrocardiac opacity suggestive of respiratory infection. "
    "Costophrenic sinuses are clear. No other notable findings."
)
TUTORIAL = [
    ("pleural effusion is present.", "Pleural effusion present.", "", 1, 1.0),
    ("pleural effusion not present.", "Pleural effusion present.", "b", 0, 0.0),
    ("pleural effusion disappeared.", "Pleural effusion present.", "b", 0, 0.0),
    (
        "The heart size is mildly enlarged. Mild infiltrates in the left upper lobe.",
        "The heart size is normal. Lungs are clear without any infiltrates.",
        "aa",
        0,
        0.0,
    ),
    (
        _FIELD.format("dorsal"),
        _FIELD.format("middle"),
        "c",
        3,
        0.75,
    ),
    ("Lungs are clear. Small right pleural effusion.", "Lungs are clear.", "a", 1, 0.5),
    ("No effusion.", "No effusion. Underlying chronic upper lobe scarring.", "b", 1, 0.5),
    ("The opacity is in the right upper lobe.", "The opacity is in the right lower lobe.", "c", 0, 0.0),
    ("Small bilateral pleural effusion.", "Moderate bilateral pleural effusion.", "d", 0, 0.0),
    ("Left lung mass. This was discussed between the two doctors.", "Left lung mass.", "e", 1, 0.5),
    ("Left lung mass.", "Left lung mass. No evidence of disease progression.", "f", 1, 0.5),
]


@pytest.mark.parametrize(("candidate", "reference", "errors", "matched", "score"), TUTORIAL)
def test_examples_of_the_tutorial(
    candidate: str, reference: str, errors: str, matched: int, score: float, all_services: Services
) -> None:
    answer = compared(candidate, reference, all_services)
    assert (letters(answer), len(answer.matches), answer.green) == (errors, matched, score)
    assert letters(answer, significant=False) == ""


@pytest.mark.parametrize(
    ("matched", "errors", "score"),
    [(0, 0, 0.0), (0, 3, 0.0), (1, 0, 1.0), (3, 1, 0.75), (1, 3, 0.25), (2, 2, 0.5), (7, 0, 1.0)],
)
def test_formula(matched: int, errors: int, score: float) -> None:
    assert green(matched, errors) == score


def test_errors_of_little_weight_leave_the_score_alone(all_services: Services) -> None:
    answer = compared(
        "FINDINGS: Small effusion. Scoliosis. Aortic atherosclerosis.",
        "FINDINGS: Small effusion.",
        all_services,
    )
    assert letters(answer, significant=False) == "aa"
    assert answer.green == 1.0


ROWS = [json.loads(line) for path in sorted(_PAIRS.glob("*.jsonl")) for line in path.read_text().splitlines()]


_OTHERWISE = pytest.mark.xfail(strict=True, reason="the counts differ from the label's")


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["id"], marks=[_OTHERWISE] if row["id"] in _KNOWN else []) for row in ROWS],
)
def test_pairs_get_the_counts_that_they_are_labelled_with(
    row: dict[str, object], all_services: Services
) -> None:
    answer = compared(str(row["candidate"]), str(row["reference"]), all_services)
    got = {
        "significant": {k.value: n for k, n in answer.counts(significant=True).items() if n},
        "insignificant": {k.value: n for k, n in answer.counts(significant=False).items() if n},
        "matched": len(answer.matches),
    }
    assert got == row["labels"]


@pytest.mark.parametrize(
    ("candidate", "reference", "category", "grounds"),
    [
        ("Clear lungs. Kyphosis.", "Clear lungs.", "a", Grounds.LASTING),
        ("Clear lungs. Nipple shadow.", "Clear lungs.", "a", Grounds.VARIANT),
        ("Clear lungs. Old healed rib fracture.", "Clear lungs.", "a", Grounds.HEALED),
        ("Clear lungs.", "Clear lungs. Minimal atelectasis.", "b", Grounds.TRACE),
        ("Clear lungs.", "Clear lungs. Sternotomy wires.", "b", Grounds.LEFT_IN),
        ("Left mid lung opacity.", "Left lower lung opacity.", "c", Grounds.NEAR),
        ("Trace effusion.", "Small effusion.", "d", Grounds.SMALL_STEP),
        ("Effusion again seen.", "Effusion.", "e", Grounds.MENTION),
        ("Clear lungs. Rib fracture.", "Clear lungs.", "a", None),
        ("Clear lungs.", "Clear lungs. Right PICC.", "b", None),
        ("Clear lungs.", "Clear lungs. Emphysema.", "b", None),
        ("Right upper lobe mass.", "Right middle lobe mass.", "c", None),
        ("4 mm nodule.", "9 mm nodule.", "d", None),
        ("Worsening edema.", "Edema.", "e", None),
    ],
)
def test_significance_has_its_grounds(
    candidate: str, reference: str, category: str, grounds: Grounds | None, all_services: Services
) -> None:
    [found] = compared(candidate, reference, all_services).discrepancies
    assert (found.category, found.grounds) == (category, grounds)


def test_change_told_of_the_whole_speaks_for_its_findings(all_services: Services) -> None:
    candidate = "No change since the previous radiograph. Left effusion. Cardiomegaly."
    answer = compared(candidate, "Unchanged left effusion. Stable cardiomegaly.", all_services)
    assert (letters(answer), answer.green) == ("", 1.0)


def test_denial_is_cited_against_a_false_finding(all_services: Services) -> None:
    [found] = compared("Left pneumothorax.", "No pneumothorax.", all_services).discrepancies
    assert found.passages.reference is not None
    assert found.passages.reference.of("No pneumothorax.") == "pneumothorax"


texts = st.sampled_from(_REPORTS)


@given(texts)
def test_report_agrees_with_itself(all_services: Services, text: str) -> None:
    answer = compared(text, text, all_services)
    assert answer.discrepancies == ()
    assert answer.green == 1.0


@given(texts, texts)
def test_swapping_turns_false_findings_into_missing_ones(
    all_services: Services, first: str, second: str
) -> None:
    one, other = compared(first, second, all_services), compared(second, first, all_services)
    for significant in (True, False):
        ours, theirs = one.counts(significant=significant), other.counts(significant=significant)
        assert ours[GreenCategory.FALSE_FINDING] == theirs[GreenCategory.MISSING_FINDING]
        assert ours[GreenCategory.MISSING_FINDING] == theirs[GreenCategory.FALSE_FINDING]
        assert ours[GreenCategory.LOCATION] == theirs[GreenCategory.LOCATION]
        assert ours[GreenCategory.SEVERITY] == theirs[GreenCategory.SEVERITY]


@given(texts, texts, st.integers(min_value=0), st.sampled_from("\u00ad\u200b\ufeff"))
def test_unseen_characters_change_no_count_and_spans_stay_in_the_text(
    all_services: Services, first: str, second: str, at: int, unseen: str
) -> None:
    cut = at % len(first)
    marked = first[:cut] + unseen + first[cut:]
    plain, answer = compared(first, second, all_services), compared(marked, second, all_services)
    assert answer.counts(significant=True) == plain.counts(significant=True)
    for found, same in zip(answer.discrepancies, plain.discrepancies, strict=True):
        here, there = found.passages.candidate, same.passages.candidate
        assert (here is None) == (there is None)
        if here is not None and there is not None:
            assert here.of(marked).replace(unseen, "") == there.of(first)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_are_answered(all_services: Services, first: str, second: str) -> None:
    answer = compared(first, second, all_services)
    assert (answer.green is None) == (not answer.coverage.compared)
    for item in (*answer.discrepancies, *answer.matches):
        for span, text in ((item.passages.candidate, first), (item.passages.reference, second)):
            assert span is None or 0 <= span.start < span.end <= len(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Der linke Oberlappen zeigt eine neue Verschattung mit Erguss.", "failed: unsupported_language"),
        ("FINDINGS:\n1. 2. 3.", "failed: no_sentences"),
    ],
)
def test_unread_report_is_not_called_equal(text: str, why: str, all_services: Services) -> None:
    for answer, part in (
        (compared(text, "Left effusion.", all_services), "candidate"),
        (compared("Left effusion.", text, all_services), "reference"),
    ):
        assert getattr(answer.coverage, part) == why
        assert answer.green is None
        assert not answer.coverage.complete


def test_pair_out_of_time_is_not_compared(all_services: Services) -> None:
    answer = compared("Left effusion.", "Left effusion.", replace(all_services, seconds=0.0))
    assert answer.coverage.candidate == "failed: out_of_time"
    assert answer.green is None


class _Away:
    """A knowledge graph that answers nothing any more."""

    def __getattr__(self, name: str) -> object:
        raise GraphStoreError("away")


def test_lost_knowledge_is_named_and_the_rest_is_answered(all_services: Services) -> None:
    lost = replace(all_services, knowledge=_Away())  # type: ignore[arg-type]
    answer = compared("Left effusion. No pneumothorax.", "Right effusion. No pneumothorax.", lost)
    assert answer.coverage.knowledge == "failed: graph_unavailable"
    assert (answer.coverage.complete, answer.coverage.compared) == (False, True)
    assert (letters(answer), answer.green) == ("c", 0.5)


def test_denials_of_two_sides_do_not_match(all_services: Services) -> None:
    answer = compared(
        "No left effusion. Left lung clear.", "No right effusion. Right lung clear.", all_services
    )
    assert answer.matches == ()


def test_second_place_in_the_impression_is_a_wrong_place(all_services: Services) -> None:
    text = "FINDINGS: Left effusion.\nIMPRESSION: {} effusion."
    answer = compared(text.format("Right"), text.format("Left"), all_services)
    assert letters(answer) == "c"


def test_lone_grade_of_one_section_counts(all_services: Services) -> None:
    text = "FINDINGS: Mild edema.\nIMPRESSION: {} edema."
    assert letters(compared(text.format("Severe"), text.format("Mild"), all_services)) == "d"

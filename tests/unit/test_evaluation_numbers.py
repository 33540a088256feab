"""Numbers of an evaluation, against what a hand computes."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.calibration import calibrate
from app.evaluation.curves import average_precision, curves, report_curve
from app.evaluation.detectors import detector_rows
from app.evaluation.items import Item, Origin
from app.evaluation.metrics import bayes, resample
from app.evaluation.operating import operating_points
from app.evaluation.paper import paper_score
from app.evaluation.score import Outcome, Returned, score
from app.evaluation.summary import Measure, summarize
from app.evaluation.wording import bleu, rouge_1
from app.proofreading.profile import Profile
from app.proofreading.report import (
    Candidate,
    CheckedReport,
    Correction,
    Coverage,
    ErrorType,
    Evidence,
    EvidenceKind,
    ReportError,
    SubmittedReport,
    Tier,
)
from models.types import ReportGraph, SectionName, Span

SIDE, DENIED = ErrorType.LATERALITY_MISMATCH, ErrorType.NEGATION_CONTRADICTION


def returned(kind: ErrorType, rule: str, confidence: float, hit: bool) -> Returned:
    tier = Profile().tier(Candidate(kind, Span(0, 1), "", rule, confidence))
    return Returned(kind, rule, confidence, tier, hit)


def side(confidence: float, *, hit: bool = False) -> Returned:
    return returned(SIDE, "laterality.sections", confidence, hit)


def denied(confidence: float, *, hit: bool = False) -> Returned:
    return returned(DENIED, "negation.sections", confidence, hit)


def clean(name: str, *returned: Returned) -> Outcome:
    return Outcome(Item(SubmittedReport(name, name), Origin.CLEAN, name), returned)


def harmless(name: str, *returned: Returned) -> Outcome:
    return Outcome(Item(SubmittedReport(f"{name}.", f"{name}#x"), Origin.HARMLESS, name), returned)


def wrong(name: str, kind: ErrorType, *returned: Returned) -> Outcome:
    report = SubmittedReport(f"{name}!", f"{name}#{kind}")
    return Outcome(Item(report, Origin.INJECTED, name, kind, "way", Span(0, 1)), returned)


def some() -> list[Outcome]:
    """Four clean reports with one flag and one of low tier; two harmless; four wrong, of which three found."""
    return [
        clean("a"),
        clean("b", denied(0.7)),
        clean("c", side(0.5)),
        clean("d"),
        harmless("a"),
        harmless("b", denied(0.7)),
        wrong("a", SIDE, side(0.9, hit=True)),
        wrong("b", SIDE, side(0.7, hit=True), denied(0.7)),
        wrong("c", DENIED, side(0.5), denied(0.9, hit=True)),
        wrong("d", DENIED, denied(0.5, hit=True)),
    ]


def test_an_outcome_counts_flags_and_not_low_tier() -> None:
    low, both = wrong("a", SIDE, side(0.5, hit=True)), wrong("a", SIDE, side(0.9), side(0.7, hit=True))
    assert (low.flagged, low.found, low.flags) == (False, False, 0)
    assert (both.flagged, both.found, both.flags) == (True, True, 2)


def test_summary_by_hand() -> None:
    numbers = summarize(some())
    shares = {measure: (rate.hits, rate.total) for measure, rate in numbers.rates.items()}
    assert shares[Measure.SENSITIVITY] == (3, 4)
    assert shares[Measure.DETECTION] == (3, 4)
    assert shares[Measure.SPECIFICITY] == (4, 6)
    assert shares[Measure.SPECIFICITY_CLEAN] == (3, 4)
    assert shares[Measure.SPECIFICITY_HARMLESS] == (1, 2)
    assert shares[Measure.LOCALIZATION] == (3, 3)
    assert shares[Measure.ACCURACY] == (7, 10)
    assert numbers.flags_per_100_clean.value == 25.0
    assert numbers.ppv[0.02].value == pytest.approx(0.75 * 0.02 / (0.75 * 0.02 + 0.25 * 0.98))
    assert numbers.reports == 4
    assert numbers.by_type[SIDE].flags_per_100_clean == 0.0
    assert numbers.by_type[DENIED].flags_per_100_clean == 25.0
    for estimate in (numbers.flags_per_100_clean, *numbers.ppv.values()):
        assert estimate.low <= estimate.value <= estimate.high


def test_items_of_one_report_are_drawn_together() -> None:
    """100 items of ten reports that stand or fall together say as little as ten."""
    apart = [wrong(f"r{n}", SIDE, *([side(0.9, hit=True)] if n % 2 else [])) for n in range(100)]
    alike = [wrong(f"r{n % 10}", SIDE, *([side(0.9, hit=True)] if n % 2 else [])) for n in range(100)]
    widths = []
    for outcomes in (apart, alike):
        rate = summarize(outcomes).rates[Measure.SENSITIVITY]
        assert rate.value == 0.5
        widths.append(rate.high - rate.low)
    assert widths[0] == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 100), abs=0.02)
    assert widths[1] == pytest.approx(2 * 1.96 * math.sqrt(0.25 / 10), abs=0.06)


def test_no_false_flag_is_no_proof_of_none() -> None:
    numbers = summarize([*(clean(f"c{n}") for n in range(50)), wrong("w", SIDE, side(0.9, hit=True))])
    quiet = numbers.rates[Measure.SPECIFICITY_CLEAN]
    assert (quiet.value, quiet.high) == (1.0, 1.0)
    assert 0.93 < quiet.low < 0.97
    assert numbers.flags_per_100_clean.value == 0.0
    assert 3 < numbers.flags_per_100_clean.high < 8
    assert numbers.ppv[0.01].low < 0.5


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_resampled_sums_centre_on_the_sums(rows: list[tuple[int, int]]) -> None:
    counts = np.array(rows, dtype=np.float64)
    sums = resample(counts)
    assert (sums == resample(counts)).all()
    spread = np.sqrt(len(rows)) * counts.std(axis=0)
    assert (np.abs(sums.mean(axis=0) - counts.sum(axis=0)) <= 6 * spread / math.sqrt(len(sums)) + 1e-9).all()


def test_detector_rows_by_hand() -> None:
    first, second = detector_rows(some())
    assert (first.rule, first.clean, first.harmless, first.elsewhere, first.hits) == (
        "negation.sections", 1, 1, 1, 1,
    )  # fmt: skip
    assert (second.rule, second.clean, second.harmless, second.elsewhere, second.hits) == (
        "laterality.sections", 0, 0, 0, 2,
    )  # fmt: skip
    true, false = 0.02 * 1 / 4, 0.98 * 1 / 4 + 0.02 * 1 / 4
    assert first.precision == pytest.approx(true / (true + false))
    assert second.precision == 1.0


def test_brier_and_reliability_by_hand() -> None:
    outcomes = [
        clean("a", side(0.9)),
        clean("b"),
        harmless("a", side(0.9)),
        wrong("a", SIDE, side(0.9, hit=True), side(0.5)),
    ]
    found = calibrate(outcomes)
    assert (found.count, found.right) == (4, 1)
    assert found.brier == pytest.approx((0.81 + 0.81 + 0.01 + 0.25) / 4)
    assert found.constant == pytest.approx(0.25 * 0.75)
    one_clean, one_wrong = 0.98 / 2, 0.02
    total = one_clean + 2 * one_wrong
    assert found.brier_at_prevalence == pytest.approx((0.81 * one_clean + (0.01 + 0.25) * one_wrong) / total)
    low, high = found.bins
    assert (low.low, low.count, low.right) == (0.5, 1, 0.0)
    assert (high.low, high.count, high.confidence) == (0.9, 3, pytest.approx(0.9))
    assert high.right == pytest.approx(1 / 3)
    assert high.right_at_prevalence == pytest.approx(one_wrong / (one_wrong + one_clean))


def test_curves_by_hand() -> None:
    outcomes = some()
    (sides, denials) = curves(outcomes)
    assert (sides.rules, sides.types, sides.errors) == ("laterality", (SIDE,), 2)
    # at 0.5 the low-tier flag of a clean report and the one elsewhere come in
    assert [point[0] for point in sides.points] == [0.9, 0.7, 0.5]
    assert [point[2] for point in sides.points] == [0.5, 1.0, 1.0]
    true, false = 2 * 0.02 / 4, 0.98 / 4 + 0.02 / 4
    assert [point[1] for point in sides.points] == [1.0, 1.0, pytest.approx(true / (true + false))]
    assert sides.average_precision == 1.0
    assert denials.errors == 2
    whole = report_curve(outcomes)
    assert whole.points[-1][2] == 1.0
    assert whole.points[-1][1] == pytest.approx(bayes(1.0, 0.5, 0.02))


def test_average_precision_weighs_each_step_of_recall() -> None:
    assert average_precision([(0.9, 1.0, 0.5), (0.8, 0.5, 0.5), (0.7, 0.4, 1.0)]) == pytest.approx(0.7)
    assert average_precision([]) == 0.0
    assert math.isnan(average_precision([(0.9, 1.0, math.nan)]))


def test_operating_points_by_hand() -> None:
    outcomes = some()
    families = {"one": [o for o in outcomes if o.item.type is SIDE], "two": outcomes[8:]}
    points = {(p.type, p.threshold): p for p in operating_points(outcomes[:6], families)}
    assert {at for kind, at in points if kind is None} == {0.5, 0.6, 0.7, 0.85, 0.9}
    low, now, high = (points[None, at] for at in (0.5, 0.6, 0.85))
    assert (low.mark, now.mark, high.mark) == ("", "medium", "high")
    assert [p.flags_per_100_clean for p in (low, now, high)] == [50.0, 25.0, 0.0]
    assert [p.found["one"].value for p in (low, now, high)] == [1.0, 1.0, 0.5]
    assert [p.found["two"].value for p in (low, now, high)] == [1.0, 0.5, 0.5]
    assert now.ppv[0.02].value == pytest.approx(bayes(0.75, 0.75, 0.02))
    assert high.ppv[0.02].value == 1.0
    assert high.ppv[0.02].low < 0.1  # four quiet reports prove little
    typed = points[SIDE, 0.6]
    assert typed.flags_per_100_clean == 0.0
    assert typed.found["two"].total == 0
    assert typed.ppv[0.02].value == 1.0


@given(st.lists(st.tuples(st.sampled_from((0.3, 0.5, 0.6, 0.7, 0.9)), st.booleans()), max_size=20))
def test_a_higher_threshold_never_brings_more(drawn: list[tuple[float, bool]]) -> None:
    broken = [wrong(f"w{n}", SIDE, side(at, hit=hit)) for n, (at, hit) in enumerate(drawn)]
    quiet = [clean(f"c{n}", side(at)) for n, (at, _) in enumerate(drawn)]
    points = [point for point in operating_points(quiet, {"one": broken}) if point.type is None]
    for before, after in pairwise(points):
        assert before.flags_per_100_clean >= after.flags_per_100_clean
        assert before.found["one"].hits >= after.found["one"].hits


TEXT = "FINDINGS: Small left effusion. No nodule. Heart is large.\nIMPRESSION: Small right effusion."


def checked(fixes: Sequence[Correction], cited: str) -> Outcome:
    """An injected side at the end; a flag there that cites one sentence, and other flags with the fixes."""
    start, at = TEXT.index("right"), TEXT.index(cited)
    item = Item(
        SubmittedReport(TEXT, "x"), Origin.INJECTED, TEXT.replace("right", "left"), SIDE, "flip",
        Span(start, start + 5),
    )  # fmt: skip
    evidence = (Evidence(EvidenceKind.TEXT, span=Span(at, at + len(cited))),)
    flag = Candidate(SIDE, Span(start, start + 5), "m", "laterality.sections", 0.9, evidence)
    others = [Candidate(DENIED, fix.span, "m", "negation.sections", 0.9, correction=fix) for fix in fixes]
    errors = tuple(
        ReportError(f"e{number}", one, Tier.HIGH, SectionName.IMPRESSION, "")
        for number, one in enumerate((flag, *others))
    )
    return score(item, CheckedReport(item.report, errors, Coverage(), TEXT + " ", ReportGraph()))


def test_a_stray_edit_lies_outside_what_the_hit_names() -> None:
    at = TEXT.index("large")
    elsewhere = Correction(Span(at, at + 5), "normal")
    cited = Correction(Span(TEXT.index("left"), TEXT.index("left") + 4), "right")
    assert not checked([], "Small left effusion.").strayed
    assert not checked([cited], "Small left effusion.").strayed
    assert checked([cited], "No nodule.").strayed
    assert checked([elsewhere], "Small left effusion.").strayed
    across = Correction(Span(TEXT.index("effusion."), TEXT.index("nodule")), "")
    assert checked([across], "Small left effusion.").strayed


def test_rouge_and_bleu_of_known_texts() -> None:
    assert rouge_1("the cat sat", "the cat sat") == bleu("the cat sat", "the cat sat") == 1.0
    # two of three words in common, each way
    assert rouge_1("The cat ran.", "the cat sat") == pytest.approx(2 / 3)
    # unigrams 3/4, then with one added: bigrams 2/4, trigrams 1/3, four-grams 1/2; equal length
    expected = (3 / 4 * 2 / 4 * 1 / 3 * 1 / 2) ** 0.25
    assert bleu("a b x d", "a b c d") == pytest.approx(expected)
    # all there but half as long: only the penalty
    assert bleu("a b c d", "a b c d e f g h") == pytest.approx(math.exp(-1))
    assert bleu("x", "y") == 0.0


@given(st.text(alphabet="ab .,", max_size=40), st.text(alphabet="ab .,", max_size=40))
def test_likeness_lies_between_none_and_all(first: str, second: str) -> None:
    for likeness in (rouge_1, bleu):
        assert 0.0 <= likeness(first, second) <= 1.0 + 1e-9
        assert likeness(first, first) == pytest.approx(1.0)


def test_the_papers_measures_by_hand() -> None:
    outcomes = [
        clean("a"),
        clean("b", side(0.9)),
        wrong("c", SIDE, side(0.9, hit=True)),
        wrong("d", SIDE, side(0.9)),
        wrong("e", SIDE),
    ]
    numbers = paper_score(outcomes)
    assert (numbers.clean, numbers.wrong) == (2, 3)
    assert (numbers.detection.hits, numbers.always_yes.hits) == (3, 3)
    assert (numbers.localized_wrong.hits, numbers.localized_wrong.total) == (1, 3)
    assert (numbers.localized_flagged.hits, numbers.localized_flagged.total) == (1, 2)
    assert (numbers.localized_all.hits, numbers.localized_all.total) == (2, 5)
    assert numbers.corrected == numbers.unchanged

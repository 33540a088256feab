import json
import random
from pathlib import Path

import pytest

from app.evaluation.baseline import plain_rules
from app.evaluation.build import injected, negatives
from app.evaluation.command import run as evaluate
from app.evaluation.injectors import INJECTORS
from app.evaluation.items import Item, Origin
from app.evaluation.medec import read_medec, score_medec
from app.evaluation.metrics import bayes, matthews, rate
from app.evaluation.score import score
from app.evaluation.splits import is_reference, split_of
from app.evaluation.summary import Measure, Summary, summarize
from app.proofreading.report import (
    Candidate,
    CheckedReport,
    Correction,
    Coverage,
    ErrorType,
    ReportError,
    SubmittedReport,
    Tier,
)
from app.services import bundled_reports
from models.types import ReportGraph, SectionName, Span

TEXT = (
    "EXAM: Chest radiograph, two views\nINDICATION: 50-year-old male with cough.\nCOMPARISON: Prior study.\n"
    "FINDINGS: Stable small left pleural effusion. 8 mm nodule in the right upper lobe. No pneumothorax. "
    "The heart is normal in size.\n"
    "IMPRESSION: Stable small left pleural effusion. Right upper lobe nodule. No pneumothorax."
)


@pytest.mark.parametrize("kind", list(INJECTORS))
def test_every_injector_makes_one_edit_where_it_says(kind: ErrorType) -> None:
    made = 0
    text_before = TEXT.replace("Stable small left", "Acute small left") if kind == "omitted_finding" else TEXT
    for seed in range(12):
        placed = INJECTORS[kind](text_before, random.Random(seed))
        if placed is None:
            continue
        made += 1
        variant, edit, _ = placed
        text = edit.apply(text_before)
        assert variant
        assert text != text_before
        assert edit.altered.of(text) == edit.replacement
        assert text[: edit.altered.start] == text_before[: edit.span.start]
        assert text[edit.altered.end :] == text_before[edit.span.end :]
    assert made > 0


def test_items_depend_on_the_seed_and_the_report_alone() -> None:
    reports = [SubmittedReport(TEXT, str(number)) for number in range(9)]
    types = list(INJECTORS)
    assert list(injected(reports, types, 3, 1)) == list(injected(reports, types, 3, 1))
    assert list(injected(reports, types, 3, 1)) == list(injected(reports[::-1], types, 3, 1))
    assert list(negatives(reports, 1)) == list(negatives(reports, 1))


def test_a_place_for_no_error_gives_no_item() -> None:
    bare = SubmittedReport("The lungs are clear.", "bare")
    made = {item.type for item in injected([bare], list(INJECTORS), 5, 1)}
    assert ErrorType.LATERALITY_MISMATCH not in made
    assert ErrorType.MEASUREMENT not in made


def test_halves_and_splits_do_not_overlap() -> None:
    ids = [str(number) for number in range(2_000)]
    share = sum(is_reference(i) for i in ids) / len(ids)
    assert 0.45 < share < 0.55
    assert 0.6 < sum(split_of(i) == "dev" for i in ids) / len(ids) < 0.73
    assert [is_reference(i) for i in ids] == [is_reference(i) for i in ids]


def item() -> Item:
    wrong = TEXT.replace("IMPRESSION: Stable small left", "IMPRESSION: Stable small right")
    start = wrong.index("small right") + 6
    report = SubmittedReport(wrong, "x")
    return Item(report, Origin.INJECTED, TEXT, ErrorType.LATERALITY_MISMATCH, "flip", Span(start, start + 5))


def answer(given: Item, span: Span | None, corrected: str, tier: Tier = Tier.HIGH) -> CheckedReport:
    errors: tuple[ReportError, ...] = ()
    if span is not None:
        fix = Correction(span, "left")
        candidate = Candidate(ErrorType.LATERALITY_MISMATCH, span, "m", "r", 0.9, correction=fix)
        errors = (ReportError("e1", candidate, tier, SectionName.IMPRESSION, span.of(given.report.text)),)
    return CheckedReport(given.report, errors, Coverage(), corrected, ReportGraph())


def test_a_flag_on_the_place_counts_and_its_exact_fix() -> None:
    given = item()
    outcome = score(given, answer(given, given.altered, TEXT))
    assert (outcome.flagged, outcome.found, outcome.spanned, outcome.typed, outcome.fixed) == (True,) * 5
    assert not outcome.unintended


def test_a_flag_elsewhere_is_no_find() -> None:
    given = item()
    outcome = score(given, answer(given, Span(6, 11), given.report.text))
    assert outcome.flagged
    assert not outcome.found
    low = score(given, answer(given, given.altered, given.report.text, Tier.LOW))
    assert not low.flagged


def two(numbers: Summary) -> tuple[float, float]:
    return numbers.rates[Measure.SENSITIVITY].value, numbers.rates[Measure.SPECIFICITY].value


def test_summary_of_a_perfect_and_of_a_silent_checker() -> None:
    given = item()
    clean = Item(SubmittedReport(TEXT, "c"), Origin.CLEAN, TEXT)
    perfect = summarize(
        [score(given, answer(given, given.altered, TEXT)), score(clean, answer(clean, None, TEXT))]
    )
    assert two(perfect) == (1.0, 1.0)
    assert perfect.mcc == 1.0
    silent = summarize([score(i, answer(i, None, i.report.text)) for i in (given, clean)])
    assert two(silent) == (0.0, 1.0)
    assert silent.mcc == 0.0
    assert silent.rates[Measure.ALWAYS_YES].value == 0.5


def test_wilson_interval_and_predictive_value_of_known_numbers() -> None:
    ten = rate([True] * 8 + [False] * 2)
    assert (round(ten.low, 3), round(ten.high, 3)) == (0.490, 0.943)
    assert bayes(0.8, 0.99, 0.02) == pytest.approx(0.016 / (0.016 + 0.0098))
    assert matthews([True, False], [True, False]) == 1.0


def test_plain_rules_see_opposite_sides_and_negations() -> None:
    sided = "FINDINGS: Left effusion.\nIMPRESSION: Right effusion."
    denied = "FINDINGS: No effusion.\nIMPRESSION: Small effusion."
    assert plain_rules(SubmittedReport(sided, "a"))
    assert plain_rules(SubmittedReport(denied, "b"))
    assert not plain_rules(SubmittedReport("FINDINGS: No effusion.\nIMPRESSION: No effusion.", "c"))


def test_medec_files_are_read_and_scored(tmp_path: Path, check) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "medec.csv"
    header = "Text ID,Text,Sentences,Error Flag,Error Type,Error Sentence ID,Error Sentence,Corrected Sentence,Fixed\n"
    wrong = "FINDINGS: Left effusion. IMPRESSION: Right effusion."
    path.write_text(f"{header}1,{wrong},,1,x,1,Right effusion.,,\n2,Clear lungs.,,0,,-1,NA,NA,NA\n", "utf-8")
    scored = score_medec(read_medec(path), lambda report: check(report.text))
    assert (scored.flag.hits, scored.sentence.hits) == (2, 2)


def test_the_command_writes_table_numbers_and_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse

    from app.evaluation.command import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = ["--limit", "60", "--per-type", "3", "--index", "none", "--seeds", "1,2", "--profile"]
    arguments += ["--out", str(tmp_path)]
    assert evaluate(parser.parse_args(arguments)) == 0
    table = capsys.readouterr().out
    assert "| PPV at 2% prevalence |" in table
    assert "## Family house" in table
    assert "## Operating points" in table
    assert (tmp_path / "evaluation.md").read_text("utf-8") == table
    numbers = json.loads((tmp_path / "evaluation.json").read_text("utf-8"))
    family = numbers["families"]["house"]
    assert family["radproof"]["summary"]["rates"]["specificity"]["total"] == numbers["settings"]["negatives"]
    assert family["plain_rules"]["detectors"][0]["rule"] == "plain_rules"
    assert {point["mark"] for point in numbers["operating_points"]} >= {"medium", "high"}
    assert (tmp_path / "evaluation.png").read_bytes().startswith(b"\x89PNG")


def test_it_beats_the_plain_rules_on_invented_reports(check) -> None:  # type: ignore[no-untyped-def]
    reports = [report for report in bundled_reports() if not is_reference(report.report_id)][:150]
    items = [
        *negatives(reports, 1),
        *injected(reports, [ErrorType.LATERALITY_MISMATCH, ErrorType.SEVERITY_MISMATCH], 15, 1),
    ]
    outcomes = [score(i, check(i.report.text)) for i in items]
    numbers = summarize(outcomes)
    sensitivity, specificity = two(numbers)
    assert specificity >= 0.97
    assert sensitivity >= 0.70

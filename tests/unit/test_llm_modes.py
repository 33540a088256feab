"""The ablation over a scripted model whose right and wrong answers are known."""

import argparse
import csv
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from llm_stub import Stub, answers, serving

from app.commands import CommandError
from app.evaluation.command import add_arguments
from app.evaluation.command import run as evaluate
from app.evaluation.items import Injection, Item, Origin
from app.evaluation.llm_modes import detectors_alone, model_alone, sampled, unchanged
from app.evaluation.medec import read_medec
from app.evaluation.summary import Measure
from app.proofreading.report import ErrorType, SubmittedReport
from app.proofreading.review.types import ModeName
from app.reading import ReadError
from app.services import Services
from app.settings import Settings
from models.types import Span

RIGHT = "FINDINGS: Small left pleural effusion.\nIMPRESSION: Left pleural effusion {n}."
MODES: tuple[ModeName, ...] = get_args(ModeName)
PLACE = {"type": "laterality_mismatch", "quote": "Right", "contradicts": "Small left pleural effusion"}


def clean(number: int) -> Item:
    report = SubmittedReport(RIGHT.format(n=number), f"c{number}")
    return Item(report, Origin.CLEAN, report.text)


def broken(number: int) -> Item:
    original = RIGHT.format(n=number)
    start = original.index("Left")
    edit = Injection(Span(start, start + 4), "Right")
    report = SubmittedReport(edit.apply(original), f"w{number}")
    return Item(report, Origin.INJECTED, original, ErrorType.LATERALITY_MISMATCH, "side", edit.altered)


def proofreader(form: str, request: dict[str, Any]) -> str:
    """Finds and mends the wrong side, and nothing else."""
    wrong = "Right pleural" in request["messages"][-1]["content"].partition("<report>")[2]
    told = answers(
        detect={"reason": "", "has_error": wrong},
        localize={"errors": [PLACE] if wrong else []},
        correct={"corrections": [{"number": 1, "replacement": "Left"}]},
        proofread={"errors": [{**PLACE, "replacement": "Left"}] if wrong else []},
    )
    return told(form, request)


def measured(stub: Stub, services: Services, modes: tuple[ModeName, ...] = MODES) -> list[Any]:
    items = [*map(clean, range(3)), *map(broken, range(3))]
    settings = Settings(llm_base_url=stub.base_url, llm_model="stub")  # type: ignore[arg-type]
    return list(model_alone(items, modes, services, settings, 2))


def test_model_that_is_right_scores_one_in_every_mode(all_services: Services) -> None:
    with serving(proofreader) as stub:
        stub.logprob = -0.01
        asked = measured(stub, all_services)
    assert [one.name for one in asked] == list(MODES)
    for one in asked:
        for told in (one.proposed, one.shown):
            rates = told.summary.rates
            assert {rates[name].value for name in (Measure.ACCURACY, Measure.LOCALIZATION)} == {1.0}
            assert rates[Measure.EXACT_FIX].value == rates[Measure.DETECTION].value == 1.0
            assert rates[Measure.ALWAYS_YES].value == 0.5
            assert (told.precision.hits, told.precision.total, told.unintended.hits) == (3, 3, 0)
            assert told.summary.mcc == told.corrected.mean == 1.0
            assert told.summary.flags_per_100_clean.value == 0
        assert one.tokens > 0
        assert not one.failures


def test_what_is_proposed_and_not_sure_is_not_shown(all_services: Services) -> None:
    with serving(proofreader) as stub:  # no log-probabilities: nothing is sure
        [asked] = measured(stub, all_services, ("staged",))
    assert asked.proposed.summary.rates[Measure.DETECTION].value == 1.0
    assert asked.shown.summary.rates[Measure.DETECTION].value == 0.0
    assert asked.shown.corrected.mean < 1.0


def test_model_that_always_says_yes_is_no_better_than_that(all_services: Services) -> None:
    words = answers(proofread={"errors": [{**PLACE, "quote": "FINDINGS", "replacement": "TECHNIQUE"}]})
    with serving(words) as stub:
        [asked] = measured(stub, all_services, ("end-to-end",))
    told = asked.proposed
    assert told.summary.rates[Measure.ACCURACY].value == told.summary.rates[Measure.ALWAYS_YES].value == 0.5
    assert told.summary.rates[Measure.LOCALIZATION].value == 0.0
    assert told.summary.mcc == 0.0
    assert told.unintended.hits == 6
    assert told.summary.flags_per_100_clean.value == 100


def test_reviews_that_fail_are_counted(all_services: Services) -> None:
    with serving(fault="cut") as stub:
        [asked] = measured(stub, all_services, ("staged",))
    assert asked.failures == {"llm_answer_cut": 6}
    assert asked.tokens == 0


def test_detectors_alone_ask_no_model(all_services: Services) -> None:
    asked = detectors_alone([clean(1), broken(1)], all_services)
    assert asked.proposed == asked.shown
    assert asked.shown.summary.rates[Measure.ACCURACY].value == 1.0
    assert asked.tokens == 0


def test_sample_is_half_wrong_and_the_same_for_the_same_seed() -> None:
    items = [*map(clean, range(20)), *map(broken, range(20))]
    one = sampled(items, 10, 1)
    assert one == sampled(reversed(items), 10, 1)
    assert one != sampled(items, 10, 2)
    assert [item.origin for item in one] == [Origin.CLEAN] * 5 + [Origin.INJECTED] * 5
    assert sampled(items, None, 1) == tuple(items)
    assert unchanged(one).mean < 1


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return evaluate(parser.parse_args([*words]))


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Any:
    with serving(proofreader) as stub:
        stub.logprob = -0.01
        monkeypatch.setenv("RADPROOF_LLM_BASE_URL", stub.base_url)
        monkeypatch.setenv("RADPROOF_LLM_MODEL", "stub")
        yield stub


def test_command_prints_both_tables_and_keeps_the_numbers(
    configured: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--limit", "60", "--most", "6", "--jobs", "2", "--out", str(tmp_path))
    assert run("--llm-modes", "end-to-end,staged+mkgd+exkr", *common) == 0
    table = capsys.readouterr().out
    assert table == (tmp_path / "ablation.md").read_text("utf-8")
    assert "| measure | detectors alone | one prompt (end-to-end) | staged+mkgd+exkr |" in table
    assert table.count("| PPV at 2% prevalence |") == 2
    assert "BERTScore" in table
    numbers = json.loads((tmp_path / "ablation.json").read_text("utf-8"))
    assert (numbers["settings"]["clean"], numbers["settings"]["wrong"]) == (3, 3)
    assert set(numbers["modes"]) == {"detectors", "end-to-end", "staged+mkgd+exkr"}
    users = [request["messages"][-1]["content"] for request in configured.requests]
    assert any("A similar correct report says" in user for user in users)


def test_without_references_no_mode_pretends_to_have_some(
    configured: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--llm-modes", "--limit", "40", "--most", "2", "--index", "none", "--jobs", "1") == 0
    head = capsys.readouterr().out.split("\n")[4]
    assert head == "| measure | detectors alone | one prompt (end-to-end) | staged | staged+mkgd |"


def test_medec_notes_are_items_with_a_place_and_an_original(
    configured: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = ("Text ID", "Text", "Error Flag", "Error Type", "Error Sentence", "Corrected Sentence")
    path = tmp_path / "medec.csv"
    with path.open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(columns)
        for number in range(40):
            wrong, right = f"Right pleural effusion {number}.", f"Left pleural effusion {number}."
            text = f"FINDINGS: Small left pleural effusion.\nIMPRESSION: {wrong if number % 2 else right}"
            rows.writerow((number, text, number % 2, "diagnosis", wrong, right))
    items = list(read_medec(path))
    assert [item.origin for item in items[:2]] == [Origin.CLEAN, Origin.INJECTED]
    assert items[1].altered is not None
    assert items[1].altered.of(items[1].report.text) == "Right pleural effusion 1."
    assert items[1].original.endswith("Left pleural effusion 1.")
    assert run("--llm-modes", "--medec", str(path), "--most", "4", "--jobs", "1") == 0
    table = capsys.readouterr().out
    assert "medec.csv, 2 correct and 2 with one error" in table
    assert "| staged+mkgd+exkr |" in table  # references: the correct texts of the other half


def test_medec_sentence_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "medec.csv"
    path.write_text("Text ID,Text,Error Flag,Error Type,Error Sentence,Corrected Sentence\n1,A.,1,x,B.,C.\n")
    with pytest.raises(ReadError, match="line 2"):
        list(read_medec(path))


def test_unknown_mode_and_missing_model_are_refused(
    configured: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="--llm-modes"):
        run("--llm-modes", "thrice", "--limit", "20", "--most", "2")
    monkeypatch.delenv("RADPROOF_LLM_MODEL")
    with pytest.raises(CommandError, match="RADPROOF_LLM_MODEL"):
        run("--llm-modes")

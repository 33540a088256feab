"""What an evaluation checks, and that several processes say the same as one."""

import argparse
from functools import partial
from itertools import islice

import pytest

from app.commands import CommandError
from app.evaluation.build import Items, Plan, gather, negatives
from app.evaluation.command import add_arguments
from app.evaluation.command import run as evaluate
from app.evaluation.families import FAMILIES
from app.evaluation.items import Origin
from app.evaluation.render import markdown
from app.evaluation.results import analyse
from app.evaluation.run import Setup, measure, measure_all
from app.evaluation.summary import Measure
from app.proofreading.check import check_report
from app.proofreading.report import ErrorType
from app.services import Services, bundled_reports
from app.settings import Settings

TYPES = (ErrorType.LATERALITY_MISMATCH, ErrorType.TEMPLATE_ARTIFACT)


def test_seeds_are_pooled_and_clean_reports_are_there_once() -> None:
    reports = list(islice(bundled_reports(), 30))
    one, two = (gather(reports, Plan(types=TYPES, per_type=5, seeds=seeds)) for seeds in ((1,), (1, 2)))
    assert one.negatives == tuple(negatives(reports, 1))
    assert sum(item.origin is Origin.CLEAN for item in two.negatives) == 30
    assert set(one.negatives) < set(two.negatives)
    assert set(one.families["house"]) < set(two.families["house"])
    assert len(set(two.families["house"])) == len(two.families["house"]) <= 20
    assert two.all()[: len(two.negatives)] == two.negatives


def test_families_share_the_negatives(monkeypatch: pytest.MonkeyPatch, all_services: Services) -> None:
    kind = ErrorType.LATERALITY_MISMATCH
    monkeypatch.setitem(FAMILIES, "other", {kind: FAMILIES["house"][kind]})
    reports = list(islice(bundled_reports(), 12))
    items = gather(reports, Plan(("house", "other"), TYPES, 3))
    assert {item.type for item in items.families["other"]} == {kind}
    assert len(items.all()) == len(items.negatives) + len(set(items.families["house"]))
    outcomes = dict(
        zip(items.all(), measure(items.all(), partial(check_report, services=all_services)), strict=True)
    )
    results = analyse(items, outcomes)
    assert list(results.families) == ["house", "other"]
    for family in results.families.values():
        assert family.radproof.summary.rates[Measure.SPECIFICITY].total == len(items.negatives)
    assert set(results.operating_points[0].found) == {"house", "other"}


def test_two_processes_say_the_same_in_the_same_order(all_services: Services) -> None:
    reports = list(islice(bundled_reports(), 110))
    items = gather(reports, Plan(types=TYPES, per_type=20)).all()
    assert len(items) >= 200  # else one process does it all
    alone = list(measure(items, partial(check_report, services=all_services)))
    assert list(measure_all(items, Setup(Settings(references_k=0)), 2)) == alone


def test_the_papers_family_is_judged_on_its_own_clean_reports(all_services: Services) -> None:
    reports = list(islice(bundled_reports(), 40))
    plain = gather(reports, Plan(types=TYPES, per_type=6))
    own = (*(item for item in plain.negatives[:9] if item.origin is Origin.CLEAN), *plain.families["house"])
    items = Items(plain.negatives, {"house": plain.families["house"], "paper": own})
    check = partial(check_report, services=all_services)
    results = analyse(items, dict(zip(items.all(), measure(items.all(), check), strict=True)))
    score = results.families["paper"].radproof.paper
    assert results.families["house"].radproof.paper is None
    assert score is not None
    assert score.clean + score.wrong == len(own)
    assert results.families["paper"].radproof.summary.rates[Measure.SPECIFICITY].total == score.clean
    assert score.corrected.rouge_1 > score.unchanged.rouge_1 > 0.9
    table = markdown("title", results)
    assert table.count("### Beside the paper") == 1
    assert "| mean 0.7248, best 0.8021 |" in table
    assert "| correction, BERTScore | not computed | not computed | - |" in table


@pytest.mark.parametrize(
    "words",
    [["--family", "mine"], ["--family", ""], ["--seeds", "x"], ["--seeds", ","], ["--inject", "typo"]],
)
def test_wrong_choices_are_named(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(CommandError, match=words[0]):
        evaluate(parser.parse_args(words))


def test_the_word_of_before_still_sets_the_seed() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["--seed", "7"]).seeds == "7"

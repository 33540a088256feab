"""What a person is offered: whole sentences with their numbers, and whole leftovers."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.correct import apply_edits
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CLEAR = "EXAM: Chest PA and lateral.\nFINDINGS: {}\nIMPRESSION: {}"
LINES = "The heart is normal in size.{} The lungs are clear."


def _offered(services: Services, text: str) -> set[str]:
    errors = check_report(SubmittedReport(text, "x"), services=services).errors
    fixes = (fix for error in errors if error.tier is not Tier.LOW for fix in error.candidate.fixes)
    return {apply_edits(text, (fix,)) for fix in fixes}


@pytest.mark.parametrize(
    ("added", "impression"),
    [
        (" 2. Left pleural effusion.", "1. Normal heart.{}"),
        ("\n2) Left pleural effusion.", "1) Normal heart.{}"),
        ("\n- Left pleural effusion.", "- Normal heart.{}\n- Clear lungs."),
        (" Left pleural effusion.", "1. Normal heart.{} 2. Clear lungs."),
    ],
)
def test_a_sentence_goes_with_its_number(all_services: Services, added: str, impression: str) -> None:
    with_error, without = (
        CLEAR.format("No pleural effusion.", impression.format(part)) for part in (added, "")
    )
    assert without in _offered(all_services, with_error)


def test_a_number_stays_for_what_follows(all_services: Services) -> None:
    text = CLEAR.format("No pleural effusion.", "1. Left pleural effusion. Clear lungs. 2. Normal heart.")
    kept = CLEAR.format("No pleural effusion.", "1. Clear lungs. 2. Normal heart.")
    assert kept in _offered(all_services, text)


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (" New paragraph.", ""),
        (" Period. ", " "),
        (" Scratch that please.", ""),
        (" Period new paragraph.", ""),
        (" [Insert text here].", ""),
    ],
)
def test_a_sentence_of_leftovers_goes_as_a_whole(all_services: Services, left: str, kept: str) -> None:
    text = CLEAR.format(LINES.format(left), "As above.")
    assert CLEAR.format(LINES.format(kept), "As above.") in _offered(all_services, text)


@pytest.mark.parametrize(
    ("said", "written"),
    [("in size comma the lungs", "in size, the lungs"), ("in size period. The lungs", "in size. The lungs")],
)
def test_a_sign_that_was_spelled_is_written(all_services: Services, said: str, written: str) -> None:
    text = CLEAR.format(f"The heart is normal {said} are clear.", "As above.")
    assert CLEAR.format(f"The heart is normal {written} are clear.", "As above.") in _offered(
        all_services, text
    )


def test_a_denial_may_go_too(all_services: Services) -> None:
    text = CLEAR.format("There is no left pleural effusion. The heart is large.", "Left pleural effusion.")
    kept = CLEAR.format("The heart is large.", "Left pleural effusion.")
    assert kept in _offered(all_services, text)


def test_an_abbreviation_keeps_its_capitals(all_services: Services) -> None:
    text = CLEAR.format("NG tube in place. The heart is large.", "No nasogastric tube.")
    kept = CLEAR.format("No NG tube in place. The heart is large.", "No nasogastric tube.")
    assert kept in _offered(all_services, text)

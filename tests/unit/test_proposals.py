"""What a flag proposes where its sentence cannot simply go."""

from collections.abc import Callable

from app.proofreading.correct import apply_edits
from app.proofreading.report import CheckedReport


def offered(checked: CheckedReport, kind: str) -> list[str]:
    """The text after each fix that the one error of a kind offers."""
    (error,) = [error for error in checked.errors if error.candidate.type == kind]
    return [apply_edits(checked.report.text, (fix,)) for fix in error.candidate.fixes]


def test_title_of_another_study_becomes_the_ordered_one(check: Callable[..., CheckedReport]) -> None:
    text = "EXAM: CT abdomen and pelvis\nFINDINGS: The lungs are clear. No pleural effusion."
    checked = check(text, procedure="XR CHEST 2 VIEWS", modality="XR")
    expected = [text.replace("CT abdomen and pelvis", "XR CHEST 2 VIEWS")]
    assert offered(checked, "order_mismatch") == expected


def test_title_of_several_studies_is_left_to_a_person(check: Callable[..., CheckedReport]) -> None:
    text = "EXAM: CT of the head. CT of the abdomen.\nFINDINGS: The lungs are clear."
    assert offered(check(text, procedure="XR CHEST 2 VIEWS", modality="XR"), "order_mismatch") == []


def test_all_that_an_impression_says_is_denied_where_the_findings_do_not_bear_it(
    check: Callable[..., CheckedReport],
) -> None:
    text = (
        "FINDINGS: The heart is of normal size. The lungs are well aerated. The spine is unremarkable."
        "\nIMPRESSION: Acute rib fracture."
    )
    expected = [text.replace("Acute rib fracture", "No acute rib fracture")]
    assert offered(check(text), "unsupported_finding") == expected

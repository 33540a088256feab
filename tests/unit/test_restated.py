"""Sentences that the impression repeats with another side, level or degree; sides compared with themselves."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.proofreading.check import check_report
from app.proofreading.report import CheckedReport, SubmittedReport, Tier
from app.services import Services, bundled_reports

REPORT = "EXAM: Chest PA and lateral.\nFINDINGS: The trachea is midline. {}\nIMPRESSION: {}"
SWAPPED = {
    "left": "right",
    "right": "left",
    "upper": "lower",
    "lower": "upper",
    "mild": "severe",
    "small": "large",
}


def checked(services: Services, seen: str, said: str) -> CheckedReport:
    return check_report(SubmittedReport(REPORT.format(seen, said), "restated"), services)


def flags(services: Services, seen: str, said: str) -> set[str]:
    return {e.candidate.rule for e in checked(services, seen, said).errors if e.tier is not Tier.LOW}


WRONG = (
    (
        "laterality.restated",
        "Lobulated contour of the right paratracheal stripe.",
        "Lobulated contour to the left paratracheal stripe, perhaps a vessel.",
    ),
    (
        "laterality.restated",
        "The right scapular tip is winged and irregular.",
        "Winged, irregular left scapular tip.",
    ),
    (
        "location.restated",
        "Prominent soft tissue shadow in the upper mediastinum.",
        "Prominent soft tissue shadow of the lower mediastinum.",
    ),
    ("laterality.same_side", "Bibasilar atelectasis, left greater than left.", "As above."),
    ("laterality.same_side", "Effusions, more fluid on the right than on the right.", "As above."),
)
RIGHT = (
    ("Bibasilar atelectasis, worse on the left.", "Stable right and worse left basal atelectasis."),
    ("The left effusion has gone and the right is now trivial.", "Trivial right effusion remains."),
    (
        "Moderate right pleural effusion, larger; small left effusion.",
        "Larger right effusion, small left pleural effusion.",
    ),
    (
        "Winged, irregular left scapular tip. The right scapular tip is winged and irregular.",
        "Winged, irregular left scapular tip.",
    ),
    ("Old left rib fractures have united. Fractures of the right 8th rib.", "Two acute right rib fractures."),
    ("Small pneumothorax seen on the left decubitus view.", "Small right pneumothorax."),
    ("Bibasilar atelectasis, left greater than right.", "As above."),
)


@pytest.mark.parametrize(("rule", "seen", "said"), WRONG)
def test_what_is_repeated_with_another_word_is_found(
    rule: str, seen: str, said: str, all_services: Services
) -> None:
    assert rule in flags(all_services, seen, said)


@pytest.mark.parametrize(("seen", "said"), RIGHT)
def test_two_things_are_not_one_that_is_repeated(seen: str, said: str, all_services: Services) -> None:
    rules = flags(all_services, seen, said)
    assert not {rule for rule in rules if rule.endswith(("restated", "same_side"))}, rules


def test_a_repeated_sentence_offers_the_other_word(all_services: Services) -> None:
    found = checked(all_services, *WRONG[0][1:])
    error = next(e for e in found.errors if e.candidate.rule == "laterality.restated")
    assert (error.quote, error.candidate.correction and error.candidate.correction.replacement) == (
        "left",
        "right",
    )
    assert len(error.candidate.alternatives) == 1


@given(number=st.integers(0, 199), word=st.sampled_from(sorted(SWAPPED)), which=st.integers(0, 5))
def test_any_swapped_word_is_checked_with_sound_spans(
    all_services: Services, number: int, word: str, which: int
) -> None:
    report = next(islice(bundled_reports(), number, None))
    pieces = report.text.split(f" {word} ")
    at = min(which + 1, len(pieces) - 1)
    text = (
        f" {word} ".join(pieces[:at]) + (f" {SWAPPED[word]} " if at else "") + f" {word} ".join(pieces[at:])
    )
    for error in check_report(SubmittedReport(text, "swapped"), all_services).errors:
        assert text[error.candidate.span.start : error.candidate.span.end] == error.quote

"""Grids of statements of course, degree and conclusion: each of one list against each of another."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\n"
    "FINDINGS: {} No pneumothorax.\nIMPRESSION: {}"
)

SILHOUETTE_STABLE = (
    "Stable cardiac and mediastinal contours.",
    "The cardiomediastinal silhouette is unchanged.",
    "The heart and the mediastinum are stable in appearance.",
)
SILHOUETTE_LARGER = (
    "The mediastinum has widened since the prior study.",
    "Interval widening of the mediastinum.",
    "The cardiomediastinal silhouette has enlarged.",
)
MILD_LUNGS = ("Mild emphysema.", "Minimal emphysematous change.")
SEVERE_LUNGS = ("Advanced emphysematous change.", "Severe, advanced emphysema.")
ALONE = "COMPARISON: None.\nEXAM: Chest PA and lateral.\nFINDINGS: {} No pneumothorax.\nIMPRESSION: {}"
CLEAR = "EXAM: Chest PA.\nFINDINGS: The heart is normal. The mediastinum is unremarkable. {}\nIMPRESSION: {}"


def rules(text: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(
    ("one", "other", "family"),
    [
        (SILHOUETTE_STABLE, SILHOUETTE_LARGER, "interval_change"),
        (MILD_LUNGS, SEVERE_LUNGS, "severity"),
    ],
)
def test_each_contradicts_each_in_both_orders_and_in_one_section(
    one: tuple[str, ...], other: tuple[str, ...], family: str, all_services: Services
) -> None:
    for first, second in product(one, other):
        for text in (
            CHEST.format(first, second),
            CHEST.format(second, first),
            CHEST.format(f"{first} {second}", "As above."),
        ):
            assert any(rule.startswith(family) for rule in rules(text, all_services)), text


@pytest.mark.parametrize(
    ("told", "concluded"),
    [
        ("Interval increase in the left effusion. Stable cardiomediastinal silhouette.", "Larger effusion."),
        ("The cardiac silhouette has enlarged. The mediastinal contours are unchanged.", "Larger heart."),
        ("Heart size has increased since January but is stable since yesterday.", "Cardiomegaly."),
        ("Marked cardiomegaly.", "Mild CHF."),
        ("Severe upper lobe emphysema. Mild lower lobe emphysema.", "Emphysema, severe in the upper lobes."),
        ("Mild interstitial prominence.", "Severe emphysema."),
    ],
)
def test_what_goes_together(told: str, concluded: str, all_services: Services) -> None:
    assert not rules(CHEST.format(told, concluded), all_services)


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("Again seen are degenerative changes.", True),
        ("The effusion has increased.", True),
        ("Persistent left basilar opacity.", True),
        ("Stable exam.", True),
        ("Worsening left lower lobe opacity.", True),
        ("Persistent left superior vena cava.", False),
        ("No degenerative change.", False),
        ("Left opacity, follow up to ensure clearing.", False),
        ("If symptoms are persistent, CT is an option.", False),
        ("Increasing density over the lower spine is normal.", False),
        ("The heart is stable in its normal place.", False),
    ],
)
def test_course_without_a_prior_study(words: str, flagged: bool, all_services: Services) -> None:
    found = rules(ALONE.format("The trachea is midline.", words), all_services)
    assert ("interval_change.no_prior" in found) is flagged


@pytest.mark.parametrize(
    ("told", "concluded", "flagged"),
    [
        ("The lungs are clear.", "Lung cancer.", True),
        ("The lungs are clear.", "Complete collapse of the left lower lobe.", True),
        ("The lungs are clear.", "Active tuberculosis.", True),
        ("The lungs are clear.", "Pulmonary fibrosis.", True),
        ("The lungs are clear.", "No active tuberculosis.", False),
        ("The lungs are clear.", "History of lung cancer without recurrence.", False),
        ("Spiculated right upper lobe mass.", "Lung cancer until proven otherwise.", False),
        ("Large right pneumothorax.", "Complete collapse of the right lower lobe.", False),
        ("The descending aorta is dilated to 5 cm.", "Thoracic aortic aneurysm.", False),
        ("Reticular markings at the bases.", "Interstitial lung disease.", False),
    ],
)
def test_grave_conclusions_need_grounds(
    told: str, concluded: str, flagged: bool, all_services: Services
) -> None:
    found = rules(CLEAR.format(told, concluded), all_services)
    assert any(rule.startswith("unsupported") for rule in found) is flagged


@pytest.mark.parametrize(
    ("told", "concluded", "flagged"),
    [
        ("The lungs are clear.", "Patchy opacities in the left lung.", True),
        ("Parenchymal opacification of the left base.", "Clear lungs.", True),
        ("The lungs are clear.", "Mild opacity at the left base.", False),
        ("The lungs are clear.", "Linear opacity at the left base.", False),
        ("Left basilar opacity. The lungs are clear.", "Left basilar opacity.", False),
        ("Heart size is normal.", "The heart is above normal in size.", True),
        ("Heart size is normal.", "Oversized cardiac silhouette.", True),
        ("The heart is not enlarged.", "The heart is too large.", True),
        ("Heart size is normal.", "The heart is not too large.", False),
    ],
)
def test_shadows_of_clear_lungs_and_a_heart_above_normal(
    told: str, concluded: str, flagged: bool, all_services: Services
) -> None:
    found = rules(CLEAR.format(told, concluded), all_services)
    assert any(rule.startswith("negation") for rule in found) is flagged

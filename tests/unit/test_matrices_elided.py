"""Names that share words, what every lung has called normal, one disease under two names, and what a denial covers."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)


def rules(findings: str, impression: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(CHEST.format(findings, impression), "matrix"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(
    ("one", "other", "family"),
    [
        ("No pleural or pericardial effusion.", "Left pleural effusion.", "negation"),
        ("No interstitial or alveolar infiltrates.", "Interstitial lung disease.", "negation"),
        ("Interstitial markings are normal.", "Interstitial lung disease.", "negation"),
        ("Peripheral reticulation in both lungs.", "No interstitial lung disease.", "negation"),
        ("Cavitating mass in the left upper lobe.", "No cavity.", "negation"),
        ("Round density in the right lung.", "No nodule.", "negation"),
        ("Cannonball metastases.", "No pulmonary metastases.", "negation"),
        ("Lungs well expanded, with no features of emphysema.", "Emphysema.", "negation"),
        ("A nodule projects over the left fifth rib.", "No pulmonary nodule.", "negation"),
        ("The nodule is smaller but persists.", "No nodule.", "negation"),
        ("Subtle reticulation.", "Severe interstitial lung disease.", "severity"),
        (
            "Increased interstitial markings compared to the prior.",
            "Interstitial opacities have improved.",
            "interval_change",
        ),
        ("The bullae have enlarged.", "Hyperinflation has decreased.", "interval_change"),
    ],
)
def test_contradicts_in_both_orders(one: str, other: str, family: str, all_services: Services) -> None:
    for first, second in ((one, other), (other, one)):
        assert any(rule.startswith(family) for rule in rules(first, second, all_services)), (first, second)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("No axillary or hilar adenopathy. Subcarinal nodes are enlarged.", "Subcarinal lymphadenopathy."),
        (
            "Interstitial markings are prominent. Small effusions.",
            "Pulmonary edema. No interstitial lung disease.",
        ),
        ("Diffuse increased interstitial markings.", "Redemonstration of pulmonary fibrosis."),
        ("Sclerotic metastases in the spine.", "Osseous metastases. No pulmonary metastases."),
        ("No calcified granuloma. Calcified hilar nodes.", "Old granulomatous disease."),
        (
            "The right lung is emphysematous but contains no focal lesion. Mass in the left upper lobe.",
            "Left upper lobe mass.",
        ),
        ("Emphysema, unchanged. Increased hyperinflation.", "Exacerbation of COPD."),
        ("The airways are patent. Bronchiectasis in the lower lobes.", "Bronchiectasis."),
        ("No lung mass. Anterior mediastinal mass.", "Mediastinal mass."),
    ],
)
def test_agrees(findings: str, impression: str, all_services: Services) -> None:
    assert not rules(findings, impression, all_services)

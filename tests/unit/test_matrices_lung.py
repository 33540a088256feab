"""Matrices of denied and described findings of lung, pleura, hila and diaphragm, each with correct reports beside it."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import Services, build_services
from app.settings import Settings

_REPORT = "EXAM: Chest PA and lateral.\nCOMPARISON: Last year.\nFINDINGS: {}\nIMPRESSION: {}"
_TOLD = {
    "pleural-effusion": (
        ("The angles are crisp.", "Both posterior recesses are clear.", "The costophrenic sulci are deep."),
        (
            "Encysted fluid along the left chest wall.",
            "Fluid layers along the right chest wall.",
            "Hydropneumothorax on the right.",
        ),
    ),
    "pneumothorax": (
        (
            "Lung markings can be followed out to the chest wall.",
            "Pneumothorax has not recurred.",
            "The pneumothorax can no longer be demonstrated.",
        ),
        (
            "Absent lung markings lateral to a white line on the left.",
            "Following removal of the chest tube the pneumothorax has recurred.",
            "The visceral pleura is separated from the chest wall.",
        ),
    ),
    "pulmonary-edema": (
        ("No interstitial or alveolar edema.", "The lungs have dried out."),
        ("Butterfly edema in both lungs.", "Alveolar oedema in both lungs."),
    ),
    "vascular-congestion": (
        ("The vessels are slender.", "The vessels taper normally.", "The hilar vessels are sharp."),
        ("Hazy hila.", "The upper lobe vessels are dilated.", "Congested vessels."),
    ),
    "heart-failure": (
        ("The heart is compensated.", "No CHF at this time."),
        ("Left ventricular decompensation.", "Findings of cardiac overload."),
    ),
    "hyperinflation": (
        ("The lungs are not overinflated.", "The retrosternal space is not widened."),
        ("Lungs are voluminous.", "Increased AP diameter of the chest."),
    ),
    "granuloma": (
        ("No sequelae of granulomatous infection.", "No calcified nodule."),
        ("Calcified tuberculoma at the right apex.", "Calcified lesion in the left lower lobe."),
    ),
    "scar": (
        ("No postinflammatory residua.", "No scars."),
        ("Cicatricial strands at the left apex.", "Residual fibrosis in the lingula."),
    ),
    "pleural-thickening": (
        ("The pleura is thin.", "Pleural margins are smooth."),
        ("Pleural adhesions at the left base.", "Adhesions at the left costophrenic angle."),
    ),
    "hilar-prominence": (
        ("Both hila are slender.", "Hilar contours are normal."),
        ("Polycyclic hila.", "There is a left hilar mass.", "Hilar swelling on the right."),
    ),
    "hilar-displacement": (
        ("The hila are in normal position.", "The hila are normal."),
        ("The right hilum is retracted upward.", "The hila are pulled up.", "Elevation of the left hilum."),
    ),
    "hemidiaphragm-elevation": (
        ("The domes are at their expected level.", "The diaphragms are at normal height."),
        ("High position of the right dome.", "The left dome is raised.", "Phrenic paresis on the left."),
    ),
    "diaphragm-contour": (
        ("Both hemidiaphragms are smoothly outlined.", "Diaphragmatic contours are normal."),
        (
            "Tenting of the right hemidiaphragm.",
            "The left hemidiaphragm is obscured.",
            "Loss of the left diaphragmatic contour.",
        ),
    ),
    "lung-lesion": (
        ("No suspicious lesion in the lungs.", "No focal lung lesion."),
        ("A 12 mm nodule in the lingula.", "Spiculated mass in the right upper lobe."),
    ),
}
_PAIRS = [pair for denied, told in _TOLD.values() for pair in product(denied, told)]


@pytest.fixture(scope="module")
def services() -> Services:
    """Services without an archive."""
    return build_services(Settings(references_k=0))


def _flags(findings: str, impression: str, services: Services) -> set[str]:
    report = SubmittedReport(_REPORT.format(findings, impression), "1")
    found = check_report(report, services=services)
    return {error.candidate.rule for error in found.errors if error.tier.value != "low"}


@pytest.mark.parametrize(("denied", "told"), _PAIRS)
def test_what_is_denied_is_not_described(denied: str, told: str, services: Services) -> None:
    """By words of absence, by normal structures, and by what is gone."""
    rules = _flags(told, denied, services) | _flags(denied, told, services)
    assert any(rule.startswith("negation") for rule in rules)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("A nodule of 7 mm in the left upper lobe, not present in 2019.", "New left upper lobe nodule."),
        ("A right nodule is seen, not visible on the earlier film.", "New right nodule."),
        ("Removal of the right chest tube. A small right pneumothorax.", "Small right pneumothorax."),
        ("No cavitation in the left upper lobe opacity.", "Left upper lobe opacity without cavitation."),
        ("No free air.", "Nothing to suggest bowel perforation with extraluminal air."),
        ("No pleural line is seen to suggest pneumothorax.", "No acute disease."),
        ("Mild interstitial prominence, chronic. No Kerley lines.", "Chronic changes."),
        ("The right effusion can no longer be made out. Small left effusion.", "Small left effusion."),
        ("Large effusions, the heart borders can no longer be made out.", "Large effusions."),
        ("The left heart border is obscured. The right heart border is well defined.", "Lingular opacity."),
        ("The left hilum is retracted upward. The right hilum is normal.", "Left apical scarring."),
        ("Calcified right hilar nodes. Hilar contours are normal.", "Old granulomatous disease."),
        ("Tiny granuloma on the right. No calcified nodule in the left lung.", "Old granuloma."),
        ("Tenting of the right hemidiaphragm. The domes are at normal level.", "Chronic right tenting."),
        ("Mild vascular congestion. No signs of failure.", "Mild congestion without failure."),
        ("Basal atelectasis on the left. The right base is well aerated.", "Left basal atelectasis."),
        ("Linear scar in the lingula. No fibrosis.", "Scar in the lingula."),
        ("No suspicious nodule. A 4 mm nodule, for which CT in a year is recommended.", "Tiny nodule."),
        ("Calcified pleural plaques. No pleural effusion.", "Asbestos plaques."),
        ("Stable small left pneumothorax with the tube in place.", "Stable left pneumothorax."),
    ],
)
def test_correct_reports_stand(findings: str, impression: str, services: Services) -> None:
    """Another side, another kind, another time."""
    assert not _flags(findings, impression, services)


@pytest.mark.parametrize(
    "impression",
    [
        "Study within normal limits.",
        "The exam is unremarkable.",
        "Nothing acute.",
        "Nothing of concern.",
        "Normal heart and lungs.",
        "NAD.",
        "No acute abnormality of the chest.",
        "Unremarkable frontal and lateral views of the chest.",
    ],
)
def test_a_clear_impression_leaves_nothing_out(impression: str, services: Services) -> None:
    """Whatever words call the whole study normal."""
    told = "There is a moderate right pleural effusion."
    assert "omitted.blanket_denial" in _flags(told, impression, services)
    assert not _flags("The trachea is midline. The lungs are clear.", impression, services)


@pytest.mark.parametrize(
    ("findings", "omitted"),
    [
        ("The left pneumothorax is unchanged.", True),
        ("Vascular congestion is present.", True),
        ("Perihilar opacities suggest pulmonary edema.", True),
        ("Mild vascular congestion.", False),
        ("The left pneumothorax has resolved.", False),
        ("The effusion is unchanged.", False),
    ],
)
def test_what_presses_is_never_left_out(findings: str, omitted: bool, services: Services) -> None:
    """A pneumothorax is told although it is stable; slight congestion need not be."""
    rules = _flags(findings, "No acute cardiopulmonary abnormality.", services)
    assert ("omitted.blanket_denial" in rules) is omitted


def test_a_stable_pneumothorax_needs_grounds(services: Services) -> None:
    """The findings would tell of it."""
    told = "The heart is normal in size. The trachea is midline. The bones are intact."
    assert _flags(told, "Pneumothorax is unchanged.", services)
    assert not _flags(told + " A small left pneumothorax is seen.", "Pneumothorax is unchanged.", services)

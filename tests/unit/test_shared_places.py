"""Findings that share a place, degrees that belong to a change, and correct reports of kinds that were once flagged."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

ACROSS = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
# (findings, correct impression, wrong impression)
SHARED = (
    (
        "Small left effusion and adjacent volume loss. Nothing else of note.",
        "Left atelectasis.",
        "Right atelectasis.",
    ),
    ("Hazy right apical opacity, probably scar.", "Right apical scar.", "Scar of the left apex."),
    (
        "Density at the left base is likely atelectasis.",
        "Left basal atelectasis.",
        "Right basal atelectasis.",
    ),
    (
        "Streaky left upper zone opacity, most likely scar.",
        "Left upper lobe scar.",
        "Scar of the left lower lobe.",
    ),
    (
        "Consolidation of the right base with an associated effusion.",
        "Right effusion.",
        "Left pleural effusion.",
    ),
    ("Left basal infiltrate/atelectasis.", "Left basilar atelectasis.", "Right basilar atelectasis."),
    (
        "In the left apex there is scarring and a granuloma.",
        "Left apical granuloma.",
        "Right apical granuloma.",
    ),
    (
        "The left IJ dialysis line, tip at the cavoatrial junction.",
        "Left IJ line in place.",
        "Right IJ line in place.",
    ),
    (
        "Left PICC, tip in the right atrium.",
        "Left PICC with its tip in the atrium.",
        "Right PICC in the atrium.",
    ),
)
# (correct, the same with an error)
PAIRS = (
    (
        (
            "Loss of the left heart border. Right basal consolidation.",
            "Right pneumonia, lingular atelectasis.",
        ),
        ("Right basal consolidation. The heart is normal.", "Right pneumonia, lingular atelectasis."),
    ),
    (
        ("Pacemaker on the right. The old left one has been explanted.", "Right pacemaker in place."),
        ("Pacemaker on the left.", "Right pacemaker in place."),
    ),
    (
        (
            "Focal density in the right mid lung corresponds to a rib end.",
            "No acute cardiopulmonary disease.",
        ),
        ("Focal density in the right mid lung.", "No acute cardiopulmonary disease."),
    ),
    (
        ("No fibrosis. Centrilobular nodules.", "Non-fibrotic hypersensitivity pneumonitis is favored."),
        ("No fibrosis. Centrilobular nodules.", "Pulmonary fibrosis is favored."),
    ),
    (
        ("Patchy linear opacity at the left base. The heart is normal.", "No acute cardiopulmonary disease."),
        ("Patchy opacity at the left base. The heart is normal.", "No acute cardiopulmonary disease."),
    ),
    (
        ("Increased perihilar opacities. Decreased opacity at the left apex.", "More perihilar opacities."),
        ("Increased perihilar opacities. Interval decrease in opacities.", "Increased perihilar opacities."),
    ),
    (
        ("Small right effusion. Left consolidation.", "Pneumonia with small but increasing right effusion."),
        ("Large right effusion. Left consolidation.", "Pneumonia with small but increasing right effusion."),
    ),
    (
        ("Minimal scar or atelectasis in the left base.", "Minimal left basal atelectasis."),
        ("Minimal scar or atelectasis in the left base.", "Marked left basal atelectasis."),
    ),
    (
        ("Large left effusion, mildly increased.", "Large left effusion."),
        ("Mild left effusion.", "Large left effusion."),
    ),
    (
        ("The left effusion is small now.", "Marked reduction of the left effusion."),
        ("The left effusion is small.", "Marked left effusion."),
    ),
    (
        (
            "Fracture of the left fifth rib. The sixth and seventh ribs are intact.",
            "Left fifth rib fracture.",
        ),
        ("Fracture of the left fifth rib. The ribs are intact.", "Left fifth rib fracture."),
    ),
    (
        ("No displaced fracture. Undisplaced fracture of the right ninth rib.", "Right ninth rib fracture."),
        ("No rib fracture. Angulated fracture of the right ninth rib.", "Right ninth rib fracture."),
    ),
    (
        ("Effusion? None is seen. The heart is normal.", "No effusion."),
        ("Left effusion. None is seen on the right. The heart is normal.", "No effusion."),
    ),
    (
        ("Lungs o/w clear. Middle lobe consolidation.", "Middle lobe pneumonia."),
        ("Lungs clear. Middle lobe consolidation.", "Middle lobe pneumonia."),
    ),
    (
        ("Right port. The heart is normal.", "Do not use the port before it is revised."),
        ("Right port. The heart is normal.", "No port is seen."),
    ),
    (
        ("No consolidation adjacent to the mass. Left hilar mass.", "Left hilar mass."),
        ("No mass. Left hilar mass.", "Left hilar mass."),
    ),
    (
        ("Nodule in the left apex, not present on the film of 2019.", "Left apical nodule."),
        ("Nodule in the left apex, not present on this film.", "Left apical nodule."),
    ),
    (
        ("CTR 0.61. Upper lobe diversion.", "Cardiac failure."),
        ("CTR 0.61. The heart is normal in size.", "No cardiac disease."),
    ),
    (
        ("The septa are thick. Thickened interlobular septa at the bases.", "Interstitial edema."),
        ("No edema. The lungs are clear. The bones are intact.", "Interstitial edema."),
    ),
    (
        ("Right IJ line was pulled back and is no longer present.", "Right IJ line out."),
        ("Right IJ line in the SVC.", "No central line is present."),
    ),
    (
        ("Comminuted left fourth rib behind. Left lung clear.", "Fourth rib fracture."),
        ("Left lung clear. The heart is normal. The ribs are intact.", "Fourth rib fracture."),
    ),
    (
        ("A mass compresses the trachea to 6 mm. Anterior mediastinal mass.", "Mediastinal mass."),
        ("Anterior mediastinal mass of 3 mm.", "Mediastinal mass."),
    ),
    (
        ("The opposite apex is normal. Left apical mass.", "Left apical mass."),
        ("Both apices are normal. Left apical mass.", "Left apical mass."),
    ),
)


def _flagged(services: Services, findings: str, impression: str) -> bool:
    checked = check_report(SubmittedReport(ACROSS.format(findings, impression), "x"), services=services)
    return any(error.tier is not Tier.LOW for error in checked.errors)


@pytest.mark.parametrize(("findings", "correct", "wrong"), SHARED)
def test_a_shared_place_is_that_of_the_finding_beside(
    all_services: Services, findings: str, correct: str, wrong: str
) -> None:
    """The same impression on the other side, or at the other level, is flagged."""
    assert not _flagged(all_services, findings, correct)
    assert _flagged(all_services, findings, wrong)


@pytest.mark.parametrize(("correct", "wrong"), PAIRS)
def test_what_a_correct_report_says(
    all_services: Services, correct: tuple[str, str], wrong: tuple[str, str]
) -> None:
    """What was once flagged without ground is not; the error beside it is."""
    assert not _flagged(all_services, *correct)
    assert _flagged(all_services, *wrong)


@pytest.mark.parametrize(
    "impression", ["Right effusion and cardiomegaly.", "Right effusion and bibasilar atelectasis."]
)
def test_what_has_its_own_place_takes_none(all_services: Services, impression: str) -> None:
    """The heart is not on the right, nor is what lies in both bases."""
    findings = "Right effusion. The heart is large, to the left. Left basal atelectasis, and right basal."
    assert not _flagged(all_services, findings, impression)

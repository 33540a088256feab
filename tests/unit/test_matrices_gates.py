"""What the ablation of the detectors' conditions let in, and correct reports beside it that stay unflagged."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

REPORT = "EXAM: Chest PA and lateral.\nCOMPARISON: {}\nFINDINGS: The trachea is midline. {}\nIMPRESSION: {}"
LAST_YEAR = "Chest radiograph of May 3, 2019."


def flags(services: Services, text: str, context: Context | None = None) -> set[str]:
    checked = check_report(SubmittedReport(text, "gates", context or Context()), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


WRONG = (
    ("severity.sections", "Severe hyperinflation.", "Mild emphysema."),
    ("severity.sections", "The effusion, which is massive, is on the left.", "Trace left effusion."),
    ("severity.sections", "Pneumothorax fills the left hemithorax.", "Tiny left pneumothorax."),
    ("location.level", "Right upper lobe opacity.", "Right lower lobe pneumonia."),
    ("interval_change.direction", "No interval change.", "The chest looks worse than before."),
    ("interval_change.direction", "Findings have improved since the last study.", "Unchanged chest."),
    ("interval_change.prior_denied", "No prior studies are available for comparison.", "As above."),
    ("interval_change.prior_denied", "Earlier films could not be located.", "As above."),
    (
        "measurement.sections",
        "A nodule is seen in the right lung. It measures 9 mm.",
        "Right lung nodule, 19 mm.",
    ),
    ("measurement.unit", "A nodule of 6 x 0 mm is seen.", "As above."),
    ("measurement.unit", "A nodule of 3.5.2 cm is seen.", "As above."),
    ("measurement.range", "Consolidation measuring 60 cm.", "As above."),
    ("impossible_anatomy.words", "The soft tissues are tortuous.", "As above."),
    ("impossible_anatomy.words", "The clavicle articulates with the femur.", "As above."),
    ("terminology.known", "There is pleural thinking at the apex.", "As above."),
    ("terminology.known", "Fluid in the minor fisher.", "As above."),
)
RIGHT = (
    ("Marked cardiomegaly.", "Mild heart failure."),
    ("Right upper lobe nodule. Right lower lobe nodule.", "Right upper lobe nodule."),
    ("Calcified granuloma at the right apex; new nodule at the right base.", "New right basal nodule."),
    (
        "Bilateral effusions are unchanged, right larger than left.",
        "Unchanged effusions, larger on the right.",
    ),
    ("Left effusion improved. Right lung unchanged, clear.", "Improved aeration of the left base."),
    ("Single-lead ICD in place.", "No lead or device complication."),
    ("No recent prior studies are available.", "As above."),
    ("Sinuses not imaged.", "As above."),
    ("The mineralization of the bones is normal.", "As above."),
    ("A mass of 3.4 cm AP x 2.1 cm CC is seen.", "As above."),
    ("The pericardial fat had no effect.", "As above."),
    ("A left apical opacity at the extreme apex.", "Small left apical opacity."),
    ("Left basal atelectasis is better seen on the lateral view.", "Unchanged left basal atelectasis."),
    ("Low volume film.", "As above."),
    ("No prior CT is available.", "As above."),
    (
        "A bone island lies in the rib. No nodule at this location. A 3 mm nodule lies in the left lung.",
        "Nodule.",
    ),
    ("Perihaematoma collection, 5.2 x 2.0 cm, was 6.0 x 3.1 cm.", "Smaller collection."),
    ("Calcified left pleural plaque. Right pleural thickening.", "As above."),
    (
        "New left upper lobe nodule and a suspected second opacity in the right lung.",
        "New left upper lobe nodule and a second nodule on the right.",
    ),
)


@pytest.mark.parametrize(("rule", "seen", "said"), WRONG)
def test_what_contradicts_is_flagged(all_services: Services, rule: str, seen: str, said: str) -> None:
    assert rule in flags(all_services, REPORT.format(LAST_YEAR, seen, said))


@pytest.mark.parametrize(("seen", "said"), RIGHT)
def test_what_goes_together_is_not(all_services: Services, seen: str, said: str) -> None:
    assert flags(all_services, REPORT.format(LAST_YEAR, seen, said)) == set()


@pytest.mark.parametrize(
    ("procedure", "technique", "wrong"),
    [
        ("XR CHEST LEFT DECUBITUS", "A right lateral decubitus view was obtained.", True),
        ("XR CHEST LEFT DECUBITUS", "A left lateral decubitus view was obtained.", False),
        ("XR CHEST PORTABLE AFTER LEFT THORACENTESIS", "The patient is rotated to the right.", False),
        ("XR CHEST LEFT SIDED PAIN", "Frontal and right posterior oblique views were obtained.", False),
    ],
)
def test_the_side_of_a_chest_view(
    all_services: Services, procedure: str, technique: str, wrong: bool
) -> None:
    text = f"EXAM: Chest.\nTECHNIQUE: {technique}\nFINDINGS: Lungs are clear.\nIMPRESSION: Normal."
    found = flags(all_services, text, Context(procedure=procedure, body_part="chest"))
    assert ("order.side" in found) is wrong


def test_an_earlier_study_that_is_used_is_not_denied(all_services: Services) -> None:
    text = (
        "EXAM: Chest.\nFINDINGS: The effusion is larger than on the prior study. No prior studies are available.\n"
        "IMPRESSION: Effusion."
    )
    assert "interval_change.prior_denied" in flags(all_services, text)


def test_a_tumour_that_the_indication_tells_of_needs_no_finding(all_services: Services) -> None:
    text = (
        "EXAM: Chest.\nINDICATION: {}.\nFINDINGS: The heart is normal. Left effusion. No pneumothorax.\n"
        "IMPRESSION: Lymphoma with left effusion."
    )
    assert flags(all_services, text.format("Lymphoma")) == set()
    assert flags(all_services, text.format("Cough")) == {"unsupported.unmentioned"}

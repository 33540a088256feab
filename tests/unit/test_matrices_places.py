"""Every statement of a place against every one of another: two places of one finding contradict, two findings do not."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

FINDINGS_ONLY = (
    "EXAM: Chest PA and lateral.\nFINDINGS: {} The heart size is normal. {} No pneumothorax.\n"
    "IMPRESSION: As above."
)
IMPRESSION_ONLY = "EXAM: Chest PA and lateral.\nIMPRESSION: {} The heart size is normal. {} No pneumothorax."
ACROSS = "EXAM: Chest PA and lateral.\nFINDINGS: {} The heart size is normal.\nIMPRESSION: {}"
CORRECT = (
    "EXAM: Chest PA and lateral.\nFINDINGS: Heart size is normal. {0}\nIMPRESSION: As above.",
    "EXAM: Chest PA and lateral.\nFINDINGS: Heart size is normal. {0}\nIMPRESSION: {0}",
    "EXAM: Chest PA and lateral.\nFINDINGS: Heart size is normal. {0}\nIMPRESSION: {1}.",
)
PLACES = ("laterality", "location")

RIGHT_AIRSPACE = (
    "There is patchy opacity in the right base concerning for pneumonia.",
    "Hazy right basilar infiltrate.",
)
LEFT_AIRSPACE = ("Left-sided infiltrate.", "Consolidation is seen on the left.", "Left basilar opacity.")
RIGHT_FLUID = ("Small right pleural effusion.", "Trace right effusion, slightly decreased.")
LEFT_FLUID = ("Left pleural effusion.", "Fluid in the left pleural space.", "Left-sided effusion is present.")
RIGHT_HIGH = (
    "Chronic elevation of the right hemidiaphragm.",
    "There is eventration of the right hemidiaphragm, unchanged.",
)
LEFT_HIGH = ("The left hemidiaphragm is elevated.", "Left diaphragmatic elevation.")
TO_THE_RIGHT = (
    "Mild dextroscoliosis of the thoracic spine.",
    "Thoracic spine curves to the right.",
    "Mild scoliosis, apex to the right.",
)
TO_THE_LEFT = (
    "Levoscoliosis.",
    "Levoconvex thoracic curvature.",
    "Levorotatory scoliosis.",
    "The spine is curved to the left.",
)
LOW = ("Streaky left infrahilar opacity.", "Hazy left lower lung infiltrate.", "Patchy retrocardiac opacity.")
HIGH = (
    "Left upper lobe infiltrate.",
    "Infiltrate confined to the left upper lobe, as described.",
    "LUL opacity.",
)
LOW_GRANULOMA = ("Right lower lobe granuloma.", "A granuloma is present in the right lung base.")
HIGH_GRANULOMA = (
    "Right upper lobe nodule, likely granuloma.",
    "Stable calcified granuloma right upper lobe.",
)
CAVAL = ("Right PICC with tip in the mid SVC.", "PICC line tip projects over the superior vena cava.")
ASTRAY = (
    "The tip of the catheter is in the azygos vein.",
    "The line ends in the axillary vein.",
    "The catheter extends into the right ventricle.",
    "Tip of the line is in the hepatic vein.",
)
TRACHEAL = ("ET tube terminates in the mid trachea.", "ETT tip is 3 cm above the carina.")
BRONCHIAL = ("ETT terminates in the right mainstem bronchus.", "Endotracheal tube tip lies below the carina.")
GASTRIC = ("Enteric tube tip in the stomach.",)
OESOPHAGEAL = ("The nasogastric tube tip is in the distal esophagus.",)
RIBS = (
    "Fracture of the left 5th rib.",
    "Contour deformity of the left third rib, suspect acute fracture.",
)
OTHER_RIBS = ("9th rib fracture.", "A fracture of the tenth rib is seen.", "11th rib fracture, as described.")
BODIES = ("Moderate wedge deformity of T6, age-indeterminate.", "T7 compression deformity.")
OTHER_BODIES = ("T11 compression fracture.", "There is loss of height of T10.")
CLEAR = ("The right lung is clear.", "Clear right lung.", "The right lung is normal.")
SHADOWS = ("Streaky right basilar opacity.", "Right upper lobe nodule measuring 9 mm.")


def places(text: str, services: Services, *, remarks: bool = False) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix", Context()), services)
    rules = {error.candidate.rule for error in checked.errors if remarks or error.tier is not Tier.LOW}
    return {rule for rule in rules if rule.startswith(PLACES)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (RIGHT_AIRSPACE, LEFT_AIRSPACE),
        (RIGHT_FLUID, LEFT_FLUID),
        (RIGHT_HIGH, LEFT_HIGH),
        (TO_THE_RIGHT, TO_THE_LEFT),
        (LOW, HIGH),
        (HIGH_GRANULOMA, LOW_GRANULOMA),
        (CAVAL, ASTRAY),
        (TRACHEAL, BRONCHIAL),
        (GASTRIC, OESOPHAGEAL),
        (RIBS, OTHER_RIBS),
        (BODIES, OTHER_BODIES),
        (SHADOWS, CLEAR),
    ],
)
def test_two_places_of_one_finding(
    one: tuple[str, ...], other: tuple[str, ...], all_services: Services
) -> None:
    """Across the sections a flag; within one, where the second may be another finding, at least a remark."""
    for frame, first, second in product((FINDINGS_ONLY, IMPRESSION_ONLY, ACROSS), one, other):
        text = frame.format(first, second)
        assert places(text, all_services, remarks=frame is not ACROSS), (frame, first, second)


@pytest.mark.parametrize(
    "group",
    [
        RIGHT_AIRSPACE,
        LEFT_FLUID,
        RIGHT_HIGH,
        TO_THE_LEFT,
        HIGH,
        CAVAL[:1],
        TRACHEAL,
        RIBS[:1],
        OTHER_BODIES[:1],
    ],
)
def test_one_place_in_other_words(group: tuple[str, ...], all_services: Services) -> None:
    for first, second in product(group, group):
        assert not places(FINDINGS_ONLY.format(first, second), all_services), (first, second)


@pytest.mark.parametrize(
    "words",
    [
        "Small right pleural effusion. Trace left pleural effusion.",
        "Right pleural effusion. Left pleural effusion is smaller.",
        "Moderate right effusion. There is also a left effusion.",
        "Right lower lobe pneumonia. Left basilar atelectasis.",
        "Right upper lobe consolidation. Minimal left basilar atelectasis.",
        "Calcified granuloma in the left upper lobe. Calcified granuloma in the right lower lobe.",
        "5 mm nodule in the left upper lobe. Granuloma in the right lung.",
        "Right rib fractures. Old left clavicle fracture.",
        "Right apical scarring. Left basilar scarring.",
        "Multifocal pneumonia. Left lower lobe consolidation. Right upper lobe consolidation.",
        "Left basilar airspace disease. Right basilar airspace disease.",
        "Surgical clips in the left axilla. Clips in the right upper quadrant.",
        "Right costophrenic angle blunting. Small left effusion.",
        "Dextroscoliosis of the thoracic spine. Levoscoliosis of the lumbar spine.",
        "S-shaped scoliosis. The thoracic curve is convex right.",
        "Right upper lobe bullae. Bulla in the right lower lobe.",
        "The right lung is otherwise clear. 4 mm right upper lobe nodule.",
        "The right lung is clear. Left basilar opacity. Small right apical scar.",
        "Right IJ line tip in the SVC. Left subclavian catheter tip in the right atrium.",
        "Dialysis catheter tip in the right atrium. Left PICC tip in the brachiocephalic vein.",
        "Swan-Ganz catheter tip in the right pulmonary artery. Right IJ sheath tip in the SVC.",
        "Previously the tip was in the right atrium. The catheter tip is now in the SVC.",
        "PICC tip in the left brachiocephalic vein. Recommend advancing so that the tip is in the SVC.",
        "ICD lead tip in the right ventricle. Catheter tip in the SVC.",
        "Endotracheal tube tip 4 cm above the carina. Enteric tube tip in the stomach.",
        "Feeding tube tip is in the duodenum. NG tube tip in the stomach.",
        "Acute fracture of the left 4th rib. Healed fracture of the left 9th rib.",
        "Fracture of the 3rd rib. Fracture of the 7th rib.",
        "T6 compression fracture. There is also a T11 compression fracture.",
        "Kyphoplasty at T8. T11 compression fracture.",
    ],
)
def test_two_findings_have_two_places(words: str, all_services: Services) -> None:
    first = words.split(". ")[0].rstrip(".")
    for frame in CORRECT:
        assert not places(frame.format(words, first), all_services), frame


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("Lingular consolidation on the right.", True),
        ("Both middle lobes are clear.", True),
        ("The left lung has three lobes.", True),
        ("A fracture of the pleura.", True),
        ("A pulmonary nodule in the clavicle.", True),
        ("Hiatal hernia at the lung apex.", True),
        ("The aortic arch lies below the diaphragm.", True),
        ("Pacemaker lead in the left lung.", True),
        ("Atelectasis of the left hemidiaphragm.", True),
        ("Lingular opacity and atelectasis on the right.", False),
        ("Opacity of both right middle lobe and lingula.", False),
        ("Atelectasis above the left hemidiaphragm.", False),
        ("ICD in the right oblique fissure.", False),
        ("Pacemaker lead overlies the left lung.", False),
    ],
)
def test_places_that_cannot_be(words: str, flagged: bool, all_services: Services) -> None:
    checked = check_report(
        SubmittedReport(FINDINGS_ONLY.format(words, ""), "matrix", Context()), all_services
    )
    found = any(error.candidate.rule.startswith("impossible_anatomy") for error in checked.errors)
    assert found is flagged


@pytest.mark.parametrize(
    "words",
    [
        (
            "FINDINGS: Dense consolidation in the right lower lobe. Moderate right effusion. Left basilar atelectasis."
            "\nIMPRESSION: Pneumonia."
        ),
        "FINDINGS: Right chest tube is unchanged in position. The heart is normal. Left chest tube.",
        (
            "FINDINGS: Small left pleural effusion. The heart is normal. Right pleural effusion."
            "\nIMPRESSION: Pleural effusions."
        ),
        "FINDINGS: The left lung is clear. Calcified granuloma in the left lower lobe.",
        "FINDINGS: Left 4th rib fracture. Normal heart. Displaced fractures of the left 7th and 8th ribs.",
        "FINDINGS: Orogastric tube tip in the stomach. Feeding tube tip in the jejunum.",
        "FINDINGS: Moderate right effusion, increased since yesterday. The heart is normal. Left pleural effusion.",
    ],
)
def test_what_correct_reports_tell_of_two_places(words: str, all_services: Services) -> None:
    assert places(f"EXAM: Portable chest.\n{words}", all_services) == set()

"""What reports written by others taught, in reports of our own: what is flagged, and what stays quiet."""

import pytest
from tests_support import errors_of

from app.proofreading.report import Tier


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        # sizes
        ("FINDINGS: The node has reduced from 11 mm to 19 mm. Lungs clear.", ["interval_change_mismatch"]),
        ("FINDINGS: The node has reduced from 19 mm to 11 mm. Lungs clear.", []),
        ("FINDINGS: Larger nodule, 8 mm, previously 14 mm.", ["interval_change_mismatch"]),
        (
            "FINDINGS: LUL nodule 8 mm (was 15 mm). RLL nodule 6 mm (was 12 mm). IMPRESSION: Progression of disease.",
            ["interval_change_mismatch"],
        ),
        (
            "FINDINGS: LUL nodule 8 mm (was 15 mm). RLL nodule 6 mm (was 12 mm). IMPRESSION: Good response.",
            [],
        ),
        ("FINDINGS: 28 mm left apical nodule. IMPRESSION: 2.8 mm left apical nodule.", ["measurement"]),
        ("FINDINGS: Liver cyst of 18 mm. The lungs are clear.", []),
        ("FINDINGS: No nodule of 5 mm or greater. 3 mm nodule in the right lower lobe.", []),
        ("FINDINGS: Pneumothorax of 3 cm. IMPRESSION: Large pneumothorax by the criteria (>2 cm).", []),
        ("CXR. 74 M. FINDINGS: Left lower lobe mass.", []),
        # patients
        ("CT abdomen. 54 M, bloating. FINDINGS: The uterus is normal.", ["demographic_mismatch"]),
        ("CT abdomen. 54F, bloating. FINDINGS: The uterus is normal.", []),
        # places
        ("FINDINGS: Mediastinal mass. The lungs are clear. IMPRESSION: Mediastinal mass.", []),
        (
            "FINDINGS: 8 mm nodule, left lower lobe, new. 4 mm nodule RUL. IMPRESSION: Left lower lobe nodule.",
            [],
        ),
        ("FINDINGS: Right PICC, tip in the stomach. Lungs clear.", ["impossible_anatomy"]),
        ("FINDINGS: NG tube tip in the right lower lobe bronchus. Lungs clear.", []),
        # studies
        ("CTA CHEST (PE PROTOCOL)\nFINDINGS: No filling defect. IMPRESSION: No pulmonary embolus.", []),
        ("CHEST, TWO VIEWS\nFINDINGS: Lungs clear. No patellar fracture.", ["template_artifact"]),
        ("CHEST AND KNEE\nFINDINGS: Lungs clear. No patellar fracture.", []),
        # words
        ("FINDINGS: No pulmonary oedema. Small left haemothorax.", []),
        ("FINDINGS: Post bronchoscopic biopsy. Findings typical of Pneumocystis.", []),
        ("FINDINGS: There is consolation in the right lower zone.", ["terminology"]),
        ("FINDINGS: No pleural perfusion. Lungs clear.", ["terminology"]),
        # clinical details end at a blank line
        (
            "Clinical details: fall.\n\nSmall left effusion.\n\nConclusion: Right effusion.",
            ["laterality_mismatch"],
        ),
        # an earlier study
        (
            "FINDINGS: Heart enlarged. Film from 2 years ago showed a normal heart. IMPRESSION: Cardiomegaly.",
            [],
        ),
        (
            "FINDINGS: Film from 2019 showed scars. The left lung is clear now. The left lung is clear now.",
            ["template_artifact"],
        ),
        # mirror images
        ("FINDINGS: No dextrocardia. The liver is on the left. Lungs clear.", ["impossible_anatomy"]),
        # outside the chest
        (
            "EXAM: MRI shoulder.\nFINDINGS: There is no osseous Bankart lesion. An impinging lesion is seen.",
            [],
        ),
        ("EXAM: Paracentesis.\nFINDINGS: A catheter was advanced. The catheter was then removed.", []),
        ("EXAM: MRI brain.\nFINDINGS: Frontal tumor mass. No mass effect.", []),
    ],
)
def test_lesson(check, text: str, flags: list[str]) -> None:  # type: ignore[no-untyped-def]
    checked = check(text)
    assert [e.candidate.type for e in checked.errors if e.tier is not Tier.LOW] == flags, errors_of(checked)

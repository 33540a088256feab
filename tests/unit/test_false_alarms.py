"""Correct reports of kinds that were once flagged, and beside each the error that still is."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

# (correct, the same with an error)
PAIRS = (
    (  # a mirrored body: the middle lobe is on the left
        "FINDINGS: Known situs inversus. Consolidation of the middle lobe on the left. The right lung is clear. No effusion.\n"
        "IMPRESSION: Middle lobe pneumonia.",
        "FINDINGS: Consolidation of the right middle lobe. The right lung is clear. No effusion.\n"
        "IMPRESSION: Middle lobe pneumonia.",
    ),
    (  # the stomach in a hernia holds air and fluid
        "FINDINGS: A hiatal hernia contains an air-fluid level. The lungs are clear.\nIMPRESSION: No acute disease.",
        "FINDINGS: An air-fluid level is seen in the left pleural space. The heart is normal.\nIMPRESSION: No acute disease.",
    ),
    (  # seen in one view only
        "FINDINGS: On the inspiratory film no pneumothorax is seen. On expiration a small right pneumothorax appears.\n"
        "IMPRESSION: Small right pneumothorax.",
        "FINDINGS: No pneumothorax is seen. The heart is normal. The bones are intact.\nIMPRESSION: Small right pneumothorax.",
    ),
    (  # what is within something denies something else
        "FINDINGS: Cylindrical bronchiectasis of both lower lobes. No mucus in the dilated bronchi. The heart is normal.\n"
        "IMPRESSION: Bronchiectasis.",
        "FINDINGS: No bronchiectasis. The heart is normal. No effusion.\nIMPRESSION: Bronchiectasis of the left lower lobe.",
    ),
    (  # the side that opens the sentence
        "FINDINGS: Large right pneumothorax. The left side shows pleural thickening, and no pneumothorax.\n"
        "IMPRESSION: Right pneumothorax.",
        "FINDINGS: Large right pneumothorax. The right side shows pleural thickening, and no pneumothorax.\n"
        "IMPRESSION: Pleural thickening.",
    ),
    (  # partly gone
        "FINDINGS: The pleural effusions have resolved on the right and persist on the left. The heart is normal.\n"
        "IMPRESSION: Left pleural effusion.",
        "FINDINGS: The pleural effusions have resolved. The heart is normal. No pneumothorax.\n"
        "IMPRESSION: Left pleural effusion.",
    ),
    (  # as it was before
        "FINDINGS: Previous: alveolar edema. Today: no edema. The heart is normal.\nIMPRESSION: No edema.",
        "FINDINGS: Alveolar edema. The heart is normal. No pneumothorax.\nIMPRESSION: No edema.",
    ),
    (  # what to look for next time
        "FINDINGS: A thin-walled cyst in the left upper lobe. No pneumothorax. The heart is normal.\n"
        "IMPRESSION: Lung cyst. Attention to possible pneumothorax on the next film.",
        "FINDINGS: A thin-walled cyst in the left upper lobe. No pneumothorax. The heart is normal.\n"
        "IMPRESSION: Lung cyst. Left pneumothorax.",
    ),
    (  # removed is the one, placed the other
        "FINDINGS: The right jugular line has been removed, and a left PICC has been placed.\n"
        "IMPRESSION: New left PICC.",
        "FINDINGS: The left PICC has been removed. No pneumothorax.\nIMPRESSION: The left PICC ends in the SVC.",
    ),
    (  # a distance is no size
        "FINDINGS: The balloon pump marker lies 2 cm below the arch, earlier 5 cm. The edema has increased.\n"
        "IMPRESSION: Increasing edema.",
        "FINDINGS: The nodule in the left upper lobe measures 2 cm, previously 5 cm. The heart is normal.\n"
        "IMPRESSION: Enlarging nodule.",
    ),
    (  # the primary, and what lies on the other side
        "FINDINGS: A mass of 6 cm in the right lower lobe. Three small nodules in the left lung.\n"
        "IMPRESSION: Right lower lobe malignancy with contralateral nodules.",
        "FINDINGS: A mass of 6 cm in the right lower lobe. The heart is normal. No effusion.\n"
        "IMPRESSION: Left lower lobe malignancy.",
    ),
    (  # once a teenager
        "INDICATION: 60-year-old man, chest surgery as a teenager.\nFINDINGS: The lungs are clear.\nIMPRESSION: Normal chest.",
        "INDICATION: 60-year-old man, cough.\nFINDINGS: The lungs of this teenager are clear.\nIMPRESSION: Normal chest.",
    ),
    (  # words that are a letter away from others
        "FINDINGS: No local recurrence. Fracture through the body of the scapula.\nIMPRESSION: Scapular fracture.",
        "FINDINGS: No focla consolidation. Fracture through the body of the scapula.\nIMPRESSION: Scapular fracture.",
    ),
)


def flagged(text: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(text, "correct"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize("correct", [correct for correct, _ in PAIRS])
def test_a_correct_report_is_not_flagged(correct: str, all_services: Services) -> None:
    assert not flagged(correct, all_services)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in PAIRS])
def test_the_error_beside_it_is(wrong: str, all_services: Services) -> None:
    assert flagged(wrong, all_services)

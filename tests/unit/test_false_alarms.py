"""Correct reports of kinds that were once flagged, and beside each the error that still is."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services


def _report(findings: str, impression: str, indication: str = "Cough.") -> str:
    return f"INDICATION: {indication}\nFINDINGS: {findings}\nIMPRESSION: {impression}"


# (correct, the same with an error)
PAIRS = (
    (  # a mirrored body: the middle lobe is on the left
        _report(
            "Known situs inversus. Consolidation of the middle lobe on the left. The right lung is clear. No effusion.",
            "Middle lobe pneumonia.",
        ),
        _report(
            "Consolidation of the right middle lobe. The right lung is clear. No effusion.",
            "Middle lobe pneumonia.",
        ),
    ),
    (  # the stomach in a hernia holds air and fluid
        _report("A hiatal hernia contains an air-fluid level. The lungs are clear.", "No acute disease."),
        _report(
            "An air-fluid level is seen in the left pleural space. The heart is normal.", "No acute disease."
        ),
    ),
    (  # seen in one view only
        _report(
            "On the inspiratory film no pneumothorax is seen. On expiration a small right pneumothorax appears.",
            "Small right pneumothorax.",
        ),
        _report(
            "No pneumothorax is seen. The heart is normal. The bones are intact.", "Small right pneumothorax."
        ),
    ),
    (  # what is within something denies something else
        _report(
            "Cylindrical bronchiectasis of both lower lobes. No mucus in the dilated bronchi. The heart is normal.",
            "Bronchiectasis.",
        ),
        _report(
            "No bronchiectasis. The heart is normal. No effusion.", "Bronchiectasis of the left lower lobe."
        ),
    ),
    (  # the side that opens the sentence
        _report(
            "Large right pneumothorax. The left side shows pleural thickening, and no pneumothorax.",
            "Right pneumothorax.",
        ),
        _report(
            "Large right pneumothorax. The right side shows pleural thickening, and no pneumothorax.",
            "Pleural thickening.",
        ),
    ),
    (  # partly gone
        _report(
            "The pleural effusions have resolved on the right and persist on the left. The heart is normal.",
            "Left pleural effusion.",
        ),
        _report(
            "The pleural effusions have resolved. The heart is normal. No pneumothorax.",
            "Left pleural effusion.",
        ),
    ),
    (  # as it was before
        _report("Previous: alveolar edema. Today: no edema. The heart is normal.", "No edema."),
        _report("Alveolar edema. The heart is normal. No pneumothorax.", "No edema."),
    ),
    (  # what to look for next time
        _report(
            "A thin-walled cyst in the left upper lobe. No pneumothorax. The heart is normal.",
            "Lung cyst. Attention to possible pneumothorax on the next film.",
        ),
        _report(
            "A thin-walled cyst in the left upper lobe. No pneumothorax. The heart is normal.",
            "Lung cyst. Left pneumothorax.",
        ),
    ),
    (  # removed is the one, placed the other
        _report(
            "The right jugular line has been removed, and a left PICC has been placed.", "New left PICC."
        ),
        _report("The left PICC has been removed. No pneumothorax.", "The left PICC ends in the SVC."),
    ),
    (  # a distance is no size
        _report(
            "The balloon pump marker lies 2 cm below the arch, earlier 5 cm. The edema has increased.",
            "Increasing edema.",
        ),
        _report(
            "The nodule in the left upper lobe measures 2 cm, previously 5 cm. The heart is normal.",
            "Enlarging nodule.",
        ),
    ),
    (  # the primary, and what lies on the other side
        _report(
            "A mass of 6 cm in the right lower lobe. Three small nodules in the left lung.",
            "Right lower lobe malignancy with contralateral nodules.",
        ),
        _report(
            "A mass of 6 cm in the right lower lobe. The heart is normal. No effusion.",
            "Left lower lobe malignancy.",
        ),
    ),
    (  # once a teenager
        _report("The lungs are clear.", "Normal chest.", "60-year-old man, chest surgery as a teenager."),
        _report("The lungs of this teenager are clear.", "Normal chest.", "60-year-old man, cough."),
    ),
    (  # words that are a letter away from others
        _report("No local recurrence. Fracture through the body of the scapula.", "Scapular fracture."),
        _report("No focla consolidation. Fracture through the body of the scapula.", "Scapular fracture."),
    ),
)

WORDS_OF_OTHER_MEANINGS = (
    _report(
        "NG tube passes the diaphragm; its tip is out of the field of view.", "NG tube below the diaphragm."
    ),
    _report("Left fifth rib fracture. No callus formation.", "Acute left fifth rib fracture."),
    _report("Left upper lobe mass with a crescent of air. No pneumothorax.", "Left upper lobe mycetoma."),
    _report("The right upper lobe is replaced by a large mass.", "Large right upper lobe mass."),
    _report(
        "T12 compression fracture. The other vertebrae have normal heights.", "T12 compression fracture."
    ),
)


def flagged(text: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(text, "correct"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize("correct", [*(correct for correct, _ in PAIRS), *WORDS_OF_OTHER_MEANINGS])
def test_a_correct_report_is_not_flagged(correct: str, all_services: Services) -> None:
    assert not flagged(correct, all_services)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in PAIRS])
def test_the_error_beside_it_is(wrong: str, all_services: Services) -> None:
    assert flagged(wrong, all_services)


def test_a_doubled_little_word_is_a_remark(all_services: Services) -> None:
    checked = check_report(SubmittedReport("FINDINGS: The the lungs are clear.", "doubled"), all_services)
    assert [(e.candidate.rule, e.tier) for e in checked.errors] == [
        ("template_artifact.repeated_word", Tier.LOW)
    ]

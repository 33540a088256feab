"""General words on the side or level where the report describes nothing, and what later reading of misses added."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

REPORT = "EXAM: Chest PA and lateral.\nCOMPARISON: {}\nFINDINGS: The trachea is midline. {}\nIMPRESSION: {}"
LAST_YEAR = "Chest radiograph of May 3, 2019."


def flags(services: Services, seen: str, said: str) -> set[str]:
    checked = check_report(SubmittedReport(REPORT.format(LAST_YEAR, seen, said), "unnamed"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


WRONG = (
    ("laterality.elsewhere", "Dextroscoliosis of the thoracic spine.", "The spine bends to the left."),
    ("laterality.elsewhere", "Nodule in the right upper lobe.", "A round spot is seen in the left lung."),
    ("laterality.unnamed", "Right lower lobe infiltrate.", "The abnormality is in the left lung."),
    (
        "laterality.unnamed",
        "Right lower lobe infiltrate. The abnormal lung is the left one.",
        "Right pneumonia.",
    ),
    ("location.unnamed", "Right lower lobe infiltrate.", "The abnormality is at the right lung apex."),
    ("location.level", "Opacity, mainly the right upper lobe.", "Right lower lobe opacity."),
    (
        "location.level",
        "There is an opacity, which lies in the right upper lobe.",
        "Right lower lobe opacity.",
    ),
    ("measurement.cardiothoracic", "The heart spans 23 cm of the 29 cm chest.", "Normal heart size."),
    ("measurement.cardiothoracic", "Thoracic diameter 29 cm, cardiac diameter 23 cm.", "Normal heart size."),
    ("measurement.cardiothoracic", "CT ratio .79.", "The heart is normal in size."),
    ("negation.normal_statement", "Spiculated lesion in the right upper lobe.", "The lungs are clear."),
    ("omitted.blanket_denial", "Septal lines at both bases.", "The lungs are clear."),
    ("negation.normal_statement", "Heart width is increased.", "The heart is normal in size."),
    ("unsupported.unmentioned", "The lungs are clear. Mild cardiomegaly.", "Congestive heart failure."),
    ("severity.sections", "Small left effusion.", "The left hemithorax is filled with pleural effusion."),
    ("severity.sections", "Minimal left atelectasis.", "The left lung is completely collapsed."),
    ("interval_change.sections", "Stable nodule in the right lung.", "The lesion has grown since then."),
    (
        "impossible_anatomy.words",
        "The left lung shows no less than four lobes. The left lung is divided into five lobes.",
        "As above.",
    ),
)
RIGHT = (
    ("Nodule in the right upper lobe.", "A left lateral decubitus view would help."),
    ("Nodule in the right upper lobe. The left lung is hazy.", "A round spot is seen in the left lung."),
    ("Right lower lobe infiltrate. Chronic changes of both lungs.", "The abnormality is in the right lung."),
    ("Right lower lobe infiltrate.", "Another process in the left lung cannot be seen."),
    ("Right effusion. Left lower lobe opacity.", "The abnormality is at the right lung apex."),
    ("Infiltrate in the lung.", "The abnormality is in the left lung."),
    ("Upper and lower opacities, mainly the right upper lobe.", "Right lower lobe opacity."),
    ("The heart measures 6 cm and the chest tube is at 28 cm.", "Mild cardiomegaly."),
    ("Heart 14 cm, chest 29 cm.", "The heart is normal in size."),
    ("Spiculated lesion in the right breast.", "The lungs are clear."),
    ("Lungs are clear. Calcified nodule in the right upper lobe.", "Granuloma."),
    ("Stable nodule in the right lung. Stable lesion of the left rib.", "The lesion has not changed."),
    ("Severe heart failure in the past.", "Mild pulmonary edema."),
)


@pytest.mark.parametrize(("rule", "seen", "said"), WRONG)
def test_what_was_missed_is_found(rule: str, seen: str, said: str, all_services: Services) -> None:
    assert rule in flags(all_services, seen, said)


@pytest.mark.parametrize(("seen", "said"), RIGHT)
def test_what_is_right_beside_it_is_not(seen: str, said: str, all_services: Services) -> None:
    assert not flags(all_services, seen, said)


def test_two_levels_of_one_conclusion_are_no_fault(all_services: Services) -> None:
    seen, said = "Opacity at the right base.", "Opacities of the right apex and the right base."
    assert "location.level" not in flags(all_services, seen, said)

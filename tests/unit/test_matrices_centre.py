"""Heart, great vessels, hila, mediastinum, trachea and hiatus: what is told against what denies it, and beside it."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
CONTRADICTING = (
    (
        (
            "The heart is somewhat large.",
            "The heart is bigger than normal.",
            "Cardiothoracic index is raised.",
        ),
        (
            "The heart takes up less than half of the thorax.",
            "Heart size is satisfactory.",
            "A tubular heart.",
        ),
    ),
    (
        ("Tortuous calcified aorta.", "Calcified and ectatic aorta.", "The aorta is uncoiled."),
        ("The aorta shows no abnormality.", "Aorta of normal course.", "No unfolding of the aorta."),
    ),
    (
        ("Calcified tortuous aorta.", "Atherosclerotic elongated aorta."),
        ("No calcification of the aorta.", "The aorta is normal."),
    ),
    (
        ("The right interlobar artery is widened.", "Ectasia of the main pulmonary artery."),
        ("No pulmonary artery dilatation.", "Pulmonary arteries of ordinary calibre."),
    ),
    (
        ("Dense left hilum.", "The right hilum is huge.", "Loss of the normal hilar concavity."),
        ("No abnormality of the hila.", "The hila are not swollen."),
    ),
    (
        ("The trachea is not in the midline.", "Trachea tugged to the left.", "Trachea left of the midline."),
        ("Trachea midline.", "The trachea has returned to the midline.", "No deviation of the trachea."),
    ),
    (
        (
            "The stomach lies partly above the diaphragm.",
            "The colon herniates into the chest.",
            "Rolling hernia.",
        ),
        ("No hiatal hernia.", "No hiatus hernia."),
    ),
    (("The mediastinum is broader than usual.",), ("No widening of the mediastinum.", "Slim mediastinum.")),
    (("Mediastinal widening.",), ("No mediastinal mass or adenopathy.",)),
    (("Hilar enlargement.",), ("No hilar adenopathy.", "No hilar mass.")),
    (("The pericardium is distended.",), ("No pericardial effusion.",)),
)
CORRECT = (
    ("Tortuous calcified aorta of normal calibre.", "Atherosclerotic tortuous aorta without aneurysm."),
    ("The effusion is somewhat large. Heart size is normal.", "Large right effusion."),
    ("The heart is enlarged. No increase in heart size.", "Stable cardiomegaly."),
    ("The tube has been pulled back to the mid trachea. Trachea midline.", "Tube in good position."),
    ("A mass lies to the left of the midline. Trachea midline.", "Left mass."),
    ("Enteric tube tip above the diaphragm, to be advanced into the stomach.", "No hiatal hernia."),
    ("Most of the stomach bubble lies below the diaphragm.", "Small hiatal hernia."),
    ("Left Bochdalek hernia containing the stomach.", "No hiatal hernia."),
    ("The hila are enlarged. No hilar adenopathy.", "Hilar enlargement."),
    ("The aorta is tortuous. No mediastinal mass.", "Mediastinal widening."),
    ("Mediastinum is wide on this supine film. No mediastinal adenopathy.", "Wide mediastinum."),
    ("Loss of the normal thoracic kyphosis. The hila are normal.", "Straight back."),
    ("The right descending pulmonary artery measures 15 mm.", "Prominent main pulmonary artery."),
)


def rules(findings: str, impression: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(CHEST.format(findings, impression), "matrix"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(("told", "denied"), CONTRADICTING)
def test_what_is_told_contradicts_each_denial(
    told: tuple[str, ...], denied: tuple[str, ...], all_services: Services
) -> None:
    for one, other in (*product(told, denied), *product(denied, told)):
        found = rules(one, other, all_services)
        assert any(rule.startswith("negation") for rule in found), (one, other)


@pytest.mark.parametrize("group", [group for pair in CONTRADICTING for group in pair])
def test_what_says_the_same_is_no_contradiction(group: tuple[str, ...], all_services: Services) -> None:
    for one, other in product(group, group):
        assert not any(rule.startswith("negation") for rule in rules(one, other, all_services)), (one, other)


@pytest.mark.parametrize(("findings", "impression"), CORRECT)
def test_a_correct_report_is_not_flagged(findings: str, impression: str, all_services: Services) -> None:
    assert not rules(findings, impression, all_services)

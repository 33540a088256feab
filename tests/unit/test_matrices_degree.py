"""Degrees, courses and sizes as classes of words: each of one list against each of another, and correct counterparts."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

NOTHING = Context()
CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)


def rules(text: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix", NOTHING), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


CONTRADICTING = [
    ("severity", ("Mildly tortuous aorta.", "Slight aortic ectasia."), ("The aorta is grossly tortuous.",)),
    (
        "severity",
        ("Gentle thoracic scoliosis.", "Scoliosis with a Cobb angle of 14 degrees."),
        ("Severe scoliosis.",),
    ),
    ("severity", ("Minimal scoliosis.",), ("Scoliosis with a Cobb angle of 64 degrees.",)),
    (
        "severity",
        (
            "T8 is wedged with less than 20 percent loss of height.",
            "T8 vertebral body is minimally compressed.",
        ),
        ("Severe compression fracture of T8.", "Advanced compression of T8."),
    ),
    ("severity", ("Tiny left pneumothorax.",), ("Left pneumothorax with complete collapse of the lung.",)),
    ("severity", ("Left pneumothorax, less than 10 percent.",), ("Massive left pneumothorax.",)),
    (
        "severity",
        ("Small left pleural effusion.", "Left pleural effusion of about 80 ml."),
        (
            "Left pleural effusion filling more than half of the hemithorax.",
            "Left pleural effusion of 2 litres.",
        ),
    ),
    ("severity", ("Faint opacity at the right base.",), ("Dense right basal opacity.",)),
    (
        "negation",
        ("Heart size is at the upper limits of normal.",),
        ("The heart is grossly enlarged.", "Massive cardiomegaly."),
    ),
    (
        "interval_change",
        ("The aorta is unchanged.", "Stable tortuosity of the aorta."),
        ("The thoracic aorta has enlarged since the prior.", "Increasing aortic ectasia."),
    ),
    (
        "interval_change",
        ("The mediastinal contours are unchanged.",),
        (
            "The cardiomediastinal silhouette has become wider.",
            "Mediastinal contours have changed since the prior.",
        ),
    ),
    (
        "interval_change",
        ("Stable left pleural effusion.",),
        ("The left effusion has all but cleared.", "Left effusion is dwindling."),
    ),
    (
        "interval_change",
        ("Right lower lobe opacity is unchanged.", "Stable right lower lobe consolidation."),
        ("The right lower lobe pneumonia has progressed.", "Improving right lower lobe pneumonia."),
    ),
    (
        "measurement",
        ("The mediastinum measures 11 cm at the arch.",),
        ("No mediastinal widening.", "Mediastinal width is normal."),
    ),
    ("measurement", ("Cardiac diameter 13 cm, thoracic diameter 29 cm.",), ("CTR 0.62.", "Cardiomegaly.")),
    ("negation", ("The patient has been extubated.",), ("ETT tip 4 cm above the carina.",)),
    ("negation", ("All lines and tubes have been removed.",), ("Right IJ catheter in the SVC.",)),
    (
        "negation",
        ("Severely osteoporotic bones.",),
        ("Bone density is normal.", "The skeleton is well mineralized."),
    ),
    ("negation", ("Paraesophageal hernia.",), ("No hiatal hernia.",)),
    ("negation", ("Biconcave deformity of T5.",), ("No compression deformity.",)),
    ("negation", ("Mild thoracic dextroscoliosis.",), ("No abnormal spinal curvature.",)),
    ("negation", ("Fracture of the right clavicle.",), ("The shoulder girdles show no fracture.",)),
    (
        "negation",
        ("The heart occupies more than half of the thoracic diameter.",),
        ("Heart size is normal.",),
    ),
    (
        "negation",
        ("The mediastinum is widened at the level of the aortic knob.",),
        ("The mediastinum is not widened.",),
    ),
]


@pytest.mark.parametrize(("family", "one", "other"), CONTRADICTING)
def test_each_contradicts_each_in_both_orders(
    family: str, one: tuple[str, ...], other: tuple[str, ...], all_services: Services
) -> None:
    for first, second in product(one, other):
        for text in (CHEST.format(first, second), CHEST.format(second, first)):
            assert any(rule.startswith(family) for rule in rules(text, all_services)), text


@pytest.mark.parametrize(
    ("described", "rule"),
    [
        ("A 7 mm nodule in the lingula. Its greatest diameter is 7 cm.", "measurement.again"),
        ("Mass of 6 cm at the right base. This basal mass, 16 cm in width, is solid.", "measurement.again"),
        ("The heart is stable. The left chest drain was removed.", "negation.sections"),
        ("Rib fractures following CPR.", "omitted.blanket_denial"),
    ],
)
def test_two_sentences_of_one_thing(described: str, rule: str, all_services: Services) -> None:
    concluded = "Unchanged left thoracostomy tube. No acute cardiopulmonary abnormality."
    assert rule in rules(CHEST.format(described, concluded), all_services)


CORRECT = [
    ("The nodule in the lingula is 7 mm. It lies 7 cm from the hilum.", "Lingular nodule."),
    ("Cavity of 4 cm in the right upper lobe. The cavity wall is 4 mm thick.", "Thin-walled cavity."),
    ("Right pleural mass of 5 cm. This mass contains a 5 mm calcification.", "Pleural mass."),
    ("The right apical nodule is 8 mm. The nodule at the left base is 18 mm.", "Two nodules."),
    ("This right apical nodule measures 12 mm. It was 6 mm before.", "Growing nodule."),
    ("Ascending aorta measures 5.2 cm. The descending aorta measures 2.5 cm.", "Ascending aortic aneurysm."),
    ("Cardiac diameter 17 cm, thoracic diameter 28 cm.", "CTR 0.61."),
    ("Infant. The mediastinum measures 5 cm, widened by the thymus.", "Thymic widening of the mediastinum."),
    ("Mild compression fracture of T7. Severe compression fracture of T9.", "Fractures of T7 and T9."),
    ("Left pneumothorax of less than 50 percent.", "Moderate left pneumothorax."),
    ("Small pneumothorax on the left without complete collapse.", "Small left pneumothorax."),
    ("Thoracic scoliosis of 45 degrees, lumbar scoliosis of 15 degrees.", "Severe thoracic scoliosis."),
    ("Mild degenerative changes with a bulky osteophyte at T9.", "Mild degenerative changes."),
    ("The lungs are grossly clear. Small left effusion, grossly similar.", "Small stable left effusion."),
    ("Heart size is at the upper limits of normal.", "Mild cardiomegaly."),
    (
        "Stable ascending aorta. The descending thoracic aneurysm has enlarged since the prior.",
        "Larger aneurysm.",
    ),
    ("The left lower lobe consolidation persists but is smaller.", "Improving left lower lobe pneumonia."),
    ("Persistent right lower lobe opacity.", "Improving right lower lobe pneumonia."),
    (
        "The patient was extubated and re-intubated; ETT tip is 3 cm above the carina.",
        "ETT in good position.",
    ),
    ("All lines were removed except a left port.", "Left port remains."),
    ("Left shoulder arthroplasty. No hardware failure.", "Intact arthroplasty."),
    ("One left chest drain was removed.", "Unchanged second left chest tube."),
    ("Left Bochdalek hernia.", "No hiatal hernia."),
    ("Left clavicle fracture. The right shoulder girdle shows no fracture.", "Left clavicle fracture."),
    ("The left apical pneumothorax is no longer seen.", "Persistent right pneumothorax."),
    ("The heart is less than half of the thoracic diameter.", "Normal heart."),
    ("Rib fractures from CPR in 2015.", "No acute cardiopulmonary abnormality."),
    ("Pneumonia is to be excluded.", "Possible right pneumonia."),
    ("The effusion was not seen on the film of May.", "New effusion."),
]


@pytest.mark.parametrize(("described", "concluded"), CORRECT)
def test_what_is_correct_is_not_flagged(described: str, concluded: str, all_services: Services) -> None:
    assert not rules(CHEST.format(described, concluded), all_services)

"""Every statement of one list against every statement of another: all contradict each other, or none does."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

NOTHING = Context()
CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\n"
    "FINDINGS: {} No pneumothorax.\nIMPRESSION: {}"
)
STABLE = (
    "The heart size is stable.",
    "The cardiac silhouette is unchanged.",
    "Stable cardiomediastinal silhouette.",
)
GROWN = ("Interval enlargement of the heart.", "The heart is larger than before.", "Worsening cardiomegaly.")
SHRUNK = ("The heart is smaller than before.", "Interval decrease in heart size.")
TOLD = ("Left basilar infiltrate.", "Right upper lobe consolidation.", "Left lower lobe airspace disease.")
DENIED = ("No focal airspace disease.", "No infiltrate.", "No focal consolidation.")
NORMAL_SPINE = ("The thoracic spine is normal.", "Normal spine.")
BENT = ("Thoracic scoliosis.", "Degenerative changes of the thoracic spine.")


def rules(text: str, services: Services, context: Context = NOTHING) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix", context), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(
    ("one", "other", "family"),
    [
        (STABLE, GROWN, "interval_change"),
        (GROWN, SHRUNK, "interval_change"),
        (STABLE, SHRUNK[:1], "interval_change"),
        (TOLD, DENIED, "negation"),
        (NORMAL_SPINE, BENT, "negation"),
    ],
)
def test_each_contradicts_each_in_both_orders(
    one: tuple[str, ...], other: tuple[str, ...], family: str, all_services: Services
) -> None:
    for first, second in product(one, other):
        for text in (CHEST.format(first, second), CHEST.format(second, first)):
            assert any(rule.startswith(family) for rule in rules(text, all_services)), text


@pytest.mark.parametrize("group", [STABLE, GROWN, SHRUNK, TOLD[:1], DENIED, NORMAL_SPINE])
def test_what_says_the_same_is_no_contradiction(group: tuple[str, ...], all_services: Services) -> None:
    for first, second in product(group, group):
        assert not rules(CHEST.format(first, second), all_services), (first, second)


@pytest.mark.parametrize(
    "look",
    ["Increased heart size.", "Mildly increased cardiac silhouette.", "No interval increase in heart size."],
)
def test_a_look_is_no_course(look: str, all_services: Services) -> None:
    assert "interval_change.course" not in rules(CHEST.format(look, "Stable heart."), all_services)


@pytest.mark.parametrize(
    ("age", "words", "flagged"),
    [
        (7, "Adult male with dyspnea.", True),
        (24, "Newborn with tachypnea.", True),
        (40, "Toddler with cough.", True),
        (9, "3 month old with fever.", True),
        (0.25, "3 month old with fever.", False),
        (1, "Toddler with cough.", False),
        (40, "Has a toddler at home. Cough.", False),
        (40, "Exposed to an infant with whooping cough.", False),
        (40, "Pain for 3 months. Old fracture.", False),
    ],
)
def test_who_the_indication_is_of(age: float, words: str, flagged: bool, all_services: Services) -> None:
    text = (
        f"INDICATION: {words}\nFINDINGS: The lungs are clear. The heart is normal.\nIMPRESSION: Normal chest."
    )
    assert ("demographic.age" in rules(text, all_services, Context(patient_age=age))) is flagged


@pytest.mark.parametrize(
    ("technique", "flagged"),
    [
        ("Axial images through the chest were obtained.", True),
        ("Multiplanar T1 and T2 images.", True),
        ("Doppler images were acquired.", True),
        ("PA and lateral views of the chest.", False),
        ("XR chest. Sagittal reformats of an earlier CT were not available.", False),
    ],
)
def test_technique_of_another_study(technique: str, flagged: bool, all_services: Services) -> None:
    text = f"TECHNIQUE: {technique}\n{CHEST.format('The lungs are clear.', 'Normal chest.')}"
    text = text.replace("EXAM: Chest PA and lateral.\n", "")
    assert ("order.study" in rules(text, all_services, Context(procedure="XR chest 2 views"))) is flagged


@pytest.mark.parametrize(
    "words",
    [
        "The left upper, middle and lower lobes are clear.",
        "The carina is at L2.",
        "The spleen shows atelectasis.",
        "Scoliosis of the ribs.",
        "A hiatal hernia is in the right upper lobe.",
        "Apical lung base opacity.",
    ],
)
def test_what_cannot_be(words: str, all_services: Services) -> None:
    found = rules(CHEST.format(words, "As above."), all_services)
    assert any(rule.startswith("impossible_anatomy") for rule in found)


def test_sides_prove_nothing_in_a_mirrored_body(all_services: Services) -> None:
    words = "Situs inversus totalis. Gastric bubble beneath the right hemidiaphragm."
    assert not rules(CHEST.format(words, "Situs inversus."), all_services)


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("Next line the lungs are clear.", True),
        ("Comma the heart is normal.", True),
        ("Delete this line.", True),
        ("FIELD1 normal.", True),
        ("END OF REPORT.", False),
        ("Clear lungs. Period of observation advised.", False),
        ("Transferred from UH.", False),
    ],
)
def test_leftovers(words: str, flagged: bool, all_services: Services) -> None:
    found = rules(CHEST.format("The lungs are clear.", words), all_services)
    assert any(rule.startswith("template_artifact") for rule in found) is flagged


@pytest.mark.parametrize(
    ("told", "flagged"),
    [
        ("A wedge-shaped opacity has developed in the right upper lobe.", True),
        ("T8 compression fracture, acute.", True),
        ("Streaky opacity at the left base.", False),
        ("T8 compression fracture.", False),
    ],
)
def test_what_is_new_is_not_left_out(told: str, flagged: bool, all_services: Services) -> None:
    found = rules(CHEST.format(told, "No acute abnormality."), all_services)
    assert ("omitted.blanket_denial" in found) is flagged


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("Left effusion of 9 liters.", True),
        ("A nodule of 7 mL in diameter.", True),
        ("A collection of 90 cm.", True),
        ("A 90 cm angled catheter was advanced.", False),
        ("Left effusion of 1 liter.", False),
        ("Patient height 170 cm.", False),
        ("Pressure of 800 mm Hg.", False),
    ],
)
def test_no_body_holds_this(words: str, flagged: bool, all_services: Services) -> None:
    assert ("measurement.quantity" in rules(CHEST.format(words, "As above."), all_services)) is flagged

"""Statements of words, sizes, ages and leftovers, each beside correct ones that must not be flagged."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.expected import Expectation, Place
from app.proofreading.report import Context, SubmittedReport, Tier
from app.proofreading.speech import Speech
from app.services import Services

NOTHING = Context()
CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\n"
    "FINDINGS: {} No pneumothorax.\nIMPRESSION: {}"
)


def rules(text: str, services: Services, context: Context = NOTHING) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix", context), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


HEARD = (
    ("Blunting of the left costophrenic angel.", "Blunting of the left costophrenic angle."),
    ("The shielded lung shields are clear.", "The lung fields are clear."),
    ("No fecal consolidation.", "No focal consolidation."),
    ("The osseous strictures are intact.", "The osseous structures are intact."),
    ("Old ripped fractures.", "Old rib fractures."),
    ("Median sternotomy wives are intact.", "Median sternotomy wires are intact."),
    ("Surgical lips in the right upper quadrant.", "Surgical clips in the right upper quadrant."),
    ("Right middle load atelectasis.", "Right middle lobe atelectasis."),
    ("The aorta is torturous.", "The aorta is tortuous."),
    ("Mucus membranes are normal.", "Mucous membranes are normal."),
    ("Hyper inflation of the lungs.", "Hyper-inflation of the lungs."),
)
RIGHT_WORDS = (
    "Internal fixation of the clavicle.",
    "The face of the sternum is normal.",
    "Cervical fusion hardware is intact.",
    "Left chest infusion port with its tip at the SVC.",
    "Held inspiration was poor.",
    "Coarse calcification of the breast.",
    "Dominant nodule in the right upper lobe.",
    "Metal clip over the right breast.",
    "The site of the biopsy is unremarkable.",
)


@pytest.mark.parametrize(("wrong", "right"), HEARD)
def test_real_words_in_place_of_others(wrong: str, right: str, all_services: Services) -> None:
    assert any(
        rule.startswith("terminology") for rule in rules(CHEST.format(wrong, "As above."), all_services)
    )
    assert not any(
        rule.startswith("terminology") for rule in rules(CHEST.format(right, "As above."), all_services)
    )


@pytest.mark.parametrize("words", RIGHT_WORDS)
def test_the_same_words_where_they_belong(words: str, all_services: Services) -> None:
    found = rules(CHEST.format(words, "As above."), all_services)
    assert not any(rule.startswith("terminology") for rule in found)


SAID = Speech.of(
    ["The wide stroma is patent. A wide stroma is seen. The thin stroma is patent. The lumen is wide."] * 8
)


@pytest.mark.parametrize(
    ("window", "before", "after", "meant"),
    [
        (("strummer",), "wide", "is", "stroma"),
        (("stro", "mar"), "wide", "is", "stroma"),
        (("strummer",), "near", "was", None),  # nothing is expected there
        (("stromal",), "wide", "is", None),  # another form
        (("lumen",), "the", "is", None),  # said there
        (("garden",), "wide", "is", None),  # of another sound
        (("stratum",), "wide", "is", None),  # a word of the rules
    ],
)
def test_what_is_expected_in_a_place(
    window: tuple[str, ...], before: str, after: str, meant: str | None
) -> None:
    expected = Expectation(SAID, Speech.of(["stroma"]), frozenset({"stratum"}))
    assert expected.instead(window, Place(before, after)) == meant


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("The trachea measures 20 cm in diameter.", True),
        ("The main pulmonary artery is 25 cm in caliber.", True),
        ("Osteophytes of up to 20 cm.", True),
        ("Right paratracheal node, 32 cm in short axis.", True),
        ("The rib fracture is displaced by 30 cm.", True),
        ("The carinal angle is 220 degrees.", True),
        ("The nodule weighs 5 kg.", True),
        ("The heart occupies 30% of the transverse thoracic diameter. Cardiomegaly.", True),
        ("Cardiothoracic ratio of 0.70. The heart is normal in size.", True),
        ("Cardiothoracic ratio of 0.70.", False),
        ("Cardiothoracic ratio of 0.70, cardiomegaly.", False),
        ("Cardiothoracic ratio of 0.47.", False),
        ("The trachea is 2 cm in diameter.", False),
        ("The nodule lies 20 cm from the trachea in this film.", False),
        ("ET tube tip 3 mm above the carina; withdraw it.", False),
        ("Axial 1.25 mm slices of the nodule.", False),
        ("Loss of height of 20% at T8.", False),
        ("Right effusion of 1.5 liters was drained.", False),
    ],
)
def test_sizes_that_cannot_be(words: str, flagged: bool, all_services: Services) -> None:
    found = rules(CHEST.format(words, "As above."), all_services)
    assert any(rule.startswith("measurement") for rule in found) is flagged


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("Osteophytes of the left lung.", True),
        ("Pneumonia in the thoracic spine.", True),
        ("Cardiomegaly of the right lung.", True),
        ("The lungs are fractured.", True),
        ("Gallstones in the lung.", True),
        ("Fracture of the 14th rib.", True),
        ("The left lung has three lobes.", True),
        ("No fracture. Lungs are clear.", False),
        ("Fractures of ribs 10, 11 and 12.", False),
        ("Subcutaneous emphysema of the neck.", False),
        ("Atelectasis behind the heart.", False),
        ("The right lung has three lobes.", False),
        ("Hiatal hernia with the stomach in the chest.", False),
        ("The gallbladder is absent.", False),
    ],
)
def test_statements_that_cannot_be(words: str, flagged: bool, all_services: Services) -> None:
    found = rules(CHEST.format(words, "As above."), all_services)
    assert any(rule.startswith("impossible_anatomy") for rule in found) is flagged


@pytest.mark.parametrize(
    ("age", "words", "flagged"),
    [
        (58, "Open physes at both humeri.", True),
        (58, "Heart size is normal for a neonate.", True),
        (58, "This teenager has clear lungs.", True),
        (58, "Umbilical venous catheter at T8.", True),
        (58, "Patient aged 7.", True),
        (9, "Osteopenia, expected in a geriatric patient.", True),
        (9, "The patient is in her eighties.", True),
        (25, "Works in a nursing home.", False),
        (55, "Child-Pugh B cirrhosis in this female patient.", False),
        (30, "History of prematurity. Film taken in the neuro ICU (NICU).", False),
        (44, "Buckle fracture of the left seventh rib.", False),
        (58, "Heart size is normal for age.", False),
        (58, "Pediatric feeding tube in place.", False),
        (58, "The physes are closed. Stable for 8 years.", False),
        (85, "The patient is in her eighties.", False),
    ],
)
def test_ages_of_bodies_and_persons(age: float, words: str, flagged: bool, all_services: Services) -> None:
    found = rules(CHEST.format(words, "As above."), all_services, Context(patient_age=age))
    assert ("demographic.age" in found) is flagged


@pytest.mark.parametrize(
    ("opening", "told", "flagged"),
    [
        ("64-year-old woman.", "No follow-up of this 28 year old.", True),
        ("Newborn, 6 hours old.", "Retained fluid in this 6-year-old.", True),
        ("64-year-old woman.", "No follow-up of this 64 year old.", False),
        ("64-year-old woman.", "A 5-year-old fracture.", False),
        ("64-year-old woman.", "A fracture 5 years ago.", False),
    ],
)
def test_two_ages_of_one_patient(opening: str, told: str, flagged: bool, all_services: Services) -> None:
    text = f"INDICATION: {opening}\nFINDINGS: Clear lungs. {told}\nIMPRESSION: As above."
    assert ("demographic.age" in rules(text, all_services)) is flagged


@pytest.mark.parametrize(
    ("technique", "flagged"),
    [
        ("Intravenous contrast was given.", True),
        ("Maximum intensity projections.", True),
        ("Spin echo sequences.", True),
        ("10 mCi of FDG.", True),
        ("M-mode and B-mode.", True),
        ("5 mm slices were reconstructed.", True),
        ("A CT of last year served as comparison.", False),
        ("Inspiratory and expiratory views of the chest.", False),
    ],
)
def test_techniques_of_no_film(technique: str, flagged: bool, all_services: Services) -> None:
    text = f"TECHNIQUE: {technique}\nFINDINGS: The lungs are clear.\nIMPRESSION: Normal chest."
    assert ("order.study" in rules(text, all_services, Context(procedure="XR chest 2 views"))) is flagged


@pytest.mark.parametrize(
    ("words", "flagged"),
    [
        ("Choose an item.", True),
        ("Impression goes here.", True),
        ("Heart: normal/enlarged.", True),
        ("Specify lobe.", True),
        ("Strike last sentence.", True),
        ("«side» effusion.", True),
        ("Edit as appropriate.", True),
        ("The study study is limited.", True),
        ("Nodule of #.# cm.", True),
        ("Nodule in the (side) lung.", True),
        ("{Mild|Moderate} edema.", True),
        ("Laterality: ?", True),
        ("Nodule of 5 x 6 mm (left).", False),
        ("The default position of the catheter is normal.", False),
        ("Placement of the line is good.", False),
        ("Select views were repeated.", False),
        ("A very very small effusion.", False),
    ],
)
def test_what_templates_leave(words: str, flagged: bool, all_services: Services) -> None:
    found = rules(CHEST.format(words, "As above."), all_services, NOTHING)
    assert any(rule.startswith("template_artifact") for rule in found) is flagged


@pytest.mark.parametrize(
    ("title", "told", "flagged"),
    [
        ("XR chest 2 views", "Normal abdominal radiographs.", True),
        ("XR chest 2 views", "Unremarkable CT of the brain.", True),
        ("Chest AP portable", "This erect PA film shows no effusion.", True),
        ("XR chest 2 views", "Normal chest radiograph.", False),
        ("CT chest and abdomen", "Normal abdominal CT.", False),
        ("Chest PA", "This PA film shows no effusion.", False),
    ],
)
def test_what_a_report_calls_its_study(title: str, told: str, flagged: bool, all_services: Services) -> None:
    text = f"EXAM: {title}\nFINDINGS: The lungs are clear.\nIMPRESSION: {told}"
    assert any(rule.startswith("order") for rule in rules(text, all_services)) is flagged


@pytest.mark.parametrize(
    ("told", "flagged"),
    [
        ("Noncontrast helical CT of the thorax.", True),
        ("Intravenous contrast was administered.", True),
        ("Three views of the left ankle.", True),
        ("Reconstructions in the coronal plane.", True),
        ("Two views of the chest were obtained.", False),
        ("CT is recommended.", False),
        ("Compared with the CT of last year.", False),
    ],
)
@pytest.mark.parametrize("section", ["TECHNIQUE", "FINDINGS"])
def test_techniques_against_the_title(section: str, told: str, flagged: bool, all_services: Services) -> None:
    text = f"EXAM: PA and lateral chest\n{section}: {told} Clear.\nFINDINGS: The lungs are clear.\nIMPRESSION: Normal."
    assert any(rule.startswith("order") for rule in rules(text, all_services)) is flagged


@pytest.mark.parametrize(
    "words",
    [
        "ET tube in place, enteric tube within the stomach.",
        "Left PICC with tip in the SVC and a nodule in the right upper lobe.",
        "Epicardial pacing leads terminate in the abdomen.",
        "Renal fracture, grade IV.",
        "Three kidneys: two native ones and one transplant.",
        "Left-sided inferior vena cava, a normal variant.",
        "Normal limbs of the adrenal glands.",
        "The primary nodule measures 12 mm.",
        "Palpable lump; ultrasound is advised.",
        "Permanent central venous catheter.",
        "Large left pleural effusion with a 4 mm nodule in the right lung.",
        "The liver metastasis measures 8 mm.",
        "Minor bibasilar atelectasis in this patient.",
        "A 2-week-old hematoma.",
        "Juvenile idiopathic arthritis.",
        "Moya moya disease.",
    ],
)
def test_what_correct_reports_say(words: str, all_services: Services) -> None:
    checked = check_report(
        SubmittedReport(f"FINDINGS: {words}", "correct", Context(patient_age=54.0)), all_services
    )
    assert [error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW] == []

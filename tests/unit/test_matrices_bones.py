"""Grids of statements of bones, aorta, diaphragm and what lies beside: each affirmation against each denial."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\n"
    "FINDINGS: {} No pneumothorax.\nIMPRESSION: {}"
)
RIB = (
    "Nondisplaced fracture of the left seventh rib.",
    "The left seventh rib is broken.",
    "There is a fx of the left seventh rib.",
)
RIBS_WHOLE = ("The ribs are intact.", "No rib fracture.", "The rib cage is unremarkable.")
COLLARBONE = ("Comminuted fracture of the right clavicle.", "The right clavicle is fractured.")
COLLARBONES_WHOLE = (
    "The clavicles are intact.",
    "Clavicles demonstrate no fracture.",
    "Intact shoulder girdles.",
)
VERTEBRA = ("Loss of height of T8.", "Biconcave configuration of T8.", "T8 is compressed by a third.")
VERTEBRAE_WHOLE = (
    "Vertebral body heights are preserved.",
    "The vertebral bodies maintain normal height.",
    "No compression deformity.",
)
CURVE = ("Thoracic scoliosis.", "Lateral bowing of the thoracic spine.", "Kyphoscoliosis.")
STRAIGHT = ("The thoracic spine is straight.", "Spinal alignment is anatomic.", "No scoliosis.")
RAISED = (
    "Mild elevation of the right hemidiaphragm.",
    "The right hemidiaphragm is raised.",
    "Right diaphragmatic paralysis.",
)
PLACED = (
    "Diaphragms are normal in position.",
    "Normal contour of the diaphragm.",
    "Diaphragms are dome-shaped.",
)
CALCIFIED = ("Calcification of the aortic arch.", "The aorta is unfolded and calcified.")
BARE = ("No aortic calcification.", "The aorta is not calcified.", "The aorta is normal.")
PERFORATED = ("Pneumoperitoneum.", "Gas under both hemidiaphragms.", "Rigler sign.")
WHOLE = ("No free air.", "The subdiaphragmatic regions are free of gas.", "No pneumoperitoneum.")
HERNIA = ("Small hiatus hernia.", "Herniation of the gastric fundus.")
NO_HERNIA = ("No hernia.", "Hiatal hernia, which is no longer seen.")
TUBES = ("ET tube in good position.", "Right PICC is in place.", "Enteric tube courses below the diaphragm.")
NO_TUBES = ("No lines or tubes.", "No support devices.")
COARSE = ("Pulmonary fibrosis with honeycombing.", "Severe interstitial lung disease.")
FINE = ("Interstitial markings are within normal limits.", "The interstitium is normal.")
SCARRED = ("Biapical scarring.", "Linear scar in the lingula.")
UNSCARRED = ("No scarring.", "No old scarring.")


def rules(text: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(
    ("told", "denied"),
    [
        (RIB, RIBS_WHOLE),
        (COLLARBONE, COLLARBONES_WHOLE),
        (VERTEBRA, VERTEBRAE_WHOLE),
        (CURVE, STRAIGHT),
        (RAISED, PLACED),
        (CALCIFIED, BARE),
        (PERFORATED, WHOLE),
        (HERNIA, NO_HERNIA),
        (TUBES, NO_TUBES),
        (COARSE, FINE),
        (SCARRED, UNSCARRED),
    ],
)
def test_each_affirmation_contradicts_each_denial(
    told: tuple[str, ...], denied: tuple[str, ...], all_services: Services
) -> None:
    for first, second in product(told, denied):
        for text in (CHEST.format(first, second), CHEST.format(second, first)):
            assert any(rule.startswith("negation") for rule in rules(text, all_services)), text


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("No displaced rib fracture.", "Rib fracture."),
        ("No acute or old clavicular fracture.", "Clavicle fracture."),
        ("Ribs, sternum and clavicles without fracture.", "Clavicle fracture."),
        ("Fractures of the left clavicle and upper ribs.", "No rib fracture."),
        ("Heart, lungs and bones are normal.", "Rib fracture."),
        ("Discontinuity of the right seventh rib.", "No rib fracture."),
        ("Lysis of the left third rib.", "No destructive bone lesion."),
        ("No lytic bone lesion.", "Osteolytic metastases of the ribs."),
        ("Bone mineral content is poor.", "Normal bone density."),
        ("Superior and inferior endplates are smooth and undepressed.", "Crushed vertebral body."),
    ],
)
def test_what_is_told_of_a_kind_or_of_several(findings: str, impression: str, all_services: Services) -> None:
    assert rules(CHEST.format(findings, impression), all_services)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("Healed fractures of the left fifth rib. Ribs otherwise intact.", "No acute fracture."),
        ("Left clavicle fracture. The right clavicle is intact.", "Left clavicle fracture."),
        ("Left rib fractures, subacute.", "No acute fracture; subacute rib fractures."),
        (
            "Displaced left rib fractures near anatomic alignment.",
            "Left rib fractures in anatomic alignment.",
        ),
        ("Chronic compression deformity of T8.", "No acute fracture."),
        ("New depression of L3. L2 and L4 are normal.", "L3 compression fracture."),
        ("Compression fracture of T12. Lumbar vertebral bodies are intact.", "T12 fracture."),
        ("Vertebral body heights are preserved. Disc spaces are narrowed.", "Degenerative disc disease."),
        ("Thoracic scoliosis. The lumbar spine is straight.", "Thoracic scoliosis."),
        ("Thoracic spine alignment is normal. Mild degenerative change.", "Mild spondylosis."),
        ("The aorta is tortuous and calcified.", "Aorta is normal in caliber."),
        ("Calcified arch. The aorta is normal in size.", "Atherosclerosis without aneurysm."),
        ("The right hemidiaphragm is raised. The left is normal in position.", "Raised right hemidiaphragm."),
        ("Diaphragms are sharp. Eventration of the right hemidiaphragm.", "Right eventration."),
        ("Colon under the right hemidiaphragm mimics free air.", "No pneumoperitoneum."),
        ("The gastric bubble is in normal position below the diaphragm.", "No free air."),
        ("The endotracheal tube was removed. Right PICC in place.", "No other lines or tubes."),
        ("Retained bullet. No sponge or needle is retained.", "Bullet in the chest wall."),
        ("Chest wall emphysema. No pulmonary emphysema.", "Subcutaneous emphysema."),
        ("ORIF of the right clavicle fracture; intact clavicle hardware.", "Intact clavicle plate."),
        ("Nodule in the right upper lobe, which is not seen on the prior study.", "New nodule."),
        ("No definite rib fracture.", "Possible nondisplaced left rib fracture."),
        ("Minimal spurring at T9.", "No significant degenerative change."),
        ("No displaced rib fracture.", "Undisplaced left seventh rib fracture."),
        ("No acute fracture. Healed fractures of the right ribs.", "Right rib fractures."),
        ("Ribs and clavicles without fracture. Old deformity of the left scapula.", "Scapular deformity."),
        ("No destructive bone lesion. Bone island in the left sixth rib.", "Bone island."),
        ("No rib lesion. Erosion of the left clavicle.", "Clavicular erosion."),
        ("No fracture of the lumbar spine. Old rib fractures.", "Old rib fractures."),
        ("Bone density is normal. Spondylosis.", "Spondylosis."),
        ("The spine is straight. Kyphosis.", "Kyphosis."),
    ],
)
def test_what_is_told_of_another_thing_stands(findings: str, impression: str, all_services: Services) -> None:
    assert not rules(CHEST.format(findings, impression), all_services)


@pytest.mark.parametrize(
    "told",
    [
        "Massive pneumoperitoneum in the upper abdomen.",
        "Lucency concerning for free air.",
        "Comminuted fracture of the left clavicle.",
        "Burst fracture of T12.",
        "Undisplaced fracture of the left sixth rib.",
    ],
)
def test_what_no_impression_leaves_out(told: str, all_services: Services) -> None:
    said = rules(CHEST.format(told, "No acute cardiopulmonary abnormality."), all_services)
    assert "omitted.blanket_denial" in said


@pytest.mark.parametrize(
    "told",
    [
        "Healed left clavicle fracture with callus.",
        "Old displaced fracture of the left sixth rib.",
        "Chronic wedge deformity of T12.",
        "Plate and screws across a comminuted right clavicle fracture.",
        "Cannot exclude a nondisplaced rib fracture.",
    ],
)
def test_what_an_impression_may_leave_out(told: str, all_services: Services) -> None:
    assert not rules(CHEST.format(told, "No acute cardiopulmonary abnormality."), all_services)


def test_a_break_needs_ground(all_services: Services) -> None:
    plain = "EXAM: Chest PA.\nFINDINGS: Lungs are clear. No pleural fluid. The trachea is midline.\nIMPRESSION: {}"
    assert any(
        r.startswith("unsupported") for r in rules(plain.format("Burst fracture of L1."), all_services)
    )
    for old in (
        "Old granulomatous disease.",
        "Healed rib fractures.",
        "Thoracic spondylosis.",
        "Apical scarring.",
    ):
        assert not rules(plain.format(old), all_services), old

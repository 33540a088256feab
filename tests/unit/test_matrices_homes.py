"""What belongs to few organs, parts of wholes, regions of the spine and sides of one clause."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

REPORT = "EXAM: Chest PA and lateral.\nFINDINGS: {}\nIMPRESSION: As above."
GRIDS = (
    (
        ("Callus", "A trabecular pattern is seen", "Cortical step-off"),
        ("in the left kidney", "within the gallbladder", "of the trachea"),
        ("along the left seventh rib", "of the left clavicle", "within the scapula"),
    ),
    (
        ("Honeycombing", "Septal lines", "Air bronchograms"),
        ("within the spleen", "in the left humeral head", "of the sternum"),
        ("in the right lower lobe", "at the lung bases", "within the consolidated lingula"),
    ),
    (
        ("Endotracheal tube tip is", "The tracheostomy tube ends"),
        ("in the stomach", "within the liver", "inside the bladder"),
        ("in the trachea", "in the right main bronchus", "at the level of the carina"),
    ),
    (
        ("The enteric tube ends", "Feeding tube tip lies"),
        ("in the right ventricle", "within the spleen", "in the vertebral body"),
        ("in the stomach", "in the duodenum", "within a hiatal hernia"),
    ),
)
WRONG = (
    "The coracoid process of the sternum is intact.",
    "Xiphoid process of the scapula.",
    "Gastric fundus of the spleen is distended.",
    "The kidneys show honeycombing.",
    "Lumbar pedicle screws at C5.",
    "Cervical fusion plate spans L2 and L3.",
    "Three clavicles are seen.",
    "Fractures of the left fifth to seventh ribs along the right chest wall.",
    "The right humeral head lies in the left glenoid.",
    "Leftward shift of the mediastinum towards the right.",
    "The trachea is deviated to the left towards the right side.",
)
RIGHT = (
    "The coracoid process of the scapula is intact.",
    "Osteophytes of the thoracic spine project over the heart and the aorta.",
    "Callus and a nodule; the heart is normal.",
    "Endotracheal tube above the carina and a feeding tube in the stomach.",
    "Thoracolumbar rods from T10 to L2. Lumbar fusion below T12.",
    "Cervical hardware and an L1 compression fracture.",
    "Thoracic aortic stent graft ends at L3.",
    "Two clavicles and both scapulae are intact.",
    "Right clavicle fracture; the left glenoid is intact.",
    "Right upper lobe mass with extension to the left hemithorax.",
    "The mediastinum is shifted to the left and the heart lies towards the left.",
    "Mediastinal shift to the right, away from the left effusion.",
)


def _flags(services: Services, text: str) -> list[str]:
    errors = check_report(SubmittedReport(REPORT.format(text), "x"), services=services).errors
    rules = (error.candidate.rule for error in errors if error.tier is not Tier.LOW)
    return [rule for rule in rules if rule.startswith("impossible")]


@pytest.mark.parametrize(("told", "elsewhere", "home"), GRIDS, ids=["bone", "lung", "airway", "gut"])
def test_terms_at_home_and_elsewhere(
    all_services: Services, told: tuple[str, ...], elsewhere: tuple[str, ...], home: tuple[str, ...]
) -> None:
    missed = [pair for pair in product(told, elsewhere) if not _flags(all_services, f"{' '.join(pair)}.")]
    false = [pair for pair in product(told, home) if _flags(all_services, f"{' '.join(pair)}.")]
    assert (missed, false) == ([], [])


@pytest.mark.parametrize("text", WRONG)
def test_one_clause_that_cannot_be(all_services: Services, text: str) -> None:
    assert _flags(all_services, text)


@pytest.mark.parametrize("text", RIGHT)
def test_one_clause_that_can_be(all_services: Services, text: str) -> None:
    assert _flags(all_services, text) == []

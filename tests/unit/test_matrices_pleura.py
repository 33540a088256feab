"""Matrices of fluid and air in pleura, belly and soft tissues, and of the diaphragm, with correct reports beside them."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import Services, build_services
from app.settings import Settings

_REPORT = "EXAM: Chest PA and lateral.\nCOMPARISON: Last year.\nFINDINGS: {}\nIMPRESSION: {}"
_TOLD = {
    "a list closed by its verb": (
        ("Consolidation, pneumothorax, and effusion are absent.", "Effusion and opacity have cleared."),
        ("Right pleural effusion.", "Fluid is seen at the left base."),
    ),
    "denying words and whole kinds": (
        (
            "Nil effusion.",
            "Effusion: neg.",
            "No loculated or layering effusion.",
            "No effusion has developed.",
        ),
        ("Moderate right effusion.", "Blunting of the right costophrenic angle by fluid."),
    ),
    "where it is looked for": (
        ("No apical pneumothorax.", "No air at the apices.", "No pneumothorax on the expiratory film."),
        ("Pneumothorax is present.", "There is a pneumothorax."),
    ),
    "places that begin with their preposition": (
        ("No gas below the diaphragm.", "Free gas is excluded."),
        ("Air is seen under the right dome.", "Gas lies between the liver and the diaphragm."),
    ),
    "names of one thing": (
        ("Soft tissue emphysema not demonstrated.", "No surgical emphysema.", "Soft tissues unremarkable."),
        ("Subcutaneous emphysema.", "Gas in the left axilla.", "Air outlines the pectoral muscles."),
    ),
    "predicates of the diaphragm": (
        ("Both domes are smooth and in normal position.", "The diaphragm is not high."),
        ("The left dome stands higher than the right.", "Gas elevates the left hemidiaphragm."),
    ),
    "pleura among other structures": (
        ("Heart, lungs and pleura are normal.", "The pleura is thin."),
        ("The left pleura is thickened.", "En face plaques on the right.", "Thick pleura on the left."),
    ),
    "gone on the only side that is told": (
        ("The left pneumothorax has resolved.",),
        ("Pneumothorax is present.",),
    ),
}
_PAIRS = [pair for denied, told in _TOLD.values() for pair in product(denied, told)]


@pytest.fixture(scope="module")
def services() -> Services:
    """Services without an archive."""
    return build_services(Settings(references_k=0))


def _flags(findings: str, impression: str, services: Services) -> set[str]:
    report = SubmittedReport(_REPORT.format(findings, impression), "1")
    found = check_report(report, services=services)
    return {error.candidate.rule for error in found.errors if error.tier.value != "low"}


@pytest.mark.parametrize(("denied", "told"), _PAIRS)
def test_what_is_denied_is_not_described(denied: str, told: str, services: Services) -> None:
    """In either section."""
    for findings, impression in ((told, denied), (denied, told)):
        rules = _flags(findings, impression, services)
        assert any(rule.startswith("negation") for rule in rules)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("Collapse of the left lung from a pneumothorax.", "Right pneumothorax."),
        ("Opacity of the left lower zone represents fluid posteriorly.", "Right pleural effusion."),
        ("Left rib fractures with an associated pneumothorax.", "Right pneumothorax."),
        ("Effusion (L).", "Right pleural effusion."),
        ("PTX L.", "Right pneumothorax."),
        ("Left hemidiaphragm is higher than the right.", "Elevated right hemidiaphragm."),
    ],
)
def test_a_side_is_told(findings: str, impression: str, services: Services) -> None:
    """By what causes the finding, by a letter, by a comparison."""
    assert any(rule.startswith("laterality") for rule in _flags(findings, impression, services))


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("The effusion is small, and pneumothorax is not seen.", "Small effusion."),
        ("Lung volumes are low, pneumothorax is not identified.", "Low lung volumes."),
        ("No appreciable pneumothorax. Trace left apical pneumothorax.", "Trace left apical pneumothorax."),
        ("Heart and lungs are normal. Anterior mediastinal mass.", "Anterior mediastinal mass."),
        ("Interlobar effusion on the right. No free effusion.", "Right interlobar effusion."),
        ("Bowel gas under the right hemidiaphragm. No free air.", "Colonic interposition."),
        ("Focal eventration of the right dome. No elevation of the hemidiaphragms.", "Focal eventration."),
        ("The pleura is smooth. Small right effusion.", "Small right effusion."),
        (
            "Consolidation at the right base with bilateral effusions.",
            "Right pneumonia, bilateral effusions.",
        ),
        ("Air-fluid level in a right upper lobe cavity. No hydropneumothorax.", "Cavity on the right."),
        ("No left pneumothorax. Small right apical pneumothorax.", "Small pneumothorax."),
        ("No effusion on the supine view. Fluid layers on the right decubitus view.", "Right effusion."),
        ("Left basal pneumothorax. No apical pneumothorax.", "Left basal pneumothorax."),
    ],
)
def test_correct_reports_stand(findings: str, impression: str, services: Services) -> None:
    """A clause, a view, a kind or a side of its own."""
    assert not _flags(findings, impression, services)

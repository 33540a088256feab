"""Denials of a kind or place beside a bare word, courses and sides of one shadow, and what excludes each other."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import Services, build_services
from app.settings import Settings

_REPORT = "EXAM: Chest PA and lateral.\nCOMPARISON: Last year.\nFINDINGS: {}\nIMPRESSION: {}"


@pytest.fixture(scope="module")
def services() -> Services:
    """Services without an archive."""
    return build_services(Settings(references_k=0))


def _flags(findings: str, impression: str, services: Services) -> set[str]:
    report = SubmittedReport(_REPORT.format(findings, impression), "1")
    found = check_report(report, services=services)
    return {error.candidate.rule for error in found.errors if error.tier.value != "low"}


@pytest.mark.parametrize(
    ("denied", "told"),
    [
        ("No pulmonary vascular engorgement.", "Perihilar congestion."),
        ("No new or old collapse.", "Collapse."),
        ("No acute or chronic edema.", "Edema."),
        ("No segmental consolidation.", "There is consolidation."),
        ("No left ventricular failure.", "CHF."),
        ("No overt edema.", "Alveolar edema."),
        ("Both lungs are normally ventilated without any element of collapse.", "Collapse is seen."),
        ("The lungs are overexpanded but clear.", "There is consolidation."),
        ("Upper, middle and lower zones are clear.", "There is consolidation."),
        ("The depth of inspiration is adequate.", "Shallow inspiration."),
        ("Pulmonary vessels have normalized.", "Congested lungs."),
        ("The basal collapse has gone.", "Collapse."),
    ],
)
def test_what_limits_no_denial(denied: str, told: str, services: Services) -> None:
    """In either order."""
    assert _flags(denied, told, services)
    assert _flags(told, denied, services)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("No passive collapse.", "Atelectasis."),
        ("No basilar collapse.", "Atelectasis."),
        ("The right upper lobe is fully re-expanded.", "Atelectasis."),
        ("Lung fields are clear.", "Atelectasis."),
        ("The lungs show no active disease.", "There is consolidation."),
        ("Hyperexpanded lungs.", "Low lung volumes."),
        ("Cardiac failure.", "No pulmonary edema."),
        ("New infiltrate.", "Unchanged consolidation."),
        ("Discoid atelectasis.", "Severe atelectasis."),
        ("Collapse beneath the left effusion.", "Right collapse."),
        ("The edema is less but still present.", "No pulmonary edema."),
    ],
)
def test_what_findings_do_not_bear_out(findings: str, impression: str, services: Services) -> None:
    """A conclusion against what the findings tell, or with no ground but a denial."""
    assert _flags(findings, impression, services)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("Patchy consolidation in both lungs. No lobar consolidation.", "Bronchopneumonia."),
        ("Band of atelectasis at the left base. No lobar collapse.", "Left basal band."),
        ("No basal collapse. Band in the lingula.", "Atelectasis."),
        ("No new collapse. The old one on the left is unchanged.", "Unchanged left collapse."),
        ("Interstitial edema. No frank edema.", "Interstitial edema."),
        ("Follow-up of pneumonia. The left base opacity has cleared.", "Resolved left base pneumonia."),
        ("Right heart failure. No left heart failure.", "Right heart failure."),
        ("Cardiac failure.", "Cardiac failure without pulmonary edema."),
        ("Chronic heart failure.", "No pulmonary edema."),
        ("The left lung is hyperexpanded.", "Hyperexpanded left lung."),
        (
            "Right base consolidation, new. Left base opacity, old.",
            "New right pneumonia. Unchanged left opacity.",
        ),
        ("Gram neg sepsis with consolidation on the left.", "Left pneumonia."),
        ("Poor inspiration. The last film was taken in full inspiration.", "Poor inspiration."),
        ("Good inspiration was not achieved.", "Low lung volumes."),
        (
            "Near-complete re-expansion of the left lung. Basal collapse remains.",
            "Residual left basal collapse.",
        ),
        ("Collapse beneath the left effusion. Right lung clear.", "Left effusion with collapse."),
    ],
)
def test_correct_reports_stand(findings: str, impression: str, services: Services) -> None:
    """Kinds, places and courses that go together."""
    assert not _flags(findings, impression, services)

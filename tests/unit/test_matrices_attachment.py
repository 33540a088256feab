"""Places, degrees and courses that sentences give to one finding, in every wording; and correct reports beside them."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

ACROSS = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
WITHIN = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {} {}\n"
    "IMPRESSION: As above."
)
ALONE = "EXAM: Chest PA and lateral.\n{}\nFINDINGS: No pneumothorax.\nIMPRESSION: {}"

PLACES = (
    ("Fluid lies in the minor fissure.", "Fluid within the major fissure."),
    ("A mass fills the retrosternal space.", "Posterior mediastinal mass."),
    ("Manubrial fracture.", "Fracture of the sternal body."),
    ("Left clavicle fracture, distal third.", "Midshaft fracture of the left clavicle."),
    ("Aneurysm of the descending aorta.", "Ascending aortic aneurysm."),
    ("Consolidation in the lingula.", "Left lower lobe pneumonia."),
    ("Opacity behind the heart.", "Left upper lobe pneumonia."),
    ("Nodule over the left first rib.", "Left basal nodule."),
    ("Airspace disease above the left hemidiaphragm.", "Left apical pneumonia."),
    ("Wedge deformity of the seventh thoracic vertebra.", "T11 wedge deformity."),
    ("Fractures of left ribs two, three and four.", "Left 8th-10th rib fractures."),
)
SIDES = (
    ("Left pneumonectomy changes.", "Right pneumonectomy space, as expected."),
    ("Catheter via the right subclavian vein.", "Left subclavian catheter in place."),
    ("Cavity with a fluid level in the RUL.", "Cavity in the LUL."),
    ("Meniscus at the left base.", "Right pleural effusion."),
)
REFERRED = (
    ("A nodule is seen in the left mid lung.", "The nodule in the left apex may be a granuloma."),
    ("Fracture of the left sixth rib.", "The ninth rib fracture is nondisplaced."),
    ("A mass lies in the right upper lobe.", "The right lower lobe mass is suspicious for malignancy."),
)
DEGREES = (
    ("15% right pneumothorax.", "Large right pneumothorax."),
    ("T12 height loss of 60%.", "Mild T12 compression fracture."),
    ("Tiny left apical pneumothorax.", "Left tension pneumothorax."),
    ("Faint opacity in the right base.", "Dense consolidation of the right base."),
    ("Solitary nodule in the left lung.", "Innumerable pulmonary nodules."),
    ("Minimal hilar adenopathy.", "Bulky hilar adenopathy."),
    ("The left effusion occupies most of the hemithorax.", "Small left effusion."),
    ("Right hemidiaphragm is substantially raised.", "Minimal elevation of the right hemidiaphragm."),
)
COURSES = (
    ("New left lower lobe consolidation.", "Chronic left lower lobe consolidation."),
    ("The nodule in the left upper lobe measures 9 mm, previously 5 mm.", "Stable left upper lobe nodule."),
    ("The pacemaker leads have migrated.", "Pacemaker leads in stable position."),
    ("Left rib fractures are healing.", "Acute left rib fractures."),
    ("No worsening of the right effusion.", "The right effusion is larger."),
    ("A right IJ line has been placed since the last film.", "Right IJ line in unaltered position."),
)
UNFOUNDED = (
    ("COMPARISON: None.", "The effusion has spread to the left."),
    ("COMPARISON: None.", "The nodule is larger than in March."),
    ("COMPARISON: First chest film of this patient.", "The effusion is larger."),
)
CORRECT = (
    ("Right chest tube at the apex. Left chest tube at the base.", "Bilateral chest tubes."),
    ("NG tube courses through the esophagus into the stomach.", "NG tube in the stomach."),
    ("The endotracheal tube tip is 1.5 cm above the carina.", "Low endotracheal tube; retract 2 cm."),
    ("Fluid in the minor and major fissures.", "Fissural fluid."),
    ("Chronic compression fracture of T8. New fracture of L1.", "New L1 fracture; chronic T8 fracture."),
    ("The right upper lobe nodule is 8 mm, previously 8 mm.", "Stable right upper lobe nodule."),
    ("Tiny left pneumothorax without tension.", "Tiny left pneumothorax, no tension."),
    ("The left lower lobe opacity is smaller. The effusion is larger.", "Improving pneumonia."),
    ("Prior right mastectomy. Left breast implant.", "Status post right mastectomy."),
    ("30% right pneumothorax.", "Moderate right pneumothorax."),
    ("On the left, where a drain was removed, no pneumothorax is seen.", "Left lung is expanded."),
    ("Small right effusion with a meniscus.", "Small right pleural effusion."),
    ("Comminuted scapular fracture. Minimally displaced right third rib fracture.", "Fractures as above."),
    ("Mild degenerative change of the spine. Severe degenerative change of the shoulder.", "No change."),
    ("Mediastinal air is not seen any more.", "Pneumomediastinum has gone."),
)
FOUNDED = (
    ("COMPARISON: None.", "The left hilum is larger than the right."),
    ("COMPARISON: None.", "Repeat film to show that it has cleared is advised."),
    ("COMPARISON: Initial radiograph of 3 May.", "The effusion is now smaller."),
    ("COMPARISON: CT of 3 May. No prior radiographs.", "Nodule unchanged."),
)


def _flags(all_services: Services, text: str, *, remarks: bool = False) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix", Context()), services=all_services)
    return {error.candidate.type.value for error in checked.errors if remarks or error.tier is not Tier.LOW}


@pytest.mark.parametrize(
    ("pairs", "kind"),
    [
        (PLACES, "location_mismatch"),
        (SIDES, "laterality_mismatch"),
        (DEGREES, "severity_mismatch"),
        (COURSES, "interval_change_mismatch"),
    ],
)
def test_sections_that_contradict(
    all_services: Services, pairs: tuple[tuple[str, str], ...], kind: str
) -> None:
    missed = [pair for pair in pairs if kind not in _flags(all_services, ACROSS.format(*pair), remarks=True)]
    assert not missed


def test_a_definite_mention_refers(all_services: Services) -> None:
    missed = [
        pair for pair in REFERRED if "location_mismatch" not in _flags(all_services, WITHIN.format(*pair))
    ]
    assert not missed


def test_change_without_a_prior(all_services: Services) -> None:
    missed = [
        pair
        for pair in UNFOUNDED
        if "interval_change_mismatch" not in _flags(all_services, ALONE.format(*pair), remarks=True)
    ]
    assert not missed


def test_correct_reports_are_left_alone(all_services: Services) -> None:
    flagged = [(pair, found) for pair in CORRECT if (found := _flags(all_services, ACROSS.format(*pair)))]
    flagged += [
        (pair, found)
        for pair in FOUNDED
        if "interval_change_mismatch" in (found := _flags(all_services, ALONE.format(*pair)))
    ]
    assert not flagged

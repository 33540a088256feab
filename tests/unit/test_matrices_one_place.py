"""What a patient has one of has one place and one side: sentences that give it two, and correct ones beside them."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

ACROSS = "EXAM: Chest PA and lateral.\nFINDINGS: The trachea is midline. {}\nIMPRESSION: {}"
WITHIN = "EXAM: Chest PA and lateral.\nFINDINGS: {} {} The trachea is midline.\nIMPRESSION: As above."
CONCLUDED = "EXAM: Chest PA and lateral.\nFINDINGS: {} The trachea is midline. {}\nIMPRESSION: {}"
PLACES = ("laterality", "location")

ONE_OF_IT = (
    ("A pacemaker lies over the left upper chest.", "Right-sided pacemaker."),
    ("Changes of left pneumonectomy.", "Right pneumonectomy without recurrence."),
    ("The ETT lies in the right main bronchus.", "Left mainstem intubation."),
    ("The right dome is raised.", "Left phrenic nerve palsy."),
    ("Left PICC, tip in the superior vena cava.", "Right PICC in good position."),
    ("Fluid lies in the horizontal fissure.", "Oblique fissure fluid."),
    ("A posterior mediastinal mass is seen.", "Anterior mediastinal mass."),
    ("Fracture of the shaft of the humerus.", "Humeral neck fracture."),
    ("Balloon pump tip in the abdominal aorta.", "IABP at the aortic knob."),
    ("Swan-Ganz tip in the left pulmonary artery.", "PA catheter in the right pulmonary artery."),
    ("Cervical fusion hardware.", "Intact lumbar fusion hardware."),
    ("Bone cement at T8.", "Vertebroplasty of L2."),
    ("Feeding tube tip past the pylorus.", "Feeding tube tip in the stomach."),
    ("Endotracheal tube tip 5 cm above the carina.", "The ETT is in the right bronchus."),
)
MORE_OF_IT = (
    ("Chest tube directed to the right apex.", "Basal chest tube."),
    ("A coin lies in the oesophagus.", "Coin in the stomach."),
    ("NG tube in the esophagus.", "NG tube in the stomach."),
    ("Dislocation of the AC joint.", "Glenohumeral dislocation."),
)
TOLD_AGAIN = (
    ("There is a mass at the right hilum.", "The left hilar lesion has lobulated margins."),
    ("Airspace disease in the right lower lobe.", "The left pneumonia has air bronchograms."),
    ("Left basilar consolidation.", "Consolidation at the right base, as described."),
    ("Consolidation in the right lung.", "Consolidation is confined to the left lung."),
    ("The defibrillator lies in the left chest wall.", "The right defibrillator has one lead."),
    ("The endotracheal tube tip is 4 cm above the carina.", "The ETT lies in the right main bronchus."),
)
OBSCURED = (
    ("An opacity obscures the left hemidiaphragm.", "Right lower lobe pneumonia."),
    ("The right heart border is effaced by airspace disease.", "Left-sided pneumonia."),
    ("Consolidation silhouettes the left heart border.", "Right lung consolidation."),
)
LEFT_OUT = (
    ("Left basilar atelectasis.", "Right-sided atelectasis.", "Left basilar atelectasis."),
    (
        "Calcified granuloma in the right upper lobe.",
        "Right lower lobe granuloma.",
        "Right upper lobe granuloma.",
    ),
)
CORRECT = (
    (ACROSS, "The PICC tip is in the right atrium.", "Left PICC is low."),
    (ACROSS, "Left pacemaker; the right atrial lead is intact.", "Left pacemaker, right ventricular lead unchanged."),
    (ACROSS, "Left PICC was removed. Right PICC ends in the SVC.", "Right PICC in place."),
    (ACROSS, "Right upper lobectomy. Left effusion.", "Left effusion after lobectomy."),
    (ACROSS, "Fluid in both fissures.", "Fluid in the major fissure."),
    (ACROSS, "Fracture of the humeral head.", "Fracture of the surgical neck of the humerus."),
    (ACROSS, "Swan-Ganz catheter via the right ventricle.", "Swan tip in the main PA."),
    (ACROSS, "IABP tip 2 cm below the arch.", "Balloon pump in the proximal descending aorta."),
    (ACROSS, "Cervical fusion hardware. Lumbar fusion.", "Cervical spinal fusion hardware."),
    (ACROSS, "Cement at T12 and L1.", "Vertebroplasty of L1."),
    (ACROSS, "The right hemidiaphragm is tented. Left basilar scar.", "Left basilar scar and right tenting."),
    (ACROSS, "Feeding tube passes the pylorus, tip in the duodenum.", "Feeding tube in the duodenum."),
    (ACROSS, "Left effusion obscures the left hemidiaphragm. Opacity on the right.", "Right pneumonia, left effusion."),
    (ACROSS, "The left hemidiaphragm is obscured by soft tissue. Right consolidation.", "Right pneumonia."),
    (ACROSS, "Opacities obscure the right and the left hemidiaphragm.", "Pneumonia, greater on the left."),
    (ACROSS, "Opacity in the apical segment of the left lower lobe.", "Left lower lobe pneumonia."),
    (ACROSS, "Chest tube with residual apical pneumothorax.", "Chest tube at the right base."),
    (ACROSS, "Left pigtail catheter at the base. Apical pneumothorax.", "Apical pneumothorax despite pigtail catheter."),
    (ACROSS, "NG tube in the stomach. ETT in the right bronchus.", "ETT in the right bronchus, NG in place."),
    (ACROSS, "NG tube tip in the stomach.", "NG side port in the distal esophagus; advance."),
    (ACROSS, "Small left effusion. Right lower lobe opacity.", "RLL pneumonia and contralateral pleural fluid."),
    (WITHIN, "Right effusion is moderate.", "The left effusion is small."),
    (WITHIN, "New consolidation on the right.", "The left base opacity is unchanged."),
    (WITHIN, "Atelectasis is confined to the left base.", "Right perihilar opacity."),
    (WITHIN, "Left chest port.", "The right PICC ends in the superior vena cava."),
    (WITHIN, "ETT 4 cm above the carina.", "The right main bronchus is patent."),
    (WITHIN, "Catheter tip in the SVC.", "Port tip in the right atrium."),
)  # fmt: skip
CORRECT_LEFT_OUT = (
    ("Moderate left effusion.", "Right effusion.", "Moderate left effusion."),
    ("Left basilar atelectasis.", "Minimal right basilar atelectasis.", "Left basilar atelectasis."),
    ("Small right effusion. Left basilar atelectasis.", "Right basilar atelectasis.",
     "Right effusion. Left basilar atelectasis."),
    ("Right apical granuloma.", "Left granuloma.", "Old granulomatous disease."),
)  # fmt: skip


def _flags(all_services: Services, text: str) -> list[str]:
    errors = check_report(SubmittedReport(text, "invented", Context()), services=all_services).errors
    return [error.candidate.rule for error in errors if error.tier is not Tier.LOW]


def _placed(all_services: Services, text: str) -> bool:
    return any(rule.startswith(PLACES) for rule in _flags(all_services, text))


@pytest.mark.parametrize(("first", "second"), ONE_OF_IT + MORE_OF_IT + OBSCURED)
def test_two_sections_that_place_one_thing_apart_are_flagged(
    all_services: Services, first: str, second: str
) -> None:
    """In either order."""
    assert _placed(all_services, ACROSS.format(first, second))
    assert _placed(all_services, ACROSS.format(second, first))


@pytest.mark.parametrize(("first", "second"), TOLD_AGAIN)
def test_a_sentence_that_tells_again_of_one_thing_is_flagged_elsewhere(
    all_services: Services, first: str, second: str
) -> None:
    """Within one section, where a second thing would need a word that there are two."""
    assert _placed(all_services, WITHIN.format(first, second))


@pytest.mark.parametrize(("first", "second", "impression"), LEFT_OUT)
def test_a_bare_mention_that_the_impression_leaves_out_is_flagged(
    all_services: Services, first: str, second: str, impression: str
) -> None:
    """Where the impression tells of the other place, and of nothing at this one."""
    assert _placed(all_services, CONCLUDED.format(first, second, impression))


@pytest.mark.parametrize(("template", "first", "second"), CORRECT)
def test_two_things_are_not_taken_for_one(
    all_services: Services, template: str, first: str, second: str
) -> None:
    """Several lines, both sides, what was removed, what lies beside."""
    assert not _flags(all_services, template.format(first, second))


@pytest.mark.parametrize(("first", "second", "impression"), CORRECT_LEFT_OUT)
def test_the_lesser_of_two_may_be_left_out(
    all_services: Services, first: str, second: str, impression: str
) -> None:
    """An impression names the greater one."""
    assert not _flags(all_services, CONCLUDED.format(first, second, impression))

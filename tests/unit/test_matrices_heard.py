"""What was misheard, cannot be, fits no order or was left over, each beside correct statements that must not be flagged."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.companions import Companions
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
NOTHING = Context()


def rules(text: str, services: Services, context: Context = NOTHING) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix", context), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


def told(statement: str, services: Services) -> set[str]:
    return rules(CHEST.format(statement, "As above."), services)


HEARD = (  # what was heard, what was meant, and where
    ("bunting", "blunting", "Mild {} of the right costophrenic angle."),
    ("skull erotic", "sclerotic", "A {} lesion of the fifth rib."),
    ("biblical", "bibasilar", "Minimal {} atelectasis is unchanged."),
    ("captivated", "cavitary", "A {} mass in the left upper lobe."),
    ("educated", "intubated", "The patient was {} overnight, with the tube above the carina."),
    ("locomotion", "loculation", "Partial {} of the left pleural effusion."),
    ("fiber roses", "fibrosis", "Basal {} with honeycombing."),
    ("college", "collapse", "Complete {} of the left lower lobe."),
    ("commuted", "comminuted", "A {} fracture of the clavicle."),
    ("concentration", "consolidation", "Dense lobar {} on the left."),
    ("plucks", "plaques", "Calcified pleural {} on the left."),
    ("osteopath sights", "osteophytes", "Bridging {} of the thoracic spine."),
    ("congregation", "congestion", "Pulmonary vascular {} is mild."),
    ("disciplined", "displaced", "A minimally {} rib fracture."),
    ("granny loma", "granuloma", "A calcified {} at the right base."),
    ("vertebrate", "vertebral", "Loss of {} body height."),
    ("lava late", "lobulated", "A {} mass of 3 cm."),
    ("military", "miliary", "Innumerable {} nodules in both lungs."),
    ("gland oid", "glenoid", "Fracture of the inferior {} rim."),
    ("elevator", "elevated", "The right hemidiaphragm is {}."),
)
FOUND = 11  # of them at least


def test_heard_near_companions(all_services: Services) -> None:
    found = [heard for heard, _, where in HEARD if told(where.format(heard), all_services)]
    assert len(found) >= FOUND, sorted({heard for heard, _, _ in HEARD} - {*found})


@pytest.mark.parametrize(("meant", "where"), [(meant, where) for _, meant, where in HEARD])
def test_meant(meant: str, where: str, all_services: Services) -> None:
    assert not any(rule.startswith("terminology") for rule in told(where.format(meant), all_services))


@pytest.mark.parametrize(
    "statement",
    [
        "The humeral head is well seated in the glenoid.",
        "A trial of antibiotics is suggested.",
        "Diffuse osteopenia limits detection of subtle fractures.",
        "Ground-glass granularity of both lungs with air bronchograms.",
        "The mass has begun to cavitate.",
        "Findings are suggestive of congestion.",
        "Callous formation about the old fracture.",
        "The retired miner has nodules in both upper lobes.",
        "Left insular cortex is normal.",
        "A tunneled dialysis catheter ends in the right atrium.",
        "Attention to the pneumothorax on follow-up.",
        "Catheter trips over the clavicle were not seen.",
    ],
)
def test_other_words_are_right(statement: str, all_services: Services) -> None:
    assert not any(rule.startswith("terminology") for rule in told(statement, all_services))


@pytest.mark.parametrize(
    ("words", "index", "term"),
    [
        (("a", "bunting", "of", "the", "left", "costophrenic", "sulcus"), 1, "blunting"),
        (("a", "bunting", "of", "the", "left", "hand"), 1, None),
        (("right", "zagging", "catheter"), 1, None),
    ],
)
def test_companions_decide(words: tuple[str, ...], index: int, term: str | None) -> None:
    fit = Companions({"bunting", "zagging"}.__contains__, {}).instead(words, index)
    assert (fit.term if fit else None) == term


IMPOSSIBLE = (
    "Third portion of the jejunum is opacified.",
    "Thickening of the oblique fissure between the right upper and middle lobe.",
    "Nodule in the lateral segment of the left upper lobe.",
    "Arthrosis of the costovertebral joints of L2.",
    "Fracture at the costochondral junction of the left eleventh rib.",
    "Anterior mediastinal mass filling the paravertebral gutter.",
    "The carina is seen at the level of the liver.",
    "Tube tip above the GE junction, in the duodenum.",
    "Azygos lobe at the left lung base.",
    "Catheter tip at the junction of the SVC and the left ventricle.",
    "Greater trochanter of the third rib is fractured.",
    "Three hemidiaphragms are seen.",
    "The heart is located below the diaphragm.",
    "Anterolisthesis of T12 on L2.",
    "Right pleural drain inserted through the left lateral chest wall.",
    "Left subclavian ICD with its generator over the right chest.",
    "Bronchiectasis around the transverse processes.",
    "Osteophytes along the left main bronchus.",
    "VP shunt tubing runs within the oesophagus.",
    "Film of 31 November is not available.",
    "Fever of 40 cm.",
    "Cobb angle of 35 mm.",
    "Effusion has decreased from small to large.",
    "The nodule has increased from 14 mm to 9 mm.",
    "Opacity of the upper pole of the left lung.",
    "The dome of the spleen is smooth.",
    "Calcified leaflets of the trachea.",
    "The aortic knob lies near the right hemidiaphragm.",
    "The left costophrenic angle is at the thoracic inlet.",
    "Heart rate of 450.",
)
POSSIBLE = (
    "Third portion of the duodenum is opacified.",
    "Thickening of the minor fissure between the right upper and middle lobe.",
    "Nodule in the lateral segment of the middle lobe.",
    "Arthrosis of the costovertebral joints of T8.",
    "Fracture at the costochondral junction of the left sixth rib.",
    "Posterior mediastinal mass filling the paravertebral gutter.",
    "The dome of the diaphragm is seen at the level of the tenth rib.",
    "Tube tip above the GE junction, in the distal oesophagus.",
    "Azygos lobe at the right lung apex.",
    "Catheter tip at the junction of the SVC and the right atrium.",
    "Greater tuberosity of the humerus is fractured.",
    "Both hemidiaphragms are seen.",
    "The apex of the heart lies above the diaphragm.",
    "Anterolisthesis of L5 on S1.",
    "Right pleural drain inserted through the right lateral chest wall.",
    "Left subclavian ICD with its generator over the left chest.",
    "Bronchiectasis around the right hilum.",
    "Osteophytes along the left side of the spine.",
    "VP shunt tubing runs within the chest wall.",
    "Film of 30 November is not available.",
    "Fever of 40 degrees.",
    "Cobb angle of 35 degrees.",
    "Effusion has decreased from large to small.",
    "The nodule has increased from 9 mm to 14 mm.",
    "Stone in the upper pole of the left kidney.",
    "The dome of the liver is smooth.",
    "Calcified leaflets of the aortic valve.",
    "The aortic knob lies beside the left main bronchus.",
    "The left costophrenic angle is near the twelfth rib.",
    "Heart rate of 145.",
)


@pytest.mark.parametrize("statement", IMPOSSIBLE)
def test_cannot_be(statement: str, all_services: Services) -> None:
    assert told(statement, all_services)


@pytest.mark.parametrize("statement", POSSIBLE)
def test_can_be(statement: str, all_services: Services) -> None:
    assert not told(statement, all_services)


def test_breast_after_its_removal(all_services: Services) -> None:
    one, both = "Prior left mastectomy.", "Both breast shadows are symmetric."
    assert "impossible_anatomy.words" in rules(CHEST.format(one, both), all_services)
    assert not rules(CHEST.format(f"{one} Right breast shadow is seen.", "No change."), all_services)
    assert not rules(CHEST.format(f"{one} Reconstruction of the left breast.", both), all_services)


STUDIES = (  # what was ordered, what fits it, what does not
    (
        "CT chest with contrast",
        "Images after 80 mL Omnipaque 350.",
        "Unenhanced images only, no IV contrast was given.",
    ),
    ("CT chest without contrast", "Thin axial images were acquired.", "Bolus-tracked scan after Isovue."),
    (
        "CT chest with contrast",
        "Scan from the apices to the adrenals.",
        "Scan from the skull base to the vertex.",
    ),
    (
        "CT PE protocol",
        "Scan from the apices to the diaphragm.",
        "Scan from the liver dome to the pubic symphysis.",
    ),
    (
        "MRI brain without contrast",
        "Sagittal T1 images were obtained.",
        "Tube current was modulated, with a pitch of 1.",
    ),
)
SUMMARIES = (
    ("XR chest PA and lateral", "Normal chest radiograph.", "Negative CT of the chest."),
    ("XR chest PA and lateral", "Normal chest radiograph.", "Negative portable chest radiograph."),
    (
        "Portable chest radiograph AP",
        "Negative portable chest radiograph.",
        "Normal PA and lateral chest film.",
    ),
    ("XR left ribs", "No fracture on this left rib series.", "No fracture on this right rib series."),
    ("XR left ribs", "Rib radiographs without fracture.", "Knee radiographs without fracture."),
)
ORDERED = [("TECHNIQUE", *row) for row in STUDIES] + [("IMPRESSION", *row) for row in SUMMARIES]


@pytest.mark.parametrize(("section", "ordered", "fits", "other"), ORDERED)
def test_studies(section: str, ordered: str, fits: str, other: str, all_services: Services) -> None:
    text = f"EXAM: {ordered}\n" + (
        "TECHNIQUE: {}\nFINDINGS: No mass."
        if section == "TECHNIQUE"
        else "FINDINGS: No mass.\nIMPRESSION: {}"
    )
    context = Context(procedure=ordered)
    assert any(rule.startswith("order") for rule in rules(text.format(other), all_services, context))
    assert not rules(text.format(fits), all_services, context)


LEFT = (
    (
        "The effusion is mildly / moderately / markedly increased.",
        "The effusion is mildly to moderately increased.",
    ),
    ("Enter findings.", "The tube enters the stomach."),
    ("Discussed with Dr. _______ by telephone.", "Discussed with Dr. Adams by telephone."),
    ("No change since (DATE).", "No change since yesterday (PA film)."),
    ('Macro "normal chest" inserted.', "A tube was inserted."),
    ("The chest drain chest drain is unchanged.", "The chest drain is unchanged."),
    (
        "Small effusion with small effusion at the base.",
        "Small effusion with small pneumothorax at the base.",
    ),
    ("In the lower lobe, in the lower lobe, a nodule.", "In the lower lobe, in the periphery, a nodule."),
    ("Could you close the door, no effusion.", "The patient could not close the mouth."),
    ("Wake up microphone, the lungs are clear.", "Pain on waking up; the lungs are clear."),
    ("Hang on, the aorta is calcified.", "Coffee ground emesis; the aorta is calcified."),
)


@pytest.mark.parametrize(("left", "right"), LEFT)
def test_leftovers(left: str, right: str, all_services: Services) -> None:
    assert any(rule.startswith("template_artifact") for rule in told(left, all_services))
    assert not told(right, all_services)


def test_sides_and_ends_repeat(all_services: Services) -> None:
    for side, other in product(("left", "right"), repeat=2):
        if side != other:
            assert not told(f"Clear {side} base and clear {other} base.", all_services)


def test_normal_except(all_services: Services) -> None:
    assert not rules(
        CHEST.format("Vertebral heights are normal except at T9.", "T9 compression fracture."), all_services
    )

"""Findings, parts and devices by organs that cannot have them; quantities that cannot be, or that differ across sections."""

import re
import re._constants as code  # type: ignore[import-untyped]
import re._parser as parser  # type: ignore[import-untyped]
from collections.abc import Iterable
from importlib.resources import files
from itertools import product
from typing import Any

import pytest

from app.proofreading.check import check_report
from app.proofreading.detectors.beginnings import LETTERS
from app.proofreading.report import Context, SubmittedReport, Tier
from app.services import Services

REPORT = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
RULES = ("impossible_anatomy", "measurement", "interval_change.sizes")

OSSEOUS = ("Osteophytes", "Scoliosis", "Compression deformity")
SOFT = ("of the trachea", "of the left hilum", "in the descending aorta", "within the right lower lobe")
SPINES = ("of the thoracic spine", "of the lower thoracic spine", "at the lumbar spine")
PULMONARY = ("Bronchiectasis", "Air bronchograms", "Plate-like atelectasis")
BONES = ("of the right scapula", "in the left clavicle", "within the liver", "in the left ventricle")
LUNGS = ("of the right lower lobe", "in the lingula", "within the left lung")
LOOKS = {
    "hyperinflated": (("heart", "aorta", "spine", "liver"), ("lung", "right lung")),
    "tortuous": (("heart", "diaphragm", "clavicle"), ("aorta", "descending aorta")),
    "osteopenic": (("heart", "lung", "trachea"), ("spine", "clavicle")),
    "blunted": (("trachea", "spine", "heart"), ("left costophrenic angle",)),
}
IMPOSSIBLE = (
    "Cholecystectomy clips project over the right axilla.",
    "Pancoast tumour at the left costophrenic angle.",
    "Bochdalek hernia at the right lung apex.",
    "A goitre at the left lung base.",
    "Sternal wires in the right axilla.",
    "Pacemaker leads end in the right atrium and left kidney.",
    "The Swan-Ganz catheter tip lies in the left atrium.",
    "PICC tip terminates in the humerus.",
    "Endotracheal tube tip is 4 cm above the gastroesophageal junction.",
    "Free air beneath the left clavicle.",
    "Hip prosthesis of the right shoulder.",
    "Aortohepatic window is filled in.",
    "The retrorenal clear space is wide.",
    "Hepatic costophrenic angles are sharp.",
    "Cervical fusion at L3.",
    "Bilateral cardiomegaly.",
    "Tracheal effusion.",
    "Small left pleural effusion at the right costophrenic angle.",
    "Right chest tube with tip at the left apex.",
    "Obscured left heart border, compatible with right middle lobe pneumonia.",
    "Mediastinal shift to the left due to left tension pneumothorax.",
    "Fluid in the fissure between the left upper and right lower lobes.",
    "Basal fibrosis in both lung apices.",
    "The stomach bubble is seen under the right hemidiaphragm.",
    "Left pacemaker generator overlying the right chest wall.",
    "Kellgren-Lawrence grade 7 changes of the shoulder.",
    "Status post right pneumonectomy. Right lower lobe pneumonia.",
)
POSSIBLE = (
    "Cholecystectomy clips in the right upper abdomen.",
    "Pancoast tumour at the left apex with rib destruction.",
    "Hiatal hernia behind the heart.",
    "Goitre with tracheal deviation.",
    "Pacemaker leads end in the right atrium and right ventricle; the kidneys are not seen.",
    "PICC tip in the SVC, enteric tube ends in the stomach.",
    "Endotracheal tube tip is 4 cm above the carina, enteric tube below the diaphragm.",
    "Pacemaker lead fracture in the right ventricle.",
    "Osteophytes indent the trachea.",
    "Degenerative osteophytes project over the right lung base.",
    "Pneumomediastinum outlines the heart and the aorta.",
    "The trachea is midline and the lungs are hyperinflated.",
    "Subcutaneous emphysema overlies the left lung.",
    "Thoracic compression fracture at T12; lumbar spine is normal.",
    "Small left effusion; atelectasis at the right base.",
    "Right greater than left effusions, atelectasis in the left base.",
    "Right chest tube and left pigtail drain, its tip at the left base.",
    "Mediastinal shift to the left due to left lower lobe collapse.",
    "Mediastinal shift to the right due to left tension pneumothorax.",
    "Apical pneumothorax extends to the right base.",
    "Apical scarring, and atelectasis at the bases.",
    "Status post right pneumonectomy. Left lower lobe pneumonia.",
    "Right pneumonectomy is planned for the right lower lobe mass.",
    "Dextrocardia with situs inversus. The stomach bubble is on the right.",
)
NO_QUANTITY = (
    "Nodule of 7 degrees in the lingula.",
    "Opacity 30 degrees wide.",
    "Carinal angle of 80 mm.",
    "Mass of 4 x 6 mL.",
    "Repeat radiograph in 4 to 6 cm.",
    "Tube tip 4 degrees above the carina.",
    "Pleural line 4 kg in length.",
    "Miliary nodules up to 4 cm.",
    "Huge bulla of 7 mm.",
    "Tiny nodule of 6 cm.",
    "Small pneumothorax of 80%.",
    "Severe height loss of 5% at T9.",
    "Widened carina with an angle of 40 degrees.",
    "Nodule larger than 2 cm (measures 9 mm).",
    "Grown by 2 mm, from 5 mm to 12 mm.",
    "Doubled in size from 10 to 11 mm.",
    "Two nodules, 3 mm, 5 mm and 8 mm.",
    "Nodules range from 3 to 6 mm, the largest 14 mm.",
    "The smaller nodule is 12 mm and the larger is 7 mm.",
    "Stable nodule of 6 mm, previously 14 mm.",
    "Mass was 3 cm, now 5 cm, smaller than before.",
    "Tube 1 cm above the carina and should be advanced.",
    "Drain withdrawn 60 cm.",
    "Taken at 26:10.",
    "Compared with 30 February 2020.",
    "Compared with 31/04/2020.",
    "Poor inspiration to eleven posterior ribs.",
)
QUANTITY = (
    "Nodule in contact with the aorta over 90 degrees.",
    "Scoliosis of 30 degrees. Rotated by 10 degrees.",
    "Carinal angle of 80 degrees.",
    "Repeat radiograph in 4 to 6 weeks.",
    "Miliary nodules up to 3 mm.",
    "Large effusion with 8 mm midline shift.",
    "Tiny nodules and a 6 cm mass.",
    "Small pneumothorax of 10%.",
    "Mild height loss of 20% at T9.",
    "Nodule larger than 2 cm (measures 29 mm).",
    "Grown by 7 mm, from 5 mm to 12 mm.",
    "Doubled in size from 5 to 11 mm.",
    "Two nodules, 3 mm and 5 mm.",
    "Nodules range from 3 to 6 mm, the largest 6 mm in the lingula.",
    "The smaller nodule is 5 mm and the larger is 7 mm.",
    "Stable nodule of 6 mm, previously 7 mm.",
    "Nodule of 4 mm, unchanged; mass of 3 cm, previously 2 cm.",
    "Tube 1 cm above the carina; withdraw 2 cm.",
    "Drain withdrawn 4 cm.",
    "Taken at 23:10. Compared with 29/02/2020 and 02/29/2020.",
    "Poor inspiration to seven posterior ribs.",
)
TWICE = (
    (
        ("Cardiomegaly, CTR 0.62.", "Cardiothoracic ratio of 62%, enlarged."),
        ("Cardiomegaly, CTR 0.52.", "Cardiothoracic ratio 75%, enlarged."),
    ),
    (("Kyphosis of 40 degrees.",), ("Kyphosis, 70 degrees.",)),
    (("Left ribs 4 through 7 are fractured.",), ("Left rib fractures, ribs 4 to 9.",)),
    (("Seven sternal wires are intact.",), ("Five intact sternal wires.",)),
    (("Side port 3 cm above the GE junction.",), ("Tube side port is 11 cm above the GE junction.",)),
    (("Cavity at the left apex, 4 cm.",), ("5.5 cm left apical cavity.",)),
    (("Heart measures 15 cm across.",), ("Cardiac width 19 cm.",)),
    (("Effusion fell from 9 cm to 4 cm.",), ("Effusion, now 7 cm.",)),
    (("Compression of T8 with 30% loss of height.",), ("T8 fracture, height loss of 70%.",)),
)
AGREEING = (
    ("Cardiomegaly, CTR is 0.61, previously 0.52.", "Ratio up from 0.52 to 0.61."),
    ("ETT tip 3 cm above the carina.", "ETT 30 mm above the carina."),
    ("Nodule of 8 mm in the right base. Nodule of 14 mm in the left base.", "14 mm nodule, left base."),
    ("Right effusion 4 cm deep. Left effusion 2 cm deep.", "Bilateral effusions, up to 4 cm."),
    ("Compression of T8 with 30% loss of height.", "Also L1 fracture, 60% loss of height."),
    ("Pneumothorax 3 cm at the hilum.", "Large pneumothorax (>2 cm)."),
    ("Left ribs 4 to 7 and right ribs 2 to 3 are fractured.", "Left rib fractures, 4 to 7."),
    ("Nodules of 4 mm, 6 mm and 9 mm.", "Largest nodule 9 mm."),
)


def _flagged(services: Services, found: str, concluded: str = "As above.") -> list[str]:
    report = SubmittedReport(REPORT.format(found, concluded), "x", Context())
    errors = check_report(report, services=services).errors
    rules = (e.candidate.rule for e in errors if e.tier is not Tier.LOW)
    return [rule for rule in rules if rule.startswith(RULES)]


@pytest.mark.parametrize(
    ("findings", "wrong", "right"), [(OSSEOUS, SOFT, SPINES), (PULMONARY, BONES, LUNGS)], ids=["bone", "lung"]
)
def test_a_class_of_findings_by_organs(
    all_services: Services, findings: tuple[str, ...], wrong: tuple[str, ...], right: tuple[str, ...]
) -> None:
    missed = [pair for pair in product(findings, wrong) if not _flagged(all_services, f"{' '.join(pair)}.")]
    false = [pair for pair in product(findings, right) if _flagged(all_services, f"{' '.join(pair)}.")]
    assert (missed, false) == ([], [])


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_by_organs(all_services: Services, look: str) -> None:
    wrong, right = LOOKS[look]
    forms = ("The {0} is {1}.", "The {0} appears mildly {1}.")
    missed = [form.format(organ, look) for form, organ in product(forms, wrong)]
    false = [form.format(organ, look) for form, organ in product(forms, right)]
    assert [text for text in missed if not _flagged(all_services, text)] == []
    assert [text for text in false if _flagged(all_services, text)] == []


@pytest.mark.parametrize("text", [*IMPOSSIBLE, *NO_QUANTITY])
def test_what_cannot_be(all_services: Services, text: str) -> None:
    assert _flagged(all_services, text)


@pytest.mark.parametrize("text", [*POSSIBLE, *QUANTITY])
def test_what_can_be(all_services: Services, text: str) -> None:
    assert _flagged(all_services, text) == []


@pytest.mark.parametrize(("one", "other"), TWICE)
def test_a_quantity_told_twice(all_services: Services, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    pairs = [*product(one, other), *product(other, one)]
    assert [pair for pair in pairs if not _flagged(all_services, *pair)] == []
    assert [text for text in (*one, *other) if _flagged(all_services, text, text)] == []


@pytest.mark.parametrize("pair", AGREEING)
def test_quantities_that_agree(all_services: Services, pair: tuple[str, str]) -> None:
    assert _flagged(all_services, *pair) == []


def _letters(items: Iterable[Any], begun: set[str]) -> set[str]:
    """First letters of what a pattern matches, up to the number that tables name; a digit stands for itself only."""
    for operation, value in items:
        done = {text for text in begun if len(text) == LETTERS or text.endswith(" ")}
        live = begun - done
        if operation is code.LITERAL:
            live = {
                text + (chr(value).lower() if chr(value).isalnum() else " " if text else "") for text in live
            }
        elif operation is code.BRANCH:
            live = set().union(*(_letters(branch, live) for branch in value[1]))
        elif operation is code.SUBPATTERN:
            live = _letters(value[-1], live)
        elif operation in (code.MAX_REPEAT, code.MIN_REPEAT):
            live = _letters(value[2], live) | (live if value[0] == 0 else set())
        elif operation is code.IN:
            live = {
                text + (chr(item).lower() if chr(item).isalnum() else " " if text else "")
                if kind is code.LITERAL
                else f"{text} "
                for text in live
                for kind, item in value
            }
        begun = done | live
    return begun


@pytest.mark.parametrize(
    ("table", "column"), [("impossible.tsv", 1), ("organ_findings.tsv", 1), ("homes.tsv", 2)]
)
def test_tables_name_all_beginnings(table: str, column: int) -> None:
    lines = files("app").joinpath("proofreading/detectors", table).read_text("utf-8").splitlines()
    for line in (line for line in lines if not line.startswith("#")):
        cells = line.split("\t")
        named = tuple(cells[0].split("|"))
        begun = {text.strip() for text in _letters(parser.parse(cells[column], re.IGNORECASE), {""})}
        assert [
            one for one in begun if not one.startswith(named) and not any(n.startswith(one) for n in named)
        ] == [], cells[column]

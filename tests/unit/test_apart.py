"""Structures that lie far apart, are not joined, or lie the other way round; devices that never come near."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.detectors.organ_findings import table_lines
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

REPORT = "EXAM: Chest PA and lateral.\nFINDINGS: The trachea is midline. {}\nIMPRESSION: As above."
RULE = "impossible_anatomy.apart"


def flags(services: Services, sentence: str) -> set[str]:
    checked = check_report(SubmittedReport(REPORT.format(sentence), "apart"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(
    "sentence",
    [
        "The spleen touches the clavicle.",
        "The kidney lies beside the aortic arch.",
        "The gallbladder abuts the trachea.",
        "The scapula lies between the heart and the anterior sternum.",
        "The esophagus empties into the right atrium.",
        "The sternum lies behind the thoracic spine.",
        "The endotracheal tube is positioned over the bladder.",
        "The nasogastric tube descends the trachea and terminates in the gallbladder.",
    ],
)
def test_what_no_body_has_is_found(sentence: str, all_services: Services) -> None:
    assert any(rule.startswith("impossible_anatomy") for rule in flags(all_services, sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "The liver and clavicles are included.",
        "Images extend from the thoracic inlet to the liver.",
        "The gastric conduit reaches the thoracic inlet.",
        "The distance between the sternum and the thoracic spine is 9 cm.",
        "The azygos vein drains into the superior vena cava.",
        "The clavicle articulates with the scapula.",
        "The cervical spine is continuous with the thoracic spine.",
        "The heart lies behind the sternum.",
        "The descending aorta lies in front of the thoracic spine.",
        "The femoral venous cannula tip is at the level of the right atrium.",
        "The nasogastric tube runs through the esophagus into the stomach.",
        "The endotracheal tube ends at the level of the clavicles.",
    ],
)
def test_what_a_body_may_have_is_not(sentence: str, all_services: Services) -> None:
    assert RULE not in flags(all_services, sentence)


def test_each_place_lies_the_right_way_round() -> None:
    order = {"C": 0, "T": 7, "L": 19, "S": 24}
    rows = list(table_lines("structure_places.tsv"))
    assert len({row[0] for row in rows}) == len(rows)
    for _, top, low, front, back, _ in rows:
        assert order[top[0]] + int(top[1:]) <= order[low[0]] + int(low[1:])
        assert 0 <= float(front) <= float(back) <= 10

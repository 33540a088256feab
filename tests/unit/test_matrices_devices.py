"""Grids of devices told as there and as not there, and what is no contradiction: removal, exchange, another of its kind."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CHEST = "EXAM: Chest PA.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {} Small left effusion.\nIMPRESSION: {}"
GRIDS = (
    (
        (
            "ETT 4 cm above the carina.",
            "Orotracheal tube at the level of T3.",
            "The patient remains intubated.",
        ),
        (
            "No endotracheal tube.",
            "Self-extubated since the last film.",
            "ETT and NG tube removed.",
            "Not intubated.",
        ),
    ),
    (
        (
            "Enteric tube in place.",
            "The enteric tube is coiled in the stomach.",
            "A tube courses into the stomach.",
        ),
        ("No enteric tube.", "NG tube removed.", "NG tube not in situ.", "There is no feeding tube."),
    ),
    (
        (
            "Right subclavian line in place.",
            "A catheter ends in the superior vena cava.",
            "TPN line unchanged.",
        ),
        ("No central line.", "All central lines have been removed.", "Lines: none."),
    ),
    (
        ("Chest tube in place.", "A pleural drain lies at the base."),
        ("No chest tube.", "The right chest tube was pulled.", "Both chest drains gone.", "No drains."),
    ),
    (
        ("Cardiac pacemaker in place.", "Pacemaker unchanged."),
        ("No pacemaker.", "No pacing leads.", "Pacer d/c'd.", "The left pacemaker has been explanted."),
    ),
)


def rules(findings: str, impression: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(CHEST.format(findings, impression), "devices"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(("there", "gone"), [pair for grid in GRIDS for pair in product(*grid)])
def test_a_device_is_there_or_not(there: str, gone: str, all_services: Services) -> None:
    assert "negation.sections" in rules(there, gone, all_services)
    assert "negation.sections" in rules(gone, there, all_services)


@pytest.mark.parametrize(
    ("findings", "impression"),
    [
        ("No nasogastric tube. Weighted feeding tube in the stomach.", "Feeding tube in place."),
        ("NG tube out.", "OG tube in place."),
        ("The right chest tube is out, the left one stays.", "Left chest tube in place."),
        ("Right chest tube removed. Left chest tube unchanged.", "Chest tube in place."),
        ("The jugular line has been exchanged for a PICC.", "Central venous catheter in place."),
        ("Jugular line removed.", "New jugular line, no pneumothorax."),
        ("Port removed. Subclavian line in the SVC.", "Central venous catheter in place."),
        ("Temporary pacing wire withdrawn.", "Cardiac pacemaker in place."),
        (
            "ETT withdrawn since the prior film, its tip now 4 cm above the carina.",
            "Endotracheal tube in place.",
        ),
        ("The endotracheal tube is to be removed before chest tube removal.", "Endotracheal tube in place."),
        ("Intubated via tracheostomy.", "No endotracheal tube."),
        ("Lines: none. ETT in good position.", "Endotracheal tube in place."),
        ("One of two left chest tubes was removed.", "Left chest tube in place."),
    ],
)
def test_another_device_may_be_in_place(findings: str, impression: str, all_services: Services) -> None:
    assert not rules(findings, impression, all_services)
    assert not rules(impression, findings, all_services)


def test_a_line_may_be_no_picc(all_services: Services) -> None:
    assert not rules("A central line is in place.", "No PICC is seen.", all_services)
    assert rules("No PICC is seen.", "A central line is in place.", all_services)

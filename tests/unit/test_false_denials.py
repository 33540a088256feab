"""Denials of one side, of a device, of a kind, or of an earlier day; beside each the denial that contradicts."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

# (findings, impression) of a correct report, and of the one with an error
PAIRS = (
    (  # of the side that the sentence is about
        (
            "The left apex bears a calcified granuloma but no cavity. A 2 cm cavity in the right upper lobe.",
            "Right upper lobe cavity.",
        ),
        (
            "The left apex bears a calcified granuloma but no cavity. The heart is normal.",
            "Left apical cavity.",
        ),
    ),
    (
        (
            "The left lower ribs show sclerotic foci yet no fracture. Fracture of the right fourth rib.",
            "Right fourth rib fracture.",
        ),
        (
            "The left lower ribs show sclerotic foci yet no fracture. The heart is normal.",
            "Fracture of a left lower rib.",
        ),
    ),
    (  # what something is not
        (
            "The left basal density is a fat pad, not a nodule. A 9 mm nodule lies in the right upper lobe.",
            "Right upper lobe nodule.",
        ),
        ("The left basal density is a fat pad, not a nodule. The heart is normal.", "Left basal nodule."),
    ),
    (  # what is excepted
        (
            "No effusion on the left and a small one on the right. The heart is normal.",
            "Small right effusion.",
        ),
        (
            "No effusion on the left and a small one on the right. The heart is normal.",
            "Small left effusion.",
        ),
    ),
    (
        ("No effusion other than a trace on the right. The heart is normal.", "Trace right effusion."),
        ("No effusion other than a trace on the right. The heart is normal.", "Large left effusion."),
    ),
    (
        ("The bones are intact but for an old fracture of the left clavicle.", "Old left clavicle fracture."),
        ("The bones are intact. The heart is normal.", "Left clavicle fracture."),
    ),
    (  # what is old ends the denial of what is fresh
        ("Old healed fracture of the left clavicle.", "No acute finding, old left clavicle fracture."),
        ("Old granuloma of the left upper lobe.", "No mass, old granuloma or effusion."),
    ),
    (  # earlier
        ("Left lower lobe consolidation, not present in May.", "New left lower lobe consolidation."),
        ("Consolidation of the left lower lobe is not present.", "Left lower lobe consolidation."),
    ),
    (
        ("The shadow read yesterday as a left pneumothorax is a skin fold.", "No pneumothorax."),
        ("The left pneumothorax seen yesterday is larger.", "No pneumothorax."),
    ),
    (
        (
            "The right pneumothorax for which it was inserted is no longer seen.",
            "Right pneumothorax resolved.",
        ),
        ("The right pneumothorax for which it was inserted is no longer seen.", "Right pneumothorax."),
    ),
    (
        ("The right pneumothorax, for which a drain was placed, is no longer seen.", "No pneumothorax."),
        ("The right pneumothorax, for which a drain was placed, is unchanged.", "No pneumothorax."),
    ),
    (  # looked for
        ("No pneumothorax. The heart is normal.", "Repeat the film and keep watching for left pneumothorax."),
        ("No pneumothorax. The heart is normal.", "Left pneumothorax."),
    ),
    (  # wrong with a device, which is there
        ("Dual chamber pacemaker in place.", "No abnormality of the pacemaker leads."),
        ("Dual chamber pacemaker in place.", "No pacemaker is seen."),
    ),
    (
        ("Sternal wires in place without fracture. The heart is normal.", "Left fourth rib fracture."),
        ("Sternal wires in place. No fracture. The heart is normal.", "Left fourth rib fracture."),
    ),
    (  # not normal
        ("The right clavicle is not intact: a new midshaft break.", "Right clavicle fracture."),
        ("The right clavicle is intact. The heart is normal.", "Right clavicle fracture."),
    ),
    (
        ("Scalloping of the right hemidiaphragm is a normal variant.", "The diaphragm is normal."),
        ("Scalloping of the right hemidiaphragm is seen.", "The diaphragm is normal."),
    ),
    (  # a kind
        ("Fractures of the left fourth to sixth ribs. No flail segment.", "Left rib fractures."),
        ("Fractures of the left fourth to sixth ribs with a flail segment.", "No flail segment."),
    ),
    (  # not in the lungs
        ("Skin nodules overlie both lungs. The heart is normal.", "No pulmonary lesion."),
        ("Nodules in both lungs. The heart is normal.", "No pulmonary lesion."),
    ),
    (
        ("A 4 cm extrapleural mass at the left fifth rib. The lungs are clear.", "Extrapleural mass."),
        ("A 4 cm mass of the left lung. The lungs are clear.", "Lung mass."),
    ),
)


def _flagged(told: tuple[str, str], services: Services) -> bool:
    text = f"INDICATION: Cough.\nFINDINGS: {told[0]}\nIMPRESSION: {told[1]}"
    checked = check_report(SubmittedReport(text, "denial"), services)
    return any(error.tier is not Tier.LOW for error in checked.errors)


@pytest.mark.parametrize("correct", [correct for correct, _ in PAIRS])
def test_a_denial_of_something_else_is_no_contradiction(
    correct: tuple[str, str], all_services: Services
) -> None:
    assert not _flagged(correct, all_services)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in PAIRS])
def test_the_denial_of_it_is(wrong: tuple[str, str], all_services: Services) -> None:
    assert _flagged(wrong, all_services)

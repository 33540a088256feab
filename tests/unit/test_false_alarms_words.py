"""More correct reports that were once flagged, and beside each the error that still is: words of other meanings."""

import pytest

from app.services import Services
from tests.unit.test_false_alarms import flagged


def _report(findings: str, impression: str) -> str:
    return f"EXAM: Chest PA and lateral.\nFINDINGS: {findings}\nIMPRESSION: {impression}"


# (correct, the same with an error)
PAIRS = (
    (  # what a size has changed from
        ("The nodule has grown from 6 to 9 mm.", "Nodule, now 9 mm."),
        ("The nodule has grown from 6 to 9 mm.", "Nodule of 6 mm."),
    ),
    (  # and by
        ("The arch is aneurysmal and has enlarged by 8 mm.", "Growing aneurysm of the arch."),
        ("The aneurysm of the arch measures 8 mm.", "Aneurysm of the arch."),
    ),
    (  # a place that is not reached
        ("The tube ends in the distal esophagus, short of the stomach.", "Tube in the distal esophagus."),
        ("The enteric tube ends in the stomach.", "The enteric tube ends in the esophagus."),
    ),
    (  # drawn back, and out
        ("The left chest tube has been withdrawn by 3 cm. No pneumothorax.", "Left chest tube in place."),
        ("The left chest tube has been withdrawn. No pneumothorax.", "Left chest tube in place."),
    ),
    (  # what was removed
        (
            "Streaky atelectasis persists at the left base.",
            "Residual left basal atelectasis after removal of all her tubes.",
        ),
        ("Streaky atelectasis persists at the left base.", "No atelectasis after removal of all her tubes."),
    ),
    (  # kinds of pacemakers
        (
            "A leadless pacemaker lies over the right ventricle. The temporary wire is out.",
            "Leadless pacemaker in place, transvenous wire removed.",
        ),
        ("A pacemaker lies over the left chest.", "The pacemaker has been removed."),
    ),
    (  # what is left, of what became less
        ("The left effusion has decreased. A small effusion remains.", "Small left effusion."),
        ("The left effusion has decreased. The heart is normal.", "Unchanged left effusion."),
    ),
    (  # gone is what follows
        ("A small left effusion.", "Small left effusion, resolved pneumothorax."),
        ("A small left effusion.", "Left effusion, resolved."),
    ),
    (  # both bases, one worse
        ("Bibasilar atelectasis, worse on the left.", "Stable right and worse left basal atelectasis."),
        ("Atelectasis of the left base.", "Stable right basal atelectasis."),
    ),
    (  # the side that opens the sentence
        (
            "Right upper lobe opacity. Left lung: a small consolidation in the mid zone.",
            "Left mid zone consolidation.",
        ),
        (
            "Left lung: clear. Right lung: a small consolidation in the mid zone.",
            "Left mid zone consolidation.",
        ),
    ),
    (  # the side alone
        ("The right effusion is large; the left one is small.", "Large right effusion. Small left effusion."),
        ("The right effusion is large; the heart is small.", "Large right effusion. Small left effusion."),
    ),
    (  # several things, of several courses
        (
            "Two nodules of the right lung: 5 mm upper lobe (stable), 9 mm lower lobe (before 6 mm).",
            "Growing right lower lobe nodule.",
        ),
        (
            "Nodules of the right upper lobe and right lower lobe are stable.",
            "Growing right lung nodules.",
        ),
    ),
    (  # parts of the mediastinum
        (
            "A goitre deviates the trachea to the left. The lower mediastinum is midline.",
            "Goitre with tracheal deviation.",
        ),
        ("The mediastinum is midline.", "Mediastinal shift to the left."),
    ),
    (  # the heart and its vessels
        (
            "The heart is normal in size. The pulmonary arteries are massively enlarged.",
            "Massively enlarged pulmonary arteries.",
        ),
        ("The heart is normal in size. The lungs are clear.", "Massive cardiomegaly."),
    ),
    (  # a shadow read as blood
        ("Haze over the left hemithorax, in keeping with blood. Ribs intact.", "Left hemothorax."),
        ("Haze over the left lower lobe. Ribs intact. The heart is normal.", "Left hemothorax."),
    ),
    (  # a wide mediastinum by position
        (
            "The right paratracheal stripe is normal. The mediastinum is wide because of rotation.",
            "No adenopathy.",
        ),
        ("The right paratracheal stripe is normal. The heart is normal.", "Widened mediastinum."),
    ),
    (  # a heart shifted by the shape of the chest
        ("Pectus excavatum with the heart shifted to the left.", "No acute abnormality."),
        ("Marked shift of the mediastinum to the left.", "No acute abnormality."),
    ),
    (  # the roots of the nerves
        ("A paravertebral mass widens the neural foramen at T6.", "Neurogenic tumor."),
        ("The lungs are clear. Narrowing of the neural foramina.", "No acute disease."),
    ),
    (  # meniscus and tram lines
        (
            "A right meniscus of small volume. Tram-line and ring shadows of the left lower lobe.",
            "Small right effusion. Left lower lobe bronchiectasis.",
        ),
        ("A right meniscus of small volume. The lungs are clear.", "No right effusion."),
    ),
    (  # no fluid in a thickened fissure
        ("The minor fissure is thickened. No fluid in the fissure.", "Thickened minor fissure."),
        ("No thickening of the minor fissure.", "Thickened minor fissure."),
    ),
)

PLAIN = tuple(
    f"{words} {told}."
    for words in ("No cavity", "The cuff", "No tissue", "The tubercle", "A leaf")
    for told in ("is seen", "is present", "was noted")
)


@pytest.mark.parametrize("correct", [correct for correct, _ in PAIRS])
def test_a_correct_report_is_not_flagged(correct: tuple[str, str], all_services: Services) -> None:
    assert not flagged(_report(*correct), all_services)


@pytest.mark.parametrize("wrong", [wrong for _, wrong in PAIRS])
def test_the_error_beside_it_is(wrong: tuple[str, str], all_services: Services) -> None:
    assert flagged(_report(*wrong), all_services)


@pytest.mark.parametrize("sentence", PLAIN)
def test_plain_words_are_no_term_in_pieces(sentence: str, all_services: Services) -> None:
    report = _report(f"The lungs are clear. {sentence}", "Normal chest.")
    assert not {rule for rule in flagged(report, all_services) if rule.startswith("terminology")}


def test_a_cap_is_no_command_unless_it_is_one(all_services: Services) -> None:
    rule = "template_artifact.voice_command"
    assert rule not in flagged(_report("A pleural cap on the left.", "Left apical cap."), all_services)
    assert rule in flagged(_report("The lungs are clear. Caps on no effusion.", "Clear."), all_services)

"""Matrices of misheard words, leftovers and orders, each with correct statements beside it."""

import pytest

from app.proofreading.check import check_report
from app.proofreading.phones import joined, readings
from app.proofreading.report import Context, SubmittedReport
from app.services import Services, build_services
from app.settings import Settings

_REPORT = "EXAM: Chest PA and lateral.\nFINDINGS: The trachea is midline. {}\nIMPRESSION: As above."


@pytest.fixture(scope="module")
def services() -> Services:
    """Services without an archive."""
    return build_services(Settings(references_k=0))


def _flags(text: str, services: Services, procedure: str | None = None) -> set[str]:
    found = check_report(SubmittedReport(text, "1", Context(procedure=procedure)), services=services)
    return {error.candidate.rule for error in found.errors if error.tier.value != "low"}


@pytest.mark.parametrize(
    ("heard", "term"),
    [
        ("sky lee oh sis", "scoliosis"),
        ("lob eck to me", "lobectomy"),
        ("brawn kite us", "bronchitis"),
        ("coal a sis tech to me", "cholecystectomy"),
        ("em fizz ema", "emphysema"),
    ],
)
def test_what_sounds_alike_has_nearly_the_same_signs(heard: str, term: str) -> None:
    """Letters do not matter, sounds do."""
    signs = joined(tuple(heard.split()))
    assert any(abs(len(signs) - len(sound)) <= 2 and signs[:2] == sound[:2] for sound in readings(term))


@pytest.mark.parametrize(
    "sentence",
    [
        "Mild scully oh sis of the spine.",
        "Status post left neff reck to me.",
        "Chronic brawn kite us is suspected.",
        "Bilateral chist tubes are in place.",
        "The monitoring beads are unchanged.",
        "Small plural effusion on the left.",
        "Ground grass opacity at the base.",
    ],
)
def test_misheard_words_are_found(sentence: str, services: Services) -> None:
    """Several words for a long term, a word that no report has beside its neighbour, known mishearings."""
    assert any(rule.startswith("terminology") for rule in _flags(_REPORT.format(sentence), services))


@pytest.mark.parametrize(
    "sentence",
    [
        "The patient is a coal miner with simple silicosis.",
        "There is a paucity of bowel gas in the upper abdomen.",
        "Old fracture right in the middle of the clavicle.",
        "Degenerate disc disease of the thoracic spine.",
        "A follow-up was carried out in January.",
        "The sheath is projecting over the atrium, and a mitral clip is seen.",
        "The articular pillar mass is unchanged.",
        "The Hickman line and the Dobhoff tube are unchanged.",
        "The known calcified granuloma is unchanged.",
        "Opacity is seen at the base; density is normal.",
        "The bronchial branches are patent.",
    ],
)
def test_right_words_stay(sentence: str, services: Services) -> None:
    """Rare words, names and British forms."""
    assert not {rule for rule in _flags(_REPORT.format(sentence), services) if rule.startswith("terminology")}


@pytest.mark.parametrize(
    "sentence",
    [
        "There is a rounded density projecting over the",
        "No effusion, pneumothorax or pleural",
        "A follow-up CT is advised in 6",
        "The bony thorax is unremark",
        "The catheter tip is in {SVC:123}.",
        "The lungs are [clear|opacified at the base|other].",
        "Effusion: mild / moderate / severe.",
        "Typist please leave two lines.",
        "Number one clear lungs number two normal heart.",
        "Findings colon the lungs are clear.",
        "There is no there is no pneumothorax.",
        "Nodule measuring XX mm in the left base.",
        "Cardiomegaly (if applicable).",
    ],
)
def test_leftovers_are_found(sentence: str, services: Services) -> None:
    """By their form, whatever their words."""
    assert any(rule.startswith("template_artifact") for rule in _flags(_REPORT.format(sentence), services))


@pytest.mark.parametrize(
    "sentence",
    [
        "Small, moderate or large effusions are not seen.",
        "Mild/moderate cardiomegaly.",
        "The mediastinum is shifted to the left.",
        "The line was pulled back (see above).",
        "Heart size: normal",
        "No pneumothorax",
        "CT chest/abdomen/pelvis is advised if symptoms persist.",
        "The lead is checked with each visit.",
        "Vertebrae T5, T6 and T7 are intact.",
        "Findings discussed with the referring physician at 10:32.",
        "History of colon cancer. No metastasis.",
    ],
)
def test_prose_is_no_leftover(sentence: str, services: Services) -> None:
    """What reports do say."""
    assert not {
        rule for rule in _flags(_REPORT.format(sentence), services) if rule.startswith("template_artifact")
    }


_FILM = "EXAM: {}\nTECHNIQUE: {}\nFINDINGS: The lungs are clear. {}\nIMPRESSION: No acute disease."


@pytest.mark.parametrize(
    ("ordered", "technique", "finding"),
    [
        ("Chest 2 views", "A single portable AP view.", ""),
        ("XR chest 1 view", "PA and lateral views.", ""),
        ("Chest x-ray erect PA", "Supine AP film.", ""),
        ("XR lumbar spine 2 views", "AP and lateral views of the cervical spine.", ""),
        ("Chest PA and lateral", "Color Doppler sonography of the chest.", ""),
        ("Chest PA and lateral", "CT-guided biopsy.", ""),
        ("Chest PA and lateral", "", "The radial head is fractured."),
        ("Portable chest", "", "The suprapatellar recess is distended."),
        ("Chest 2 views", "", "The ejection fraction is 60 percent."),
    ],
)
def test_another_study_is_found(ordered: str, technique: str, finding: str, services: Services) -> None:
    """What only another study shows, or another number of views."""
    rules = _flags(_FILM.format(ordered, technique, finding), services, ordered)
    assert rules & {"order.views", "order.title", "order.study", "template_artifact.foreign"}


@pytest.mark.parametrize(
    ("ordered", "technique", "finding"),
    [
        ("Chest 2 views", "Frontal and lateral views.", "The upper abdomen and shoulders are unremarkable."),
        ("Portable chest", "AP view; no lateral view was obtained.", ""),
        ("Chest PA and lateral", "PA and lateral views.", "CT is recommended for further evaluation."),
        ("XR ribs right with PA chest", "PA chest and two oblique views of the right ribs.", ""),
        ("Chest 2 views", "PA and lateral. Comparison is made with a single portable film.", ""),
        ("XR chest 1 view", "Supine portable AP view.", "A femoral catheter ends in the inferior vena cava."),
        ("Chest PA and lateral", "", "Small effusion with a meniscus."),
        ("Portable chest", "", "The right upper extremity PICC ends at the cavoatrial junction."),
        ("Chest PA and lateral", "", "A biliary stent projects over the common bile duct."),
    ],
)
def test_fitting_studies_stay(ordered: str, technique: str, finding: str, services: Services) -> None:
    """Limits of the technique, comparisons, advice, and what a chest film does show."""
    rules = _flags(_FILM.format(ordered, technique, finding), services, ordered)
    assert not rules & {"order.views", "order.title", "order.study", "template_artifact.foreign"}

"""Lung, pleura, heart and mediastinum: what is told in one section against what denies it in the other."""

from itertools import product

import pytest

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport, Tier
from app.services import Services

CHEST = (
    "EXAM: Chest PA and lateral.\nCOMPARISON: Chest radiograph of last year.\nFINDINGS: {}\nIMPRESSION: {}"
)
LARGE_HEART = (
    "The heart is enlarged.",
    "Water bottle heart.",
    "Cardiac silhouette is widened.",
    "The heart exceeds normal size.",
)
SMALL_HEART = (
    "Small heart.",
    "The heart does not appear enlarged.",
    "No enlargement of the cardiac silhouette.",
    "Heart size has returned to normal.",
    "CTR less than 0.5.",
)
FILLED = (
    "Small right apical pneumothorax.",
    "Right pneumothorax.",
    "Apical air on the right.",
)
FULL = (
    "Lung markings extend to the chest wall.",
    "Both lungs are inflated to the chest wall.",
    "The right lung has fully re-expanded.",
    "No residual pneumothorax.",
    "The previously seen right pneumothorax has resolved.",
)
BULKY = (
    "The hila are bulky.",
    "Lumpy hila.",
    "Abnormal right hilum.",
    "Hilar enlargement.",
    "Bilateral hilar adenopathy.",
)
SLIM = (
    "No hilar abnormality.",
    "Normal hilar and mediastinal contours.",
    "No abnormal hilar fullness.",
    "The hila are concave.",
)
WIDE = (
    "The mediastinum is abnormally broad.",
    "Thickened right paratracheal stripe.",
    "Mediastinal hematoma.",
)
NARROW = (
    "The superior mediastinum is narrow.",
    "The mediastinum does not appear widened.",
    "Normal mediastinal contours.",
)
WET = ("The lungs are wet.", "Pulmonary edema has developed.", "Interstitial and alveolar fluid.")
DRY = (
    "The lungs are dry.",
    "No congestive heart failure.",
    "The edema seen previously is no longer present.",
    "No interstitial fluid.",
)
PNEUMONIA = ("Right lower lobe pneumonia.", "Opacity of the right lower lobe, suspicious for pneumonia.")
NO_CONSOLIDATION = ("No consolidation.", "No airspace disease.", "Nothing focal in the lungs.")
LESION = (
    "A 14 mm nodule in the left upper lobe.",
    "Spiculated nodule in the left upper lobe.",
    "Lobulated mass in the left upper lobe.",
)
NO_LESION = ("No lung lesion.", "No suspicious nodule or mass.")
NODES = ("Subcarinal lymph node enlargement.", "Matted nodes in the mediastinum.", "Mediastinal LAD.")
NO_NODES = ("No adenopathy.", "Lymphadenopathy has completely regressed.", "No enlarged nodes.")
FLUID = (
    "Meniscus at the right base.",
    "Small right effusion.",
    "Right pleural opacity consistent with fluid.",
)
NO_FLUID = ("The angles are sharp.", "The pleural spaces are dry.", "No blunting of the costophrenic angles.")
CONTRADICTING = [
    (LARGE_HEART, SMALL_HEART),
    (FILLED, FULL),
    (BULKY, SLIM),
    (WIDE, NARROW),
    (WET, DRY),
    (PNEUMONIA, NO_CONSOLIDATION),
    (LESION, NO_LESION),
    (NODES, NO_NODES),
    (FLUID, NO_FLUID),
]
CORRECT = (
    (
        "The prior left pneumonia has cleared. New right upper lobe consolidation.",
        "New right upper lobe pneumonia.",
    ),
    ("Left pneumothorax has resolved. Small right apical pneumothorax.", "Small right pneumothorax."),
    (
        "The nodule described previously is gone. Another nodule in the left lower lobe.",
        "Left lower lobe nodule.",
    ),
    ("No lung mass. Anterior mediastinal mass.", "Mediastinal mass, CT recommended."),
    ("No lung lesion. Pleural mass on the left.", "Pleural mass."),
    ("No axillary adenopathy. Enlarged mediastinal nodes.", "Mediastinal adenopathy."),
    ("Kerley lines without alveolar edema.", "Mild interstitial edema."),
    ("Left rib fractures without associated pneumothorax.", "Known small right pneumothorax is unchanged."),
    ("Lung markings extend to the chest wall on the right.", "Left pneumothorax."),
    ("Costophrenic angles are sharp.", "Trace effusion on the lateral view."),
    ("The left lower lobe has re-expanded.", "Right lower lobe atelectasis."),
    ("No suspicious nodule. 3 mm calcified granuloma.", "Granuloma."),
    ("Right upper lobe consolidation, probably radiation change.", "Radiation change. No pneumonia."),
    ("Conglomerate masses of silicosis.", "Silicosis. No radiographic sign of tumor."),
    ("The mediastinum is not widened. The trachea is displaced by a goiter.", "Goiter."),
    ("No acute cardiac abnormality. Cardiomegaly.", "Cardiomegaly."),
    ("No overt edema.", "Mild interstitial edema."),
    ("The left base is clear. Right basilar consolidation.", "Right basilar pneumonia."),
    ("Well expanded lungs.", "Small left apical pneumothorax."),
)
LEFT_OUT = (
    "Large anterior mediastinal mass.",
    "Possible tiny pneumothorax, an upright expiratory film is recommended.",
    "Opacity at the right base, suspicious for pneumonia.",
    "Spiculated nodule in the right upper lobe.",
)
RIGHTLY_LEFT_OUT = (
    "Calcified mass in the left upper lobe.",
    "A 4 mm nodule is unchanged.",
    "Opacity at the left base, favor atelectasis over pneumonia.",
    "Right upper lobe mass, stable since 2015.",
    "Known treated lung cancer.",
)


def rules(text: str, services: Services) -> set[str]:
    checked = check_report(SubmittedReport(text, "matrix"), services)
    return {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}


@pytest.mark.parametrize(("told", "denied"), CONTRADICTING)
def test_what_is_told_contradicts_each_denial(
    told: tuple[str, ...], denied: tuple[str, ...], all_services: Services
) -> None:
    for one, other in product(told, denied):
        found = rules(CHEST.format(one, other), all_services)
        assert any(rule.startswith("negation") for rule in found), (one, other)


@pytest.mark.parametrize("group", [group for pair in CONTRADICTING for group in pair])
def test_what_says_the_same_is_no_contradiction(group: tuple[str, ...], all_services: Services) -> None:
    for one, other in product(group, group):
        found = rules(CHEST.format(one, other), all_services)
        assert not any(rule.startswith("negation") for rule in found), (one, other)


@pytest.mark.parametrize(("findings", "impression"), CORRECT)
def test_other_places_kinds_and_times_are_no_contradiction(
    findings: str, impression: str, all_services: Services
) -> None:
    found = rules(CHEST.format(findings, impression), all_services)
    assert not any(rule.startswith("negation") for rule in found)


@pytest.mark.parametrize("told", LEFT_OUT)
def test_what_needs_follow_up_is_not_left_out(told: str, all_services: Services) -> None:
    text = CHEST.format(told, "No acute cardiopulmonary abnormality.")
    assert "omitted.blanket_denial" in rules(text, all_services)


@pytest.mark.parametrize("told", RIGHTLY_LEFT_OUT)
def test_what_is_old_or_harmless_may_be_left_out(told: str, all_services: Services) -> None:
    text = CHEST.format(told, "No acute cardiopulmonary abnormality.")
    assert not rules(text, all_services)


@pytest.mark.parametrize(
    ("concluded", "unsupported"),
    [
        ("Interstitial edema.", True),
        ("Findings suspicious for bronchopneumonia at the right base.", True),
        ("Pneumonia is possible.", False),
        ("Pneumonia versus atelectasis.", False),
    ],
)
def test_a_firm_reading_needs_ground(concluded: str, unsupported: bool, all_services: Services) -> None:
    told = "The heart is normal in size. The trachea is midline. The bones are intact."
    found = rules(CHEST.format(told, concluded), all_services)
    assert any(rule.startswith("unsupported") for rule in found) is unsupported

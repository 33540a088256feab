"""Contradictions between whole sections, titles and bodies, and words that cannot be."""

import pytest
from tests_support import errors_of

from app.proofreading.report import Tier

FILM = "EXAM: Chest radiograph, two views.\n"
PORTABLE = "EXAM: Portable chest, single AP view.\n"
CT = "EXAM: CT chest without contrast.\n"


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        # sides of whole sections
        (
            (
                "FINDINGS: Blunting on the left with a fluid meniscus. The right recess is sharp.\n"
                "IMPRESSION: Small right effusion."
            ),
            {"laterality"},
        ),
        (
            (
                "FINDINGS: Blunting on the left with a fluid meniscus. The right recess is sharp.\n"
                "IMPRESSION: Small left effusion."
            ),
            set(),
        ),
        (
            "FINDINGS: The pacer lies in the left pectoral region. No pneumothorax.\nIMPRESSION: New right chest pacemaker.",
            {"laterality"},
        ),
        (
            "FINDINGS: Right infiltrate. Retrocardiac opacities.\nIMPRESSION: Right infiltrate, left atelectasis.",
            set(),  # what is told without a side may lie there
        ),
        ("INDICATION: Left chest pain.\nIMPRESSION: Calcified granuloma in the right lung.", set()),
        # levels of whole sections
        (
            (
                "FINDINGS: 24 mm nodule in the superior segment of the right lower lobe. The left lung is clear.\n"
                "IMPRESSION: Suspected cancer of the right upper lobe."
            ),
            {"location"},
        ),
        (
            (
                "FINDINGS: Opacity behind the heart hides the left hemidiaphragm. Left upper lobe hyperinflated.\n"
                "IMPRESSION: Left lower lobe collapse."
            ),
            set(),
        ),
        # directions of whole sections
        (
            (
                "FINDINGS: The right basal shadowing is now less extensive. The left lung is clear.\n"
                "IMPRESSION: Worsening right basal consolidation."
            ),
            {"interval_change"},
        ),
        ("FINDINGS: Effusion has decreased. Edema has increased.\nIMPRESSION: Worsening edema.", set()),
        (
            "FINDINGS: Hematoma of 3.9 x 2.8 cm, earlier 2.6 x 1.9 cm.\nIMPRESSION: Interval decrease of the hematoma.",
            {"interval_change"},
        ),
        (
            "COMPARISON: None.\nFINDINGS: The effusion is smaller than before. The heart is normal.",
            {"interval_change"},
        ),
        (
            "COMPARISON: CT from May.\nFINDINGS: The effusion is smaller than before. The heart is normal.",
            set(),
        ),
        # the study's own title
        (
            FILM + "FINDINGS: The lungs are clear. The pulmonary arteries are opacified by contrast.",
            {"order"},
        ),
        (
            PORTABLE + "FINDINGS: The lateral view shows opacity over the spine. The heart is normal.",
            {"order"},
        ),
        (FILM + "FINDINGS: The lateral view shows opacity over the spine. The heart is normal.", set()),
        (CT + "FINDINGS: 4 mm nodule. No filling defect in the opacified pulmonary arteries.", {"order"}),
        ("EXAM: MRI left shoulder.\nFINDINGS: Cuff tear. No fracture on this ultrasound.", {"order"}),
        ("INDICATION: Abnormal chest x-ray.\nCT CHEST\nNodule with fat (minus 62 HU).", set()),
        # words that cannot be
        ("FINDINGS: Both spleens are normal. No effusion.", {"impossible_anatomy"}),
        ("FINDINGS: Both heart and lungs are normal. No effusion.", set()),
        ("FINDINGS: 2 cm cyst in segment 11 of the liver. No effusion.", {"impossible_anatomy"}),
        ("FINDINGS: The L4-S1 disc is preserved. No effusion.", {"impossible_anatomy"}),
        ("FINDINGS: The L5-S1 disc is preserved. Degenerative L3-L5 discs.", set()),
        ("FINDINGS: Prior cholecystectomy. The gallbladder is normal.", {"impossible_anatomy"}),
        ("FINDINGS: The gallbladder is normal. No need for cholecystectomy.", set()),
        # digits
        ("FINDINGS: A 27 x 24 mm nodule.\nIMPRESSION: 72 mm nodule.", {"measurement"}),
        ("FINDINGS: A 27 x 24 mm nodule.\nIMPRESSION: 27 mm nodule.", set()),
        ("FINDINGS: Nodule of 27 mm, another of 72 mm.\nIMPRESSION: 72 mm nodule.", set()),
        # leftovers
        ("FINDINGS: Opacification is good/moderate/poor. No effusion.", {"template_artifact"}),
        ("FINDINGS: The adrenals are .nladrenal today. No effusion.", {"template_artifact"}),
        ("FINDINGS: Mild/moderate edema. No effusion.", set()),
        # what an impression leaves out, or brings along
        (
            "FINDINGS: A 2.8 cm irregular nodule in the left upper lobe.\nIMPRESSION: No acute disease.",
            {"omitted"},
        ),
        ("FINDINGS: A stable 2.8 cm nodule in the left upper lobe.\nIMPRESSION: No acute disease.", set()),
        (
            "The lungs are clear. The heart is normal. The spine is normal.\nIMPRESSION: Small left pneumothorax.",
            {"unsupported"},
        ),
        # findings without a heading
        (
            "INDICATION: CHF. Massive right effusion. Left lung clear.\nIMPRESSION: Trace right effusion.",
            {"severity"},
        ),
        ("FINDINGS: 0th rib. Ribs are normal.", set()),
    ],
)
def test_flags(check, text: str, rules: set[str]) -> None:  # type: ignore[no-untyped-def]
    checked = check(text)
    found = {error.candidate.rule.partition(".")[0] for error in checked.errors if error.tier is not Tier.LOW}
    assert found == rules, errors_of(checked)

"""Each error type on invented reports: what is flagged, why, and what stays quiet."""

import pytest
from tests_support import errors_of

from app.proofreading.correct import apply_edits
from app.proofreading.report import CheckedReport, EvidenceKind, ReportError, Tier


def one(checked: CheckedReport, kind: str) -> ReportError:
    matching = [error for error in checked.errors if error.candidate.type == kind]
    assert len(matching) == 1, errors_of(checked)
    return matching[0]


def quotes(checked: CheckedReport, error: ReportError) -> list[str]:
    text = checked.report.text
    return [e.span.of(text) for e in error.candidate.evidence if e.kind is EvidenceKind.TEXT and e.span]


def offered(checked: CheckedReport, error: ReportError) -> list[str]:
    """The text after each fix that the error offers."""
    return [apply_edits(checked.report.text, (fix,)) for fix in error.candidate.fixes]


def test_tutorial_example_leg_for_lung(check) -> None:  # type: ignore[no-untyped-def]
    checked = check(
        "FINDINGS:\nPossible right pleural effusion.\nThere is atelectasis at the right upper lung.\n\n"
        "IMPRESSION:\nMore atelectasis at the right lower leg than previous radiograph."
    )
    error = one(checked, "impossible_anatomy")
    assert error.quote == "lower leg"
    assert error.tier is Tier.HIGH
    told = "atelectasis at the right upper lung than previous"
    assert any(told in text for text in offered(checked, error))
    assert any(evidence.kind is EvidenceKind.GRAPH_PATH for evidence in error.candidate.evidence)


def test_consolidation_left_pneumonia_right(check) -> None:  # type: ignore[no-untyped-def]
    checked = check(
        "FINDINGS: There is left lower lobe consolidation.\nIMPRESSION: Right lower lobe pneumonia."
    )
    error = one(checked, "laterality_mismatch")
    assert quotes(checked, error) == [
        "There is left lower lobe consolidation.",
        "Right lower lobe pneumonia.",
    ]
    assert offered(checked, error) == [
        "FINDINGS: There is left lower lobe consolidation.\nIMPRESSION: Left lower lobe pneumonia.",
        "FINDINGS: There is right lower lobe consolidation.\nIMPRESSION: Right lower lobe pneumonia.",
    ]
    assert checked.corrected_text == checked.report.text  # only a person knows which side is right


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("FINDINGS: Rib fractures. Thoracic spine without fracture.", 0),
        ("FINDINGS: Clavicle fracture. No fracture of the thoracic spine.", 0),
        ("FINDINGS: Rib fractures. No fracture of the ribs.", 1),
        ("FINDINGS: Rib fractures.\nIMPRESSION: No fracture.", 1),
    ],
)
def test_a_broken_rib_is_no_broken_spine(check, text: str, flags: int) -> None:  # type: ignore[no-untyped-def]
    assert len(check(text).errors) == flags


def test_denied_and_described_effusion(check) -> None:  # type: ignore[no-untyped-def]
    checked = check("FINDINGS: No pleural effusion.\nIMPRESSION: Small bilateral pleural effusions.")
    error = one(checked, "negation_contradiction")
    assert quotes(checked, error) == ["No pleural effusion.", "Small bilateral pleural effusions."]
    assert offered(checked, error) == [
        "FINDINGS: Small bilateral pleural effusions.\nIMPRESSION: Small bilateral pleural effusions.",
        "FINDINGS: No pleural effusion.\nIMPRESSION: No small bilateral pleural effusions.",
    ]


def test_the_rest_of_the_report_decides_what_is_right(check) -> None:  # type: ignore[no-untyped-def]
    text = (
        "FINDINGS: No pleural effusion. Heart is normal. No effusion is seen.\n"
        "IMPRESSION: Left pleural effusion. No nodule."
    )
    checked = check(text)
    error = one(checked, "negation_contradiction")
    assert {fix.replacement for fix in error.candidate.fixes} == {"", "No left pleural effusion"}
    assert all("FINDINGS: No pleural effusion. Heart" in told for told in offered(checked, error))


@pytest.mark.parametrize(
    ("text", "kind", "quote", "fixed"),
    [
        (
            "FINDINGS: 1.2 cm nodule in the right upper lobe.\nIMPRESSION: Left upper lobe nodule.",
            "laterality_mismatch", "Left", "Right upper lobe nodule",
        ),
        (
            "FINDINGS: The heart is normal in size. Moderate left pleural effusion.\nIMPRESSION: No acute disease.",
            "omitted_finding", None, "IMPRESSION: Moderate left pleural effusion.",
        ),
        (
            "FINDINGS: Heart size is normal. Lungs are clear. No pleural effusion.\nIMPRESSION: Left lower lobe pneumonia.",
            "unsupported_finding", "Left lower lobe pneumonia", None,
        ),
        (
            "FINDINGS: Right upper lobe consolidation.\nIMPRESSION: Right lower lobe pneumonia.",
            "location_mismatch", "lower lobe", "Right upper lobe pneumonia",
        ),
        ("FINDINGS: Opacity in the left middle lobe.", "impossible_anatomy", "left middle lobe", "right middle lobe"),
        ("FINDINGS: There is a small plural effusion.", "terminology", "plural", "small pleural effusion"),
        ("FINDINGS: No pneumonia thorax.", "terminology", "pneumonia thorax", "No pneumothorax"),
        ("FINDINGS: Mild cardiomegally.", "terminology", "cardiomegally", "Mild cardiomegaly"),
        ("FINDINGS: 8 cm calcified granuloma in the left lung.", "measurement", "8 cm", "8 mm calcified"),
        (
            "FINDINGS: 9 mm nodule in the left lower lobe.\nIMPRESSION: 19 mm left lower lobe nodule.",
            "measurement", "19 mm", "IMPRESSION: 9 mm left",
        ),
        (
            "FINDINGS: Small right pleural effusion.\nIMPRESSION: Large right pleural effusion.",
            "severity_mismatch", "Large", "IMPRESSION: Small right",
        ),
        (
            "FINDINGS: Right pleural effusion has increased.\nIMPRESSION: Decreased right pleural effusion.",
            "interval_change_mismatch", "Decreased", None,
        ),
        (
            "INDICATION: 45-year-old male.\nFINDINGS: The uterus is unremarkable.",
            "demographic_mismatch", "uterus", None,
        ),
        ("FINDINGS: The [side] lung is clear.", "template_artifact", "[side]", None),
        ("FINDINGS: There is no effusion effusion.", "template_artifact", "effusion effusion", "There is no effusion"),
        (
            "FINDINGS: Elevated left hemidiaphragm. Lungs are clear.\nIMPRESSION: Elevated right hemidiaphragm.",
            "laterality_mismatch", "right", "IMPRESSION: Elevated left",
        ),
        (
            ("FINDINGS: Opacity in the left base may represent atelectasis versus scar.\n"
            "IMPRESSION: Atelectasis or scar at the right base."),
            "laterality_mismatch", "at the right", "at the left base",
        ),
        (
            "FINDINGS: Lungs are clear. Heart size is normal. No effusion.\nIMPRESSION: Displaced right rib fracture.",
            "unsupported_finding", "Displaced right rib fracture", None,
        ),
        (
            "FINDINGS: Interstitial opacities consistent with edema. Heart is enlarged.\nIMPRESSION: No acute disease.",
            "omitted_finding", "acute disease", None,
        ),
        (
            "FINDINGS: Mild opacity in the left base. No effusion.\nIMPRESSION: Severe left basilar atelectasis.",
            "severity_mismatch", "Severe", "IMPRESSION: Mild left",
        ),
        ("FINDINGS: Lungs are clear. Fracture of the 15th rib.", "impossible_anatomy", "15th rib", None),
        ("FINDINGS: Lungs are clear. Wedging of T14.", "impossible_anatomy", "T14", "FINDINGS: Lungs are clear."),
        ("FINDINGS: Lungs are clear. Atelectasis of the left kidney.", "impossible_anatomy", "kidney", None),
        (
            "FINDINGS: Lungs are clear. The endotracheal tube tip is in the bladder.",
            "impossible_anatomy",
            "bladder",
            "FINDINGS: Lungs are clear.",
        ),
        (
            "FINDINGS: Heart size is normal. The cardiothoracic ratio is 0.72.",
            "measurement",
            "0.72",
            "FINDINGS: Heart size is normal.",
        ),
        ("FINDINGS: Small 3 m nodule in the right lung.", "measurement", "3 m", "Small 3 mm nodule"),
        ("FINDINGS: Mild cardiomegaly. Lungs are clear. Severe cardiomegaly.", "severity_mismatch", None, None),
        (
            "COMPARISON: None.\nFINDINGS: Lungs are clear. Unchanged since the prior study.",
            "interval_change_mismatch",
            None,
            "FINDINGS: Lungs are clear.",
        ),
        ("INDICATION: 70-year-old man.\nFINDINGS: The patient is an infant.", "demographic_mismatch", "infant", None),
        ("FINDINGS: The heart is [normal].", "template_artifact", "[normal]", None),
        ("FINDINGS: There is no new motor axe or pleural effusion.", "terminology", "new motor axe", "no pneumothorax or"),
    ],
)  # fmt: skip
def test_error(check, text: str, kind: str, quote: str | None, fixed: str | None) -> None:  # type: ignore[no-untyped-def]
    checked = check(text)
    error = one(checked, kind)
    assert error.tier is not Tier.LOW
    assert quote is None or error.quote == quote
    assert fixed is None or any(fixed in text for text in offered(checked, error))


def test_order_of_the_other_side(check) -> None:  # type: ignore[no-untyped-def]
    checked = check(
        "EXAM: Right shoulder radiographs\nFINDINGS: No fracture.",
        procedure="XR shoulder left",
        laterality="left",
    )
    assert one(checked, "order_mismatch").quote == "Right"


def test_order_of_a_complete_study(check) -> None:  # type: ignore[no-untyped-def]
    text = (
        "TECHNIQUE: Sonography of the abdomen.\nFINDINGS: The liver and the spleen are normal. The gallbladder is empty. "
        "Both kidneys are normal.\nIMPRESSION: Normal."
    )
    error = one(check(text, procedure="US ABDOMEN COMPLETE"), "order_mismatch")
    assert "bile ducts, pancreas, aorta, inferior vena cava" in error.candidate.message
    assert not check(text, procedure="US ABDOMEN LIMITED").has_errors


def test_order_of_contrast(check) -> None:  # type: ignore[no-untyped-def]
    text = "TECHNIQUE: Images were taken without IV contrast.\nFINDINGS: Lungs are clear."
    assert one(check(text, procedure="CT CHEST W CONTRAST"), "order_mismatch").quote == "without IV contrast"
    assert not check(text, procedure="CT CHEST WO CONTRAST").has_errors
    assert not check(text, procedure="CT CHEST W AND WO CONTRAST").has_errors


def test_order_of_another_part(check) -> None:  # type: ignore[no-untyped-def]
    text = "FINDINGS: CT of the abdomen was performed. Lungs are clear."
    checked = check(text, procedure="XR CHEST 2 VIEWS", modality="XR")
    error = one(checked, "order_mismatch")
    assert error.quote == "CT"
    assert offered(checked, error) == ["FINDINGS: Lungs are clear."]
    assert not check(
        "FINDINGS: CT of the abdomen is recommended.", procedure="XR CHEST", modality="XR"
    ).has_errors


def test_order_of_another_modality(check) -> None:  # type: ignore[no-untyped-def]
    checked = check("EXAM: CT of the chest\nFINDINGS: Lungs are clear.", modality="XR")
    assert one(checked, "order_mismatch").candidate.rule == "order.study"


def test_sex_of_the_order(check) -> None:  # type: ignore[no-untyped-def]
    checked = check("FINDINGS: She is intubated.", patient_sex="male")
    assert one(checked, "demographic_mismatch").quote == "She"


def test_age_of_the_order(check) -> None:  # type: ignore[no-untyped-def]
    checked = check(
        "INDICATION: 71-year-old woman.\nFINDINGS: Lungs are clear.", patient_age=17, patient_sex="female"
    )
    assert one(checked, "demographic_mismatch").quote == "71"


@pytest.mark.parametrize(
    "text",
    [
        "FINDINGS: No large pleural effusion. Trace left pleural effusion.\nIMPRESSION: Trace left effusion.",
        "FINDINGS: No new opacity. Stable right basilar opacity.",
        "FINDINGS: No acute fracture. Old healed left rib fracture.",
        "FINDINGS: Right pleural effusion has resolved. No pleural effusion.",
        "FINDINGS: No right effusion. Small left pleural effusion.\nIMPRESSION: Small left effusion.",
        "FINDINGS: Left effusion and right lower lobe atelectasis.\nIMPRESSION: Left effusion. Right atelectasis.",
        "FINDINGS: Bilateral effusions, left greater than right.\nIMPRESSION: Bilateral effusions.",
        "FINDINGS: Left lower and right middle lobe opacities.",
        "FINDINGS: Calcified granuloma in the left upper lobe. Lungs are otherwise clear.\nIMPRESSION: No acute disease.",
        "FINDINGS: Opacity, atelectasis or infiltrate, in the left base.\nIMPRESSION: Left basilar opacity.",
        "INDICATION: Mother of two, her daughter has tuberculosis.\nFINDINGS: Lungs are clear.",
        "FINDINGS: XXXX effusion seen by [**Doctor 12**] on ___.",
        "INDICATION: Evaluate for left pneumothorax.\nFINDINGS: Small right pneumothorax.\nIMPRESSION: Right pneumothorax.",
        "FINDINGS: Heart size upper limits of normal.\nIMPRESSION: Borderline cardiomegaly.",
        "FINDINGS: 2.0 cm nodule, previously 1.5 cm.\nIMPRESSION: 2 cm nodule.",
        "FINDINGS: Heart size is enlarged, pulmonary vascularity within normal limits.\nIMPRESSION: Cardiomegaly.",
        "FINDINGS: Right knee: Severe degenerative changes.\nIMPRESSION: Left knee: Mild degenerative changes. Chest: Ok.",
        "FINDINGS: Bilateral rib deformities, possibly old fractures.\nIMPRESSION: No acute disease.",
        "FINDINGS: Engorgement has resolved.\nIMPRESSION: Resolving edema and vascular congestion.",
        "FINDINGS: Nodular densities consistent with granulomatous disease.\nIMPRESSION: No pulmonary nodules.",
        "FINDINGS: Osteopenia, stable appearance of T9 and T12 fractures. Lungs are clear.\nIMPRESSION: No acute findings.",
        (
            "FINDINGS: Vague opacities in the right upper lobe. Right effusion. Heart size is normal.\n"
            "IMPRESSION: Right basilar airspace disease and effusion. Right upper lung opacities."
        ),
        (
            "FINDINGS: Mild blunting of the left costophrenic angle. Heart size is normal. No pneumothorax.\n"
            "IMPRESSION: Small left effusion."
        ),
    ],
)
def test_quiet(check, text: str) -> None:  # type: ignore[no-untyped-def]
    assert not check(text).has_errors, errors_of(check(text))


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (
            "FINDINGS: Fracture of the left sixth rib. IMPRESSION: No rib fracture.",
            ["negation_contradiction"],
        ),
        ("FINDINGS: Fracture of the left clavicle. IMPRESSION: No rib fracture.", []),
        ("FINDINGS: Right upper lobe opacity. IMPRESSION: No pneumonia.", []),
        ("FINDINGS: T8 compression fracture. IMPRESSION: L2 compression fracture.", ["location_mismatch"]),
        (
            "FINDINGS: The fifth left rib is fractured. IMPRESSION: Left 8th rib fracture.",
            ["location_mismatch"],
        ),
        ("FINDINGS: Fractures of the left 5th through 8th ribs. IMPRESSION: Left 7th rib fracture.", []),
        ("FINDINGS: Old T12 wedge fracture. Heart normal. IMPRESSION: Stable T12 fracture.", []),
        ("FINDINGS: Small L pleural effusion. IMPRESSION: R pleural effusion.", ["laterality_mismatch"]),
        ("FINDINGS: L spine normal. About 2 L effusion. IMPRESSION: Right effusion.", []),
        ("FINDINGS: Large left effusion. Trace right effusion. IMPRESSION: Large left effusion.", []),
        ("FINDINGS: RUL nodule of 8 mm. RLL nodule of 3 mm. IMPRESSION: RUL nodule.", []),
        ("INDICATION: 65-year-old man.\nFINDINGS: The uterus is normal.", ["demographic_mismatch"]),
        ("FINDINGS: The liver is on the left. IMPRESSION: Situs inversus.", []),
        ("FINDINGS: The ninth cervical vertebra is normal. Lungs clear.", ["impossible_anatomy"]),
        ("FINDINGS: Mass in the right upper lobe. IMPRESSION: Normal chest.", ["negation_contradiction"]),
    ],
)
def test_what_is_flagged_and_what_is_not(check, text: str, flags: list[str]) -> None:  # type: ignore[no-untyped-def]
    checked = check(text)
    assert [e.candidate.type for e in checked.errors if e.tier is not Tier.LOW] == flags, errors_of(checked)


def test_long_runs_of_one_character_take_no_time(check) -> None:  # type: ignore[no-untyped-def]
    for character in "_-=*.?#<[{(|~^%$@ x0":
        check(
            f"FINDINGS: Lungs are clear. {character * 60_000}"
        )  # minutes where a pattern looks again and again

import random
from collections import Counter
from collections.abc import Mapping

import pytest

from app.evaluation.baseline import KEYS, plain_rules
from app.evaluation.build import injected
from app.evaluation.families import FAMILIES, Injector
from app.evaluation.injectors.common.tables import rows
from app.evaluation.injectors.paper import CLEAN, WRONG, paper_items
from app.evaluation.items import Item, Origin
from app.evaluation.score import score_spans
from app.proofreading.report import ErrorType, SubmittedReport

TEXTS = (
    (
        "EXAM: Chest, two views\nINDICATION: Fever.\nCOMPARISON: None.\n"
        "FINDINGS: Patchy consolidation is present in the right lower lobe. The heart is normal in size. "
        "No pleural effusion. No pneumothorax. The bony thorax is intact.\n"
        "IMPRESSION: Right lower lobe consolidation. No pneumothorax."
    ),
    (
        "EXAM: PA and lateral chest\nINDICATION: Woman with dyspnea.\nCOMPARISON: Film of last year.\n"
        "FINDINGS: Stable mild cardiomegaly. Small left pleural effusion is unchanged. The lungs are clear. "
        "No pneumothorax. Mild degenerative changes of the spine.\n"
        "IMPRESSION: 1. Small left pleural effusion. 2. Stable mild cardiomegaly."
    ),
    (
        "EXAM: Chest radiograph\nINDICATION: Cough.\nCOMPARISON: None available.\n"
        "FINDINGS: The lungs are clear. Heart size is normal. No effusion or pneumothorax. "
        "The trachea is midline. Bony structures are intact.\n"
        "IMPRESSION: No acute cardiopulmonary abnormality."
    ),
    (
        "EXAM: Chest, PA and lateral\nINDICATION: 50-year-old patient, follow-up.\nCOMPARISON: Film of last month.\n"
        "FINDINGS: 8 mm nodule in the left upper lobe. Moderate right pleural effusion. The heart is enlarged. "
        "No pneumothorax. No fracture.\n"
        "IMPRESSION: Left upper lobe nodule. Right pleural effusion."
    ),
    (
        "EXAM: Chest, two views\nINDICATION: Pain.\nCOMPARISON: None.\n"
        "FINDINGS: Calcified granuloma in the right upper lobe. No consolidation. No edema. No pleural effusion. "
        "Heart size is within normal limits.\nIMPRESSION: No acute disease. No pleural effusion."
    ),
)
NEW = ("keyword", "broad")


def _reports(copies: int) -> list[SubmittedReport]:
    return [SubmittedReport(text, f"{copy}-{i}") for copy in range(copies) for i, text in enumerate(TEXTS)]


def _items(family: str, kind: ErrorType, copies: int = 12) -> list[Item]:
    reports = _reports(copies)
    injectors: Mapping[ErrorType, Injector] = FAMILIES[family]
    return list(injected(reports, [kind], len(reports), 1, injectors))


@pytest.mark.parametrize("family", NEW)
@pytest.mark.parametrize("kind", list(ErrorType))
def test_an_injector_yields_one_edit_that_stays_in_its_span(family: str, kind: ErrorType) -> None:
    made = 0
    for text in TEXTS:
        for seed in range(8):
            placed = FAMILIES[family][kind](text, random.Random(seed))
            if placed is None:
                continue
            made += 1
            variant, edit, _ = placed
            edited = edit.apply(text)
            assert variant
            assert edited != text
            assert edit.altered.of(edited) == edit.replacement
            assert edited[: edit.altered.start] == text[: edit.span.start]
            assert edited[edit.altered.end :] == text[edit.span.end :]
            assert placed == FAMILIES[family][kind](text, random.Random(seed))
    assert made > 0


@pytest.mark.parametrize("family", NEW)
def test_a_report_without_words_gives_no_place(family: str) -> None:
    for injector in FAMILIES[family].values():
        assert injector("", random.Random(1)) is None
        assert injector("FINDINGS: \nIMPRESSION: .", random.Random(1)) is None


def test_the_plain_rules_find_the_keyword_family_more_often_than_the_broad_one() -> None:
    kinds = (ErrorType.LATERALITY_MISMATCH, ErrorType.NEGATION_CONTRADICTION, ErrorType.OMITTED_FINDING)
    rates = {}
    for family in NEW:
        items = [item for kind in kinds for item in _items(family, kind)]
        found = [score_spans(item, plain_rules(item.report)).found for item in items]
        rates[family] = sum(found) / len(found)
    assert rates["keyword"] > 0.4
    assert rates["broad"] < 0.1


def test_a_denied_finding_is_affirmed_in_other_words_by_the_broad_family() -> None:
    text = TEXTS[2]
    for seed in range(40):
        placed = FAMILIES["broad"][ErrorType.NEGATION_CONTRADICTION](text, random.Random(seed))
        assert placed is not None
        denied = "no effusion or pneumothorax"
        if placed[0] in ("affirmed:effusion", "affirmed:pneumothorax"):
            assert not [key for key in KEYS if key in denied and key in placed[1].replacement.lower()]


def test_a_side_is_not_moved_where_the_report_has_both() -> None:
    text = (
        "FINDINGS: Left pleural effusion. Right pleural effusion. Heart normal.\n"
        "IMPRESSION: Bilateral effusions."
    )
    for family in NEW:
        for seed in range(10):
            assert FAMILIES[family][ErrorType.LATERALITY_MISMATCH](text, random.Random(seed)) is None


def test_an_order_or_a_patient_comes_with_its_context() -> None:
    for family in NEW:
        for kind in (ErrorType.ORDER_MISMATCH, ErrorType.DEMOGRAPHIC_MISMATCH):
            for item in _items(family, kind):
                context = item.report.context
                known = (context.procedure, context.patient_sex, context.patient_age)
                assert any(value is not None for value in known)


def test_a_number_is_added_to_a_numbered_impression() -> None:
    text = TEXTS[1]
    ends = set()
    for seed in range(60):
        placed = FAMILIES["broad"][ErrorType.SEVERITY_MISMATCH](text, random.Random(seed))
        if placed is not None and placed[1].span.start == len(text):
            ends.add(placed[1].replacement[:4])
    assert ends == {" 3. "}


def test_every_table_has_its_columns_filled() -> None:
    for family, tables in {
        "keyword": ("affirm", "deny", "sided", "placed", "graded", "changed", "unsupported", "orders"),
        "broad": ("affirm", "deny", "sided", "placed", "graded", "changed", "unsupported", "orders"),
    }.items():
        for table in tables:
            for row in rows(family, table):
                assert row["text"].strip()
                assert None not in row.values()
    wrong = [row["wrong"] for row in rows("broad", "confusions")]
    assert len(set(wrong)) >= 25


@pytest.mark.parametrize("copies", [2, 20])
def test_paper_items_keep_the_ratio_and_say_what_they_did(copies: int) -> None:
    reports = _reports(copies)
    items = list(paper_items(reports, 3))
    assert items == list(paper_items(reports, 3))
    wrong = [item for item in items if item.origin is Origin.INJECTED]
    clean = [item for item in items if item.origin is Origin.CLEAN]
    assert wrong
    assert clean
    assert len(items) == len(wrong) + len(clean)
    assert abs(len(wrong) / len(clean) - WRONG / CLEAN) < 0.15
    assert len({item.report.report_id for item in items}) == len(items)
    assert max(Counter(item.report.report_id.split("#")[0] for item in wrong).values()) <= 3
    for item in wrong:
        assert (item.variant, item.type) in {
            ("negation_flip", ErrorType.NEGATION_CONTRADICTION),
            ("substitution", ErrorType.TERMINOLOGY),
        }
        assert item.altered is not None
        kept = len(item.report.text) - item.altered.end
        assert item.original.startswith(item.report.text[: item.altered.start])
        assert item.original.endswith(item.report.text[item.altered.end :])
        assert kept >= 0


def test_paper_items_are_at_most_as_many_as_the_paper_has() -> None:
    items = list(paper_items(_reports(130), 1))
    assert len([item for item in items if item.origin is Origin.CLEAN]) == CLEAN
    assert len([item for item in items if item.origin is Origin.INJECTED]) == WRONG

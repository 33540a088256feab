"""Reports that a person labelled, as items of an evaluation."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.evaluation.build import of_labelled
from app.evaluation.labelled import read_labelled
from app.proofreading.report import ErrorType
from app.reading import ReadError

TEXT = "FINDINGS: Small left effusion.\nIMPRESSION: Right effusion."
WRONG = {"type": "laterality_mismatch", "quote": "Right", "start": 43, "end": 48, "right": "Left"}


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "labelled.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8-sig")
    return path


def test_marked_error_and_correct_report_become_items(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"id": 1, "text": TEXT, "error": WRONG}, {"id": 2, "text": "Clear.", "error": None}
    )
    wrong, clean = read_labelled(path)
    assert (wrong.type, wrong.original) == (ErrorType.LATERALITY_MISMATCH, TEXT.replace("Right", "Left"))
    assert wrong.altered is not None
    assert wrong.altered.of(TEXT) == "Right"
    items = of_labelled([wrong, clean])
    assert (items.negatives, items.families) == ((clean,), {"labelled": (wrong,)})


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": TEXT},
        {"id": 1, "text": " ", "error": None},
        {"id": 1, "text": TEXT, "error": {**WRONG, "quote": "Left"}},
        {"id": 1, "text": TEXT, "error": {**WRONG, "type": "typo"}},
        {"id": 1, "text": TEXT, "error": {**WRONG, "end": 900}},
        {"id": 1, "text": TEXT, "error": "right"},
        [1],
    ],
)
def test_row_that_is_no_labelled_report_is_named(tmp_path: Path, row: Any) -> None:
    path = written(tmp_path, {"id": 2, "text": "Clear.", "error": None}, row)
    with pytest.raises(ReadError, match="line 2"):
        list(read_labelled(path))

"""Fixes in words: a person finds the place without counting characters."""

from typing import Any

import pytest

from app.api.schemas import CorrectionOut, ErrorOut
from app.integrations.fixes import all_fixes, in_words

TEXT = "Small left effusion. Small right effusion."


def flag(**changed: Any) -> ErrorOut:
    said = {
        "id": "e1",
        "type": "laterality_mismatch",
        "category": "TC",
        "rule": "laterality.sections",
        "tier": "high",
        "confidence": 0.9,
        "section": "IMPRESSION",
        "start": 27,
        "end": 32,
        "quote": "right",
        "message": "Sides differ.",
        "correction": None,
        "alternatives": [],
        "evidence": [{"kind": "text", "start": 0, "end": 20, "quote": TEXT[:20]}],
        **changed,
    }
    return ErrorOut.model_validate(said)


@pytest.mark.parametrize(
    ("start", "end", "replacement", "said"),
    [
        (27, 32, "left", 'Replace "right" with "left"'),
        (6, 10, "right", 'Replace "left" with "right" in "Small left effusion."'),
        (0, 21, "", 'Leave out "Small left effusion."'),
        (0, 20, "Clear.", 'Replace "Small left effusion." with "Clear."'),
        (0, 19, "Clear", 'Replace "Small left effusion" with "Clear"'),
        (6, 11, "", 'Leave out "left" in "Small left effusion."'),
        (27, 33, "", 'Leave out "right"'),
        (21, 26, "", "Leave words out (characters 21-26)"),
        (33, 41, "mass", 'Write "mass" (characters 33-41)'),
        (20, 20, "\n mild\u202e", 'Write "mild" (characters 20-20)'),
        (27, 32, "x" * 99, 'Replace "right" with "' + "x" * 79 + '…"'),
    ],
)
def test_fix_says_what_becomes_what(start: int, end: int, replacement: str, said: str) -> None:
    assert in_words(flag(), CorrectionOut(start=start, end=end, replacement=replacement)) == said


def test_likeliest_fix_comes_first() -> None:
    first, second = ({"start": 27, "end": 32, "replacement": word} for word in ("left", "both"))
    found = all_fixes(flag(correction=first, alternatives=[second]))
    assert [fix.replacement for fix in found] == ["left", "both"]
    assert all_fixes(flag()) == []

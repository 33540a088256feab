"""The published samples of a commercial service for order, sex, age and side (shared data, MIT)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.proofreading.report import Tier

_YEAR = 2021  # of the samples


@pytest.mark.parametrize(
    ("sample", "rules"),
    [
        ("sample_age_mismatch_inference.py", {"demographic.age"}),
        ("sample_sex_mismatch_inference.py", {"demographic.sex"}),
        ("sample_complete_order_discrepancy_inference.py", {"order.complete"}),
        ("sample_limited_order_discrepancy_inference.py", {"order.limited", "demographic.sex"}),
        ("sample_laterality_discrepancy_inference.py", {"order.side"}),
        ("sample_scoring_and_assessment_inference.py", {"order.study", "demographic.age"}),
        ("sample_radiology_procedure_inference.py", {"order.contrast"}),
        ("sample_finding_inference.py", {"measurement.sections"}),
        (
            "sample_quality_measure_inference.py",
            {"template_artifact.repeated_word"},
        ),  # it says "current" twice
    ],
)
def test_sample(shared: Callable[[str], Path], check, sample: str, rules: set[str]) -> None:  # type: ignore[no-untyped-def]
    stored = json.loads(shared("azure_radiology_insights/azure_ri_samples.json").read_text("utf-8"))[sample]
    checked = check(
        stored["report_text"],
        procedure=stored["ordered_procedure"],
        patient_sex=stored["patient_sex"].lower(),
        patient_age=_YEAR - int(stored["birth_date"].split(",")[0]),
    )
    found = {error.candidate.rule for error in checked.errors if error.tier is not Tier.LOW}
    assert rules <= found
    if not rules:
        assert found == set()

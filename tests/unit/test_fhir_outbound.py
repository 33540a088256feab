"""What is told in FHIR: sound by the models of FHIR and by our own bindings, over many invented reports."""

import copy
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hl7_support import Invented

from app.api.schemas import CheckedReportOut
from app.batch.results import DecisionOut
from app.integrations.fhir.outbound import Told, original_of, resources, transaction
from app.integrations.fhir.outbound.bindings import BINDINGS, BindingError, verified
from app.proofreading.report import CheckedReport
from app.services import bundled_reports

Check = Callable[..., CheckedReport]
_AT = dt.datetime(2026, 1, 5, 12, 0, tzinfo=dt.UTC)
_WRONG = "FINDINGS: Small left pleural effusion. IMPRESSION: Small right pleural effusion."
_RIGHT = "FINDINGS: The lungs are clear. No pleural effusion. IMPRESSION: No acute disease."


def sound(bundle: dict[str, Any]) -> dict[str, Any]:
    """The Bundle, after FHIR's own models have read it."""
    get_fhir_model_class("Bundle").model_validate(bundle)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert {"AIAST"} <= {each["code"] for each in resource["meta"]["security"]}
        assert "Quality check by software" in resource["text"]["div"]
    return bundle


def by_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.fixture
def told(check: Check) -> Callable[..., Told]:
    def make(text: str, **changed: Any) -> Told:
        checked = CheckedReportOut.of(check(text))
        return replace(Told(7, checked, _AT, original_of("acc-1"), text_sha256="0" * 64), **changed)

    return make


def test_a_flag_is_an_issue_a_task_and_a_provenance(told: Callable[..., Told]) -> None:
    bundle = sound(transaction(told(_WRONG)))
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds == ["Device", "Observation", "DetectedIssue", "Task", "Provenance"]
    (issue,) = by_kind(bundle, "DetectedIssue")
    assert 'Proposed: Replace "right" with "left". Or: Replace "left" with "right" in ' in issue["detail"]
    assert (issue["status"], issue["severity"]) == ("preliminary", "high")
    parts = {part["url"]: part for part in issue["evidence"][0]["extension"][0]["extension"]}
    start, length = parts["offset"]["valueInteger"], parts["length"]["valueInteger"]
    assert _WRONG[start : start + length] == "right"
    (task,) = by_kind(bundle, "Task")
    assert (task["intent"], task["status"], task["code"]["coding"][0]["code"]) == (
        "order",
        "requested",
        "review",
    )
    (provenance,) = by_kind(bundle, "Provenance")
    targets = {each["reference"] for each in provenance["target"]}
    assert targets == {entry["fullUrl"] for entry in bundle["entry"][1:4]}
    assert provenance["agent"][0]["who"]["reference"] == bundle["entry"][0]["fullUrl"]
    assert "effusion" not in json.dumps(provenance)


def test_nothing_found_says_what_was_checked_and_no_more(told: Callable[..., Told]) -> None:
    bundle = sound(transaction(told(_RIGHT)))
    assert [entry["resource"]["resourceType"] for entry in bundle["entry"]] == [
        "Device",
        "Observation",
        "Provenance",
    ]
    (found,) = by_kind(bundle, "Observation")
    assert found["valueCodeableConcept"]["coding"][0]["code"] == "none-found"
    assert "does not mean that there is none" in found["valueCodeableConcept"]["text"]
    assert {part["code"]["text"] for part in found["component"]} == {
        "rules",
        "knowledge",
        "references",
        "llm",
    }


@pytest.mark.parametrize(
    ("stage", "state"), [("knowledge", "failed: graph_unavailable"), ("llm", "partial: too_long")]
)
def test_partial_coverage_is_visible(told: Callable[..., Told], stage: str, state: str) -> None:
    made = told(_RIGHT)
    assert made.checked is not None
    coverage = made.checked.coverage.model_copy(update={stage: state})
    partial = made.checked.model_copy(update={"coverage": coverage, "complete": False})
    (found,) = by_kind(sound(transaction(replace(made, checked=partial))), "Observation")
    assert found["valueCodeableConcept"]["coding"][0]["code"] == "none-found-partial"
    assert f"{stage} {state}" in found["valueCodeableConcept"]["text"]


def test_not_checked_has_no_value(told: Callable[..., Told]) -> None:
    made = told(_RIGHT)
    assert made.checked is not None
    coverage = made.checked.coverage.model_copy(update={"rules": "failed: out_of_time"})
    failed = made.checked.model_copy(update={"coverage": coverage, "complete": False})
    for checked in (failed, None):
        (found,) = by_kind(sound(transaction(replace(made, checked=checked))), "Observation")
        assert "valueCodeableConcept" not in found
        assert found["dataAbsentReason"]["text"].startswith("Not checked.")


@pytest.mark.parametrize(
    ("outcome", "reason", "status", "task"),
    [
        ("accepted", None, "final", "completed"),
        ("overridden", "template_text", "entered-in-error", "completed"),
    ],
)
def test_a_decision_is_told(
    told: Callable[..., Told], outcome: Any, reason: str | None, status: str, task: str
) -> None:
    made = DecisionOut(error_id="e1", outcome=outcome, reason=reason, at=_AT)
    bundle = sound(transaction(told(_WRONG, decisions=(made,))))
    assert by_kind(bundle, "DetectedIssue")[0]["status"] == status
    assert by_kind(bundle, "DetectedIssue")[0]["mitigation"][0]["date"] == _AT.isoformat()
    assert by_kind(bundle, "Task")[0]["status"] == task


def test_what_is_over_is_in_error(told: Callable[..., Told]) -> None:
    bundle = sound(transaction(told(_WRONG, over=True, before=("e9",), test=True)))
    assert {issue["status"] for issue in by_kind(bundle, "DetectedIssue")} == {"entered-in-error"}
    assert by_kind(bundle, "Observation")[0]["status"] == "entered-in-error"
    assert by_kind(bundle, "Task")[0]["status"] == "cancelled"
    assert all(entry["resource"]["meta"]["tag"][0]["code"] == "HTEST" for entry in bundle["entry"])


def test_every_invented_report_is_sound(check: Check) -> None:
    texts = [report.text for _, report in zip(range(60), bundled_reports(), strict=False)]
    broken = [text.replace("left", "right", 1).replace("No ", "", 1) for text in texts]
    told = 0
    for number, text in enumerate(texts + broken, 1):
        checked = CheckedReportOut.of(check(text))
        sound(transaction(Told(number, checked, _AT, original_of(f"r{number}"))))
        told += len(resources(Told(number, checked, None, original_of(f"r{number}"))))
    assert told > 3 * len(texts)


@pytest.mark.parametrize("path", sorted(BINDINGS))
def test_a_code_of_no_value_set_is_refused(told: Callable[..., Told], path: str) -> None:
    bundle = transaction(told(_WRONG))
    kind, *way = path.split(".")
    broken = copy.deepcopy(bundle if kind == "Bundle" else by_kind(bundle, kind)[0])
    at: Any = broken
    for name in way[:-1]:
        at = at[name][0] if isinstance(at[name], list) else at[name]
    assert way[-1] in at
    at[way[-1]] = "bogus"
    with pytest.raises(BindingError, match=path.replace(".", r"\.")):
        verified(broken)


def test_a_missing_status_is_refused(told: Callable[..., Told]) -> None:
    issue = by_kind(transaction(told(_WRONG)), "DetectedIssue")[0]
    del issue["status"]
    with pytest.raises(BindingError):
        verified(issue)


def test_original_is_named_as_its_system_does() -> None:
    report = {"resourceType": "DiagnosticReport", "id": "r-1", "subject": {"reference": "Patient/p-1"}}
    alone = json.dumps(report).encode()
    bundled = json.dumps({"resourceType": "Bundle", "entry": [{"resource": report}]}).encode()
    for message in (alone, bundled):
        found = original_of("r-1", "FHIR", message)
        assert found.report["reference"] == "DiagnosticReport/r-1"
        assert found.patient == {"reference": "Patient/p-1"}
    spoken = original_of("C1", "ORU^R01", Invented().encode())
    assert spoken.report["identifier"]["value"] == "ACC-1"
    assert spoken.patient is not None
    assert spoken.patient["identifier"]["value"] == "MRN-1"
    for message in (b"{", b"[]", b"\xff"):
        assert original_of("x", "FHIR", message) == original_of("x")
    assert original_of("x", "ORU^R01", b"hello") == original_of("x")


def test_ids_of_one_server_are_not_said_to_another() -> None:
    sent = {"resourceType": "DiagnosticReport", "id": "17", "subject": {"reference": "Patient/5"}}
    original = original_of("17", "FHIR", json.dumps(sent).encode())
    assert original.report["reference"] == "DiagnosticReport/17"
    there = original.elsewhere("https://ehr.example/r4")
    known = {"system": "https://ehr.example/r4/DiagnosticReport", "value": "17"}
    assert there.report == {"type": "DiagnosticReport", "identifier": known}
    assert there.patient == {
        "type": "Patient",
        "identifier": {"system": "https://ehr.example/r4/Patient", "value": "5"},
    }


def test_id_that_is_none_is_no_reference() -> None:
    sent = {"resourceType": "DiagnosticReport", "id": "17?status=final"}
    original = original_of("17", "FHIR", json.dumps(sent).encode())
    assert original.report == {"type": "DiagnosticReport", "identifier": {"value": "17"}}

"""An error as FHIR R4 DetectedIssue, for systems that keep flags as resources.

Marked as asserted by a machine (AIAST of v3-ObservationValue, HL7 AI Transparency on FHIR 1.0.0-ballot),
preliminary until a person decides. Each piece of text evidence says where it stands, as the extension
derivation-reference of HL7 has it: offset and length in the submitted text.
"""

from typing import Any

from app.api.schemas import ErrorOut
from app.batch.results import ResultLine

_AI = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
_DERIVATION = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
_TYPES = "urn:radproof:error-type"
_SEVERITIES = {"high": "high", "medium": "moderate", "low": "low"}
_STATUS = {None: "preliminary", "accepted": "final", "overridden": "entered-in-error"}


def detected_issue(line: ResultLine, error: ErrorOut) -> dict[str, Any]:
    """The resource for one error of a checked report."""
    decided = next((made for made in reversed(line.decisions) if made.error_id == error.id), None)
    report = {"type": "DiagnosticReport", "identifier": {"value": line.custom_id}}
    issue: dict[str, Any] = {
        "resourceType": "DetectedIssue",
        "id": f"{line.report_id}-{error.id}",
        "meta": {
            "security": [{"system": _AI, "code": "AIAST", "display": "Artificial Intelligence asserted"}]
        },
        "status": _STATUS[decided.outcome if decided else None],
        "code": {"coding": [{"system": _TYPES, "code": error.type.value}], "text": error.message},
        "severity": _SEVERITIES[error.tier.value],
        "author": {"display": "RadProof"},
        "implicated": [report],
        "evidence": [_evidence(error.start, error.end, report)]
        + [
            _evidence(item.start, item.end, report)
            for item in error.evidence
            if item.start is not None and item.end is not None
        ],
        "detail": f"{error.quote!r}: {error.message}",
    }
    if decided is not None:
        words = "fix accepted" if decided.outcome == "accepted" else f"overridden: {decided.reason}"
        issue["mitigation"] = [{"action": {"text": words}, "date": decided.at.isoformat()}]
    return issue


def _evidence(start: int, end: int, report: dict[str, Any]) -> dict[str, Any]:
    place = [
        {"url": "reference", "valueReference": report},
        {"url": "offset", "valueInteger": start},
        {"url": "length", "valueInteger": end - start},
    ]
    return {"extension": [{"url": _DERIVATION, "extension": place}], "detail": [report]}

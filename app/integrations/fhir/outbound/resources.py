"""The resources one by one: Device, Observation of the check, DetectedIssue of a flag, Task, Provenance.

All are marked as asserted by a machine (AIAST of v3-ObservationValue, HL7 AI Transparency on FHIR 1.0.0-ballot) and
say in words that they are for review. R4 (4.0.1). Codes of required bindings are those of ``bindings``.
"""

from html import escape
from typing import Any

from app import DISCLAIMER, __version__
from app.api.schemas import ErrorOut
from app.batch.results import DecisionOut
from app.integrations.fhir.outbound.told import Told
from app.integrations.fixes import all_fixes, in_words

_VALUES = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
_REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_AGENTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_DERIVATION = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
_AI = {"system": _VALUES, "code": "AIAST", "display": "Artificial Intelligence asserted"}
_TRIAL = {"system": _REASONS, "code": "HTEST", "display": "test health data"}
_SEVERITIES = {"high": "high", "medium": "moderate", "low": "low"}
_STATUS = {None: "preliminary", "accepted": "final", "overridden": "entered-in-error"}
STAGES = ("rules", "knowledge", "references", "llm")

Json = dict[str, Any]


def device(told: Told) -> Json:
    """RadProof in this version."""
    return {
        "resourceType": "Device",
        **_common(told, f"RadProof {__version__}, quality check of report texts by software."),
        "identifier": [identifier(told, "device", __version__)],
        "status": "active",
        "deviceName": [{"name": "RadProof", "type": "user-friendly-name"}],
        "version": [{"value": __version__}],
    }


def observation(told: Told, author: Json) -> Json:
    """That the report was checked, with what, and how many flags there are: no flag is not the same as no error."""
    found: Json = {
        "resourceType": "Observation",
        **_common(told, _outcome(told)),
        "identifier": [identifier(told, "check", str(told.number))],
        "status": "entered-in-error" if told.over else "preliminary",
        "code": {
            "coding": [{"system": f"{told.system}:code", "code": "report-check"}],
            "text": "Check of a report's text",
        },
        "focus": [told.original.report],
        **({"subject": told.original.patient} if told.original.patient else {}),
        **_time(told, "effectiveDateTime"),
        "device": author,
        "note": [{"text": DISCLAIMER}],
    }
    if told.checked is None or told.checked.coverage.rules != "done":
        found["dataAbsentReason"] = {
            "coding": [{"system": _ABSENT, "code": "unknown"}],
            "text": _outcome(told),
        }
    else:
        code = "flagged" if told.flags else ("none-found" if told.checked.complete else "none-found-partial")
        outcome = [{"system": f"{told.system}:outcome", "code": code}]
        found["valueCodeableConcept"] = {"coding": outcome, "text": _outcome(told)}
    if told.checked is not None:
        found["component"] = [
            {
                "code": {"coding": [{"system": f"{told.system}:stage", "code": stage}], "text": stage},
                "valueString": getattr(told.checked.coverage, stage),
            }
            for stage in STAGES
        ]
    return found


def _outcome(told: Told) -> str:
    if told.over:
        return "The report was replaced or taken back: nothing said of its text stands."
    if told.checked is None:
        return "Not checked."
    coverage = told.checked.coverage
    missing = [
        f"{stage} {state}"
        for stage in STAGES
        if (state := getattr(coverage, stage)).startswith(("failed", "partial"))
    ]
    rest = f" Not all was checked: {', '.join(missing)}." if missing else ""
    if coverage.rules != "done":
        return f"Not checked.{rest}"
    count = len(told.flags)
    said = "No error found by software, which does not mean that there is none."
    return (f"{count} {'flag' if count == 1 else 'flags'} for review." if count else said) + rest


def detected_issue(told: Told, error: ErrorOut, author: Json) -> Json:
    """One flag: preliminary until a person decides; offsets are those of the submitted text."""
    made = told.decided(error.id)
    report = told.original.report
    spans = [(error.start, error.end)]
    spans += [
        (item.start, item.end) for item in error.evidence if item.start is not None and item.end is not None
    ]
    issue: Json = {
        "resourceType": "DetectedIssue",
        **_common(told, f"{error.message} For review: the report is not changed."),
        "identifier": [identifier(told, "detected-issue", f"{told.number}-{error.id}")],
        "status": "entered-in-error" if told.over else _STATUS[made.outcome if made else None],
        "code": {
            "coding": [{"system": f"{told.system}:error-type", "code": error.type.value}],
            "text": error.message,
        },
        "severity": _SEVERITIES[error.tier.value],
        **({"patient": told.original.patient} if told.original.patient else {}),
        **_time(told, "identifiedDateTime"),
        "author": author,
        "implicated": [report],
        "evidence": [_evidence(start, end, report) for start, end in dict.fromkeys(spans)],
        "detail": _detail(error),
    }
    if made is not None:
        issue["mitigation"] = [_mitigation(made)]
    return issue


def _detail(error: ErrorOut) -> str:
    """The words, what is wrong with them, and the fixes that a person may choose from."""
    fixes = [in_words(error, fix) for fix in all_fixes(error)]
    proposed = f" Proposed: {'. Or: '.join(fixes)}." if fixes else ""
    return f'"{error.quote}": {error.message}{proposed}'


def no_issue(told: Told, error_id: str, author: Json) -> Json:
    """A flag of an earlier check that the current one does not raise: said in error."""
    return {
        "resourceType": "DetectedIssue",
        **_common(told, "Flag of an earlier check, which a later one does not raise."),
        "identifier": [identifier(told, "detected-issue", f"{told.number}-{error_id}")],
        "status": "entered-in-error",
        **({"patient": told.original.patient} if told.original.patient else {}),
        "author": author,
        "implicated": [told.original.report],
    }


def _mitigation(made: DecisionOut) -> Json:
    words = (
        "fix accepted" if made.outcome == "accepted" else f"overridden: {made.reason or 'no reason given'}"
    )
    return {"action": {"text": words}, "date": made.at.isoformat()}


def _evidence(start: int, end: int, report: Json) -> Json:
    place = [
        {"url": "reference", "valueReference": report},
        {"url": "offset", "valueInteger": start},
        {"url": "length", "valueInteger": end - start},
    ]
    return {"extension": [{"url": _DERIVATION, "extension": place}], "detail": [report]}


def task(told: Told, author: Json, reasons: list[Json]) -> Json:
    """A person is asked to look; completed when every flag is decided, cancelled when there is nothing to look at."""
    open_flags = [error for error in told.flags if told.decided(error.id) is None]
    over = told.over or not told.flags
    return {
        "resourceType": "Task",
        **_common(told, "Please review what software flagged in a report's text."),
        "identifier": [identifier(told, "task", str(told.number))],
        "status": "cancelled" if over else ("requested" if open_flags else "completed"),
        "intent": "order",
        "priority": "routine",
        "code": {
            "coding": [{"system": f"{told.system}:code", "code": "review"}],
            "text": "Review of flags in a report",
        },
        "description": _outcome(told),
        "focus": told.original.report,
        **({"for": told.original.patient} if told.original.patient else {}),
        **_time(told, "authoredOn"),
        "requester": author,
        **(
            {"input": [{"type": {"text": "flag"}, "valueReference": each} for each in reasons]}
            if reasons
            else {}
        ),
        "note": [{"text": DISCLAIMER}],
    }


def provenance(told: Told, author: Json, targets: list[Json]) -> Json:
    """What the others were made by and of: versions and hashes, no words of the report or of a prompt."""
    versions = (
        told.checked.versions.model_dump(exclude_none=True) if told.checked else {"radproof": __version__}
    )
    made_of = [("source", "report-sha256", told.text_sha256)] if told.text_sha256 else []
    made_of += [("source", f"version:{name}", value) for name, value in sorted(versions.items())]
    return {
        "resourceType": "Provenance",
        **_common(told, "Made by software; the versions and hashes of what it was made of."),
        "target": targets,
        **_time(told, "recorded"),
        "reason": [{"coding": [_AI]}],
        "agent": [
            {
                "type": {"coding": [{"system": _AGENTS, "code": "assembler", "display": "Assembler"}]},
                "who": author,
            }
        ],
        "entity": [
            {"role": role, "what": {"identifier": {"system": f"{told.system}:{name}", "value": value}}}
            for role, name, value in made_of
        ],
    }


def _time(told: Told, name: str) -> Json:
    return {} if told.at is None else {name: told.at.isoformat()}


def identifier(told: Told, name: str, value: str) -> Json:
    """Ours of a resource: by it the same thing said twice is one thing."""
    return {"system": f"{told.system}:{name}", "value": value}


def _common(told: Told, words: str) -> Json:
    said = "".join(f"<p>{escape(each, quote=False)}</p>" for each in (words, DISCLAIMER))
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{said}</div>'
    meta: Json = {"security": [_AI]}
    if told.test:
        meta["tag"] = [_TRIAL]
    return {"meta": meta, "text": {"status": "generated", "div": div}}

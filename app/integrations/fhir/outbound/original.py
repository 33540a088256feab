"""What a flag is about: the original report, as a Reference that its own system understands."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.integrations.hl7.segments import Segment, segments_of
from app.integrations.incoming import IncomingError
from app.strict_json import StrictJsonError, loads

_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LONGEST = 200  # characters of an identifier that is passed on

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Original:
    """References to the report and its patient; ``patient`` None where the source said none."""

    report: dict[str, Any] = field(default_factory=lambda: {"type": "DiagnosticReport"})
    patient: dict[str, Any] | None = None

    def elsewhere(self, base: str) -> "Original":
        """The same for a server other than the one at ``base``: there the same id may be another patient's report."""
        return Original(_logical(self.report, base), _logical(self.patient, base) if self.patient else None)


def _logical(reference: dict[str, Any], base: str) -> dict[str, Any]:
    """A relative reference as an identifier, whose system is the server that knows it."""
    kind, _, name = str(reference.get("reference", "")).partition("/")
    if not _ID.fullmatch(name):
        return reference
    return {"type": kind, "identifier": {"system": f"{base}/{kind}", "value": name}}


def original_of(custom_id: str, kind: str | None = None, message: bytes | None = None) -> Original:
    """The references of a report that came in with this message, else one by the sender's name of the report.

    A report of FHIR is referred to as its server knows it, ``DiagnosticReport/<id>``; one of HL7 v2 by its accession
    number (OBR-3) and its patient by PID-3. What cannot be read falls back to the name.
    """
    named = Original({"type": "DiagnosticReport", "identifier": {"value": custom_id[:_LONGEST]}})
    if message is None or kind is None:
        return named
    if kind == "FHIR":
        return _of_fhir(message, custom_id) or named
    if "^" in kind:
        return _of_hl7(message) or named
    return named


def _of_fhir(message: bytes, custom_id: str) -> Original | None:
    try:
        value = loads(message.decode("utf-8-sig"))
    except (UnicodeDecodeError, StrictJsonError, json.JSONDecodeError, ValueError, RecursionError):
        return None
    reports = [found for found in _resources(value) if found.get("resourceType") == "DiagnosticReport"]
    chosen = [found for found in reports if found.get("id") == custom_id] or reports
    if len(chosen) != 1 or not _ID.fullmatch(str(chosen[0].get("id", ""))):
        return None
    subject = chosen[0].get("subject")
    return Original(
        {"reference": f"DiagnosticReport/{chosen[0]['id']}", "type": "DiagnosticReport"},
        _subject(subject) if isinstance(subject, dict) else None,
    )


def _subject(subject: Resource) -> dict[str, Any] | None:
    reference = subject.get("reference")
    if isinstance(reference, str) and reference.rpartition("/")[0].endswith("Patient"):
        return {"reference": reference}
    return None


def _resources(value: object) -> Iterator[Resource]:
    if not isinstance(value, dict):
        return
    yield value
    entries = value.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def _of_hl7(message: bytes) -> Original | None:
    try:
        segments = segments_of(message)
    except IncomingError:
        return None
    orders = {segment.part(3) for segment in segments if segment.name == "OBR"} - {""}
    if len(orders) != 1:  # several reports in one message: which is this?
        return None
    report = {"type": "DiagnosticReport", "identifier": _identifier(orders.pop(), "ACSN")}
    patients = [segment for segment in segments if segment.name == "PID"]
    return Original(report, _patient(patients[0]) if len(patients) == 1 else None)


def _patient(segment: Segment) -> dict[str, Any] | None:
    number = segment.part(3)
    return {"type": "Patient", "identifier": _identifier(number, "MR")} if number else None


def _identifier(value: str, code: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": _TYPES, "code": code}]}, "value": value[:_LONGEST]}

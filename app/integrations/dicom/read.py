"""Reports of DICOM objects: Basic Text, Enhanced, Comprehensive and Comprehensive 3D SR, encapsulated PDF and CDA."""

import base64
import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from app.integrations import confined
from app.integrations.dicom import process
from app.integrations.documents.cda import cda_report
from app.integrations.documents.pdf import pdf_text
from app.integrations.incoming import (
    IncomingError,
    IncomingReport,
    age_at,
    modality_in,
    side_in,
    side_of_code,
    words,
)
from app.integrations.sections import Piece, joined
from app.proofreading.report import Context, Sex

MOST_BYTES = 16 * 1_048_576
_SEXES: dict[str, Sex] = {"M": "male", "F": "female", "O": "other"}
_SIDES = {"L": "left", "R": "right", "B": "bilateral"}
_AGE = re.compile(r"(\d{3})([DWMY])")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


@dataclass(frozen=True, slots=True)
class DicomReport:
    """A report, the document that it is, and the documents that it takes the place of (their SOP Instance UIDs)."""

    report: IncomingReport
    instance: str
    predecessors: tuple[str, ...] = ()


def dicom_report(raw: bytes) -> DicomReport:
    """The report of a DICOM object, with its preamble (PS3.10).

    The ``filler_id`` is the accession number, the ``control_id`` the SOP Instance UID. ``status``: partial (not yet
    complete), preliminary (not yet verified), final.

    Raises:
        IncomingError: document_too_large, not_dicom, not_a_report (another class of object), own_document (one that we
            wrote), no_text, wrong_charset, or a code of ``confined.run``, ``pdf_text`` or ``cda_report``.
    """
    if len(raw) > MOST_BYTES:
        raise IncomingError("document_too_large")
    said: Mapping[str, Any] = json.loads(confined.run(process.__name__, raw))
    instance = words(said["instance"])
    if instance is None:
        raise IncomingError("broken_document")
    inner = _inner(said)
    if not inner.text.strip():
        raise IncomingError("no_text")
    day = _date(said["study_date"]) or _date(said["content_date"])
    report = IncomingReport(
        inner.text,
        _filled(_context(said, day), inner.context),
        control_id=instance,
        filler_id=words(said["accession"]) or inner.filler_id,
        facility=words(said["institution"]),
        status=_status(said),
        study_date=day,
        said_at=_said_at(said),
    )
    return DicomReport(report, instance, tuple(said["predecessors"]))


def report_of(raw: bytes) -> IncomingReport:
    """The report alone; more in ``dicom_report``."""
    return dicom_report(raw).report


def _inner(said: Mapping[str, Any]) -> IncomingReport:
    """The text of the tree, or of the document within, with what that says itself."""
    if "pieces" in said:
        return IncomingReport(joined([Piece(heading, text) for heading, text in said["pieces"]]), Context())
    document = base64.b64decode(said["document"])
    if said["media_type"] == "application/pdf":
        return IncomingReport(pdf_text(document), Context())
    return cda_report(document.rstrip(b"\0 "))


def _context(said: Mapping[str, Any], day: dt.date | None) -> Context:
    procedure = words(said["description"]) or words(said.get("reported"))
    return Context(
        modality=said["modality"] or modality_in(procedure),
        procedure=procedure,
        laterality=side_of_code(_SIDES.get(said["laterality"].strip(), "")) or side_in(procedure),
        patient_sex=_SEXES.get(said["sex"].strip()),
        patient_age=age_at(_date(said["born"]), day) if said["born"] else _age(said["age"]),
        indication=words(said["reason"]),
    )


def _filled(first: Context, second: Context) -> Context:
    """The first, with what it does not say taken from the second."""
    missing = [item.name for item in fields(first) if getattr(first, item.name) is None]
    return replace(first, **{name: getattr(second, name) for name in missing})


def _status(said: Mapping[str, Any]) -> str:
    if said["completion"] == "PARTIAL":
        return "partial"
    unsigned = said["verification"] == "UNVERIFIED" or said["preliminary"] == "PRELIMINARY"
    return "preliminary" if unsigned else "final"


def _said_at(said: Mapping[str, Any]) -> str:
    """Content date and time as 20 digits, in UTC where the object says its zone; they sort as the times do."""
    digits = re.sub(r"\D", "", said["content_date"]) + re.sub(r"\D", "", said["content_time"])
    if len(digits) < len("20260105"):
        return ""
    try:
        told = dt.datetime.strptime(digits[:20].ljust(20, "0"), "%Y%m%d%H%M%S%f")
        zone = re.fullmatch(r"([+-])(\d\d)(\d\d)", said["zone"].strip())
        if zone:
            away = dt.timedelta(hours=int(zone[2]), minutes=int(zone[3]))
            told = told - away if zone[1] == "+" else told + away
    except (ValueError, OverflowError):
        return ""
    return told.strftime("%Y%m%d%H%M%S%f").rjust(20, "0")


def _date(value: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(value.strip()[:8], "%Y%m%d").date()
    except ValueError:
        return None


def _age(value: str) -> float | None:
    """Years of an age string (PS3.5, AS); none of 0 years, which stands for not known."""
    match = _AGE.fullmatch(value.strip())
    if match is None or int(match[1]) == 0:
        return None
    return round(int(match[1]) * _YEARS[match[2]], 2)

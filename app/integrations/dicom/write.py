"""A result as a structured report of its own (Comprehensive SR, PS3.3 A.35.3), beside the report that it is about.

It says in every way the standard has that it is no finding of a person: preliminary, unverified, observed by a
device, asserted by artificial intelligence. The report that it is about is neither altered nor replaced.
"""

import datetime as dt
import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

from pydicom import Dataset, FileDataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from app import DISCLAIMER, __version__
from app.api.schemas import ErrorOut
from app.integrations.dicom.classes import COMPREHENSIVE, MANUFACTURER, derived_uid, series_uid
from app.integrations.fixes import all_fixes, in_words

_OURS = "99RADPROOF"
_DCM = "DCM"
_HEADER = (
    "StudyInstanceUID StudyDate StudyTime StudyID AccessionNumber ReferringPhysicianName StudyDescription PatientName "
    "PatientID IssuerOfPatientID PatientBirthDate PatientSex PatientAge TimezoneOffsetFromUTC"
).split()
_ALWAYS = frozenset(
    "StudyDate StudyTime StudyID AccessionNumber ReferringPhysicianName PatientName PatientID PatientBirthDate "
    "PatientSex".split()
)
_LONGEST_TEXT = 10_000


def result_document(original: bytes, result: dict[str, Any], at: dt.datetime) -> tuple[str, bytes]:
    """A structured report with one container for each flag of a result; its SOP Instance UID, and the file.

    The UID follows from the original's and from the flags, so that the same result is the same document.
    ``result``: as ``CheckedReportOut``. ``at``: when it was checked.
    """
    source = dcmread(io.BytesIO(original), stop_before_pixels=True)
    flags = [error for error in result["errors"] if error["tier"] != "low"]
    digest = hashlib.sha256(json.dumps(flags, sort_keys=True).encode()).hexdigest()
    instance = derived_uid("result", str(source.SOPInstanceUID), digest)
    document = _frame(source, instance, at)
    document.ContentSequence = [*_about(source, result), *(_flag(flag, n) for n, flag in enumerate(flags, 1))]
    written = io.BytesIO()
    document.save_as(written, enforce_file_format=True)
    return instance, written.getvalue()


def _frame(source: Dataset, instance: str, at: dt.datetime) -> FileDataset:
    """The document with all but its content."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(COMPREHENSIVE)
    meta.MediaStorageSOPInstanceUID = UID(instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SpecificCharacterSet = "ISO_IR 192"
    for name in _HEADER:
        if name in source:
            setattr(made, name, source.get(name))
        elif name in _ALWAYS:
            setattr(made, name, "")
    made.SOPClassUID, made.SOPInstanceUID = UID(COMPREHENSIVE), UID(instance)
    made.SeriesInstanceUID = UID(series_uid(str(source.SOPInstanceUID)))
    made.Modality, made.SeriesNumber, made.InstanceNumber = "SR", 9001, 1
    made.SeriesDescription = "RadProof: quality check of the report"
    made.Manufacturer, made.ManufacturerModelName, made.SoftwareVersions = (
        MANUFACTURER,
        MANUFACTURER,
        __version__,
    )
    made.ReferencedPerformedProcedureStepSequence = []
    made.PerformedProcedureCodeSequence = []
    made.ContentDate, made.ContentTime = at.strftime("%Y%m%d"), at.strftime("%H%M%S")
    made.InstanceCreationDate, made.InstanceCreationTime = made.ContentDate, made.ContentTime
    made.CompletionFlag, made.VerificationFlag, made.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    made.CurrentRequestedProcedureEvidenceSequence = [_evidence(source)]
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = [_coded("CHECK", _OURS, "Quality check of a report by software")]
    return made


def _evidence(source: Dataset) -> Dataset:
    study, series = Dataset(), Dataset()
    series.SeriesInstanceUID = source.SeriesInstanceUID
    series.ReferencedSOPSequence = [_reference(source)]
    study.StudyInstanceUID = source.StudyInstanceUID
    study.ReferencedSeriesSequence = [series]
    return study


def _reference(source: Dataset) -> Dataset:
    named = Dataset()
    named.ReferencedSOPClassUID = source.SOPClassUID
    named.ReferencedSOPInstanceUID = source.SOPInstanceUID
    return named


def _about(source: Dataset, result: dict[str, Any]) -> Sequence[Dataset]:
    """Who says this, of what, and how far it may be trusted."""
    device = _item("HAS OBS CONTEXT", "UIDREF", _coded("121012", _DCM, "Device Observer UID"))
    device.UID = UID(derived_uid("device"))
    checked = _item("CONTAINS", "COMPOSITE", _coded("REPORT", _OURS, "Report that was checked"))
    checked.ReferencedSOPSequence = [_reference(source)]
    whole = "complete" if result["complete"] else "not complete: parts of the check did not run"
    return (
        _code(
            "HAS CONCEPT MOD",
            _coded("121049", _DCM, "Language of Content Item and Descendants"),
            _coded("en", "RFC5646", "English"),
        ),
        _code("HAS OBS CONTEXT", _coded("121005", _DCM, "Observer Type"), _coded("121007", _DCM, "Device")),
        device,
        _text(
            "HAS OBS CONTEXT", _coded("121013", _DCM, "Device Observer Name"), f"{MANUFACTURER} {__version__}"
        ),
        _code(
            "CONTAINS",
            _coded("ORIGIN", _OURS, "Origin"),
            _coded("AIAST", _OURS, "Artificial Intelligence asserted"),
        ),
        _text("CONTAINS", _coded("NOTICE", _OURS, "Notice"), DISCLAIMER),
        checked,
        _text("CONTAINS", _coded("COVERAGE", _OURS, "Check"), whole),
    )


def _flag(flag: dict[str, Any], number: int) -> Dataset:
    """One flag: the words, what is wrong with them, what speaks for it, what is proposed."""
    made = _item("CONTAINS", "CONTAINER", _coded("FLAG", _OURS, "Possible error"))
    made.ContinuityOfContent = "SEPARATE"
    share = f"{flag['tier']}, {round(100 * flag['confidence'])}%"
    said = [
        ("NUMBER", "Number", str(number)),
        ("TYPE", "Type", str(flag["type"]).replace("_", " ")),
        ("TIER", "Tier and confidence", share),
        ("QUOTE", "Words of the report", flag["quote"]),
        ("WHY", "Why", flag["message"]),
    ]
    for evidence in flag["evidence"]:
        if words := _spoken(evidence):
            said.append(("EVIDENCE", "Evidence", words))
    error = ErrorOut.model_validate(flag, strict=False)
    said += [("FIX", "Proposed fix", in_words(error, fix)) for fix in all_fixes(error)]
    made.ContentSequence = [
        _text("CONTAINS", _coded(code, _OURS, name), value) for code, name, value in said if value.strip()
    ]
    return made


def _spoken(evidence: dict[str, Any]) -> str:
    if evidence.get("quote"):
        return str(evidence["quote"])
    if evidence.get("path"):
        return " - ".join(evidence["path"])
    if evidence.get("reference_id"):
        return f"similar report {evidence['reference_id']}"
    return f"order: {evidence['source']}" if evidence["kind"] == "order" else ""


def _item(relationship: str, kind: str, name: Dataset) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType, made.ConceptNameCodeSequence = relationship, kind, [name]
    return made


def _text(relationship: str, name: Dataset, value: str) -> Dataset:
    made = _item(relationship, "TEXT", name)
    made.TextValue = value[:_LONGEST_TEXT]
    return made


def _code(relationship: str, name: Dataset, value: Dataset) -> Dataset:
    made = _item(relationship, "CODE", name)
    made.ConceptCodeSequence = [value]
    return made


def _coded(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made

"""What reads one DICOM object within ``confined``: the library is loaded there only."""

import base64
import io
import json
import sys
from typing import Any

from app.integrations import confined
from app.integrations.dicom.classes import ENCAPSULATED, MANUFACTURER, MODALITIES, REPORTS
from app.integrations.incoming import IncomingError


def read(raw: bytes) -> bytes:
    """What the object says, as JSON; ``dicom_report`` reads it."""
    sys.modules["numpy"] = None  # type: ignore[assignment]  # pixels are not looked at: half the memory, half the start
    from pydicom import config, dcmread
    from pydicom.errors import InvalidDicomError

    config.settings.reading_validation_mode = config.IGNORE
    try:
        whole = dcmread(io.BytesIO(raw), stop_before_pixels=True)
    except InvalidDicomError as error:
        raise IncomingError("not_dicom") from error
    sop_class = str(whole.get("SOPClassUID") or "")
    if sop_class not in REPORTS and sop_class not in ENCAPSULATED:
        raise IncomingError("not_a_report")
    if str(whole.get("Manufacturer") or "") == MANUFACTURER:
        raise IncomingError("own_document")
    said = json.dumps({**_header(whole), **_body(whole, sop_class)}, ensure_ascii=False)
    if "\ufffd" in said:
        raise IncomingError("wrong_charset")
    return said.encode("utf-8", "replace")


def _body(whole: Any, sop_class: str) -> dict[str, Any]:
    from app.integrations.dicom.content import pieces, procedure_reported

    if sop_class in REPORTS:
        said = [(piece.heading, piece.text) for piece in pieces(whole)]
        return {"pieces": said, "reported": procedure_reported(whole)}
    document = bytes(whole.get("EncapsulatedDocument") or b"")
    length = whole.get("EncapsulatedDocumentLength")
    document = document[: int(length)] if length else document
    return {"document": base64.b64encode(document).decode(), "media_type": ENCAPSULATED[sop_class]}


def _header(whole: Any) -> dict[str, Any]:
    requests = whole.get("ReferencedRequestSequence") or [{}]
    evidence = [
        str(item.get("ReferencedSOPClassUID") or "")
        for study in whole.get("CurrentRequestedProcedureEvidenceSequence") or ()
        for series in study.get("ReferencedSeriesSequence") or ()
        for item in series.get("ReferencedSOPSequence") or ()
    ]
    told = {
        "instance": whole.get("SOPInstanceUID"),
        "accession": whole.get("AccessionNumber") or requests[0].get("AccessionNumber"),
        "institution": whole.get("InstitutionName"),
        "description": requests[0].get("RequestedProcedureDescription") or whole.get("StudyDescription"),
        "reason": requests[0].get("ReasonForTheRequestedProcedure"),
        "laterality": whole.get("Laterality"),
        "sex": whole.get("PatientSex"),
        "age": whole.get("PatientAge"),
        "born": whole.get("PatientBirthDate"),
        "study_date": whole.get("StudyDate"),
        "content_date": whole.get("ContentDate"),
        "content_time": whole.get("ContentTime"),
        "zone": whole.get("TimezoneOffsetFromUTC"),
        "completion": whole.get("CompletionFlag"),
        "verification": whole.get("VerificationFlag"),
        "preliminary": whole.get("PreliminaryFlag"),
        "modality": next((MODALITIES[uid] for uid in evidence if uid in MODALITIES), None),
    }
    predecessors = [
        str(item.get("ReferencedSOPInstanceUID") or "")
        for study in whole.get("PredecessorDocumentsSequence") or ()
        for series in study.get("ReferencedSeriesSequence") or ()
        for item in series.get("ReferencedSOPSequence") or ()
    ]
    words = {name: str(value) if value is not None else "" for name, value in told.items()}
    return {**words, "predecessors": [uid for uid in predecessors if uid]}


if __name__ == "__main__":
    sys.exit(confined.serve(read))

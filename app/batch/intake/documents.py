"""Reports of whole files in an archive: plain text, HL7 v2 messages, FHIR resources, PDF, CDA and DICOM."""

from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from app.batch.intake.admission import Admission
from app.batch.items import Accepted, Refused
from app.integrations import files
from app.integrations.fhir import read as fhir
from app.integrations.hl7.read import reports_of
from app.integrations.hl7.stream import messages
from app.integrations.incoming import IncomingError, IncomingReport
from app.limits import LONGEST_ID
from app.lines import is_wide
from app.proofreading.report import SubmittedReport
from app.reading import ENCODING


def text_items(stream: IO[bytes], admission: Admission, source: str) -> Iterator[Accepted | Refused]:
    """A file that is one report; codes: text_too_large, utf_16, invalid_utf_8, and those of ``Admission``."""
    most = admission.limits.max_text_bytes + 3  # a byte order mark
    raw = stream.read(most + 1)
    if len(raw) > most:
        yield Refused("text_too_large", source=source)
        return
    if is_wide(raw):
        yield Refused("utf_16", source=source)
        return
    try:
        report = SubmittedReport(raw.decode(ENCODING), source)
    except UnicodeDecodeError:
        yield Refused("invalid_utf_8", source=source)
        return
    yield admission.admit(Accepted(source, report, source=source))


def hl7_items(stream: IO[bytes], admission: Admission, source: str) -> Iterator[Accepted | Refused]:
    """The reports of a file of messages; ``line`` is the place of a message in it.

    Codes: those of ``hl7.read.reports_of``, withdrawn, and those of ``Admission``.
    """
    for place, message in enumerate(messages(stream), 1):
        if message is None:
            yield Refused("message_too_large", line=place, source=source)
            continue
        try:
            reports = reports_of(message)
        except IncomingError as error:
            yield Refused(error.code, line=place, source=source)
            continue
        for number, report in enumerate(reports, 1):
            name = report.control_id or report.filler_id or f"{source} message {place}"
            yield _item(
                report, name if number == 1 else f"{name} report {number}", admission, (place, source)
            )


def fhir_items(stream: IO[bytes], admission: Admission, source: str) -> Iterator[Accepted | Refused]:
    """The reports of a FHIR document; ``line`` is the place of a report among those of a Bundle.

    Codes: those of ``fhir.read.read_document``, withdrawn, and those of ``Admission``.
    """
    try:
        for place, report in enumerate(fhir.read_document(stream.read(fhir.MOST_BYTES + 1)), 1):
            if isinstance(report, IncomingError):
                yield Refused(report.code, line=place, source=source)
                continue
            name = (
                report.control_id
                or report.filler_id
                or (source if place == 1 else f"{source} report {place}")
            )
            yield _item(report, name, admission, (place, source))
    except IncomingError as error:
        yield Refused(error.code, source=source)


def whole_items(
    stream: IO[bytes], admission: Admission, source: str, ending: str
) -> Iterator[Accepted | Refused]:
    """A file that is one report as a document; codes: those of ``files.READERS``, and those of ``Admission``.

    A CDA or DICOM document is called by its own id, a PDF by its place.
    """
    raw = stream.read(files.MOST_BYTES + 1)
    try:
        report = files.READERS[ending](raw)
    except IncomingError as error:
        yield Refused(error.code, source=source)
        return
    yield replace(_item(report, report.control_id or source, admission, (1, source)), line=None)


def _item(
    report: IncomingReport, name: str, admission: Admission, place: tuple[int, str]
) -> Accepted | Refused:
    line, source = place
    if report.withdrawn:
        return Refused(
            "withdrawn", custom_id=name if len(name) <= LONGEST_ID else None, line=line, source=source
        )
    site = (report.facility or report.application or "")[:LONGEST_ID] or None
    submitted = SubmittedReport(report.text, name, report.context)
    return admission.admit(Accepted(name, submitted, report.study_date, site, line, source))

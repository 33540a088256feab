"""A DICOM object as a message of a feed."""

from app.integrations.dicom.read import dicom_report
from app.integrations.incoming import IncomingError, digest
from app.limits import InadmissibleError, admit
from app.proofreading.report import SubmittedReport
from app.storage.types import FeedMessage, Version

KIND = "DICOM"


def dicom_message_of(raw: bytes, source: str, max_text_bytes: int = 262_144) -> FeedMessage:
    """The message that a DICOM object is. A report that names its predecessor is a version of the same report.

    Raises:
        IncomingError: a code of ``dicom_report`` or of ``app.limits.admit``: it is none that can be taken.
    """
    read = dicom_report(raw)
    report = read.report
    submitted = SubmittedReport(report.text, read.instance, report.context)
    try:
        admit(submitted, max_text_bytes)
    except InadmissibleError as error:
        raise IncomingError(error.code) from error
    named = read.predecessors[-1] if read.predecessors else read.instance
    version = Version(
        submitted,
        digest(source, named),
        report.said_at,
        report.status,
        report.study_date,
        report.facility,
        replaces=read.predecessors,
    )
    return FeedMessage(source, read.instance, digest(source, raw), KIND, raw, (version,))

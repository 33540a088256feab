"""Whole files that are one report each: PDF, CDA and DICOM, by the ending of their name."""

from collections.abc import Callable, Mapping

from app.integrations.dicom.read import report_of
from app.integrations.documents.cda import cda_report
from app.integrations.documents.pdf import pdf_text
from app.integrations.incoming import IncomingReport
from app.proofreading.report import Context

MOST_BYTES = 16 * 1_048_576


def _of_pdf(raw: bytes) -> IncomingReport:
    return IncomingReport(pdf_text(raw), Context())


READERS: Mapping[str, Callable[[bytes], IncomingReport]] = {
    ".pdf": _of_pdf,
    ".xml": cda_report,
    ".cda": cda_report,
    ".dcm": report_of,
}
"""What reads a file of at most MOST_BYTES; each raises IncomingError."""

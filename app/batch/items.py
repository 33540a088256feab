"""What a batch is made of: each report as it came in, or why one cannot be taken."""

import datetime as dt
from dataclasses import dataclass

from app.proofreading.report import SubmittedReport


@dataclass(frozen=True, slots=True)
class Accepted:
    """One report of a batch. ``custom_id`` is the sender's name of it, unique in its batch.

    ``line`` counts from 1 in NDJSON and CSV, as do the messages of an HL7 file and the reports of a FHIR file;
    ``source`` is the place of the file in an archive.
    """

    custom_id: str
    report: SubmittedReport
    study_date: dt.date | None = None
    site: str | None = None
    line: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line or file that cannot be checked. ``code`` is stable; ``pointer`` is the wrong field (JSON pointer).

    ``custom_id`` where the line says one that can be read.
    """

    code: str
    pointer: str | None = None
    custom_id: str | None = None
    line: int | None = None
    source: str | None = None

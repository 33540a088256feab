"""Reports of HL7 v2 messages: ORU^R01 (results) and MDM^T02 (documents), versions 2.3 to 2.8, read tolerantly.

A field of the order or patient that cannot be read is left out; a text that cannot be read is an error.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from app.integrations.hl7.segments import Segment, segments_of
from app.integrations.hl7.text import report_text
from app.integrations.incoming import (
    IncomingError,
    IncomingReport,
    age_at,
    modality_in,
    side_in,
    side_of_code,
    words,
)
from app.proofreading.report import Context

MOST_BYTES = 4 * 1_048_576
_MOST_REPORTS = 100  # orders of a message
_MOST_DOCUMENTS = 20  # of a message: reading each takes a process of its own
_SEXES = {"M": "male", "F": "female", "O": "other", "A": "other", "U": "unknown", "N": "unknown"}
# OBR-24, table 0074, and what sites write there; RAD says nothing
_SERVICES = {
    **{code: code for code in ("CT", "MR", "US", "NM", "MG", "XR", "CR", "DX", "PT")},
    "NMR": "MR",
    "MRI": "MR",
    "RUS": "US",
    "OUS": "US",
    "VUS": "US",
    "NMS": "NM",
    "MAM": "MG",
    "RX": "XR",
    "XRC": "XR",
}
# code and text of procedure, modifiers, supplements (CE); site and its modifier of OBR-15 (SPS)
_MODIFIERS = ((44, (1, 2, 4, 5)), (45, (1, 2, 4, 5)), (46, (1, 2, 4, 5)), (15, (1, 4, 5)))
_DATE = re.compile(r"\d{8}")
_INSTANT = re.compile(r"(\d{4}(?:\d\d){0,5})(\.\d{1,6})?([+-]\d{4})?", re.ASCII)
WITHDRAWN = frozenset({"X", "D", "W"})  # tables 0123 and 0085


def report_of(message: bytes, charset: str | None = None) -> IncomingReport:
    """The one report of a message; more in ``reports_of``.

    Raises:
        IncomingError: as there, and several_reports.
    """
    reports = reports_of(message, charset)
    if len(reports) > 1:
        raise IncomingError("several_reports")
    return reports[0]


def reports_of(message: bytes, charset: str | None = None) -> tuple[IncomingReport, ...]:
    """The reports of a message, one an OBR group that has text, at least one.

    ``charset`` is Python's name of the encoding of messages whose MSH-18 says none; None for UTF-8.

    Raises:
        IncomingError: message_too_large (more than MOST_BYTES), utf_16, not_hl7, unknown_charset,
            wrong_charset, message_type, no_text, or a code of ``report_text``.
    """
    if len(message) > MOST_BYTES:
        raise IncomingError("message_too_large")
    segments = segments_of(message, charset)
    header = segments[0]
    kind, event = header.part(9, 1), header.part(9, 2)
    if (kind, event) not in {("ORU", "R01"), ("ORU", ""), ("MDM", "T02")}:
        raise IncomingError("message_type")
    return reports_in(segments)


def reports_in(segments: Sequence[Segment], *, taken_back: bool = False) -> tuple[IncomingReport, ...]:
    """The reports of a message's segments, at least one; with ``taken_back`` also those of which none is left.

    Of the latter the text is empty and the status one of ``withdrawn``: the order has it (OBR-25), or each
    of its lines (OBX-11).

    Raises:
        IncomingError: no_text, too_many_reports, document_too_costly (too many of them), or a code of ``report_text``.
    """
    reports, problem = [], IncomingError("no_text")
    groups = order_groups(segments)
    if len(groups) > _MOST_REPORTS:
        raise IncomingError("too_many_reports")
    if sum(segment.name == "OBX" and segment.raw(2) == "ED" for segment in segments) > _MOST_DOCUMENTS:
        raise IncomingError("document_too_costly")
    for group in groups:
        status = _taken_back(group) if taken_back else None
        try:
            text = None if status else report_text(group, MOST_BYTES)
        except IncomingError as error:
            problem = error
            continue
        if status is not None:
            reports.append(replace(_report("", segments, group), status=status))
        elif text is not None:
            reports.append(_report(text, segments, group))
    if not reports:
        raise problem
    return tuple(reports)


def _taken_back(group: Sequence[Segment]) -> str | None:
    order = group[0].part(25) if group[0].name == "OBR" else ""
    lines = {segment.part(11) for segment in group if segment.name == "OBX"}
    if order in WITHDRAWN:
        return order
    return "W" if lines and lines <= WITHDRAWN else None


def order_groups(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments from each OBR to the next; of a document without one, those from its TXA or first OBX."""
    begins = "OBR" if any(segment.name == "OBR" for segment in segments) else "TXA"
    if not any(segment.name == begins for segment in segments):
        begins = ""
    found: list[list[Segment]] = []
    for segment in segments:
        if segment.name == begins or (not begins and not found and segment.name == "OBX"):
            found.append([])
        if found:
            found[-1].append(segment)
    return found


def _report(text: str, segments: Sequence[Segment], group: Sequence[Segment]) -> IncomingReport:
    header = segments[0]
    patient, document, order = (_first(segments, name) for name in ("PID", "TXA", "ORC"))
    study = group[0] if group[0].name == "OBR" else None
    day = _date(study.part(7)) if study else _date(document.part(4)) if document else None
    return IncomingReport(
        text,
        _context(patient, study, day),
        control_id=words(header.part(10)),
        placer_id=_id(study, 2) or _id(order, 2) or _id(document, 14),
        filler_id=_id(study, 3) or _id(order, 3) or _id(document, 15),
        application=words(header.part(3)),
        facility=words(header.part(4)),
        status=words(study.part(25)) if study else None,
        processing_id=words(header.part(11)),
        study_date=day,
        said_at=_said_at(header, study),
    )


def _said_at(header: Segment, study: Segment | None) -> str:
    """OBR-22 (or MSH-7), then MSH-7: as digits in UTC, which sort as the times do."""
    sent = _instant(header.part(7))
    told = _instant(study.part(22)) if study else ""
    return (told or sent) + sent


def _instant(value: str) -> str:
    """A time stamp (2.A.22) as 20 digits in UTC; without a zone as it stands; empty where it is none."""
    match = _INSTANT.fullmatch(value)
    if match is None:
        return ""
    stamp, fraction, zone = match.groups(default="")
    whole = stamp + "00000101000000"[len(stamp) :]
    try:
        read = dt.datetime.strptime(whole + fraction[1:].ljust(6, "0"), "%Y%m%d%H%M%S%f")
        if zone:
            away = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
            read = read - away if zone[0] == "+" else read + away
    except (ValueError, OverflowError):
        return ""
    return read.strftime("%Y%m%d%H%M%S%f").rjust(20, "0")


def _context(patient: Segment | None, study: Segment | None, day: dt.date | None) -> Context:
    procedure = (words(study.part(4, 2)) or words(study.part(4, 5))) if study else None
    return Context(
        modality=_modality(study, procedure),
        procedure=procedure,
        laterality=_side(study, procedure),
        patient_sex=_SEXES.get(patient.part(8).upper()) if patient else None,
        patient_age=age_at(_date(patient.part(7)), day) if patient else None,
        indication=_indication(study),
    )


def _modality(study: Segment | None, procedure: str | None) -> str | None:
    said = _SERVICES.get(study.part(24).upper()) if study else None
    return said or modality_in(procedure)


def _side(study: Segment | None, procedure: str | None) -> str | None:
    """The side of the modifiers (sites differ in the field), else of the procedure's name.

    Names of coding systems are left out: L stands for a local one, not for left.
    """
    if study is None:
        return None
    codes = (
        study.part_of(repetition, component)
        for field, components in _MODIFIERS
        for repetition in study.repetitions(field)
        for component in components
    )
    sides = {side for code in codes if (side := side_of_code(code))}
    return sides.pop() if len(sides) == 1 else side_in(procedure)


def _indication(study: Segment | None) -> str | None:
    if study is None:
        return None
    reasons = [study.part_of(reason, 2) or study.part_of(reason, 1) for reason in study.repetitions(31)]
    return words("; ".join(filter(None, reasons))) or words(study.delimiters.unescape(study.raw(13)))


def _id(segment: Segment | None, field: int) -> str | None:
    return words(segment.part(field)) if segment else None


def _first(segments: Sequence[Segment], name: str) -> Segment | None:
    return next((segment for segment in segments if segment.name == name), None)


def _date(value: str) -> dt.date | None:
    """The day of a time stamp (YYYYMMDD…); None where it says less, or no day."""
    match = _DATE.match(value)
    if match is None:
        return None
    try:
        return dt.datetime.strptime(match.group(), "%Y%m%d").date()
    except ValueError:
        return None

"""Reports of FHIR R4 (4.0.1): a DiagnosticReport, or those of a Bundle, in JSON.

The text is that of ``presentedForm``, text/plain before text/html before PDF, else of the result Observations and the
``conclusion``. Nothing is fetched here: references lead to resources of the same Bundle, contained ones, or those that
were got before; a form that is only a URL has no text.
A field of the order or patient that cannot be read is left out.
"""

import datetime as dt
from collections.abc import Iterator, Mapping

from app.integrations.fhir.resources import (
    Library,
    Resource,
    as_list,
    as_object,
    concept,
    one_line,
    parsed,
    resources_by_name,
)
from app.integrations.fhir.text import report_text
from app.integrations.incoming import (
    WITHDRAWN,
    IncomingError,
    IncomingReport,
    age_at,
    modality_in,
    side_in,
    words,
)
from app.proofreading.report import Context

MOST_BYTES = 4 * 1_048_576
_SEXES = frozenset({"male", "female", "other", "unknown"})


def read_document(document: bytes) -> Iterator[IncomingReport | IncomingError]:
    """The reports of a JSON document, and in their places why one is none.

    Codes of one report: no_text, invalid_base64, wrong_charset, document_too_large, or a code of
    ``pdf_text``.

    Raises:
        IncomingError: document_too_large (more than MOST_BYTES), utf_16, invalid_utf_8, invalid_json,
            duplicate_key, non_finite_number, too_deep, not_fhir, no_report (a Bundle without one).
    """
    resource = parsed(document, MOST_BYTES)
    kind = resource.get("resourceType")
    if kind == "DiagnosticReport":
        yield _read(resource, {})
        return
    if kind != "Bundle":
        raise IncomingError("not_fhir")
    entries = [as_object(entry) for entry in as_list(resource.get("entry"))]
    named = resources_by_name(entries)
    reports = [
        found for entry in entries if _is(found := as_object(entry.get("resource")), "DiagnosticReport")
    ]
    if not reports:
        raise IncomingError("no_report")
    for report in reports:
        yield _read(report, named)


def report_of(resource: Resource, named: Mapping[str, Resource] | None = None) -> IncomingReport:
    """The report of a DiagnosticReport; ``named``: resources by reference, such as ``Patient/1``.

    Of one that is taken back the text may be empty.

    Raises:
        IncomingError: no_text, invalid_base64, wrong_charset, document_too_large, or a code of ``pdf_text``.
    """
    contained = [as_object(inner) for inner in as_list(resource.get("contained"))]
    own = {f"#{inner['id']}": inner for inner in contained if isinstance(inner.get("id"), str)}
    library = Library({**(named or {}), **own})
    status = one_line(resource.get("status"))
    try:
        text = report_text(resource, library)
    except IncomingError:
        if status not in WITHDRAWN:
            raise
        text = ""
    day = _date(resource.get("effectiveDateTime") or as_object(resource.get("effectivePeriod")).get("start"))
    return IncomingReport(
        text,
        _context(resource, library, day),
        control_id=one_line(resource.get("id")),
        filler_id=_accession(resource),
        status=status,
        processing_id="T" if _for_trial(resource) else None,
        study_date=day,
        said_at=said_at(resource),
    )


def said_at(resource: Resource) -> str:
    """What sorts the versions of a resource: ``meta.lastUpdated`` (else ``issued``) in UTC, then its version's number."""
    meta = as_object(resource.get("meta"))
    moment = instant(meta.get("lastUpdated")) or instant(resource.get("issued"))
    number = meta.get("versionId")
    plain = isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) <= 12
    return f"{moment} {number if plain else '':0>12}" if moment else ""


def instant(value: object) -> str:
    """An instant or dateTime with a time zone, as ``YYYY-MM-DDThh:mm:ss.ffffffZ``; empty for anything else."""
    try:
        read = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is None or read.tzinfo is None:
            return ""
        return read.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    except (ValueError, OverflowError):
        return ""


def _for_trial(resource: Resource) -> bool:
    """True for test health data: v3-ActReason HTEST, as a security label or a tag."""
    meta = as_object(resource.get("meta"))
    labels = as_list(meta.get("security")) + as_list(meta.get("tag"))
    return any(as_object(label).get("code") == "HTEST" for label in labels)


def _read(resource: Resource, named: Mapping[str, Resource]) -> IncomingReport | IncomingError:
    try:
        return report_of(resource, named)
    except IncomingError as error:
        return error


def _context(report: Resource, library: Library, day: dt.date | None) -> Context:
    patient = library.find(report.get("subject"))
    orders = [library.find(order) for order in as_list(report.get("basedOn"))]
    ordered = next(filter(None, (concept(order.get("code")) for order in orders)), None)
    procedure = ordered or concept(report.get("code"))
    sites = [concept(site) for order in orders for site in as_list(order.get("bodySite"))]
    reasons = [concept(reason) for order in orders for reason in as_list(order.get("reasonCode"))]
    sex = patient.get("gender")
    return Context(
        modality=_modality(report, library) or modality_in(procedure),
        procedure=procedure,
        laterality=side_in(" ".join(filter(None, sites))) or side_in(procedure),
        patient_sex=sex if isinstance(sex, str) and sex in _SEXES else None,
        patient_age=age_at(_date(patient.get("birthDate")), day),
        indication=words("; ".join(filter(None, reasons))),
    )


def _modality(report: Resource, library: Library) -> str | None:
    studies = [library.find(study) for study in as_list(report.get("imagingStudy"))]
    codes = [
        one_line(as_object(coding).get("code"))
        for study in studies
        for coding in as_list(study.get("modality"))
    ]
    return next(filter(None, codes), None)


def _accession(report: Resource) -> str | None:
    """The identifier of type ACSN (table 0203), else the first."""
    identifiers = [as_object(identifier) for identifier in as_list(report.get("identifier"))]
    return next(
        (
            value
            for identifier in sorted(identifiers, key=_rank)
            if (value := one_line(identifier.get("value")))
        ),
        None,
    )


def _rank(identifier: Resource) -> int:
    codings = as_list(as_object(identifier.get("type")).get("coding"))
    return 0 if any(as_object(coding).get("code") == "ACSN" for coding in codings) else 1


def _date(value: object) -> dt.date | None:
    """The day of a date or dateTime; None where it says less, or no day."""
    if not isinstance(value, str) or len(value) < 10:
        return None
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        return None


def _is(resource: Resource, kind: str) -> bool:
    return resource.get("resourceType") == kind

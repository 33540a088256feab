"""Reports of FHIR R4 (4.0.1): a DiagnosticReport, or those of a Bundle, in JSON.

The text is that of ``presentedForm``, text/plain before text/html, else the ``conclusion``. Nothing is
ever fetched: references lead to resources of the same Bundle or contained ones, and a form that is only a URL has no text.
A field of the order or patient that cannot be read is left out.
"""

import base64
import binascii
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.integrations.html import LONGEST_PAGE, text_of
from app.integrations.incoming import (
    IncomingError,
    IncomingReport,
    age_at,
    modality_in,
    side_in,
    words,
)
from app.lines import is_wide
from app.proofreading.report import Context
from app.strict_json import StrictJsonError, loads

MOST_BYTES = 4 * 1_048_576
_PLAIN = ("text/plain",)
_HTML = ("text/html", "application/xhtml+xml", "application/xhtml")
_PDF = ("application/pdf",)
_CHARSETS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
}
_SEXES = frozenset({"male", "female", "other", "unknown"})

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Library:
    """Resources by what a reference may call them."""

    named: Mapping[str, Resource]

    def find(self, reference: object) -> Resource:
        """The resource of a Reference, empty where it is not here."""
        name = _object(reference).get("reference")
        return self.named.get(name, {}) if isinstance(name, str) else {}


def read_document(document: bytes) -> Iterator[IncomingReport | IncomingError]:
    """The reports of a JSON document, and in their places why one is none.

    Codes of one report: no_text, pdf, invalid_base64, wrong_charset, document_too_large.

    Raises:
        IncomingError: document_too_large (more than MOST_BYTES), utf_16, invalid_utf_8, invalid_json,
            duplicate_key, non_finite_number, too_deep, not_fhir, no_report (a Bundle without one).
    """
    resource = _parsed(document)
    kind = resource.get("resourceType")
    if kind == "DiagnosticReport":
        yield _read(resource, {})
        return
    if kind != "Bundle":
        raise IncomingError("not_fhir")
    entries = [_object(entry) for entry in _list(resource.get("entry"))]
    named = dict(_names(entries))
    reports = [found for entry in entries if _is(found := _object(entry.get("resource")), "DiagnosticReport")]
    if not reports:
        raise IncomingError("no_report")
    for report in reports:
        yield _read(report, named)


def report_of(resource: Resource, named: Mapping[str, Resource] | None = None) -> IncomingReport:
    """The report of a DiagnosticReport; ``named``: resources by reference, such as ``Patient/1``.

    Raises:
        IncomingError: no_text, pdf (and no other form), invalid_base64, wrong_charset, document_too_large.
    """
    contained = [_object(inner) for inner in _list(resource.get("contained"))]
    own = {f"#{inner['id']}": inner for inner in contained if isinstance(inner.get("id"), str)}
    library = _Library({**(named or {}), **own})
    text = _text(resource)
    day = _date(resource.get("effectiveDateTime") or _object(resource.get("effectivePeriod")).get("start"))
    return IncomingReport(
        text,
        _context(resource, library, day),
        control_id=_words(resource.get("id")),
        filler_id=_accession(resource),
        status=_words(resource.get("status")),
        study_date=day,
    )


def _read(resource: Resource, named: Mapping[str, Resource]) -> IncomingReport | IncomingError:
    try:
        return report_of(resource, named)
    except IncomingError as error:
        return error


def _parsed(document: bytes) -> Resource:
    if len(document) > MOST_BYTES:
        raise IncomingError("document_too_large")
    if is_wide(document):
        raise IncomingError("utf_16")
    try:
        value = loads(document.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise IncomingError("invalid_utf_8") from error
    except StrictJsonError as error:
        raise IncomingError(error.code) from error
    except ValueError as error:
        raise IncomingError("invalid_json") from error
    except RecursionError as error:
        raise IncomingError("too_deep") from error
    if not isinstance(value, dict):
        raise IncomingError("not_fhir")
    return value


def _names(entries: list[Resource]) -> Iterator[tuple[str, Resource]]:
    for entry in entries:
        resource = _object(entry.get("resource"))
        if isinstance(entry.get("fullUrl"), str):
            yield entry["fullUrl"], resource
        if isinstance(resource.get("id"), str):
            yield f"{resource.get('resourceType')}/{resource['id']}", resource


def _text(report: Resource) -> str:
    forms = [_object(form) for form in _list(report.get("presentedForm"))]
    problems = []
    for kinds in (_PLAIN, _HTML):
        for form in forms:
            if _kind(form)[0] in kinds and isinstance(form.get("data"), str):
                try:
                    shown = _shown(form)
                except IncomingError as error:
                    problems.append(error)
                    continue
                if shown.strip():
                    return shown
    conclusion = report.get("conclusion")
    if isinstance(conclusion, str) and conclusion.strip():
        return conclusion
    if problems:
        raise problems[0]
    raise IncomingError("pdf" if any(_kind(form)[0] in _PDF for form in forms) else "no_text")


def _shown(form: Resource) -> str:
    """The text of a form with data."""
    kind, charset = _kind(form)
    text = _decoded(form["data"], charset)
    if kind not in _HTML:
        return text
    if len(text) > LONGEST_PAGE:
        raise IncomingError("document_too_large")
    return text_of(text)


def _kind(form: Resource) -> tuple[str, str]:
    """The media type of an Attachment, and its character set."""
    kind, *parameters = str(form.get("contentType", "")).lower().split(";")
    charsets = (
        value.strip(" \"'")
        for name, _, value in (p.partition("=") for p in parameters)
        if name.strip() == "charset"
    )
    return kind.strip(), next(charsets, "")


def _decoded(data: str, charset: str) -> str:
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise IncomingError("invalid_base64") from error
    if charset not in _CHARSETS:
        raise IncomingError("unknown_charset")
    try:
        return raw.decode(_CHARSETS[charset]).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise IncomingError("wrong_charset") from error


def _context(report: Resource, library: _Library, day: dt.date | None) -> Context:
    patient = library.find(report.get("subject"))
    procedure = _concept(report.get("code"))
    orders = [library.find(order) for order in _list(report.get("basedOn"))]
    reasons = [_concept(reason) for order in orders for reason in _list(order.get("reasonCode"))]
    sex = patient.get("gender")
    return Context(
        modality=_modality(report, library) or modality_in(procedure),
        procedure=procedure,
        laterality=side_in(procedure),
        patient_sex=sex if isinstance(sex, str) and sex in _SEXES else None,
        patient_age=age_at(_date(patient.get("birthDate")), day),
        indication=words("; ".join(filter(None, reasons))),
    )


def _modality(report: Resource, library: _Library) -> str | None:
    studies = [library.find(study) for study in _list(report.get("imagingStudy"))]
    codes = [
        _words(_object(coding).get("code")) for study in studies for coding in _list(study.get("modality"))
    ]
    return next(filter(None, codes), None)


def _concept(concept: object) -> str | None:
    """The words of a CodeableConcept: its text, else the first display."""
    said = _object(concept)
    displays = (_object(coding).get("display") for coding in _list(said.get("coding")))
    return next((found for value in (said.get("text"), *displays) if (found := _words(value))), None)


def _accession(report: Resource) -> str | None:
    """The identifier of type ACSN (table 0203), else the first."""
    identifiers = [_object(identifier) for identifier in _list(report.get("identifier"))]
    return next(
        (
            value
            for identifier in sorted(identifiers, key=_rank)
            if (value := _words(identifier.get("value")))
        ),
        None,
    )


def _rank(identifier: Resource) -> int:
    codings = _list(_object(identifier.get("type")).get("coding"))
    return 0 if any(_object(coding).get("code") == "ACSN" for coding in codings) else 1


def _date(value: object) -> dt.date | None:
    """The day of a date or dateTime; None where it says less, or no day."""
    if not isinstance(value, str) or len(value) < 10:
        return None
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        return None


def _words(value: object) -> str | None:
    return words(value) if isinstance(value, str) else None


def _object(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is(resource: Resource, kind: str) -> bool:
    return resource.get("resourceType") == kind

"""The text of a DiagnosticReport: of its forms, else of its result Observations and its conclusion."""

import base64
import binascii

from app.integrations.documents.pdf import pdf_text
from app.integrations.fhir.resources import Library, Resource, as_list, as_object, codes, concept, one_line
from app.integrations.html import LONGEST_PAGE, text_of
from app.integrations.incoming import IncomingError

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
_IMPRESSION = frozenset({"19005-8"})  # LOINC
_NARRATIVE = frozenset({"18782-3", "59776-5"})
_MOST_RESULTS = 200
_MOST_FORMS = 20  # reading a PDF takes a process of its own


def report_text(report: Resource, library: Library) -> str:
    """The text: text/plain before text/html before PDF, else results with the conclusion, else the conclusion.

    Raises:
        IncomingError: no_text, invalid_base64, unknown_charset, wrong_charset, document_too_large, or a code of
            ``pdf_text``.
    """
    forms = [as_object(form) for form in as_list(report.get("presentedForm"))[:_MOST_FORMS]]
    problems = []
    for kinds in (_PLAIN, _HTML, _PDF):
        for form in forms:
            if _kind(form)[0] in kinds and isinstance(form.get("data"), str):
                try:
                    shown = _shown(form)
                except IncomingError as error:
                    problems.append(error)
                    continue
                if shown.strip():
                    return shown
    written = _results(report, library)
    if written:
        return written
    if problems:
        raise problems[0]
    raise IncomingError("no_text")


def _results(report: Resource, library: Library) -> str:
    """Findings and impression of the result Observations, with the conclusion; the conclusion where there are none."""
    findings: list[str] = []
    impression: list[str] = []
    for reference in as_list(report.get("result"))[:_MOST_RESULTS]:
        observation = library.find(reference)
        value = _value(observation)
        if not value or observation.get("status") in ("cancelled", "entered-in-error"):
            continue
        kinds = codes(observation.get("code"))
        name = concept(observation.get("code"))
        if kinds & _IMPRESSION:
            impression.append(value)
        else:
            findings.append(f"{name}: {value}" if name and not kinds & _NARRATIVE else value)
    conclusion = report.get("conclusion")
    said = conclusion if isinstance(conclusion, str) and conclusion.strip() else ""
    if not findings and not impression:
        return said
    parts = (("FINDINGS", findings), ("IMPRESSION", [said] if said else impression))
    return "\n\n".join(f"{name}:\n" + "\n".join(lines) for name, lines in parts if lines)


def _value(observation: Resource) -> str:
    """The value[x] of an Observation in words, where it is words, a concept or a quantity."""
    value = observation.get("valueString")
    if isinstance(value, str):
        return value.strip()
    quantity = as_object(observation.get("valueQuantity"))
    number = quantity.get("value")
    if isinstance(number, int | float) and not isinstance(number, bool):
        unit = one_line(quantity.get("unit")) or one_line(quantity.get("code")) or ""
        return f"{number} {unit}".strip()
    return concept(observation.get("valueCodeableConcept")) or ""


def _shown(form: Resource) -> str:
    """The text of a form with data."""
    kind, charset = _kind(form)
    if kind in _PDF:
        return pdf_text(_raw(form["data"]))
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


def _raw(data: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise IncomingError("invalid_base64") from error


def _decoded(data: str, charset: str) -> str:
    raw = _raw(data)
    if charset not in _CHARSETS:
        raise IncomingError("unknown_charset")
    try:
        return raw.decode(_CHARSETS[charset]).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise IncomingError("wrong_charset") from error

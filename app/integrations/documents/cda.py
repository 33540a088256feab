"""Reports as clinical documents (HL7 CDA R2; imaging reports of DICOM PS3.20): the narrative, and what the header says.

The narrative of a section is what its author signed; coded entries are not read.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from app.integrations.documents.embedded import base64_bytes, kind_of, plain_text
from app.integrations.documents.narrative import lines_of
from app.integrations.documents.xml import parsed
from app.integrations.incoming import IncomingError, IncomingReport, age_at, modality_in, side_in, words
from app.integrations.sections import HEADINGS, block
from app.proofreading.report import Context, Sex

_V3 = "{urn:hl7-org:v3}"
_ROOT = f"{_V3}ClinicalDocument"
_PS3_20 = "{urn:dicom-org:ps3-20}"
_LOINC, _DCM = "2.16.840.1.113883.6.1", "1.2.840.10008.2.16.4"
_SEXES: dict[str, Sex] = {"M": "male", "F": "female", "UN": "other"}
_DAY = re.compile(r"\d{8}")
_LONGEST_HEADING = 50


def cda_text(raw: bytes | str) -> str:
    """The text of a clinical document; more in ``cda_report``."""
    return cda_report(raw).text


def cda_report(raw: bytes | str) -> IncomingReport:
    """The report of a clinical document.

    ``control_id`` is the document's id, ``filler_id`` the accession number. Nothing is ever fetched.

    Raises:
        IncomingError: a code of ``xml.parsed`` or, of a body that is a PDF, of ``pdf_text``; not_cda, no_text,
            invalid_base64, wrong_charset, embedded_document (a body of another kind).
    """
    root = parsed(raw)
    if root.tag != _ROOT:
        raise IncomingError("not_cda")
    body = root.find(f"{_V3}component/{_V3}structuredBody")
    text = _foreign(root) if body is None else "\n\n".join(_sections(body))
    if not text.strip():
        raise IncomingError("no_text")
    day = _day(root.find(f"{_V3}documentationOf/{_V3}serviceEvent/{_V3}effectiveTime/{_V3}low")) or _day(
        root.find(f"{_V3}effectiveTime")
    )
    document = root.find(f"{_V3}id")
    accession = root.find(f"{_V3}inFulfillmentOf/{_V3}order/{_PS3_20}accessionNumber")
    return IncomingReport(
        text,
        _context(root, day),
        control_id=_id(document),
        filler_id=words(_said(accession, "extension")),
        study_date=day,
    )


def _sections(body: Element) -> Iterator[str]:
    """Each section with its heading, those within it after it."""
    for component in body.findall(f"{_V3}component"):
        for section in component.findall(f"{_V3}section"):
            heading = _heading(section)
            narrative = section.find(f"{_V3}text")
            shown = "\n".join(lines_of(narrative, heading)) if narrative is not None else ""
            if shown.strip():
                yield block(heading, shown)
            yield from _sections(section)


def _heading(section: Element) -> str | None:
    """That of the section's code where it has a meaning of ours, else its title."""
    code = section.find(f"{_V3}code")
    if code is not None and code.get("codeSystem", _LOINC) in (_LOINC, _DCM):
        known = HEADINGS.get(code.get("code", ""))
        if known is not None:
            return known
    title = words("".join(section.findtext(f"{_V3}title", "")))
    return title.rstrip(":").upper() if title and len(title) <= _LONGEST_HEADING else None


def _foreign(root: Element) -> str:
    """The text of a body that is no XML (``nonXMLBody``)."""
    body = root.find(f"{_V3}component/{_V3}nonXMLBody/{_V3}text")
    if body is None:
        return ""
    data = "".join(body.itertext())
    kind = kind_of(body.get("mediaType", "text/plain"))
    if body.get("representation", "TXT") != "B64":
        return plain_text(data.encode(), kind, "utf-8")
    return plain_text(base64_bytes(data), kind, "utf-8")


def _context(root: Element, day: dt.date | None) -> Context:
    patient = root.find(f"{_V3}recordTarget/{_V3}patientRole/{_V3}patient")
    event = root.find(f"{_V3}documentationOf/{_V3}serviceEvent")
    code = event.find(f"{_V3}code") if event is not None else None
    procedure = words(root.findtext(f"{_V3}title")) or words(_said(code, "displayName"))
    sex = born = None
    if patient is not None:
        sex = _SEXES.get(_said(patient.find(f"{_V3}administrativeGenderCode"), "code"))
        born = _day(patient.find(f"{_V3}birthTime"))
    return Context(
        modality=_modality(event) or modality_in(procedure),
        procedure=procedure,
        laterality=side_in(procedure),
        patient_sex=sex,
        patient_age=age_at(born, day),
    )


def _modality(event: Element | None) -> str | None:
    """The translation of the event's code that is of DICOM's own codes (PS3.20, 9.8.9.1)."""
    found = event.iter(f"{_V3}translation") if event is not None else ()
    return next((words(code.get("code")) for code in found if code.get("codeSystem") == _DCM), None)


def _id(element: Element | None) -> str | None:
    parts: Sequence[str] = [_said(element, "root"), _said(element, "extension")]
    return words("^".join(filter(None, parts)))


def _said(element: Element | None, name: str) -> str:
    return element.get(name, "") if element is not None else ""


def _day(element: Element | None) -> dt.date | None:
    match = _DAY.match(_said(element, "value"))
    try:
        return dt.datetime.strptime(match.group(), "%Y%m%d").date() if match else None
    except ValueError:
        return None

"""A report as another system sends it, whatever the format."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from app.proofreading.report import Context

LONGEST_WORDS = 1_000  # characters of a field of the order, as over HTTP
_SIDES = {
    "left": "left",
    "lt": "left",
    "right": "right",
    "rt": "right",
    "bilateral": "bilateral",
    "bilat": "bilateral",
    "both": "bilateral",
    "50": "bilateral",
}
_SIDE = re.compile(r"\b(?:left|lt|right|rt|bilateral|bilat|both)\b", re.IGNORECASE)
_MODALITY = re.compile(
    r"\b(?:(?P<CT>CTA?|computed tomography)|(?P<MR>MRI?|MRA|magnetic resonance)|(?P<US>US|ultrasound|sonogram)"
    r"|(?P<NM>PET|NM|SPECT|scintigraphy)|(?P<MG>mammogra(?:m|phy)|MAMMO|MG)|(?P<XR>XR|CXR|x-?rays?|radiographs?))\b",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_OLDEST = 150


class IncomingError(ValueError):
    """What came in is no report that can be checked. The message is its stable code, and holds nothing of it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class IncomingReport:
    """One report with what its system says of it. None where it says nothing, or nothing that can be read.

    ``control_id`` names the message (HL7 MSH-10) or resource (FHIR id), ``placer_id`` and ``filler_id`` the
    order (OBR-2, OBR-3; the accession number is mostly the latter). ``status``: of table 0123 in HL7, of
    diagnostic-report-status in FHIR. ``processing_id``: P, T or D (MSH-11). ``study_date``: OBR-7, effective[x].
    ``said_at`` sorts what one source says of one report: OBR-22, else MSH-7, in UTC; empty where neither is said.
    """

    text: str
    context: Context
    control_id: str | None = None
    placer_id: str | None = None
    filler_id: str | None = None
    application: str | None = None
    facility: str | None = None
    status: str | None = None
    processing_id: str | None = None
    study_date: dt.date | None = None
    said_at: str = ""

    @property
    def withdrawn(self) -> bool:
        """True when the system took the report back: deleted, cancelled, entered in error."""
        return self.status in WITHDRAWN


WITHDRAWN = frozenset({"X", "D", "W", "cancelled", "entered-in-error"})


def digest(*parts: str | bytes) -> str:
    """SHA-256 over the parts, a zero byte between: names a message or a report without showing it."""
    raw = (part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass") for part in parts)
    return hashlib.sha256(b"\0".join(raw)).hexdigest()


def words(value: str | None) -> str | None:
    """A field of the order on one line; None where empty or too long to be one."""
    plain = " ".join(_UNPRINTABLE.sub(" ", value or "").split())
    return plain if 0 < len(plain) <= LONGEST_WORDS else None


def side_of_code(code: str) -> str | None:
    """The side that a modifier is: LT, RT, 50 (CPT), or a word."""
    return _SIDES.get(code.strip().lower())


def side_in(text: str | None) -> str | None:
    """The one side that the name of a procedure says; None where it says none or two."""
    found = {_SIDES[word.lower()] for word in _SIDE.findall(text or "")}
    return found.pop() if len(found) == 1 else None


def modality_in(text: str | None) -> str | None:
    """The one modality that the name of a procedure says (CT, MR, US, NM, MG, XR); None where it says none or two."""
    found = {match.lastgroup for match in _MODALITY.finditer(text or "")}
    return found.pop() if len(found) == 1 else None


def age_at(born: dt.date | None, day: dt.date | None) -> float | None:
    """Years on a day: whole ones from two on, with two digits before. None where a date is missing or absurd."""
    if born is None or day is None or day < born:
        return None
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    if years > _OLDEST:
        return None
    return float(years) if years >= 2 else round((day - born).days / 365.25, 2)

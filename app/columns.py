"""A report from the columns of a row, as archives and exports name them."""

import math
from collections.abc import Mapping
from typing import Any, get_args

from app.proofreading.report import Context, Sex, Side, SubmittedReport

OLDEST = 150  # years, as over HTTP
_TEXT = ("text", "report", "report_text")
ID_COLUMNS = ("report_id", "uid", "id", "study_id")
_SECTIONS = (
    ("EXAM", ("exam", "image")),
    ("INDICATION", ("indication",)),
    ("TECHNIQUE", ("technique",)),
    ("COMPARISON", ("comparison",)),
    ("FINDINGS", ("findings",)),
    ("IMPRESSION", ("impression",)),
)
_CONTEXT = ("modality", "body_part", "procedure", "laterality", "patient_sex", "prior_report")
_CODES = {
    "m": "male",
    "f": "female",
    "o": "other",
    "u": "unknown",
    "l": "left",
    "r": "right",
    "b": "bilateral",
}
TEXT_COLUMNS = frozenset({*_TEXT, *(key for _, keys in _SECTIONS for key in keys)})
CONTEXT_COLUMNS = frozenset({*_CONTEXT, "indication", "patient_age"})
COLUMNS = TEXT_COLUMNS | CONTEXT_COLUMNS | {*ID_COLUMNS}


class ColumnError(ValueError):
    """A row is no report. ``code``: missing_text, wrong_type or value_not_allowed; the message holds no value."""

    def __init__(self, code: str, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.field = field


def report_of(row: Mapping[str, Any], fallback_id: str) -> SubmittedReport:
    """The report of a row: ``text`` (or report, report_text), or section columns, which become one text with headings.

    Beside them: an id (report_id, uid, id, study_id; else ``fallback_id``) and context columns by the names of
    the wire contract. A row whose text is empty is a report: an empty one, that no check admits.

    Raises:
        ColumnError: when it has no column of text, or a value that is not allowed.
    """
    if not TEXT_COLUMNS & row.keys():
        reason = "no report text: need a text column, or findings and impression"
        raise ColumnError("missing_text", None, reason)
    whole = next((text for key in _TEXT if (text := _words(row, key))), None)
    indication = _words(row, "indication")
    if whole is None:
        parts = ((title, _first(row, keys)) for title, keys in _SECTIONS)
        whole = "\n".join(f"{title}: {part}" for title, part in parts if part is not None)
        indication = None  # the text says it
    return SubmittedReport(whole, identifier(row) or fallback_id, _context(row, indication))


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with what its ``context``, if it has one, says beside the columns.

    Raises:
        ColumnError: when the context is no object.
    """
    context = row.get("context") or {}
    if not isinstance(context, dict):
        raise ColumnError("wrong_type", "context", "context is not an object")
    return {**row, **{key: value for key, value in context.items() if key in CONTEXT_COLUMNS}}


def identifier(row: Mapping[str, Any]) -> str | None:
    """What the first column of an id says."""
    for key in ID_COLUMNS:
        value = row.get(key)
        if value not in (None, ""):
            if not isinstance(value, str | int) or isinstance(value, bool):
                raise ColumnError("wrong_type", key, f"{key} is neither text nor a whole number")
            return str(value)
    return None


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    found = [_words(row, key) for key in keys]
    return next((words for words in found if words), None)


def _words(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise ColumnError("wrong_type", key, f"{key} is not text")
    return value or None


def _context(row: Mapping[str, Any], indication: str | None) -> Context:
    values = {key: _words(row, key) for key in _CONTEXT}
    for key, known in (("patient_sex", get_args(Sex)), ("laterality", get_args(Side))):
        word = (values[key] or "").strip().lower()
        values[key] = _CODES.get(word, word) or None
        if values[key] not in (None, *known):
            raise ColumnError("value_not_allowed", key, f"{key} is none of {', '.join(known)}")
    return Context(**values, indication=indication, patient_age=_age(row.get("patient_age")))


def _age(value: object) -> float | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ColumnError("wrong_type", "patient_age", "patient_age is not a number")
    try:
        years = float(value)
    except (ValueError, OverflowError) as error:
        raise ColumnError("wrong_type", "patient_age", "patient_age is not a number") from error
    if not math.isfinite(years) or not 0 <= years <= OLDEST:
        raise ColumnError("value_not_allowed", "patient_age", f"patient_age is not within 0 and {OLDEST}")
    return years

"""Reports from files: plain text, JSON lines and CSV, one at a time."""

import csv
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO, get_args

from app.proofreading.report import Context, Sex, Side, SubmittedReport
from app.strict_json import StrictJsonError, loads

_TEXT = ("text", "report", "report_text")
_ID = ("report_id", "uid", "id", "study_id")
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
_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
OLDEST = 150  # years, as over HTTP
_LARGEST_CELL = 64 * 1024 * 1024
ENCODING = "utf-8-sig"  # UTF-8; spreadsheets put a mark of three bytes before it


class ReadError(Exception):
    """A file does not hold reports. ``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        """Say where and why; the message holds nothing of the file."""
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def read_reports(source: Path | TextIO, form: str | None = None) -> Iterator[SubmittedReport]:
    """The reports of a file, streamed. ``form``: text | jsonl | csv; None goes by the file's ending.

    CSV and JSONL rows carry ``text`` (or ``report``), or section columns (exam or image, indication,
    technique, comparison, findings, impression), which become one text with headings; an id (report_id,
    uid, id, study_id; else the line number); and context columns by the names of the wire contract.

    Raises:
        ReadError: at the first line that is not a report. One whose text is empty is a report: an
            empty one, that no check admits.
        OSError, UnicodeDecodeError: when the file cannot be read.
    """
    ending = Path(source.name).suffix.lower() if isinstance(source, Path) else ""
    kind = form or _FORMATS.get(ending, "text")
    opened = source.open(encoding=ENCODING, newline="") if isinstance(source, Path) else nullcontext(source)
    with opened as lines:
        if kind == "csv":
            yield from _csv(lines)
        elif kind == "jsonl":
            yield from _jsonl(lines)
        else:
            name = source.stem if isinstance(source, Path) else "stdin"
            yield SubmittedReport(lines.read(_LARGEST_CELL), name)


def _csv(lines: TextIO) -> Iterator[SubmittedReport]:
    csv.field_size_limit(min(_LARGEST_CELL, sys.maxsize))
    rows = csv.DictReader(lines, strict=True)
    try:
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        if len(set(names)) < len(names):
            raise ReadError(1, "two columns have the same name")
        for row in rows:
            if None in row:
                raise ReadError(rows.line_num, "more cells than the header names")
            cells = {key.strip().lower(): value or "" for key, value in row.items() if key}
            yield _report(cells, rows.line_num)
    except csv.Error as error:
        raise ReadError(rows.line_num + 1, "not CSV") from error


def _jsonl(lines: TextIO) -> Iterator[SubmittedReport]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = loads(line)
        except StrictJsonError as error:
            raise ReadError(number, str(error)) from error
        except (ValueError, RecursionError) as error:
            raise ReadError(number, "not JSON") from error
        if not isinstance(row, dict):
            raise ReadError(number, "not a JSON object")
        context = row.get("context") or {}
        if not isinstance(context, dict):
            raise ReadError(number, "context is not an object")
        yield _report({**row, **context}, number)


def _report(row: Mapping[str, Any], line: int) -> SubmittedReport:
    words = {*_TEXT, *(key for _, keys in _SECTIONS for key in keys)} & row.keys()
    if not words:
        raise ReadError(line, "no report text: need a text column, or findings and impression")
    for key in words:
        if row[key] is not None and not isinstance(row[key], str):
            raise ReadError(line, f"{key} is not text")
    text = next((row[key] for key in _TEXT if row.get(key)), None)
    if text is None:
        parts = ((title, next((row[key] for key in keys if row.get(key)), None)) for title, keys in _SECTIONS)
        text = "\n".join(f"{title}: {part}" for title, part in parts if part is not None)
    identifier = next((row[key] for key in _ID if row.get(key) not in (None, "")), line)
    return SubmittedReport(text, str(identifier), _context(row, line))


def _context(row: Mapping[str, Any], line: int) -> Context:
    values: dict[str, str | None] = {}
    for key in _CONTEXT:
        value = row.get(key)
        if value is not None and not isinstance(value, str):
            raise ReadError(line, f"{key} is not text")
        values[key] = value or None
    for key, known in (("patient_sex", get_args(Sex)), ("laterality", get_args(Side))):
        word = (values[key] or "").strip().lower()
        values[key] = _CODES.get(word, word) or None
        if values[key] not in (None, *known):
            raise ReadError(line, f"{key} is none of {', '.join(known)}")
    age = row.get("patient_age")
    try:
        years = None if age in (None, "") else float(str(age))
    except ValueError as error:
        raise ReadError(line, "patient_age is not a number") from error
    if years is not None and not 0 <= years <= OLDEST:
        raise ReadError(line, f"patient_age is not within 0 and {OLDEST}")
    return Context(**values, patient_age=years)

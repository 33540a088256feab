"""Reports from files: plain text, JSON lines and CSV, one at a time; PDF, CDA and DICOM as wholes."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from app.columns import ColumnError, flat, report_of
from app.integrations import files
from app.integrations.incoming import IncomingError
from app.limits import MAX_LINE_BYTES
from app.lines import is_wide
from app.proofreading.report import SubmittedReport
from app.rows import Row, Unreadable, csv_rows, json_rows

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
ENCODING = "utf-8-sig"  # UTF-8; spreadsheets put a mark of three bytes before it


class ReadError(Exception):
    """A file does not hold reports. ``line`` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        """Say where and why; the message holds nothing of the file."""
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def read_reports(source: Path | BinaryIO, form: str | None = None) -> Iterator[SubmittedReport]:
    """The reports of a file in which every row has to be one; more in ``read_each``.

    Raises:
        ReadError: at the first row that is not a report.
        OSError: when the file cannot be read.
    """
    for read in read_each(source, form):
        if isinstance(read, Unreadable):
            raise ReadError(read.line, read.reason)
        yield read


def read_each(
    source: Path | BinaryIO, form: str | None = None, most: int = MAX_LINE_BYTES
) -> Iterator[SubmittedReport | Unreadable]:
    """The reports of a file, streamed, and in their places the rows that are none.

    ``form``: text | jsonl | csv; None goes by the file's ending, which may be one of ``files.READERS``. Rows
    carry what ``columns.report_of`` names; those of JSON may hold the context as an object. ``most``: bytes of a
    line, or of a whole text.

    Raises:
        OSError: when the file cannot be read.
    """
    ending = Path(source.name).suffix.lower() if isinstance(source, Path) else ""
    kind = form or _FORMATS.get(ending, "text")
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
        if form is None and ending in files.READERS:
            yield _whole(stream, Path(str(source)).stem, ending)
            return
        if kind == "text":
            yield _text(stream, source.stem if isinstance(source, Path) else "stdin", most)
            return
        rows = csv_rows if kind == "csv" else json_rows
        for row in rows(stream, most):
            yield _report(row) if isinstance(row, Row) else row


def _text(stream: BinaryIO, name: str, most: int) -> SubmittedReport | Unreadable:
    raw = stream.read(most + 1)
    if len(raw) > most:
        return Unreadable.of(1, "text_too_large")
    if is_wide(raw):
        return Unreadable.of(1, "utf_16")
    try:
        return SubmittedReport(raw.decode(ENCODING), name)
    except UnicodeDecodeError:
        return Unreadable.of(1, "invalid_utf_8")


def _whole(stream: BinaryIO, name: str, ending: str) -> SubmittedReport | Unreadable:
    raw = stream.read(files.MOST_BYTES + 1)
    try:
        read = files.READERS[ending](raw)
    except IncomingError as error:
        return Unreadable(1, error.code, error.code.replace("_", " "))
    return SubmittedReport(read.text, name, read.context)


def _report(row: Row) -> SubmittedReport | Unreadable:
    try:
        return report_of(flat(row.fields), str(row.line))
    except ColumnError as error:
        return Unreadable(row.line, error.code, str(error), error.field)

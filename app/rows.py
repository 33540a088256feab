"""Rows of JSON lines and CSV as mappings, or why a row is none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from app.columns import TEXT_COLUMNS
from app.lines import read_cells, read_lines
from app.strict_json import StrictJsonError, loads

_MOST_COLUMNS = 1_000
_REASONS = {
    "duplicate_column": "two columns have the same name",
    "invalid_csv": "not CSV",
    "invalid_json": "not JSON",
    "invalid_utf_8": "not UTF-8 text",
    "line_too_long": "longer than the limit",
    "no_text_column": "no report text: need a text column, or findings and impression",
    "not_an_object": "not a JSON object",
    "ragged_row": "more or fewer cells than the header names",
    "row_too_long": "longer than the limit",
    "text_too_large": "longer than the limit",
    "too_deep": "nested too deeply",
    "too_many_columns": f"more than {_MOST_COLUMNS} columns",
    "utf_16": "UTF-16 or UTF-32; save it as UTF-8",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read; ``line`` counts from 1."""

    line: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot: a stable code, and a reason for people that holds nothing of the row.

    ``field`` is the wrong column, ``file`` what it stands in; None where not known.
    """

    line: int
    code: str
    reason: str
    field: str | None = None
    file: str | None = None

    @classmethod
    def of(cls, line: int, code: str) -> "Unreadable":
        """With the usual reason of a code."""
        return cls(line, code, _REASONS[code])


def json_rows(stream: IO[bytes], most: int) -> Iterator[Row | Unreadable]:
    """The objects of JSON lines; blank lines are none. ``most``: bytes of a line.

    Codes: line_too_long, invalid_utf_8, utf_16, invalid_json, duplicate_key, non_finite_number, too_deep,
    not_an_object.
    """
    for line in read_lines(stream, most):
        if line.problem:
            yield Unreadable.of(line.number, line.problem)
        elif line.text.strip():
            yield _object(line.number, line.text)


def _object(line: int, text: str) -> Row | Unreadable:
    try:
        fields = loads(text)
    except StrictJsonError as error:
        return Unreadable(line, error.code, str(error))
    except RecursionError:
        return Unreadable.of(line, "too_deep")
    except ValueError:
        return Unreadable.of(line, "invalid_json")
    return Row(line, fields) if isinstance(fields, dict) else Unreadable.of(line, "not_an_object")


def csv_rows(stream: IO[bytes], most: int) -> Iterator[Row | Unreadable]:
    """The rows of CSV by the names of the header, in lower case. ``most``: bytes of a line.

    Codes: line_too_long, row_too_long, invalid_utf_8, utf_16, invalid_csv, ragged_row; of the header, after
    which nothing is read: no_text_column, duplicate_column, too_many_columns.
    """
    rows = read_cells(stream, most)
    header = next(rows, None)
    if header is None:
        return
    names = [name.strip().lower() for name in header.values]
    problem = header.problem or _problem(names)
    if problem:
        yield Unreadable.of(header.line, problem)
        return
    for row in rows:
        if row.problem:
            yield Unreadable.of(row.line, row.problem)
        elif len(row.values) != len(names):
            yield Unreadable.of(row.line, "ragged_row")
        else:
            yield Row(row.line, {name: cell for name, cell in zip(names, row.values, strict=True) if name})


def _problem(names: list[str]) -> str | None:
    named = [name for name in names if name]
    if len(set(named)) < len(named):
        return "duplicate_column"
    if len(names) > _MOST_COLUMNS:
        return "too_many_columns"
    return None if TEXT_COLUMNS & set(named) else "no_text_column"

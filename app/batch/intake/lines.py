"""Reports of NDJSON lines and CSV rows: our own request, OpenAI's batch line, or columns."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from app.api.schemas import CheckRequest
from app.batch.intake.admission import Admission, shown
from app.batch.items import Accepted, Refused
from app.columns import COLUMNS, CONTEXT_COLUMNS, ID_COLUMNS, ColumnError, flat, report_of
from app.rows import Row, csv_rows, json_rows

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_OWN = frozenset({"custom_id", "study_date", "site"})
_ENVELOPE = frozenset({"method", "url", "body"})
_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "string_too_short": "blank_text",
    "string_too_long": "too_long",
    "string_unicode": "invalid_unicode",
    "literal_error": "value_not_allowed",
    "greater_than_equal": "value_not_allowed",
    "less_than_equal": "value_not_allowed",
}


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    custom_id: str | None = None
    study_date: str | None = None
    site: str | None = None


class _RequestLine(CheckRequest, _Named):
    """{"custom_id", "text", "report_id"?, "context"?, "study_date"?, "site"?}."""


class _OpenAILine(_Named):
    """{"custom_id", "method", "url", "body"}, as OpenAI's batches have it."""

    method: Literal["POST"] = "POST"
    url: Literal["/v1/reports/check"] = "/v1/reports/check"
    body: CheckRequest


class _FieldError(ValueError):
    def __init__(self, code: str, pointer: str | None) -> None:
        super().__init__(code)
        self.code = code
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class _Place:
    line: int
    source: str | None

    @property
    def name(self) -> str:
        return f"{self.source} line {self.line}" if self.source else f"line {self.line}"


def ndjson_items(
    stream: IO[bytes], admission: Admission, source: str | None = None
) -> Iterator[Accepted | Refused]:
    """The reports of JSON lines, and the lines that are none.

    Codes: those of ``json_rows``, unknown_field, missing_field, missing_text, wrong_type, value_not_allowed,
    invalid_study_date, and those of ``Admission``.
    """
    for row in json_rows(stream, admission.limits.max_line_bytes):
        if isinstance(row, Row):
            yield _item(row.fields, _Place(row.line, source), admission)
        else:
            yield Refused(row.code, line=row.line, source=source)


def csv_items(
    stream: IO[bytes], admission: Admission, source: str | None = None
) -> Iterator[Accepted | Refused]:
    """The reports of CSV rows; columns that have no meaning here are not read. Codes: of ``csv_rows`` and as above."""
    known = COLUMNS | _OWN
    for row in csv_rows(stream, admission.limits.max_line_bytes):
        if isinstance(row, Row):
            fields = {name: cell for name, cell in row.fields.items() if name in known}
            yield _item(fields, _Place(row.line, source), admission)
        else:
            yield Refused(row.code, line=row.line, source=source)


def _item(fields: Mapping[str, Any], place: _Place, admission: Admission) -> Accepted | Refused:
    try:
        read, base = _read(fields, place)
    except _FieldError as error:
        named = (shown(fields.get(key)) for key in ("custom_id", *ID_COLUMNS))
        name = next(filter(None, named), None)
        return Refused(error.code, error.pointer, name, place.line, place.source)
    return admission.admit(read, base)


def _read(fields: Mapping[str, Any], place: _Place) -> tuple[Accepted, str]:
    """The report of a line, and the pointer of the object that holds its text."""
    try:
        if fields.keys() & _ENVELOPE:
            line = _OpenAILine.model_validate(fields)
            return _accepted(line, line.body, place), "/body"
        if fields.keys() <= _RequestLine.model_fields.keys() and isinstance(
            fields.get("context"), dict | None
        ):
            own = _RequestLine.model_validate(fields)
            return _accepted(own, own, place), ""
    except ValidationError as error:
        raise _field_error(error) from error
    return _of_columns(fields, place), ""


def _accepted(named: _Named, request: CheckRequest, place: _Place) -> Accepted:
    custom_id = named.custom_id or request.report_id or place.name
    return Accepted(
        custom_id,
        request.to_domain(custom_id),
        _day(named.study_date),
        named.site or None,
        place.line,
        place.source,
    )


def _of_columns(fields: Mapping[str, Any], place: _Place) -> Accepted:
    unknown = fields.keys() - COLUMNS - _OWN - {"context"}
    context = fields.get("context")
    if unknown or (isinstance(context, dict) and context.keys() - CONTEXT_COLUMNS):
        raise _FieldError("unknown_field", "" if unknown else "/context")
    for name in _OWN:
        if not isinstance(fields.get(name), str | None):
            raise _FieldError("wrong_type", f"/{name}")
    try:
        report = report_of(flat(fields), fields.get("custom_id") or place.name)
    except ColumnError as error:
        raise _FieldError(error.code, f"/{error.field}" if error.field else None) from error
    custom_id = fields.get("custom_id") or report.report_id
    return Accepted(
        custom_id,
        report,
        _day(fields.get("study_date")),
        fields.get("site") or None,
        place.line,
        place.source,
    )


def _day(value: str | None) -> dt.date | None:
    if not value:
        return None
    try:
        if _DATE.fullmatch(value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise _FieldError("invalid_study_date", "/study_date")


def _field_error(error: ValidationError) -> _FieldError:
    """The first thing wrong; keys that the sender made up are not named."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    kind, place = first["type"], first["loc"]
    if kind == "extra_forbidden":
        place = place[:-1]
    code = "missing_text" if kind == "missing" and place[-1:] == ("text",) else _CODES.get(kind, "wrong_type")
    return _FieldError(code, "".join(f"/{part}" for part in place))

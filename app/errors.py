"""Every refusal and failure as a problem document (RFC 9457), and the one table that maps them.

    Problem                 a refusal of the service itself, with its status and code
    RequestValidationError  wrong fields (pydantic)          -> 422
    InadmissibleError            a report outside the limits      -> 413 | 422
    GraphStoreError         knowledge graph cannot answer    -> 503 graph_unavailable
    SQLAlchemyError         database cannot be used          -> 503 store_unavailable
    SealError               stored words cannot be read      -> 503 store_sealed
    ClientDisconnect        the sender has gone              -> 499, which nobody reads
    HTTPException           unknown path or method (framework)
    anything else           a fault of ours                  -> 500 internal

No document repeats what was submitted.
"""

import re
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.limits import InadmissibleError
from app.storage.sealing import SealError
from kg_ingest.store import GraphStoreError

MEDIA_TYPE = "application/problem+json"
TITLES = {  # reason phrases of RFC 9110; those of http.HTTPStatus change between Python versions
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}
CLIENT_GONE = 499  # in the log only: as nginx has it
_KEY = "Idempotency-Key"  # draft-ietf-httpapi-idempotency-key-header-07: 400 without it
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
# forms of a body that may be of several: the framework says which one it was held against
_KINDS = frozenset("accepted overridden webhook mllp fhir orthanc SpanIn DeadIn".split())
_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_unicode": "invalid_unicode",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "string_pattern_mismatch": "control_characters",
    "literal_error": "not_allowed",
    "union_tag_invalid": "not_allowed",
    "union_tag_not_found": "missing",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
}
_log = structlog.get_logger()


def _absent(value: object) -> bool:
    return value is None or value == ()


class FieldProblem(BaseModel):
    """One wrong field: where it is (JSON pointer into the body, or query parameter) and what is wrong."""

    pointer: str | None = Field(default=None, exclude_if=_absent, description="JSON pointer into the body")
    parameter: str | None = Field(default=None, exclude_if=_absent, description="Name of a query parameter")
    code: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details; ``instance`` is the request id."""

    type: str = Field(default="about:blank", description="URI of the kind of problem")
    title: str = Field(description="The status in words")
    status: int = Field(ge=400, le=599)
    code: str = Field(description="Stable identifier for programs")
    detail: str = Field(description="What is wrong, in words; never a part of the request")
    instance: str = Field(description="The request id, also sent as X-Request-ID")
    errors: tuple[FieldProblem, ...] = Field(default=(), exclude_if=_absent, description="The wrong fields")


class Problem(HTTPException):
    """A refusal: status, stable code, and words that hold nothing of the request."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(status, detail)
        self.code = code
        self.errors = tuple(errors)


def install(app: FastAPI) -> None:
    """Answer every exception by the table above."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InadmissibleError, _inadmissible)
    app.add_exception_handler(GraphStoreError, _graph_unavailable)
    app.add_exception_handler(SQLAlchemyError, _store_unavailable)
    app.add_exception_handler(SealError, _store_sealed)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _internal)


def response(request: Request, problem: Problem) -> Response:
    """The problem document for one request."""
    instance = getattr(request.state, "request_id", "unknown")
    document = ProblemDocument(
        title=TITLES[problem.status_code],
        status=problem.status_code,
        code=problem.code,
        detail=problem.detail,
        instance=instance,
        errors=problem.errors,
    )
    headers = {**(problem.headers or {}), "X-Request-ID": instance}
    return JSONResponse(
        document.model_dump(), status_code=problem.status_code, headers=headers, media_type=MEDIA_TYPE
    )


def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return response(request, error)
    if not isinstance(error, HTTPException) or error.status_code not in TITLES:
        return _internal(request, error)
    title = TITLES[error.status_code]
    problem = Problem(error.status_code, title.lower().replace(" ", "_"), f"{title}.")
    problem.headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return response(request, problem)


def _allowed(request: Request) -> str:
    """Every method of the path (RFC 9110, section 15.5.6); the framework names those of one route."""
    found = [route for route in request.app.state.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in found for method in route.methods}))


def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = tuple(dict.fromkeys(_place(item) for item in found))
    if any(name == _KEY for _, name, _ in errors):
        place = FieldProblem(parameter=_KEY, code="idempotency_key_missing")
        words = f"Send an {_KEY} of 1 to 255 visible characters."
        return response(request, Problem(400, "idempotency_key_missing", words, [place]))
    codes = {code for _, _, code in errors}
    places = "field" if len(errors) == 1 else "fields"
    return response(
        request,
        Problem(
            422,
            codes.pop() if len(codes) == 1 else "invalid_request",
            f"The request has {len(errors)} wrong {places}.",
            [FieldProblem(pointer=pointer, parameter=name, code=code) for pointer, name, code in errors],
        ),
    )


def _place(item: dict[str, Any]) -> tuple[str | None, str | None, str]:
    """(pointer, parameter, code) of one pydantic error; a key that is no field name is not repeated."""
    kind = str(item["type"])
    code = _CODES.get(kind, "wrong_type" if kind.endswith("_type") else "invalid")
    where, *keys = item["loc"]
    if where in ("query", "header", "path"):
        return None, str(keys[0]), code
    if keys and keys[0] in _KINDS:  # where the framework says which form it held the body against
        keys = keys[1:]
    if kind in ("union_tag_invalid", "union_tag_not_found"):  # the field that says of which form the body is
        keys = [*keys, item["ctx"]["discriminator"].strip("'")]
    if kind == "extra_forbidden":
        keys = keys[:-1]  # the client's own word: where it stands is said, not what it is
    known = [str(key) for key in keys if _FIELD_NAME.fullmatch(str(key))]
    return "".join(f"/{key}" for key in known), None, code


def _inadmissible(request: Request, error: Exception) -> Response:
    if not isinstance(error, InadmissibleError):
        raise error
    status = 413 if error.code == "text_too_large" else 422
    place = FieldProblem(pointer=f"/{error.field}", code=error.code)
    return response(request, Problem(status, error.code, str(error), [place]))


def _graph_unavailable(request: Request, error: Exception) -> Response:
    _log.error("graph_unavailable", exc_info=error)
    return response(request, Problem(503, "graph_unavailable", "The knowledge graph cannot answer."))


def _store_unavailable(request: Request, error: Exception) -> Response:
    _log.error("store_unavailable", exc_info=error)
    problem = Problem(
        503, "store_unavailable", "The database of reports cannot be used; nothing was changed."
    )
    problem.headers = {"Retry-After": "10"}
    return response(request, problem)


def _store_sealed(request: Request, error: Exception) -> Response:
    _log.error("store_sealed", exc_info=error)
    return response(request, Problem(503, "store_sealed", "No configured key opens what is stored."))


def _client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


def _internal(request: Request, error: Exception) -> Response:
    _log.error("internal", exc_info=error)
    return response(request, Problem(500, "internal", "A fault of the service. Quote the request id."))

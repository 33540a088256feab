"""/v1/batches/{id}/results and /summary: what came out of a batch, in the client's media type."""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.api.batches import UNKNOWN, BatchId, found
from app.api.problems import described
from app.batch.export import comma_separated, fhir_bundle, ndjson, result_lines
from app.batch.results import ResultLine
from app.batch.summary import render_html, render_pdf, summarise
from app.errors import Problem

router = APIRouter(prefix="/v1/batches", tags=["batches"])

_NDJSON, _CSV, _FHIR = "application/x-ndjson", "text/csv", "application/fhir+json"
_HTML, _PDF = "text/html", "application/pdf"
_RESULTS: dict[str, Callable[[Iterator[ResultLine]], Iterator[str]]] = {
    _NDJSON: ndjson,
    _CSV: comma_separated,
    _FHIR: fhir_bundle,
}


@router.get(
    "/{batch_id}/results",
    summary="Results of a batch",
    response_class=Response,
    responses={
        **described((406, "not_acceptable"), *UNKNOWN),
        200: {
            "content": {kind: {"schema": {"type": "string"}} for kind in (_NDJSON, _CSV)}
            | {_FHIR: {"schema": {"type": "object"}}}
        },
    },
)
def results(batch_id: BatchId, request: Request) -> Response:
    """A line a report, finished or not, then the refused lines: NDJSON, CSV or a FHIR R4 Bundle by `Accept`."""
    kind = _accepted(request, tuple(_RESULTS))
    found(request, batch_id)
    lines = result_lines(request.state.store, batch_id)
    first = list(islice(lines, 1))  # what cannot be read at all is answered as such, not cut off
    return StreamingResponse(_RESULTS[kind](chain(first, lines)), media_type=kind)


@router.get(
    "/{batch_id}/summary",
    summary="The day's summary",
    response_class=Response,
    responses={
        **described((406, "not_acceptable"), *UNKNOWN),
        200: {"content": {kind: {"schema": {"type": "string"}} for kind in (_HTML, _PDF)}},
    },
)
def summary(batch_id: BatchId, request: Request) -> Response:
    """One self-contained page, for screen and paper: HTML, or PDF by `Accept`."""
    kind = _accepted(request, (_HTML, _PDF))
    found(request, batch_id)
    made = summarise(result_lines(request.state.store, batch_id), batch_id)
    content = render_pdf(made) if kind == _PDF else render_html(made)
    csp = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return Response(content, 200, {"Content-Security-Policy": csp}, kind)


def _accepted(request: Request, offered: tuple[str, ...]) -> str:
    """The first of the client's media types that is offered, by its own order; the first offered for any."""
    asked = [
        kind.partition(";")[0].strip().lower() for kind in request.headers.get("accept", "*/*").split(",")
    ]
    for kind in asked:
        if kind in offered:
            return kind
        if kind == "*/*" or (kind.endswith("/*") and offered[0].startswith(kind[:-1])):
            return offered[0]
    raise Problem(406, "not_acceptable", f"There is {', '.join(offered)}.")

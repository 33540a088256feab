"""/v1/batches: a day's reports in, progress, results and a summary out."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import format_datetime
from typing import Annotated

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import ValidationError

from app.api.acting import Actor
from app.api.batch_schemas import BatchesOut, BatchOut, StoredQuery
from app.api.problems import described
from app.api.schemas import PLAIN
from app.api.spool import Spooled, spooled
from app.batch.intake import Form, form_of, read_batch
from app.batch.limits import intake_limits
from app.batch.queue import QueueError, TaskQueue
from app.batch.receiving import BatchError, Receiver, Sender
from app.errors import Problem
from app.settings import Settings
from app.storage.batches import KeyInUseError, KeyReusedError
from app.storage.store import Store
from app.strict_json import loads

router = APIRouter(prefix="/v1/batches", tags=["batches"])

_KEY = r"^[\x21-\x7e]{1,255}$"
_RETRY_SECONDS = 2
_LONGEST_QUERY = 4096  # bytes
_LOOK_SECONDS = 0.5
_PING_LOOKS = 30  # a comment after so many looks without news, so that no proxy closes the line
_STATUS = {"no_stored_report": 404, "too_many_reports": 413, "too_many_waiting": 429}
_STORED_QUERY = "application/json"
_EVENTS = "text/event-stream"
BatchId = Annotated[str, Path(pattern=PLAIN)]
UNKNOWN = ((404, "batch_not_found"), (422, "invalid_request"), (503, "store_unavailable"))


@router.post(
    "",
    status_code=202,
    summary="Send a batch",
    response_model=BatchOut,
    responses=described(
        (400, "idempotency_key_missing"),
        (413, "body_too_large"),
        (413, "too_many_reports"),
        (415, "unsupported_media_type"),
        (404, "no_stored_report"),
        (409, "idempotency_key_in_use"),
        (422, "idempotency_key_reused"),
        (429, "too_many_waiting"),
        (503, "store_unavailable"),
        (507, "disk_full"),
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {}} for kind in ("application/x-ndjson", "text/csv", "application/zip")
            }
            | {_STORED_QUERY: {"schema": StoredQuery.model_json_schema()}},
        }
    },
)
async def send(
    request: Request,
    actor: Actor,
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=_KEY,
            description="Sending the same again with the same key is the same batch, as long as it is kept",
        ),
    ],
    urgent: Annotated[bool, Query(description="Before the batches that are not")] = False,
) -> Response:
    """Take in a day's reports: NDJSON, CSV (both also gzip), a zip of files, or a query of stored reports.

    The answer comes when every line is kept; from then on the reports are checked whatever happens.
    Lines that are no report are refused one by one and stand in the results. Report texts wait in a
    file without a name while they are received.
    """
    settings: Settings = request.app.state.settings
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = form_of(kind, None)
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("identity", "gzip") or (form is None and kind != _STORED_QUERY):
        words = "Send application/x-ndjson, text/csv (both also gzip), application/zip or application/json."
        raise Problem(415, "unsupported_media_type", words)
    body = await spooled(request, settings.max_batch_bytes)
    with body.file:
        sender = Sender(actor, body.sha256, key, urgent)
        public_id = await to_thread.run_sync(_receive, request, body, form, sender)
        answer = await to_thread.run_sync(found, request, public_id)
    where = f"/v1/batches/{public_id}"
    headers = {"Location": where, "Content-Location": where, **_progress(answer, settings.retention_days)}
    return Response(answer.model_dump_json(), 202, headers, "application/json")


def _receive(request: Request, body: Spooled, form: Form | None, sender: Sender) -> str:
    settings: Settings = request.app.state.settings
    state = request.state
    receiver = Receiver(state.store, state.queue, settings.max_waiting)
    try:
        if form is None:
            query = _stored_query(body)
            return receiver.receive_stored(query.study_date, query.site, sender)
        return receiver.receive(read_batch(body.file, form, intake_limits(settings)), sender)
    except BatchError as error:
        problem = Problem(_STATUS.get(error.code, 422), error.code, str(error))
        problem.headers = {"Retry-After": "60"} if error.code == "too_many_waiting" else None
        raise problem from error
    except KeyInUseError as error:
        problem = Problem(409, "idempotency_key_in_use", "A batch with this key is being received.")
        problem.headers = {"Retry-After": str(_RETRY_SECONDS)}
        raise problem from error
    except KeyReusedError as error:
        raise Problem(422, "idempotency_key_reused", "This key named another content before.") from error


def _stored_query(body: Spooled) -> StoredQuery:
    sent = body.file.read(_LONGEST_QUERY + 1)
    if len(sent) > _LONGEST_QUERY:
        raise Problem(413, "body_too_large", f"A query may have {_LONGEST_QUERY} bytes.")
    try:
        return StoredQuery.model_validate(loads(sent.decode()))
    except ValidationError as error:
        raise RequestValidationError(
            [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_input=False)]
        ) from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, "malformed_json", "The body is not JSON.") from error


@router.get(
    "",
    summary="Batches, the latest first",
    responses=described((422, "invalid_request"), (503, "store_unavailable")),
)
def page(
    request: Request,
    response: Response,
    cursor: Annotated[str | None, Query(max_length=36, pattern=PLAIN)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> BatchesOut:
    """A page of batches; the next one by `cursor` (also as `Link: rel="next"`, RFC 8288)."""
    store: Store = request.state.store
    batches = store.batches.page(cursor, limit + 1)
    more = batches[limit - 1].public_id if len(batches) > limit else None
    if more is not None:
        response.headers["Link"] = f'</v1/batches?cursor={more}&limit={limit}>; rel="next"'
    return BatchesOut(batches=tuple(map(BatchOut.of, batches[:limit])), next_cursor=more)


@router.get(
    "/{batch_id}",
    summary="How far a batch is",
    response_model=BatchOut,
    responses={
        **described(*UNKNOWN),
        200: {"content": {_EVENTS: {"schema": {"type": "string"}}}},
    },
)
async def progress(
    batch_id: BatchId,
    request: Request,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> Response:
    """Counts, rate and remaining time.

    With `Accept: text/event-stream` as Server-Sent Events: `progress` whenever reports were finished,
    `done` at the end. An event holds the whole state and its id is the number of finished reports, so
    that a reader who comes back with `Last-Event-ID` misses nothing.
    """
    answer = await to_thread.run_sync(found, request, batch_id)
    if _EVENTS in request.headers.get("accept", ""):
        unbuffered = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(request, answer, last_event_id), 200, unbuffered, _EVENTS)
    headers = _progress(answer, request.app.state.settings.retention_days)
    return Response(answer.model_dump_json(), 200, headers, "application/json")


async def _events(request: Request, now: BatchOut, last: str | None) -> AsyncIterator[bytes]:
    quiet = 0
    while True:
        finished = str(now.counts.accepted - now.counts.waiting)
        over = now.state in ("done", "cancelled")
        if finished != last or over:
            event = "done" if over else "progress"
            yield format_sse_event(data_str=now.model_dump_json(), event=event, id=finished)
            last, quiet = finished, 0
        elif quiet >= _PING_LOOKS:
            yield format_sse_event(comment="still checking")
            quiet = 0
        if over:
            return
        await anyio.sleep(_LOOK_SECONDS)
        quiet += 1
        now = await to_thread.run_sync(found, request, now.id)


@router.delete("/{batch_id}", status_code=204, summary="Cancel a batch", responses=described(*UNKNOWN))
def cancel(batch_id: BatchId, request: Request, actor: Actor) -> None:
    """Reports that are not checked yet will not be; results that are there stay. Again is the same."""
    store: Store = request.state.store
    if not store.batches.cancel(batch_id, actor):
        raise _notfound()


@router.post(
    "/{batch_id}/replay",
    status_code=202,
    summary="Check the failed reports of a batch again",
    response_model=BatchOut,
    responses=described(*UNKNOWN),
)
def replay(batch_id: BatchId, request: Request, actor: Actor) -> BatchOut:
    """Reports whose check was given up wait again; of others nothing changes."""
    store: Store = request.state.store
    queue: TaskQueue = request.state.queue
    before = found(request, batch_id)
    with suppress(QueueError):  # then the keeper puts them in
        queue.put(store.jobs.replay(batch_id, actor), urgent=before.urgent)
    return found(request, batch_id)


def found(request: Request, batch_id: str) -> BatchOut:
    """The batch with this id.

    Raises:
        Problem: 404 batch_not_found.
    """
    store: Store = request.state.store
    found = store.batches.get(batch_id)
    if found is None:
        raise _notfound()
    return BatchOut.of(found)


def _notfound() -> Problem:
    return Problem(404, "batch_not_found", "There is no batch with this id.")


def _progress(answer: BatchOut, retention_days: int | None) -> dict[str, str]:
    """The headers of FHIR's asynchronous pattern: how far, when to look again, how long results are kept."""
    if answer.state == "checking":
        done = answer.counts.accepted - answer.counts.waiting
        wait = min(max(answer.remaining_seconds or _RETRY_SECONDS, _RETRY_SECONDS), 60)
        return {"X-Progress": f"{done} of {answer.counts.accepted} reports", "Retry-After": str(wait)}
    if retention_days is None:
        return {}
    return {"Expires": format_datetime(answer.created_at + dt.timedelta(days=retention_days), usegmt=True)}

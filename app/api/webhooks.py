"""/v1/webhooks/{source}: what other systems send, each by its own way of proving who it is."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Request, Response

from app.api.problems import described
from app.api.spool import Spooled, spooled
from app.api.webhook_kinds import Arrival, Reply, TakenOut, Webhooks, delete_fhir, outcome, take
from app.batch.feed import Feed
from app.batch.fetching import Fetcher
from app.errors import Problem
from app.integrations.authentication import Presented, permitted, verified
from app.integrations.fhir.inbound import FhirInbound
from app.integrations.sources import SignatureAuth, Source
from app.services import open_fhir_clients
from app.settings import Settings

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_MOST_BYTES = 16 * 1_048_576
_ENVELOPE = 4_096  # bytes around a report
_MOST_READING = 4  # messages in memory at one time
_TYPES = {  # empty: none was said
    "fhir": ("application/fhir+json", "application/json+fhir", "application/json", ""),
    "hl7": ("x-application/hl7-v2+er7", "application/hl7-v2+er7", "text/plain", "text/hl7"),
    "report": ("application/json",),
    "dicom": ("application/dicom", "application/octet-stream"),
}
_CHALLENGE = {"WWW-Authenticate": "RadProof"}
_log = structlog.get_logger()

_Source = Annotated[str, Path(max_length=63, description="Name of the source in the file of sources")]
_Kind = Annotated[str, Path(pattern=r"^[A-Z][A-Za-z]{1,63}$", description="Type of the resource")]
_Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9\-.]{1,64}$", description="Its id at the source")]


@contextmanager
def open_webhooks(feed: Feed, sources: Mapping[str, Source], settings: Settings) -> Iterator[Webhooks]:
    """Receives what the sources send, and fetches what they only announce, until the end of the block.

    Raises:
        ConfigurationError: when what the file of sources names is wrong.
    """
    clients = open_fhir_clients(settings, sources)
    inbound = {
        name: FhirInbound(
            source, feed.store, feed.keep, feed.reject, settings.max_text_bytes, clients.get(name)
        )
        for name, source in sources.items()
        if source.kind == "fhir"
    }
    fetcher = Fetcher(inbound, feed.store.errands)
    try:
        yield Webhooks(sources, feed, inbound, settings.max_text_bytes, CapacityLimiter(_MOST_READING))
    finally:
        fetcher.stop()
        for client in clients.values():
            client.close()


_WORDS: dict[str, Any] = {"schema": {"type": "string"}}
_OUTCOME: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {"resourceType": {"const": "OperationOutcome"}, "issue": {"type": "array"}},
    }
}
_REFUSALS = described(
    (400, "malformed_json"),
    (401, "unauthorized"),
    (404, "source_not_found"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
    (422, "invalid_request"),
    (503, "store_unavailable"),
    (507, "disk_full"),
)
for _status, _refusal in _REFUSALS.items():
    if _status != 500:
        _refusal["content"]["application/fhir+json"] = _OUTCOME
for _status in (400, 503):
    _REFUSALS[_status]["content"]["x-application/hl7-v2+er7"] = _WORDS
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Kept. FHIR: OperationOutcome. HL7 v2: its acknowledgment",
        "content": {"application/fhir+json": _OUTCOME, "x-application/hl7-v2+er7": _WORDS},
    },
    202: {"description": "Kept: a report, a DICOM object", "model": TakenOut},
    **_REFUSALS,
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {kind: {"schema": {}} for kinds in _TYPES.values() for kind in kinds if kind},
        "description": "By the kind of the source: FHIR, HL7 v2, a report as /v1/reports/check takes it, DICOM",
    }
}
_OPTIONS: dict[str, Any] = {"responses": _RESPONSES, "openapi_extra": _BODY, "response_class": Response}


@router.post("/{source}", summary="Send what a source has", **_OPTIONS)
async def receive(source: _Source, request: Request) -> Response:
    """Keep what a source sends; the answer comes when it is durable, the check later.

    Who may send, how it proves who it is, and what it sends stands in the file of sources. The same again changes
    nothing.
    """
    return await _received(request, source, None, take)


@router.put("/{source}", summary="Send what a source has, by PUT", **_OPTIONS)
async def receive_put(source: _Source, request: Request) -> Response:
    """As POST."""
    return await _received(request, source, None, take)


@router.post("/{source}/{kind}/{name}", summary="Send a FHIR resource", **_OPTIONS)
async def receive_resource(source: _Source, kind: _Kind, name: _Id, request: Request) -> Response:
    """As without type and id; an empty body has the resource fetched from the source's server."""
    return await _received(request, source, f"{kind}/{name}", take)


@router.put("/{source}/{kind}/{name}", summary="Send a FHIR resource, by PUT", **_OPTIONS)
async def receive_resource_put(source: _Source, kind: _Kind, name: _Id, request: Request) -> Response:
    """As POST; HAPI's rest-hook does so."""
    return await _received(request, source, f"{kind}/{name}", take)


@router.delete("/{source}/{kind}/{name}", summary="A FHIR resource was deleted", responses=_RESPONSES)
async def receive_deletion(source: _Source, kind: _Kind, name: _Id, request: Request) -> Response:
    """Its report is withdrawn, where there is one."""
    return await _received(request, source, f"{kind}/{name}", delete_fhir)


async def _received(
    request: Request, name: str, path: str | None, taking: Callable[[Arrival, Webhooks], Reply]
) -> Response:
    webhooks: Webhooks = request.state.webhooks
    source = webhooks.sources.get(name)
    try:
        reply = await _reply(request, source, path, taking)
    except Problem as problem:
        if source is None or source.kind != "fhir":
            raise
        reply = outcome(problem.status_code, problem.code, problem.headers)
    return Response(reply.body, reply.status, dict(reply.headers), reply.media_type)


async def _reply(
    request: Request, source: Source | None, path: str | None, taking: Callable[[Arrival, Webhooks], Reply]
) -> Reply:
    webhooks: Webhooks = request.state.webhooks
    presented = _presented(request)
    if not permitted(source.auth if source else None, presented):
        raise _refused(source)
    if source is None or (path is not None and source.kind != "fhir"):
        raise Problem(404, "source_not_found", "There is no such source.")
    if request.method == "DELETE" and isinstance(source.auth, SignatureAuth):
        raise _refused(source)  # what is signed says nothing of what is to be deleted
    settings: Settings = request.app.state.settings
    most = settings.max_body_bytes + _ENVELOPE if source.kind == "report" else _MOST_BYTES
    if request.method != "DELETE":
        _expect_type(request, source)
    body = await spooled(request, most)
    with body.file:
        return await to_thread.run_sync(
            _taken, body, presented, (source, path), webhooks, taking, limiter=webhooks.reading
        )


def _taken(
    body: Spooled,
    presented: Presented,
    where: tuple[Source, str | None],
    webhooks: Webhooks,
    taking: Callable[[Arrival, Webhooks], Reply],
) -> Reply:
    """The work of one request, in a thread of its own."""
    source, path = where
    if not verified(source.auth, presented, body.file):
        raise _refused(source)
    body.file.seek(0)
    webhook_id = presented.headers.get("webhook-id")
    named = webhook_id if webhook_id and webhook_id.isprintable() and len(webhook_id) <= 200 else None
    return taking(Arrival(source, body.file.read(), path, named), webhooks)


def _presented(request: Request) -> Presented:
    """What is said once: of a header that comes twice nobody knows whether sender or proxy wrote which."""
    given = Counter(request.headers.keys())
    headers = {name: value for name, value in request.headers.items() if given[name] == 1}
    certificate = getattr(request.state, "client_certificate", None)
    address = request.client.host if request.client else None
    return Presented(headers, address, certificate)


def _refused(source: Source | None) -> Problem:
    if source is None:
        return Problem(404, "source_not_found", "There is no such source.")
    _log.warning("webhook_refused", source=source.name)
    problem = Problem(401, "unauthorized", "What was shown does not prove who sends.")
    problem.headers = dict(_CHALLENGE)
    return problem


def _expect_type(request: Request, source: Source) -> None:
    kind = request.headers.get("content-type", "").lower().partition(";")[0]
    packed = request.headers.get("content-encoding", "identity").strip().lower() != "identity"
    if kind.strip() not in _TYPES[source.kind] or packed:
        wanted = " or ".join(filter(None, _TYPES[source.kind]))
        raise Problem(415, "unsupported_media_type", f"Send {wanted}, uncompressed.")

"""/v1/integrations/status and the page /integrations: how what comes in and goes out is doing."""

import datetime as dt
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from app.api.acting import Actor
from app.api.problems import described
from app.batch.listening import Listener
from app.errors import Problem
from app.integrations.page import render_status
from app.integrations.status import Status
from app.storage.store import Store

router = APIRouter(tags=["integrations"])

_LONGEST_FORM = 2_000  # bytes
_STORE = (503, "store_unavailable")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SourceOut(_Out):
    """One source. ``alarm``: nothing came for longer than ``silent_minutes`` of its working hours."""

    name: str
    kind: str | None = Field(description="Null for a source that sends and is not configured")
    test: bool
    last_at: dt.datetime | None
    today: int
    last_hour: int
    silent_minutes: int | None
    alarm: bool


class RejectionOut(_Out):
    """Messages that were not taken, by source, day and code."""

    source: str
    day: dt.date
    code: str
    count: int
    last_at: dt.datetime


class EndpointStatusOut(_Out):
    """Who is told: deliveries that wait, those given up, the last that came through."""

    id: str = Field(validation_alias="public_id")
    name: str
    kind: str
    enabled: bool
    test: bool
    problem: str | None
    rests_until: dt.datetime | None
    waiting: int
    oldest_waiting: dt.datetime | None
    dead: int
    last_delivered: dt.datetime | None


class PositionOut(_Out):
    """Something that is read from others, and when that moved last."""

    name: str
    at: dt.datetime


class WaitingOut(BaseModel):
    """Reports that wait for a check."""

    reports: int
    oldest_at: dt.datetime | None


class IntegrationsOut(BaseModel):
    """Counts only: no words of reports, no patients, no accession numbers."""

    status: Literal["ok", "degraded"]
    at: dt.datetime
    silent: tuple[str, ...] = Field(description="Sources with an alarm")
    sources: tuple[SourceOut, ...]
    rejections: tuple[RejectionOut, ...] = Field(description="Of the last 7 days")
    waiting: WaitingOut
    endpoints: tuple[EndpointStatusOut, ...]
    positions: tuple[PositionOut, ...]

    @classmethod
    def of(cls, status: Status) -> Self:
        """The wire form of a status."""
        counted = status.counted
        return cls(
            status="degraded" if status.degraded else "ok",
            at=counted.at,
            silent=status.silent,
            sources=tuple(map(SourceOut.model_validate, status.sources)),
            rejections=tuple(map(RejectionOut.model_validate, counted.rejections)),
            waiting=WaitingOut(reports=counted.waiting, oldest_at=counted.oldest_waiting),
            endpoints=tuple(map(EndpointStatusOut.model_validate, counted.endpoints)),
            positions=tuple(map(PositionOut.model_validate, counted.positions)),
        )


@router.get("/v1/integrations/status", summary="How integrations are doing", responses=described(_STORE))
def integrations_status(request: Request) -> IntegrationsOut:
    """What came and went, what waits, what failed, and which source is silent that should not be."""
    listener: Listener = request.state.listener
    return IntegrationsOut.of(listener.status())


@router.get(
    "/integrations", summary="The same for people", response_class=HTMLResponse, responses=described(_STORE)
)
def integrations_page(request: Request) -> HTMLResponse:
    """One page without script that asks for nothing outside itself."""
    listener: Listener = request.state.listener
    page, policy = render_status(listener.status())
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(page, headers=headers)


@router.post(
    "/integrations/replay",
    summary="Send what an endpoint could not be told again",
    status_code=303,
    responses=described(
        (403, "other_origin"),
        (404, "endpoint_not_found"),
        (413, "body_too_large"),
        (422, "invalid_request"),
        _STORE,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "properties": {"endpoint": {"type": "string"}},
                        "required": ["endpoint"],
                    }
                }
            },
        }
    },
)
async def replay_from_page(request: Request, actor: Actor) -> Response:
    """The button of the page; taken from this page only."""
    _same_origin(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise Problem(413, "body_too_large", f"The form is longer than {_LONGEST_FORM} bytes.")
    endpoint = parse_qs(body.decode("ascii", "replace")).get("endpoint", [""])[0]
    store: Store = request.state.store
    if not await to_thread.run_sync(_replay, store, endpoint, actor):
        raise Problem(404, "endpoint_not_found", "There is no endpoint with this id.")
    return RedirectResponse("/integrations", 303)


def _replay(store: Store, endpoint: str, actor: str) -> bool:
    if store.endpoints.get(endpoint) is None:
        return False
    store.outbox.replay_dead(endpoint, actor)
    return True


def _same_origin(request: Request) -> None:
    """A page of another origin can make a browser send a form; browsers say which did.

    Raises:
        Problem: 403 when it was not ours, or nothing says that it was.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = site == "same-origin" if site is not None else _host(origin) == request.headers.get("host")
    if not own:
        raise Problem(403, "other_origin", "This form is taken from the page of this service only.")


def _host(origin: str | None) -> str | None:
    try:
        return urlsplit(origin or "").netloc or None
    except ValueError:
        return None

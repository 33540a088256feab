"""/v1/endpoints: who is told what happens to reports, for administrators. Nobody is told twice under two ids."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.api.acting import Actor
from app.api.endpoint_schemas import (
    SETTINGS,
    DeadIn,
    DeliveryOut,
    EndpointChange,
    EndpointIn,
    EndpointOut,
    EndpointSettings,
    EndpointsOut,
    MllpSettings,
    NewEndpointOut,
    ReplayedOut,
    RotationIn,
    SecretOut,
    SpanIn,
)
from app.api.problems import described
from app.api.requests import StrictRoute
from app.api.schemas import PLAIN
from app.errors import FieldProblem, Problem
from app.integrations.guard import ForbiddenAddressError
from app.integrations.webhooks.secrets import changed, new_secret
from app.services import open_guard
from app.storage.endpoints import NameTakenError
from app.storage.store import Store
from app.storage.types import Endpoint

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"], route_class=StrictRoute)

_Id = Annotated[str, Path(max_length=36, pattern=PLAIN)]
_SENT = ((400, "malformed_json"), (413, "body_too_large"), (415, "unsupported_media_type"))
_UNKNOWN = ((404, "endpoint_not_found"), (422, "invalid_request"), (503, "store_unavailable"))
_REFUSED = ((409, "endpoint_name_taken"), (403, "forbidden_address"))
_WORDS = {
    "not_https": "The address is not https: see RADPROOF_CALLBACK_HTTP.",
    "userinfo": "The address may hold no name or password.",
    "host": "The host is neither a name nor an address in its usual form.",
    "port": "The port is not among RADPROOF_CALLBACK_PORTS.",
    "unresolved": "The host has no address.",
    "forbidden_address": "The host may not be called: see RADPROOF_CALLBACK_NETWORKS.",
}


@router.post(
    "",
    status_code=201,
    summary="Add an endpoint",
    responses=described(*_SENT, *_REFUSED, (422, "invalid_request"), (503, "store_unavailable")),
)
def create_endpoint(
    body: EndpointIn,
    request: Request,
    response: Response,
    actor: Actor,
) -> NewEndpointOut:
    """From now on it is told what happens to reports, not what happened before.

    A webhook gets a secret, which is shown in this answer and never again. The address has to be in
    RADPROOF_CALLBACK_NETWORKS, now and at each attempt. A name that is taken is refused, so that a script that runs
    twice adds nothing twice.
    """
    _reachable(request, body.settings)
    settings: dict[str, Any] = body.settings.model_dump()
    secret = new_secret() if body.kind == "webhook" else None
    if secret is not None:
        settings["secrets"] = [{"key": secret, "until": None}]
    made = Endpoint(
        "", body.kind, body.name, settings, body.events, body.source, test=body.test, enabled=body.enabled
    )
    store: Store = request.state.store
    try:
        kept = store.endpoints.create(made, actor)
    except NameTakenError as error:
        raise _taken() from error
    response.headers["Location"] = f"/v1/endpoints/{kept.public_id}"
    return NewEndpointOut(**EndpointOut.of(kept).model_dump(), secret=secret)


@router.get("", summary="Endpoints", responses=described((503, "store_unavailable")))
def endpoints(request: Request) -> EndpointsOut:
    """Every endpoint, the oldest first."""
    store: Store = request.state.store
    opened, sealed = store.endpoints.all()
    return EndpointsOut(endpoints=tuple(map(EndpointOut.of, opened)), sealed=tuple(sealed))


@router.get("/{endpoint_id}", summary="An endpoint", responses=described(*_UNKNOWN))
def endpoint(endpoint_id: _Id, request: Request) -> EndpointOut:
    """Whom it tells, of what, and why the last attempt failed."""
    return EndpointOut.of(_found(request, endpoint_id))


@router.patch(
    "/{endpoint_id}", summary="Change an endpoint", responses=described(*_SENT, *_UNKNOWN, *_REFUSED)
)
def change_endpoint(endpoint_id: _Id, body: EndpointChange, request: Request, actor: Actor) -> EndpointOut:
    """What is said here changes, the rest stays. What waits is tried at once.

    With `enabled: false` nothing is sent and nothing new waits; what waits already goes on with `true`.
    """
    before = _found(request, endpoint_id)
    said: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set - {"settings"}}
    if "settings" in body.model_fields_set:
        said["settings"] = _merged(request, before, body.settings)
    store: Store = request.state.store
    try:
        if not store.endpoints.change(replace(before, **said), actor):
            raise _unknown()
    except NameTakenError as error:
        raise _taken() from error
    return EndpointOut.of(_found(request, endpoint_id))


@router.delete(
    "/{endpoint_id}", status_code=204, summary="Delete an endpoint", responses=described(*_UNKNOWN)
)
def delete_endpoint(endpoint_id: _Id, request: Request, actor: Actor) -> None:
    """It is told nothing more; its deliveries go with it."""
    store: Store = request.state.store
    if not store.endpoints.delete(endpoint_id, actor):
        raise _unknown()


@router.post(
    "/{endpoint_id}/secret",
    summary="Change the secret of a webhook",
    responses=described(*_SENT, *_UNKNOWN, (409, "no_webhook")),
)
def rotate_secret(endpoint_id: _Id, body: RotationIn, request: Request, actor: Actor) -> SecretOut:
    """A fresh secret, shown in this answer and never again. For a while both sign."""
    before = _found(request, endpoint_id)
    if before.kind != "webhook":
        raise Problem(409, "no_webhook", "Only webhooks have a secret of ours.")
    until = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(hours=body.both_hours)
    fresh, known = changed(before.settings["secrets"], int(until.timestamp()))
    kept = replace(before, settings={**before.settings, "secrets": known})
    store: Store = request.state.store
    if not store.endpoints.change(kept, actor, "endpoint.secret_changed"):
        raise _unknown()
    return SecretOut(secret=fresh, before_until=until)


@router.post(
    "/{endpoint_id}/trial",
    status_code=202,
    summary="Try an endpoint",
    responses=described(*_UNKNOWN, (409, "endpoint_disabled")),
)
def try_endpoint(endpoint_id: _Id, request: Request, actor: Actor) -> DeliveryOut:
    """Sends `endpoint.trial`, behind what waits for it: see what became of it among the deliveries."""
    if not _found(request, endpoint_id).enabled:
        raise Problem(409, "endpoint_disabled", "The endpoint is not enabled.")
    store: Store = request.state.store
    public_id = store.endpoints.try_out(endpoint_id, actor)
    sent = None if public_id is None else store.outbox.get(public_id)
    if sent is None:
        raise _unknown()
    return DeliveryOut.of(sent)


@router.post(
    "/{endpoint_id}/replay",
    status_code=202,
    summary="Tell an endpoint again",
    responses=described(*_SENT, *_UNKNOWN),
)
def replay_endpoint(
    endpoint_id: _Id,
    body: SpanIn | DeadIn,
    request: Request,
    actor: Actor,
) -> ReplayedOut:
    """What was announced in a span of time, or what could not be told, waits again under the same ids."""
    store: Store = request.state.store
    _found(request, endpoint_id)
    if isinstance(body, DeadIn):
        return ReplayedOut(replayed=store.outbox.replay_dead(endpoint_id, actor))
    return ReplayedOut(replayed=store.outbox.replay_range(endpoint_id, body.since, body.to, actor))


def _reachable(request: Request, said: EndpointSettings) -> None:
    guard = open_guard(request.app.state.settings)
    field = "/settings/host" if isinstance(said, MllpSettings) else "/settings/url"
    try:
        if isinstance(said, MllpSettings):
            guard.address(said.host, said.port)
        else:
            guard.url(said.url)
    except ForbiddenAddressError as error:
        place = FieldProblem(pointer=field, code=error.code)
        raise Problem(403, error.code, _WORDS[error.code], [place]) from error


def _merged(request: Request, before: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after a change; without credentials of before where they would go to another address.

    Raises:
        RequestValidationError, Problem: when they are not those of its kind, or may not be called.
    """
    form = SETTINGS[before.kind]
    kept = {name: value for name, value in before.settings.items() if name in form.model_fields}
    moved = any(name in given and given[name] != kept.get(name) for name in ("url", "host"))
    if moved:
        kept = {name: value for name, value in kept.items() if name not in form.secret_fields}
    try:
        said = form.model_validate({**kept, **given})
    except ValidationError as error:
        wrong = error.errors(include_input=False)
        raise RequestValidationError(
            [{**item, "loc": ("body", "settings", *item["loc"])} for item in wrong]
        ) from error
    _reachable(request, said)
    secrets = {"secrets": before.settings["secrets"]} if "secrets" in before.settings else {}
    return {**said.model_dump(), **secrets}


def _found(request: Request, endpoint_id: str) -> Endpoint:
    store: Store = request.state.store
    found = store.endpoints.get(endpoint_id)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Problem:
    place = FieldProblem(parameter="endpoint_id", code="endpoint_not_found")
    return Problem(404, "endpoint_not_found", "There is no endpoint with this id.", [place])


def _taken() -> Problem:
    place = FieldProblem(pointer="/name", code="endpoint_name_taken")
    return Problem(409, "endpoint_name_taken", "Another endpoint has this name.", [place])

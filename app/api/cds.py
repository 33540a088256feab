"""/cds-services: CDS Hooks 2.0. The report that is about to be signed comes in, cards go back, decisions follow."""

import uuid
from typing import Annotated

import structlog
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse

from app.api.cds_schemas import CardsOut, CdsRequest, Feedback, FeedbackRequest, ServicesOut
from app.api.problems import described
from app.api.reports import watched
from app.api.requests import StrictRoute
from app.api.schemas import CheckedReportOut
from app.batch.at_once import check_at_once
from app.batch.feed import Feed
from app.errors import CLIENT_GONE, FieldProblem, Problem
from app.integrations.cds.asked import message_of
from app.integrations.cds.cards import REASONS, cards, fixes_of
from app.integrations.cds.config import CdsConfig, Client
from app.integrations.cds.names import error_of, report_of, suggestion_name
from app.integrations.incoming import IncomingError
from app.proofreading.cancellation import Cancellation, CancelledCheckError
from app.settings import Settings
from app.storage.store import Store
from app.storage.types import Check, Decision

router = APIRouter(prefix="/cds-services", tags=["CDS Hooks"], route_class=StrictRoute)

ID = "report-check"
_log = structlog.get_logger()
_PREFETCH = {
    "report": "DiagnosticReport/{{context.reportId}}",
    "patient": "Patient/{{context.patientId}}",
    "order": "DiagnosticReport?_id={{context.reportId}}&_include=DiagnosticReport:based-on",
}
_REFUSALS = (
    (400, "malformed_json"),
    (401, "not_authenticated"),
    (404, "cds_service_not_found"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
    (422, "invalid_request"),
)


def _config(request: Request) -> CdsConfig:
    config: CdsConfig | None = request.state.cds
    if config is None:
        raise Problem(404, "cds_service_not_found", "No CDS service is configured here (RADPROOF_CDS).")
    return config


Config = Annotated[CdsConfig, Depends(_config)]


def _client(
    request: Request, config: Config, authorization: Annotated[str | None, Header()] = None
) -> Client:
    # only where the service is configured
    from app.integrations.cds.tokens import TokenError, client_of

    store: Store = request.state.store
    called = config.url + request.url.path
    try:
        return client_of(authorization, config, {called, called.removesuffix("/feedback")}, store.tokens.use)
    except TokenError as error:
        _log.warning("cds_client_refused", code=error.code)
        raise Problem(
            401, "not_authenticated", "Send a JSON Web Token of a client that is agreed."
        ) from error


CdsClient = Annotated[Client, Depends(_client)]


@router.get("", summary="The CDS services", responses=described())
def discovery(request: Request) -> ServicesOut:
    """What there is to call, as CDS Hooks 2.0 has it: no service where none is configured."""
    config: CdsConfig | None = request.state.cds
    if config is None:
        return ServicesOut(services=())
    service = {
        "hook": config.hook,
        "id": ID,
        "title": "RadProof",
        "description": "Proofreads a radiology report before it is signed: wrong sides, contradictions, left-out "
        "findings. Quality check by software; the signing radiologist decides.",
        "prefetch": _PREFETCH,
        "usageRequirements": "Needs the text of the DiagnosticReport, by prefetch or as context.report. Patient and "
        "ServiceRequest are optional: with them sex, age and order are compared. Nothing is fetched.",
    }
    return ServicesOut(services=(service,))


@router.post(
    f"/{ID}",
    summary="Check the report of a hook",
    response_model=CardsOut,
    responses=described(*_REFUSALS, (412, "report_missing"), (413, "text_too_large"), (422, "blank_text")),
)
async def call(body: CdsRequest, request: Request, config: Config, client: CdsClient) -> Response:
    """A card a flag, a few at most; none where all was checked and nothing found. The report is kept as of a feed."""
    if body.hook != config.hook:
        raise Problem(
            422, "invalid_request", "This service is for another hook.", [_at("/hook", "not_allowed")]
        )
    async with request.state.checks, watched(request) as cancellation:
        try:
            return await to_thread.run_sync(_answer, body, request, (config, client), cancellation)
        except CancelledCheckError:
            return Response(status_code=CLIENT_GONE)


def _answer(
    body: CdsRequest, request: Request, asked: tuple[CdsConfig, Client], cancellation: Cancellation
) -> Response:
    config, client = asked
    settings: Settings = request.app.state.settings
    try:
        most = settings.max_text_bytes
        message = message_of(body.prefetch or {}, body.context, config, client.name, most)
    except IncomingError as error:
        place = _at("/prefetch/report", error.code)
        raise Problem(412, "report_missing", "There is no text of a report to check.", [place]) from error
    feed: Feed = request.state.feed
    found = check_at_once(message, feed, request.state.services, cancellation)
    shown = cards(found.answer, found.number, config.url, config.most_cards, found.settled)
    _log.info("cards_shown", cards=len(shown), kept=found.number is not None, complete=found.answer.complete)
    return JSONResponse({"cards": shown})


@router.post(f"/{ID}/feedback", summary="What people did with cards", responses=described(*_REFUSALS))
def feedback(body: FeedbackRequest, request: Request, config: Config, client: CdsClient) -> Response:
    """Keeps each as a decision on the error of the card; all of them or none where a card is not known."""
    store: Store = request.state.store
    found = [_decision(item, place, store, f"cds/{client.name}") for place, item in enumerate(body.feedback)]
    for number, made in found:
        store.reports.decide(number, made)
    return JSONResponse({})


def _decision(item: Feedback, place: int, store: Store, actor: str) -> tuple[int, Decision]:
    """The report and the decision that a feedback is."""
    number = report_of(item.card)
    current = store.reports.current(number)
    error = (
        None if current is None or current.result is None else error_of(item.card, number, _answered(current))
    )
    if error is None:
        unknown = _at(f"/feedback/{place}/card", "card_not_found")
        raise Problem(404, "card_not_found", "The report's current check has no such card.", [unknown])
    if item.outcome == "accepted":
        taken = {each.id for each in item.accepted_suggestions}
        fixes = enumerate(fixes_of(error))
        chosen = [fix for at, fix in fixes if uuid.UUID(suggestion_name(item.card, at)) in taken]
        other = [
            fix
            for fix in chosen
            if fix != error.correction and (fix.start, fix.end) == (error.start, error.end)
        ]
        words = other[0].replacement if other else None
        return number, Decision(error.id, "accepted", item.outcome_timestamp, replacement=words, actor=actor)
    why = item.override_reason
    code = why.reason.code if why is not None and why.reason is not None else "other"
    return number, Decision(
        error.id,
        "overridden",
        item.outcome_timestamp,
        code if code in REASONS else "other",
        comment=why.user_comment if why is not None else None,
        actor=actor,
    )


def _answered(check: Check) -> CheckedReportOut:
    return CheckedReportOut.model_validate_json(check.result or "")


def _at(pointer: str, code: str) -> FieldProblem:
    return FieldProblem(pointer=pointer, code=code)

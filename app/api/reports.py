"""POST /v1/reports/check."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from app.api.problems import described
from app.api.requests import StrictRoute
from app.api.schemas import CheckedReportOut, CheckRequest
from app.errors import CLIENT_GONE
from app.limits import admit
from app.proofreading.cancellation import Cancellation, CancelledCheckError
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=StrictRoute)

_log = structlog.get_logger()
REFUSALS = described(
    (400, "malformed_json"),
    (413, "body_too_large"),
    (413, "text_too_large"),
    (415, "unsupported_media_type"),
    (422, "blank_text"),
    (422, "control_characters"),
    (422, "invalid_unicode"),
    (422, "too_many_sentences"),
    (422, "invalid_request"),
)


@router.post("/check", summary="Check one report", responses=REFUSALS, response_model=CheckedReportOut)
async def check(body: CheckRequest, request: Request) -> Response:
    """Find the errors of one report, with evidence and proposed fixes.

    The answer says in `coverage` what ran; a stage that is not configured or failed is named there.
    The report is neither stored nor logged.
    """
    submitted = body.to_domain(request.state.request_id)
    checks: CapacityLimiter = request.state.checks
    async with checks:
        if await request.is_disconnected():  # nobody waits for this answer any more
            return Response(status_code=CLIENT_GONE)
        async with watched(request) as cancellation:
            try:
                return await to_thread.run_sync(_answer, submitted, request, cancellation)
            except CancelledCheckError:
                return Response(status_code=CLIENT_GONE)


@asynccontextmanager
async def watched(request: Request) -> AsyncIterator[Cancellation]:
    """A token that is cancelled when the client goes away, or when this request is given up."""
    cancellation = Cancellation()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        cancellation.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield cancellation
    finally:
        watcher.cancel()
        cancellation.cancel()


def _answer(submitted: SubmittedReport, request: Request, cancellation: Cancellation) -> Response:
    """The work of one request, in a thread of its own."""
    admit(submitted, request.app.state.settings.max_text_bytes)
    checked = check_report(submitted, request.state.services, cancellation)
    _log.info("checked", errors=len(checked.errors), complete=checked.coverage.complete)
    return Response(CheckedReportOut.of(checked).model_dump_json(), media_type="application/json")

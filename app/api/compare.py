"""POST /v1/reports/compare."""

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from app.api.comparison import ComparedReportsOut, CompareRequest
from app.api.reports import REFUSALS
from app.api.requests import StrictRoute
from app.errors import CLIENT_GONE
from app.limits import admit_pair
from app.proofreading.comparison.compare import compare_reports
from app.proofreading.comparison.types import ReportPair

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=StrictRoute)

_log = structlog.get_logger()


@router.post("/compare", summary="Compare two reports", responses=REFUSALS, response_model=ComparedReportsOut)
async def compare(body: CompareRequest, request: Request) -> Response:
    """Hold a candidate (preliminary) report against its reference (final) by GREEN's six categories.

    Counts and score come from the graphs of the two reports; a language model, where one is configured, adds
    its reasons. The answer says in `coverage` what ran. The reports are neither stored nor logged.
    """
    pair = body.to_domain(request.state.request_id)
    checks: CapacityLimiter = request.state.checks
    async with checks:
        if await request.is_disconnected():  # nobody waits for this answer any more
            return Response(status_code=CLIENT_GONE)
        return await to_thread.run_sync(_answer, pair, request)


def _answer(pair: ReportPair, request: Request) -> Response:
    """The work of one request, in a thread of its own."""
    admit_pair(pair, request.app.state.settings.max_text_bytes)
    compared = compare_reports(pair, request.state.services)
    _log.info("compared", errors=len(compared.discrepancies), complete=compared.coverage.complete)
    return Response(ComparedReportsOut.of(compared).model_dump_json(), media_type="application/json")

"""POST /v1/reports/check."""

import structlog
from fastapi import APIRouter, Request

from app.api.problems import described
from app.api.requests import StrictRoute
from app.api.schemas import CheckedReportOut, CheckRequest
from app.limits import admit
from app.proofreading.check import check_report

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=StrictRoute)

_log = structlog.get_logger()
_REFUSALS = described(
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


@router.post("/check", summary="Check one report", responses=_REFUSALS)
def check(body: CheckRequest, request: Request) -> CheckedReportOut:
    """Find the errors of one report, with evidence and proposed fixes.

    The answer says in `coverage` what ran; a stage that is not configured or failed is named there.
    The report is neither stored nor logged.
    """
    submitted = body.to_domain(request.state.request_id)
    admit(submitted, request.app.state.settings.max_text_bytes)
    checked = check_report(submitted, request.state.services)
    _log.info("checked", errors=len(checked.errors), complete=checked.coverage.complete)
    return CheckedReportOut.of(checked)

"""GET /v1/reports/{number}/fhir: what was found in a stored report, as the Bundle that endpoints are sent."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.api.acting import Actor
from app.api.problems import described
from app.api.stored import Number, not_found
from app.integrations.fhir.outbound import original_of, transaction
from app.integrations.fhir.outbound.sender import told_of
from app.storage.store import Store

router = APIRouter(prefix="/v1/reports", tags=["stored reports"])

FHIR = "application/fhir+json"


@router.get(
    "/{number:row}/fhir",
    summary="What was found, in FHIR R4",
    response_class=JSONResponse,
    responses={
        **described((404, "report_not_found"), (422, "invalid_request"), (503, "store_unavailable")),
        200: {"content": {FHIR: {"schema": {"type": "object"}}}},
    },
)
def fhir(number: Number, request: Request, actor: Actor) -> JSONResponse:
    """The report as it stands, as a transaction: Device, Observation of the check, DetectedIssues, Task, Provenance.

    A server that takes it twice keeps it once. Who reads it is kept in the audit trail.
    """
    return JSONResponse(bundle_of(request.state.store, number, actor), media_type=FHIR)


def bundle_of(store: Store, number: int, actor: str) -> dict[str, Any]:
    """The Bundle of a stored report.

    Raises:
        Problem: 404 when there is no such report.
    """
    if not store.reports.exists(number):
        raise not_found()
    origin = store.outbox.origin(number)
    version = store.messages.version(number)
    told = told_of(number, store.reports.checks(number), store.reports.get(number, actor))
    original = original_of(origin.custom_id or str(number), origin.message_kind, origin.message)
    over = version is not None and version.state != "current"
    return transaction(replace(told, original=original, over=over, test=origin.test))

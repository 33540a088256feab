"""/v1/deliveries: what is on its way to others, what became of it, and once more."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.acting import Actor
from app.api.endpoint_schemas import DeliveriesOut, DeliveryOut
from app.api.problems import described
from app.api.schemas import PLAIN
from app.errors import FieldProblem, Problem
from app.storage.store import Store

router = APIRouter(prefix="/v1/deliveries", tags=["endpoints"])

_UNKNOWN = ((404, "delivery_not_found"), (422, "invalid_request"), (503, "store_unavailable"))


class Wanted(BaseModel):
    """Which deliveries to list."""

    endpoint: str | None = Field(default=None, max_length=36, pattern=PLAIN, description="Only to this one")
    state: Literal["waiting", "delivered", "dead"] | None = None
    cursor: str | None = Field(default=None, max_length=40, pattern=PLAIN)
    limit: int = Field(default=50, ge=1, le=500)


@router.get("", summary="Deliveries, the latest first", responses=described(*_UNKNOWN[1:]))
def deliveries(wanted: Annotated[Wanted, Query()], request: Request, response: Response) -> DeliveriesOut:
    """A page of deliveries; the next one by `cursor` (also as `Link: rel="next"`, RFC 8288)."""
    store: Store = request.state.store
    limit = wanted.limit
    found = store.outbox.page(wanted.cursor, limit + 1, wanted.endpoint, wanted.state)
    more = found[limit - 1].public_id if len(found) > limit else None
    if more is not None:
        query = urlencode({**wanted.model_dump(exclude_none=True), "cursor": more, "limit": limit})
        response.headers["Link"] = f'</v1/deliveries?{query}>; rel="next"'
    return DeliveriesOut(deliveries=tuple(map(DeliveryOut.of, found[:limit])), next_cursor=more)


@router.post(
    "/{delivery_id}/replay",
    status_code=202,
    summary="Send a delivery again",
    responses=described(*_UNKNOWN),
)
def replay_delivery(
    delivery_id: Annotated[str, Path(max_length=40, pattern=PLAIN)], request: Request, actor: Actor
) -> DeliveryOut:
    """It waits again under the same id, before those that came after it; one that waits already stays as it is."""
    store: Store = request.state.store
    found = store.outbox.get(delivery_id) if store.outbox.replay(delivery_id, actor) else None
    if found is None:
        place = FieldProblem(parameter="delivery_id", code="delivery_not_found")
        raise Problem(404, "delivery_not_found", "There is no delivery with this id.", [place])
    return DeliveryOut.of(found)

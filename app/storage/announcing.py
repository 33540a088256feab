"""The rows of deliveries, written in the transaction that keeps what they tell of (transactional outbox)."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from app.storage.exchange import delivery, endpoint
from app.storage.tables import feed, report
from app.storage.types import EventName


def announce(connection: Connection, event: EventName, told: Sequence[tuple[int, int | None]]) -> None:
    """Tell every endpoint that wants it of something that happened to reports.

    Call it after what happened is written: rows of one report are then in the order in which that is committed.
    Where no endpoint is enabled this costs one query.

    Args:
        connection: in the transaction that keeps what happened.
        event: what happened.
        told: (report, its check or None) of each.
    """
    if not told:
        return
    columns = endpoint.c.id, endpoint.c.kind, endpoint.c.events, endpoint.c.source, endpoint.c.test
    every = connection.execute(select(*columns).where(endpoint.c.enabled).order_by(endpoint.c.id)).all()
    wanting = [one for one in every if not one.events or event in one.events]
    if not wanting:
        return
    numbers = {number for number, _ in told}
    came = select(report.c.id, feed.c.source, feed.c.test).join(feed, feed.c.batch_id == report.c.batch_id)
    fed = {row.id: row for row in connection.execute(came.where(report.c.id.in_(numbers)))}
    rows = [
        new_delivery(one.id, event, number, check)
        for number, check in told
        for one in wanting
        if _wants(one, fed.get(number))
    ]
    if rows:
        connection.execute(insert(delivery), rows)


def new_delivery(
    to: int, event: EventName, report_id: int | None = None, check_id: int | None = None
) -> dict[str, Any]:
    """The row of an event on its way to an endpoint; its id holds no dot (Standard Webhooks 1.0.0)."""
    row = {"endpoint_id": to, "event": event, "report_id": report_id, "check_id": check_id}
    return {**row, "public_id": f"msg_{uuid.uuid4().hex}"}


def _wants(one: Any, came: Any) -> bool:
    """Whether an endpoint is told of a report that came this way; None for one that came in no feed."""
    test = came is not None and came.test
    source = None if came is None else came.source
    fits = one.source is None or one.source == source
    return bool(one.test) == bool(test) and fits and (one.kind == "webhook" or came is not None)

"""Notifications of topic-based subscriptions: of the R5 backport guide in R4 and R4B, and of R5 itself.

All are a Bundle whose first entry says what happened: Parameters (R4, backport 1.1.0), SubscriptionStatus (R4B, R5).
Numbers come as strings or as integers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.integrations.fhir.resources import Resource, as_list, as_object

_BUNDLES = frozenset({"history", "subscription-notification"})
_MOST_DIGITS = 15
_MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number in its subscription, and the resource that it is about, ``DiagnosticReport/1``."""

    number: int | None = None
    focus: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification says. ``total``: events since the subscription began, None where it is not said.

    ``kind``: handshake, heartbeat, event-notification, query-status, query-event. ``subscription`` is a
    reference as sent. ``failed``: the server says that the subscription no longer works.
    """

    kind: str
    subscription: str
    total: int | None = None
    events: tuple[Event, ...] = ()
    failed: bool = False


def notice_of(bundle: Resource) -> Notice | None:
    """The notice that a Bundle begins with; None for a Bundle that is no notification."""
    entries = as_list(bundle.get("entry"))
    if str(bundle.get("type")) not in _BUNDLES or not entries:
        return None
    first = as_object(as_object(entries[0]).get("resource"))
    if first.get("resourceType") == "Parameters":
        return _of_parameters(first)
    return _of_status(first) if first.get("resourceType") == "SubscriptionStatus" else None


def _of_status(status: Resource) -> Notice | None:
    events = [as_object(event) for event in as_list(status.get("notificationEvent"))[:_MOST_EVENTS]]
    return _notice(
        (status.get("type"), _reference(status.get("subscription")), status.get("status")),
        status.get("eventsSinceSubscriptionStart"),
        [Event(_number(event.get("eventNumber")), _reference(event.get("focus"))) for event in events],
    )


def _of_parameters(parameters: Resource) -> Notice | None:
    parts = [as_object(part) for part in as_list(parameters.get("parameter"))]
    named = {str(part.get("name")): part for part in parts}
    events: list[Event] = []
    for part in parts:
        if part.get("name") == "notification-event" and len(events) < _MOST_EVENTS:
            inner = [as_object(one) for one in as_list(part.get("part"))]
            said = {str(one.get("name")): one for one in inner}
            focus = as_object(said.get("focus")).get("valueReference")
            events.append(Event(_number(_value(said.get("event-number"))), _reference(focus)))
    subscription = as_object(named.get("subscription")).get("valueReference")
    return _notice(
        (_value(named.get("type")), _reference(subscription), _value(named.get("status"))),
        _value(named.get("events-since-subscription-start")),
        events,
    )


def _notice(said: tuple[object, str | None, object], total: object, events: list[Event]) -> Notice | None:
    kind, subscription, status = said
    if not isinstance(kind, str) or subscription is None:
        return None
    return Notice(kind, subscription, _number(total), tuple(events), status in ("error", "off"))


def _value(part: Mapping[str, Any] | None) -> object:
    """The value[x] of a part of Parameters, of whatever type."""
    return next((value for key, value in as_object(part).items() if key.startswith("value")), None)


def _reference(value: object) -> str | None:
    name = as_object(value).get("reference")
    return name if isinstance(name, str) and 0 < len(name) <= 2_000 else None


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**_MOST_DIGITS else None
    sound = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if isinstance(value, str) and sound else None

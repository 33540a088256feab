"""Notifications after the shapes of the backport guide (R4, R4B) and of R5: every type, every content."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from app.integrations.fhir.notice import Event, Notice, notice_of

SUBSCRIPTION = "https://fhir.example/r4/Subscription/chest"
FOCUS = "https://fhir.example/r4/DiagnosticReport/invented-7"


def parameters(kind: str, total: Any, *events: dict[str, Any], status: str = "active") -> dict[str, Any]:
    """The status of a notification in R4 (backport 1.1.0): Parameters, numbers as valueString."""
    said: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": SUBSCRIPTION}},
        {"name": "topic", "valueCanonical": "https://fhir.example/SubscriptionTopic/signed-report"},
        {"name": "status", "valueCode": status},
        {"name": "type", "valueCode": kind},
    ]
    if total is not None:
        name = "valueString" if isinstance(total, str) else "valueInteger"
        said.append({"name": "events-since-subscription-start", name: total})
    return {"resourceType": "Parameters", "id": "status", "parameter": [*said, *events]}


def part(number: Any, focus: str | None = FOCUS) -> dict[str, Any]:
    kind = "valueString" if isinstance(number, str) else "valueInteger"
    parts: list[dict[str, Any]] = [
        {"name": "event-number", kind: number},
        {"name": "timestamp", "valueInstant": "2026-01-05T12:00:00.123+01:00"},
    ]
    if focus is not None:
        parts.append({"name": "focus", "valueReference": {"reference": focus}})
        parts.append({"name": "additional-context", "valueReference": {"reference": "Patient/p1"}})
    return {"name": "notification-event", "part": parts}


def status(kind: str, total: Any, *events: dict[str, Any], state: str = "active") -> dict[str, Any]:
    """The same in R4B and R5: SubscriptionStatus."""
    said = {
        "resourceType": "SubscriptionStatus",
        "id": "status",
        "status": state,
        "type": kind,
        "subscription": {"reference": SUBSCRIPTION},
        "topic": "https://fhir.example/SubscriptionTopic/signed-report",
    }
    if total is not None:
        said["eventsSinceSubscriptionStart"] = total
    return {**said, **({"notificationEvent": list(events)} if events else {})}


def event(number: Any, focus: str | None = FOCUS) -> dict[str, Any]:
    said: dict[str, Any] = {"eventNumber": number, "timestamp": "2026-01-05T12:00:00.123+01:00"}
    return {**said, **({"focus": {"reference": focus}} if focus else {})}


def bundle(first: dict[str, Any], *entries: dict[str, Any], kind: str = "history") -> dict[str, Any]:
    asked = {"method": "GET", "url": f"{SUBSCRIPTION}/$status"}
    head = {"fullUrl": "urn:uuid:5a9f3c1e-0000-4000-8000-000000000001", "resource": first, "request": asked}
    return {
        "resourceType": "Bundle",
        "id": "invented",
        "type": kind,
        "timestamp": "2026-01-05T12:00:00.123+01:00",
        "entry": [{**head, "response": {"status": "200"}}, *entries],
    }


def pointed_at() -> dict[str, Any]:
    return {
        "fullUrl": FOCUS,
        "request": {"method": "PUT", "url": "DiagnosticReport/invented-7"},
        "response": {"status": "200"},
    }


EXAMPLES = [
    (
        "R4 handshake",
        bundle(parameters("handshake", "0", status="requested")),
        Notice("handshake", SUBSCRIPTION, 0),
    ),
    ("R4 heartbeat", bundle(parameters("heartbeat", "6")), Notice("heartbeat", SUBSCRIPTION, 6)),
    (
        "R4 empty",
        bundle(parameters("event-notification", "7", part("7", None))),
        Notice("event-notification", SUBSCRIPTION, 7, (Event(7),)),
    ),
    (
        "R4 id-only",
        bundle(parameters("event-notification", "7", part("7")), pointed_at()),
        Notice("event-notification", SUBSCRIPTION, 7, (Event(7, FOCUS),)),
    ),
    (
        "R4 several, as integers",
        bundle(parameters("event-notification", 8, part(7), part(8)), pointed_at()),
        Notice("event-notification", SUBSCRIPTION, 8, (Event(7, FOCUS), Event(8, FOCUS))),
    ),
    (
        "R4 query-event",
        bundle(parameters("query-event", "8", part("7"))),
        Notice("query-event", SUBSCRIPTION, 8, (Event(7, FOCUS),)),
    ),
    (
        "R4 query-status of one that failed",
        bundle(parameters("query-status", "8", status="error")),
        Notice("query-status", SUBSCRIPTION, 8, failed=True),
    ),
    (
        "R4B handshake",
        bundle(status("handshake", "0", state="requested")),
        Notice("handshake", SUBSCRIPTION, 0),
    ),
    ("R4B heartbeat", bundle(status("heartbeat", "6")), Notice("heartbeat", SUBSCRIPTION, 6)),
    (
        "R4B empty",
        bundle(status("event-notification", "7", event("7", None))),
        Notice("event-notification", SUBSCRIPTION, 7, (Event(7),)),
    ),
    (
        "R4B id-only",
        bundle(status("event-notification", "7", event("7")), pointed_at()),
        Notice("event-notification", SUBSCRIPTION, 7, (Event(7, FOCUS),)),
    ),
    (
        "R5 id-only, numbers as integers",
        bundle(status("event-notification", 7, event(7)), pointed_at(), kind="subscription-notification"),
        Notice("event-notification", SUBSCRIPTION, 7, (Event(7, FOCUS),)),
    ),
    (
        "without the count",
        bundle(parameters("event-notification", None, part("7"))),
        Notice("event-notification", SUBSCRIPTION, None, (Event(7, FOCUS),)),
    ),
]


@pytest.mark.parametrize(
    ("sent", "read"), [case[1:] for case in EXAMPLES], ids=[case[0] for case in EXAMPLES]
)
def test_every_form_is_read(sent: dict[str, Any], read: Notice) -> None:
    assert notice_of(sent) == read


@pytest.mark.parametrize("sent", [sent for name, sent, _ in EXAMPLES if name.startswith(("R4 ", "R4B"))])
def test_examples_are_sound_by_the_models_of_r4b(sent: dict[str, Any]) -> None:
    Bundle.model_validate_json(json.dumps(sent))


@pytest.mark.parametrize(
    "sent",
    [
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": status("heartbeat", "1")}]},
        {"resourceType": "Bundle", "type": "history"},
        {"resourceType": "Bundle", "type": "history", "entry": [1]},
        {"resourceType": "Bundle", "type": "history", "entry": [{"resource": {"resourceType": "Patient"}}]},
        bundle({"resourceType": "Parameters"}),
        bundle({"resourceType": "SubscriptionStatus", "type": "heartbeat"}),
    ],
)
def test_other_bundles_are_no_notification(sent: dict[str, Any]) -> None:
    assert notice_of(sent) is None


@pytest.mark.parametrize("number", ["-1", "1.5", "", " 7", "٣", "9" * 16, -1, 1.5, True, None, [], 10**15])
def test_number_that_is_none_is_left_out(number: Any) -> None:
    read = notice_of(bundle(status("event-notification", number, event(number))))
    assert read == Notice("event-notification", SUBSCRIPTION, None, (Event(None, FOCUS),))


_ANY = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "parameter name part valueString valueReference reference type subscription".split()
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=10,
)


@given(
    st.sampled_from(["Parameters", "SubscriptionStatus"]),
    st.dictionaries(
        st.sampled_from(
            "parameter type subscription notificationEvent status eventsSinceSubscriptionStart".split()
        ),
        _ANY,
    ),
)
def test_status_of_any_shape_is_a_notice_or_none(kind: str, fields: dict[str, Any]) -> None:
    read = notice_of(bundle({**fields, "resourceType": kind}))
    assert read is None or read.subscription

"""A checked report to a real FHIR server: told once however often it is sent, followed as it changes."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from fhir_keeper import FhirKeeper, serving

from app.api.schemas import CheckedReportOut
from app.integrations.fhir.outbound.sender import FhirSender
from app.integrations.guard import Guard
from app.integrations.outgoing import Outgoing
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import Services
from app.storage.types import Check, Decision, Endpoint, KeptVersion

_TEXT = "FINDINGS: Small left pleural effusion. IMPRESSION: Small right pleural effusion."
_AT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


@pytest.fixture
def server() -> Iterator[FhirKeeper]:
    with serving() as started:
        yield started


@pytest.fixture
def sender(server: FhirKeeper) -> FhirSender:
    loopback = ip_network("127.0.0.0/8")
    return FhirSender(Guard([loopback], ports=frozenset({server.port}), plain=True), seconds=5)


def to(server: FhirKeeper, **changed: Any) -> Endpoint:
    settings = {"url": f"http://127.0.0.1:{server.port}/r4", "token": "secret", **changed}
    return Endpoint("e", "fhir", "EHR", settings)


@pytest.fixture
def event(services: Services) -> Outgoing:
    submitted = SubmittedReport(_TEXT, "acc-1")
    answer = CheckedReportOut.of(check_report(submitted, services))
    check = Check(1, _AT, True, True, True, answer.coverage.model_dump(), {}, answer.model_dump_json())
    return Outgoing("msg_1", "report.check.completed", _AT, 7, "acc-1", submitted=submitted, check=check)


def test_sent_twice_is_kept_once(server: FhirKeeper, sender: FhirSender, event: Outgoing) -> None:
    assert sender.send(to(server), event).state == "delivered"
    assert (server.writes, server.asked[0]) == (5, ("POST", "/r4", "Bearer secret"))
    assert sender.send(to(server), replace(event, id="msg_2")).state == "delivered"
    assert server.writes == 5


def test_a_decision_and_a_withdrawal_change_what_is_there(
    server: FhirKeeper, sender: FhirSender, event: Outgoing
) -> None:
    assert event.check is not None
    sender.send(to(server), event)
    made = Decision("e1", "overridden", _AT, "template_text")
    decided = replace(event, event="report.decision.recorded", check=replace(event.check, decisions=(made,)))
    assert sender.send(to(server), decided).state == "delivered"
    (issue,), (task,) = server.of("DetectedIssue"), server.of("Task")
    assert (issue["status"], task["status"]) == ("entered-in-error", "completed")
    assert len(server.of("Provenance")) == 2
    gone = replace(event, event="report.withdrawn", version=KeptVersion(1, "F", "withdrawn"))
    assert sender.send(to(server), gone).state == "delivered"
    assert [kept["status"] for kept in server.of("Observation")] == ["entered-in-error"]
    assert [kept["status"] for kept in server.of("Task")] == ["cancelled"]
    assert task["focus"] == {"type": "DiagnosticReport", "identifier": {"value": "acc-1"}}


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (422, {}, ("refused", "status_422", None)),
        (400, {}, ("refused", "status_400", None)),
        (302, {"Location": "http://127.0.0.1:1/"}, ("again", "status_302", None)),
        (410, {}, ("gone", "gone", None)),
        (401, {}, ("again", "status_401", None)),
        (429, {"Retry-After": "7"}, ("again", "status_429", 7.0)),
        (503, {"Retry-After": "soon"}, ("again", "status_503", None)),
    ],
)
def test_what_the_server_says(
    server: FhirKeeper, sender: FhirSender, event: Outgoing, status: int, headers: Any, outcome: Any
) -> None:
    server.answers = [(status, headers)]
    made = sender.send(to(server), event)
    assert (made.state, made.code, made.retry_after) == outcome
    assert (made.status, len(server.asked)) == (status, 1)


def test_a_trial_keeps_nothing(server: FhirKeeper, sender: FhirSender) -> None:
    assert sender.send(to(server), Outgoing("msg_1", "endpoint.trial", _AT)).state == "delivered"
    assert (server.writes, server.asked[0][:2]) == (0, ("GET", "/r4/metadata"))


def test_what_may_not_be_called_is_not(server: FhirKeeper, event: Outgoing) -> None:
    made = FhirSender(Guard([], ports=frozenset({server.port}), plain=True)).send(to(server), event)
    assert (made.state, made.code, server.asked) == ("again", "forbidden_address", [])


def test_another_server_gets_no_ids_of_the_source(server: FhirKeeper, event: Outgoing) -> None:
    raw = b'{"resourceType": "DiagnosticReport", "id": "17", "subject": {"reference": "Patient/5"}}'
    told = replace(event, source="ehr", message=raw, message_kind="FHIR")
    own = to(server).settings["url"]
    guard = Guard([ip_network("127.0.0.0/8")], ports=frozenset({server.port}), plain=True)
    for base, said in ((own, "DiagnosticReport/17"), ("https://ehr.example/r4", None)):
        sender = FhirSender(guard, seconds=5, bases={"ehr": base})
        assert sender.send(to(server), told).state == "delivered"
        (observation,) = server.of("Observation")
        assert observation["focus"][0].get("reference") == said

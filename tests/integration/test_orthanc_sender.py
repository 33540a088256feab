"""The sender of kind orthanc against a real Orthanc: what is there afterwards, however often it is sent."""

import datetime as dt
import json
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from dicom_support import Invented, new_uid
from local_servers import OrthancServer, UnavailableError
from orthanc_support import attachment, looked_up, metadata, rest

from app.integrations.dicom.classes import series_uid
from app.integrations.guard import Guard
from app.integrations.orthanc.sender import OrthancSender
from app.integrations.outgoing import Outgoing
from app.proofreading.report import SubmittedReport
from app.storage.types import Check, Decision, Endpoint, EventName

AT = dt.datetime(2026, 1, 6, tzinfo=dt.UTC)
COVERAGE = {"rules": "done"}


@pytest.fixture(scope="module")
def server() -> Iterator[OrthancServer]:
    try:
        with OrthancServer() as running:
            yield running
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture
def sender(server: OrthancServer) -> OrthancSender:
    return OrthancSender(Guard([ip_network("127.0.0.0/8")], ports=[server.port], plain=True))


def endpoint(server: OrthancServer, **settings: object) -> Endpoint:
    own = {"url": server.url, "user": server.user, "password": server.password, "sr": True}
    return Endpoint("e", "orthanc", "pacs", {**own, **settings})


def check(*quotes: str, decisions: tuple[Decision, ...] = ()) -> Check:
    error = {"type": "measurement", "tier": "high", "confidence": 0.9, "message": "Why.", "correction": None}
    error |= {"category": "TC", "rule": "measurement.size", "section": "FINDINGS", "start": 0, "end": 4}
    errors = [{**error, "id": quote, "quote": quote, "evidence": [], "alternatives": []} for quote in quotes]
    result = json.dumps({"complete": True, "errors": errors})
    return Check(1, AT, True, bool(errors), True, COVERAGE, {}, result, decisions)


def event(uid: str, name: EventName = "report.check.completed", said: Check | None = None) -> Outgoing:
    report = SubmittedReport("FINDINGS: Clear.", uid)
    raw = Invented(instance=uid).encode()
    return Outgoing(
        "1",
        name,
        AT,
        report=7,
        custom_id=uid,
        source="pacs",
        submitted=report,
        check=said,
        message=raw,
        message_kind="DICOM",
    )


def stored(server: OrthancServer) -> str:
    uid = new_uid()
    with rest(server) as client:
        assert client.post("/instances", content=Invented(instance=uid).encode()).status_code == 200
    return uid


def ours(server: OrthancServer, uid: str) -> list[str]:
    with rest(server) as client:
        series = looked_up(client, series_uid(uid))
        return client.get(f"/series/{series}").json()["Instances"] if series else []


def test_what_is_sent_twice_is_there_once(server: OrthancServer, sender: OrthancSender) -> None:
    uid = stored(server)
    for _ in range(2):
        assert sender.send(endpoint(server), event(uid, said=check("5 mm"))).state == "delivered"
    first = ours(server, uid)
    assert len(first) == 1
    with rest(server) as client:
        assert metadata(client, uid) == "1 high"
        said = attachment(client, uid)
        assert said is not None
        assert said["result"]["errors"][0]["quote"] == "5 mm"
    assert sender.send(endpoint(server), event(uid, said=check("5 mm", "6 mm"))).state == "delivered"
    second = ours(server, uid)
    assert len(second) == 1
    assert second != first


def test_decisions_follow(server: OrthancServer, sender: OrthancSender) -> None:
    uid = stored(server)
    decided = check("5 mm", decisions=(Decision("5 mm", "overridden", AT, "style"),))
    sender.send(endpoint(server, sr=False), event(uid, "report.decision.recorded", decided))
    with rest(server) as client:
        assert metadata(client, uid) == "1 high; 1 decided"
        said = attachment(client, uid)
    assert said is not None
    assert [decision["outcome"] for decision in said["decisions"]] == ["overridden"]
    assert ours(server, uid) == []


@pytest.mark.parametrize("name", ["report.replaced", "report.withdrawn"])
def test_what_is_no_longer_true_goes(server: OrthancServer, sender: OrthancSender, name: EventName) -> None:
    uid = stored(server)
    sender.send(endpoint(server), event(uid, said=check("5 mm")))
    for _ in range(2):
        assert sender.send(endpoint(server), event(uid, name)).state == "delivered"
    with rest(server) as client:
        assert attachment(client, uid) is None
        assert metadata(client, uid) == name.removeprefix("report.")
    assert ours(server, uid) == []


def test_flags_that_are_gone_leave_no_document(server: OrthancServer, sender: OrthancSender) -> None:
    uid = stored(server)
    sender.send(endpoint(server), event(uid, said=check("5 mm")))
    sender.send(endpoint(server), event(uid, said=check()))
    assert ours(server, uid) == []
    with rest(server) as client:
        assert metadata(client, uid) == "no errors found"


def test_servers_that_count_revisions_are_written_to(sender: OrthancSender) -> None:
    with OrthancServer({"CheckRevisions": True}) as strict:
        guard = Guard([ip_network("127.0.0.0/8")], ports=[strict.port], plain=True)
        uid = stored(strict)
        for quotes in (["5 mm"], ["6 mm"]):
            told = OrthancSender(guard).send(endpoint(strict), event(uid, said=check(*quotes)))
            assert told.state == "delivered"
        gone = OrthancSender(guard).send(endpoint(strict), event(uid, "report.withdrawn"))
        assert gone.state == "delivered"


def test_what_cannot_be_told_has_a_code(server: OrthancServer, sender: OrthancSender) -> None:
    uid, to = stored(server), endpoint(server)
    other = Outgoing("1", "report.check.completed", AT, 7, "C1", message_kind="ORU^R01")
    outcomes = [
        sender.send(to, event(new_uid(), said=check())),
        sender.send(to, other),
        sender.send(endpoint(server, user="nobody"), event(uid, said=check())),
        sender.send(endpoint(server, url="http://127.0.0.1:1"), event(uid, said=check())),
        sender.send(to, Outgoing("1", "endpoint.trial", AT)),
    ]
    assert [(told.state, told.code) for told in outcomes] == [
        ("refused", "not_there"),
        ("refused", "not_from_dicom"),
        ("again", "refused"),
        ("again", "port"),
        ("delivered", None),
    ]

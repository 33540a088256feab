"""Endpoints and deliveries over HTTP: secrets shown once, addresses checked, problems, and a webhook that comes."""

import json
import socket
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from standardwebhooks import Webhook
from tests_support import CONTRADICTORY, opened
from web_support import OK, Listener, request_of

from app.services import Services
from app.storage.audit import broken_at
from app.storage.exchange import endpoint as endpoint_table
from app.storage.sealing import Seal, new_key

HOOK = {"kind": "webhook", "name": "hook", "settings": {"url": "https://10.20.0.1/hook"}}
OTHERS = [
    {"kind": "mllp", "name": "ris", "settings": {"host": "10.20.0.2", "port": 2575, "application": "RP"}},
    {
        "kind": "fhir",
        "name": "ehr",
        "settings": {"url": "https://10.20.0.3/fhir", "token": "Zebulon", "system": "urn:radproof:north"},
    },
    {
        "kind": "orthanc",
        "name": "pacs",
        "settings": {"url": "https://10.20.0.4", "user": "me", "password": "Zebulon", "sr": True},
    },
]


@pytest.fixture
def site(services: Services) -> Iterator[TestClient]:
    with opened(services, callback_networks="10.20.0.0/16", callback_ports="443,2575") as client:
        yield client


def add(client: TestClient, said: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/v1/endpoints", json={**said, "enabled": False}, headers={"X-Actor": "admin"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/v1/endpoints/{made['id']}"
    return made


def actions(client: TestClient) -> list[tuple[str, str]]:
    store = client.app_state["store"]
    with store.engine.begin() as connection:
        assert broken_at(connection) is None
        found = connection.exec_driver_sql("SELECT actor, action FROM audit ORDER BY id")
        return [(row.actor, row.action) for row in found]


def test_all_kinds_and_no_secret_is_shown_twice(site: TestClient) -> None:
    made = [add(site, said) for said in (HOOK, *OTHERS)]
    secret = made[0]["secret"]
    assert secret.startswith("whsec_")
    assert [each["secret"] for each in made[1:]] == [None] * 3
    listed = site.get("/v1/endpoints")
    assert [each["name"] for each in listed.json()["endpoints"]] == ["hook", "ris", "ehr", "pacs"]
    for said in made:
        one = site.get(f"/v1/endpoints/{said['id']}")
        assert {**one.json(), "secret": said["secret"]} == said
        for answer in (one, listed):
            assert secret not in answer.text
            assert "Zebulon" not in answer.text
            assert "secrets" not in answer.text
    assert made[0]["settings"] == {"url": "https://10.20.0.1/hook", "detail": "thin"}
    assert made[2]["settings"] == {"url": "https://10.20.0.3/fhir", "system": "urn:radproof:north"}
    assert made[3]["settings"] == {"url": "https://10.20.0.4", "user": "me", "sr": True}


@pytest.mark.parametrize(
    ("changed", "status", "code", "pointer"),
    [
        ({"kind": "fax"}, 422, "not_allowed", "/kind"),
        ({"kind": None}, 422, "not_allowed", "/kind"),
        ({"name": ""}, 422, "too_short", "/name"),
        ({"name": "x" * 201}, 422, "too_long", "/name"),
        ({"name": "a\nb"}, 422, "control_characters", "/name"),
        ({"events": ["Zebulon"]}, 422, "not_allowed", "/events"),
        ({"events": ["endpoint.trial"]}, 422, "not_allowed", "/events"),
        ({"test": "yes"}, 422, "wrong_type", "/test"),
        ({"Zebulon": 1}, 422, "unknown_field", ""),
        ({"settings": {}}, 422, "missing", "/settings/url"),
        ({"settings": {"url": 5}}, 422, "wrong_type", "/settings/url"),
        ({"settings": {"url": "https://10.20.0.1/", "secrets": []}}, 422, "unknown_field", "/settings"),
        (
            {"settings": {"url": "https://10.20.0.1/", "detail": "all"}},
            422,
            "not_allowed",
            "/settings/detail",
        ),
        (
            {"kind": "fhir", "settings": {"url": "https://10.20.0.3/", "system": "urn:a|b&c=d"}},
            422,
            "control_characters",
            "/settings/system",
        ),
        ({"settings": {"url": "http://10.20.0.1/"}}, 403, "not_https", "/settings/url"),
        ({"settings": {"url": "https://me:Zebulon@10.20.0.1/"}}, 403, "userinfo", "/settings/url"),
        ({"settings": {"url": "https://10.20.0.1:22/"}}, 403, "port", "/settings/url"),
        ({"settings": {"url": "https://10.21.0.1/"}}, 403, "forbidden_address", "/settings/url"),
        ({"settings": {"url": "https://169.254.169.254/"}}, 403, "forbidden_address", "/settings/url"),
        ({"settings": {"url": "https://localhost/"}}, 403, "forbidden_address", "/settings/url"),
        ({"settings": {"url": "https://2130706433/"}}, 403, "host", "/settings/url"),
        ({"settings": {"url": "https://nowhere.invalid/"}}, 403, "unresolved", "/settings/url"),
        (
            {"kind": "mllp", "settings": {"host": "10.21.0.1", "port": 2575}},
            403,
            "forbidden_address",
            "/settings/host",
        ),
        (
            {"kind": "mllp", "settings": {"host": "10.20.0.1", "port": 0}},
            422,
            "out_of_range",
            "/settings/port",
        ),
        (
            {"kind": "fhir", "settings": {"url": "https://10.20.0.1", "sr": True}},
            422,
            "unknown_field",
            "/settings",
        ),
    ],
)
def test_what_is_refused(
    site: TestClient, changed: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    answer = site.post("/v1/endpoints", json={**HOOK, **changed})
    problem = answer.json()
    assert (answer.status_code, problem["errors"][0]["code"]) == (status, code), problem
    if pointer:
        assert problem["errors"][0]["pointer"].startswith(pointer)
    assert "Zebulon" not in answer.text
    assert site.get("/v1/endpoints").json()["endpoints"] == []


def test_a_name_is_given_once(site: TestClient) -> None:
    add(site, HOOK)
    again = site.post("/v1/endpoints", json=HOOK)
    assert (again.status_code, again.json()["code"]) == (409, "endpoint_name_taken")
    other = add(site, {**HOOK, "name": "other"})
    taken = site.patch(f"/v1/endpoints/{other['id']}", json={"name": "hook"})
    assert (taken.status_code, taken.json()["code"]) == (409, "endpoint_name_taken")


def test_nothing_is_called_where_no_network_is_set(client: TestClient) -> None:
    answer = client.post("/v1/endpoints", json=HOOK)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_address")


def settings_of(client: TestClient, id_: str) -> dict[str, Any]:
    kept = client.app_state["store"].endpoints.get(id_)
    return dict(kept.settings)


def test_a_change_keeps_the_rest(site: TestClient) -> None:
    made = add(site, HOOK)
    where = f"/v1/endpoints/{made['id']}"
    for _ in range(2):  # a script that runs twice
        answer = site.patch(where, json={"events": ["report.replaced"], "settings": {"detail": "full"}})
        assert answer.status_code == 200
    said = answer.json()
    assert (said["name"], said["events"], said["source"]) == ("hook", ["report.replaced"], None)
    assert said["settings"] == {"url": "https://10.20.0.1/hook", "detail": "full"}
    assert settings_of(site, made["id"])["secrets"] == [{"key": made["secret"], "until": None}]
    assert site.patch(where, json={"source": "RIS|NORTH"}).json()["source"] == "RIS|NORTH"
    assert site.patch(where, json={"source": None}).json()["source"] is None
    assert site.patch(where, json={"settings": {"url": "https://10.20.0.9/"}}).status_code == 200
    assert settings_of(site, made["id"])["secrets"] == [{"key": made["secret"], "until": None}]
    for wrong in (
        {"name": None},
        {"kind": "fhir"},
        {"settings": {"token": "x"}},
        {"settings": {"url": None}},
    ):
        assert site.patch(where, json=wrong).status_code == 422
    refused = site.patch(where, json={"settings": {"url": "https://127.0.0.1/"}}).json()
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("forbidden_address", "/settings/url")
    assert site.get(where).json()["settings"]["url"] == "https://10.20.0.9/"


def test_credentials_do_not_follow_to_another_address(site: TestClient) -> None:
    made = add(site, OTHERS[1])
    where = f"/v1/endpoints/{made['id']}"
    assert site.patch(where, json={"settings": {"url": "https://10.20.0.3/fhir"}}).status_code == 200
    assert settings_of(site, made["id"]).get("token") == "Zebulon"
    assert site.patch(where, json={"settings": {"url": "https://10.20.0.66/fhir"}}).status_code == 200
    assert settings_of(site, made["id"]).get("token") is None


def test_a_secret_is_changed(site: TestClient) -> None:
    made = add(site, HOOK)
    answer = site.post(f"/v1/endpoints/{made['id']}/secret", json={"both_hours": 1})
    fresh = answer.json()["secret"]
    assert fresh != made["secret"]
    known = settings_of(site, made["id"])["secrets"]
    assert [each["key"] for each in known] == [fresh, made["secret"]]
    assert fresh not in site.get(f"/v1/endpoints/{made['id']}").text
    ris = add(site, OTHERS[0])
    refused = site.post(f"/v1/endpoints/{ris['id']}/secret", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_webhook")


def test_unknown_endpoints_and_deliveries(site: TestClient) -> None:
    for method, path, body in (
        ("GET", "/v1/endpoints/none", None),
        ("PATCH", "/v1/endpoints/none", {}),
        ("DELETE", "/v1/endpoints/none", None),
        ("POST", "/v1/endpoints/none/secret", {}),
        ("POST", "/v1/endpoints/none/trial", None),
        ("POST", "/v1/endpoints/none/replay", {"dead": True}),
        ("POST", "/v1/deliveries/none/replay", None),
    ):
        answer = site.request(method, path, json=body)
        assert answer.status_code == 404, path
        assert answer.json()["code"] in ("endpoint_not_found", "delivery_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dead": False},
        {"from": "2026-01-31T08:00:00Z"},
        {"from": "2026-01-31T08:00:00", "to": "2026-01-31T09:00:00Z"},
        {"from": "2026-01-31T08:00:00Z", "to": "2026-01-31T09:00:00Z", "dead": True},
        {"since": "2026-01-31T08:00:00Z", "to": "2026-01-31T09:00:00Z"},
    ],
)
def test_replay_wants_a_span_or_the_dead(site: TestClient, body: dict[str, Any]) -> None:
    made = add(site, HOOK)
    assert site.post(f"/v1/endpoints/{made['id']}/replay", json=body).status_code == 422


def waited(client: TestClient, path: str, state: str) -> list[dict[str, Any]]:
    end = monotonic() + 60
    while monotonic() < end:
        found: list[dict[str, Any]] = client.get(path).json()["deliveries"]
        if found and all(each["state"] == state for each in found):
            return found
        sleep(0.1)
    raise AssertionError(found)


def test_from_a_report_to_a_signed_webhook_and_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADPROOF_BATCH_PROCESSES", "1")
    got: list[tuple[dict[str, str], bytes]] = []

    def serve(connection: socket.socket) -> None:
        _, headers, raw = request_of(connection)
        got.append((headers, raw))
        connection.sendall(OK)

    with (
        Listener(serve) as receiver,
        opened(
            services,
            callback_networks="127.0.0.1/32",
            callback_ports=str(receiver.port),
            callback_http=True,
            public_url="https://radproof.example",
        ) as client,
    ):
        url = f"http://127.0.0.1:{receiver.port}/"
        made = client.post("/v1/endpoints", json={**HOOK, "settings": {"url": url}}).json()
        where = f"/v1/endpoints/{made['id']}"
        assert client.post(f"{where}/trial").json()["event"] == "endpoint.trial"
        sent = client.post(
            "/v1/batches",
            content=json.dumps({"custom_id": "c1", "text": CONTRADICTORY}) + "\n",
            headers={"Content-Type": "application/x-ndjson", "Idempotency-Key": "k"},
        )
        assert sent.status_code == 202, sent.text
        listed = f"/v1/deliveries?endpoint={made['id']}"
        end = monotonic() + 60
        while len(client.get(listed).json()["deliveries"]) < 2 and monotonic() < end:
            sleep(0.2)
        checked, trial = waited(client, listed, "delivered")
        assert (trial["event"], checked["event"]) == ("endpoint.trial", "report.check.completed")
        verified = Webhook(made["secret"]).verify(got[1][1], got[1][0])
        assert verified["data"]["report_id"] == checked["report_id"]
        assert verified["data"]["check"]["tiers"]["high"] == 1
        assert verified["data"]["urls"]["report"].startswith("https://radproof.example/v1/reports/")
        assert (
            client.get(f"/v1/reports/{checked['report_id']}").json()["check"]["id"]
            == verified["data"]["check"]["id"]
        )
        page = client.get(f"{listed}&limit=1&state=delivered")
        assert page.json()["next_cursor"] == checked["id"]
        following = client.get(page.links["next"]["url"]).json()
        assert [each["id"] for each in following["deliveries"]] == [trial["id"]]
        assert client.post(f"/v1/deliveries/{trial['id']}/replay").status_code == 202
        span = {"from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}
        assert client.post(f"{where}/replay", json=span).json()["replayed"] in (1, 2)
        assert client.post(f"{where}/replay", json={"dead": True}).json() == {"replayed": 0}
        waited(client, listed, "delivered")
        assert {headers["webhook-id"] for headers, _ in got} == {trial["id"], checked["id"]}
        assert len(got) >= 4
        assert client.delete(where).status_code == 204
        assert client.get("/v1/deliveries").json() == {"deliveries": [], "next_cursor": None}


def test_what_goes_into_headers_and_searches_is_plain(site: TestClient) -> None:
    url = "https://10.20.0.3/fhir"
    made = add(
        site, {"kind": "fhir", "name": "two", "settings": {"url": url, "system": "urn:radproof:north"}}
    )
    assert made["settings"] == {"url": url, "system": "urn:radproof:north"}
    for wrong in ({"token": "Zébulon"}, {"token": "a b"}, {"system": "urn:a|b&_tag=c"}, {"system": "north"}):
        answer = site.patch(f"/v1/endpoints/{made['id']}", json={"settings": wrong})
        assert answer.status_code == 422
        (name,) = wrong
        assert answer.json()["errors"][0]["pointer"] == f"/settings/{name}"


def test_one_that_no_key_opens_is_listed_and_can_be_deleted(site: TestClient) -> None:
    lost, kept = add(site, HOOK), add(site, OTHERS[0])
    other = Seal([new_key()]).seal({"url": "https://10.20.0.1/"})
    with site.app_state["store"].engine.begin() as connection:
        mine = endpoint_table.c.public_id == lost["id"]
        connection.execute(update(endpoint_table).where(mine).values(settings=other))
    listed = site.get("/v1/endpoints").json()
    assert [each["id"] for each in listed["endpoints"]] == [kept["id"]]
    assert listed["sealed"] == [lost["id"]]
    assert site.get(f"/v1/endpoints/{lost['id']}").status_code == 503
    gone = site.delete(f"/v1/endpoints/{lost['id']}", headers={"X-Actor": "admin"})
    assert gone.status_code == 204
    assert site.get("/v1/endpoints").json()["sealed"] == []

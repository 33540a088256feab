"""What comes in by webhook: who is believed, what is kept, and what is answered, over the real service."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hl7_support import Invented
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from standardwebhooks import Webhook
from tests_support import Run

from app.main import create_app
from app.services import ConfigurationError, Services
from app.settings import Settings
from app.storage.messages import Messages

OLD, NEW, OTHER = ("whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))
BEARER = "Bearer a-long-enough-token"
CANARY = "Kanarienvogel"
TEXT = "FINDINGS: No pleural effusion.\nIMPRESSION: Small bilateral pleural effusions."
SOURCES = f"""
[sources.signed]
kind = "report"
auth = {{ type = "signature", secrets = ["{NEW}", "{OLD}"] }}
[sources.engine]
kind = "hl7"
charset = "cp1252"
auth = {{ type = "header", values = ["{BEARER}", "Bearer another-long-token"] }}
[sources.own-header]
kind = "report"
auth = {{ type = "header", name = "X-Api-Key", values = ["{BEARER}"] }}
[sources.epic]
kind = "fhir"
auth = {{ type = "header", values = ["{BEARER}"] }}
[sources.pacs]
kind = "dicom"
auth = {{ type = "signature", secrets = ["{NEW}"] }}
[sources.trial]
kind = "report"
test = true
auth = {{ type = "header", values = ["{BEARER}"] }}
[sources.asked-only]
kind = "fhir"
[sources.signed-fhir]
kind = "fhir"
auth = {{ type = "signature", secrets = ["{NEW}"] }}
[sources.named]
kind = "hl7"
feed = "RIS|NORTH"
auth = {{ type = "header", values = ["{BEARER}"] }}
"""

_ER7_HEADERS = {"authorization": BEARER, "content-type": "text/plain"}
_FHIR_HEADERS = {"authorization": BEARER, "content-type": "application/fhir+json"}
_FHIR_REPORT = json.dumps(
    {
        "resourceType": "DiagnosticReport",
        "id": "d9",
        "status": "final",
        "identifier": [{"value": "ACC-9"}],
        "conclusion": "Small left pleural effusion.",
    }
).encode()
Send = Callable[..., Any]


@pytest.fixture
def client(services: Services, tmp_path: Path) -> Iterator[TestClient]:
    path = tmp_path / "sources.toml"
    path.write_text(SOURCES)
    app = create_app(Settings(sources=path), services)
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def report(text: str = TEXT, **fields: Any) -> bytes:
    return json.dumps({"text": text, **fields}).encode()


def enveloped(at: str, text: str = TEXT, **fields: Any) -> bytes:
    return json.dumps({"type": "report.signed", "timestamp": at, "data": {"text": text, **fields}}).encode()


def signed(body: bytes, *secrets: str, age: int = 0, name: str = "msg_1") -> dict[str, str]:
    """Headers as the library of the specification makes them."""
    now = int(time.time()) - age
    moment = dt.datetime.fromtimestamp(now, tz=dt.UTC)
    signatures = " ".join(Webhook(secret).sign(name, moment, body.decode()) for secret in secrets)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": signatures,
        "content-type": "application/json",
    }


def _signed_fhir(body: bytes) -> dict[str, str]:
    return {**signed(body, NEW), "content-type": "application/fhir+json"}


def results(client: TestClient) -> list[dict[str, Any]]:
    lines = []
    for batch in client.get("/v1/batches").json()["batches"]:
        text = client.get(f"/v1/batches/{batch['id']}/results").text
        lines += [{**json.loads(line), "batch": batch} for line in text.splitlines()]
    return lines


@pytest.mark.parametrize(
    ("secrets", "age", "status"),
    [
        ((NEW,), 0, 202),
        ((OLD,), 0, 202),
        ((OTHER, OLD), 0, 202),
        ((OLD, NEW), 290, 202),
        ((NEW,), -290, 202),
        ((OTHER,), 0, 401),
        ((NEW,), 310, 401),
        ((NEW,), -310, 401),
    ],
)
def test_signature_of_a_known_secret_about_now_is_believed(
    client: TestClient, secrets: tuple[str, ...], age: int, status: int
) -> None:
    answer = client.post("/v1/webhooks/signed", content=report(), headers=signed(report(), *secrets, age=age))
    assert answer.status_code == status
    assert len(results(client)) == (1 if status == 202 else 0)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_part_of_a_signature_is_needed(client: TestClient, missing: str) -> None:
    headers = signed(report(), NEW)
    del headers[missing]
    refused = client.post("/v1/webhooks/signed", content=report(), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "signature",
    ["", "v1", "v1,", "v1,!!", "v2,AAAA", "v1a,AAAA", "v1,AAAA v1", " ", "v1,AA,AA", "v1,é"],
)
def test_odd_signature_is_refused(client: TestClient, signature: str) -> None:
    headers = {**signed(report(), NEW), "webhook-signature": signature.encode()}
    assert client.post("/v1/webhooks/signed", content=report(), headers=headers).status_code == 401


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_one_flipped_bit_is_refused(client: TestClient, data: st.DataObject) -> None:
    body = report()
    headers = signed(body, NEW)
    part = data.draw(st.sampled_from(["body", "webhook-id", "webhook-timestamp", "webhook-signature"]))
    changed = bytearray(body if part == "body" else headers[part].encode())
    place = data.draw(st.integers(0, len(changed) - 1))
    flipped = changed[place] ^ (1 << data.draw(st.integers(0, 6)))
    if part != "body" and not 0x21 <= flipped < 0x7F:
        return  # no header can hold it
    changed[place] = flipped
    if part == "body":
        body = bytes(changed)
    else:
        headers[part] = bytes(changed).decode()
    assert client.post("/v1/webhooks/signed", content=body, headers=headers).status_code == 401


def test_unknown_sources_and_wrong_ones_say_nothing(client: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    for path, headers, status in [
        ("unknown", {"authorization": BEARER}, 404),
        ("UPPER", {}, 404),
        ("own-header", {"authorization": BEARER}, 401),
        ("own-header", {"x-api-key": BEARER[:-1]}, 401),
        ("own-header", {"x-api-key": BEARER + "x"}, 401),
        ("own-header", {"x-api-key": ""}, 401),
        ("signed", {"authorization": BEARER}, 401),
        ("own-header/DiagnosticReport/1", {"x-api-key": BEARER}, 404),
    ]:
        answer = client.post(f"/v1/webhooks/{path}", content=report(), headers=json_type | headers)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
    refused = client.post("/v1/webhooks/asked-only", content=b"{}", headers={"authorization": BEARER})
    assert refused.status_code == 401
    assert refused.json()["resourceType"] == "OperationOutcome"
    assert "www-authenticate" in refused.headers
    assert results(client) == []


def test_replay_changes_nothing(client: TestClient) -> None:
    headers = signed(report(), NEW)
    first = client.post("/v1/webhooks/signed", content=report(), headers=headers)
    again = client.put("/v1/webhooks/signed", content=report(), headers=headers)
    assert (first.status_code, first.json()) == (202, {"reports": 1, "again": False})
    assert (again.status_code, again.json()) == (202, {"reports": 1, "again": True})
    assert len(results(client)) == 1


def test_versions_of_a_report_by_its_id_and_the_envelope(client: TestClient) -> None:
    def send(at: str, name: str) -> None:
        body = enveloped(at, f"FINDINGS: Version of {at}.", report_id="r-1")
        assert (
            client.post("/v1/webhooks/signed", content=body, headers=signed(body, NEW, name=name)).status_code
            == 202
        )

    send("2026-01-05T12:00:00Z", "a")
    send("2026-01-05T14:00:00+01:00", "b")
    send("2026-01-05T12:30:00Z", "late")
    assert [(line["state"], line.get("problem")) for line in results(client)] == [
        ("cancelled", {"code": "replaced"}),
        ("waiting", None),
        ("cancelled", {"code": "replaced"}),
    ]


def test_source_for_trial_is_counted_apart(client: TestClient) -> None:
    headers = {"authorization": BEARER, "content-type": "application/json"}
    assert client.post("/v1/webhooks/trial", content=report(), headers=headers).status_code == 202
    (line,) = results(client)
    assert (line["batch"]["test"], line["batch"]["source"]) == (True, "trial")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b"[" * 10_000, 400, "malformed_json"),
        (b"[1]", 400, "malformed_json"),
        (b'{"a": 1, "a": 2}', 400, "malformed_json"),
        (b'{"words": "Kanarienvogel"}', 422, "invalid_request"),
        (b'{"text": " "}', 422, "blank_text"),
        (b'{"text": "Kanarienvogel\\u0000"}', 422, "control_characters"),
        (b'{"type": "a", "timestamp": "never", "data": {"text": "a"}}', 422, "invalid_request"),
        (b'{"type": "a", "timestamp": "0001-01-01T00:00:00+14:00", "data": {"text": "a"}}', 422, None),
    ],
)
def test_what_is_no_report_is_refused(client: TestClient, body: bytes, status: int, code: str | None) -> None:
    answer = client.post("/v1/webhooks/signed", content=body, headers=signed(body, NEW))
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code
    assert CANARY not in answer.text


def test_longer_bodies_and_other_types_are_refused(client: TestClient) -> None:
    json_type = {"x-api-key": BEARER, "content-type": "application/json"}
    long = b" " * (2 * 1_048_576)
    assert client.post("/v1/webhooks/own-header", content=long, headers=json_type).status_code == 413
    fhir = {"authorization": BEARER, "content-type": "application/fhir+json"}
    too_long = client.post("/v1/webhooks/epic", content=b" " * (16 * 1_048_576 + 1), headers=fhir)
    assert (too_long.status_code, too_long.json()["issue"][0]["code"]) == (413, "too-long")
    for changed in ({"content-type": "application/xml"}, {"content-encoding": "gzip"}):
        refused = client.post("/v1/webhooks/own-header", content=report(), headers=json_type | changed)
        assert refused.status_code == 415


def test_hl7_is_answered_with_its_acknowledgment(client: TestClient) -> None:
    headers = {"authorization": BEARER, "content-type": "x-application/hl7-v2+er7"}
    raw = Invented().encode()
    taken = client.post("/v1/webhooks/engine", content=raw, headers=headers)
    assert (taken.status_code, taken.headers["content-type"]) == (200, "x-application/hl7-v2+er7")
    assert b"\rMSA|AA|" in taken.content
    assert client.post("/v1/webhooks/engine", content=raw, headers=headers).status_code == 200
    assert len(results(client)) == 1
    refused = client.post("/v1/webhooks/engine", content=b"MSH|^~\\&|A|B", headers=headers)
    assert (refused.status_code, b"MSA|AR" in refused.content) == (400, True)


def test_dicom_is_taken_as_bytes(client: TestClient) -> None:
    body = b"\x00" * 128 + b"DICM\xff\xfe"
    stamp = str(int(time.time()))
    key = base64.b64decode(NEW.removeprefix("whsec_"))
    mark = base64.b64encode(hmac.digest(key, f"m.{stamp}.".encode() + body, hashlib.sha256)).decode()
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{mark}",
        "content-type": "application/dicom",
    }
    answer = client.post("/v1/webhooks/pacs", content=body, headers=headers)
    assert answer.status_code == 422  # it was believed, read, and is no report
    assert client.post("/v1/webhooks/pacs", content=body + b"\0", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("own-header", report(), "application/json"),
        ("engine", Invented().encode(), "text/plain"),
        (
            "epic",
            b'{"resourceType": "DiagnosticReport", "id": "1", "conclusion": "Clear."}',
            "application/json",
        ),
    ],
)
def test_lost_database_is_said_and_nothing_is_acknowledged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, body: bytes, kind: str
) -> None:
    def lost(*_arguments: object) -> None:
        raise OperationalError("", None, Exception())

    headers = {"authorization": BEARER, "x-api-key": BEARER, "content-type": kind}
    with monkeypatch.context() as patched:
        patched.setattr(Messages, "receive", lost)
        patched.setattr(Messages, "receive_all", lost, raising=False)
        answer = client.post(f"/v1/webhooks/{path}", content=body, headers=headers)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
    assert b"MSA|AA" not in answer.content
    assert client.post(f"/v1/webhooks/{path}", content=body, headers=headers).is_success
    assert len(results(client)) == 1


def test_failed_proof_is_logged_without_what_was_sent(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"x-api-key": CANARY * 3, "content-type": "application/json"}
    client.post("/v1/webhooks/own-header", content=report(CANARY), headers=headers)
    said = capsys.readouterr()
    assert "webhook_refused" in said.out + said.err
    assert CANARY not in said.out + said.err


@pytest.mark.parametrize("name", ["RADPROOF_TLS_KEY", "RADPROOF_CLIENT_CA", "RADPROOF_TLS_CERT"])
def test_half_of_tls_does_not_start(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "absent.pem")
    code, _, err = run("serve")
    assert (code, "RADPROOF_TLS_" in err) == (2, True)


def test_wrong_file_of_sources_does_not_start(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(f'[sources.a]\nkind = "{CANARY}"')
    with (
        pytest.raises(ConfigurationError, match=r"RADPROOF_SOURCES: sources\.a\.kind"),
        TestClient(create_app(Settings(sources=path), services)),
    ):
        pass


def test_nobody_takes_back_a_report_of_another_source(client: TestClient) -> None:
    """The facility of an HL7 v2 message is what its sender writes there, also the name of a source."""
    client.post(
        "/v1/webhooks/own-header",
        content=report(report_id="R-1"),
        headers={"x-api-key": BEARER, "content-type": "application/json"},
    )
    epic = json.loads(_FHIR_REPORT)
    client.post("/v1/webhooks/epic", content=json.dumps(epic).encode(), headers=_FHIR_HEADERS)
    for facility, filler in (("own-header", "R-1"), ("epic", "ACC-9")):
        raw = Invented(control_id=f"W{facility}", facility=facility, filler=filler, status="X").encode()
        answer = client.post("/v1/webhooks/engine", content=raw, headers=_ER7_HEADERS)
        assert b"MSA|AA" in answer.content
    numbers = [line["report_id"] for line in results(client)]
    states = [client.get(f"/v1/reports/{number}").json()["version"]["state"] for number in numbers]
    assert states == ["current", "current"]


def test_source_speaks_for_its_own_feed_only(client: TestClient) -> None:
    for application, status, code in (("RIS", 200, b"MSA|AA"), ("OTHER", 400, b"other_source")):
        raw = Invented(control_id=application, application=application).encode()
        answer = client.post("/v1/webhooks/named", content=raw, headers=_ER7_HEADERS)
        assert answer.status_code == status
        assert code in answer.content


def test_what_is_signed_deletes_nothing(client: TestClient) -> None:
    """A signature covers id, time and body: who saw one could ask for any resource to be deleted."""
    headers = {**signed(b"", NEW), "content-type": "application/fhir+json"}
    known = client.post("/v1/webhooks/signed-fhir", content=_FHIR_REPORT, headers=_signed_fhir(_FHIR_REPORT))
    assert known.status_code == 200
    answer = client.request("DELETE", "/v1/webhooks/signed-fhir/DiagnosticReport/d9", headers=headers)
    assert answer.status_code == 401
    (line,) = results(client)
    assert client.get(f"/v1/reports/{line['report_id']}").json()["version"]["state"] == "current"


def test_header_that_comes_twice_proves_nothing(client: TestClient) -> None:
    raw = Invented().encode()
    for values in ([BEARER, "Bearer guessed"], ["Bearer guessed", BEARER], [BEARER, BEARER]):
        headers = [("content-type", "text/plain"), *(("authorization", value) for value in values)]
        assert client.post("/v1/webhooks/engine", content=raw, headers=headers).status_code == 401


def test_early_years_sort_before_later_ones(client: TestClient) -> None:
    headers = {"x-api-key": BEARER, "content-type": "application/json"}
    for at in ("0999-01-01T00:00:00Z", "2026-01-01T00:00:00Z"):
        body = enveloped(at, f"{TEXT} {at}", report_id="R-1")
        assert client.post("/v1/webhooks/own-header", content=body, headers=headers).status_code == 202
    states = {
        client.get(f"/v1/reports/{line['report_id']}").json()["version"]["state"]: line
        for line in results(client)
    }
    assert states.keys() == {"current", "replaced"}
    number = states["current"]["report_id"]
    assert "2026" in client.get(f"/v1/reports/{number}").json()["text"]

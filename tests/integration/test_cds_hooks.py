"""CDS Hooks 2.0 over HTTP: who may ask, what cards say, what comes of feedback."""

import base64
import json
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi.testclient import TestClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from sqlalchemy import text as sql
from tests_support import opened

from app.integrations.cds.cards import LONGEST_SUMMARY, escaped
from app.integrations.cds.config import read_config
from app.integrations.config_file import ConfigFileError
from app.services import Services

_URL, _CALL = "https://radproof.example", "/cds-services/report-check"
_ISSUER, _HOOK = "https://ehr.example", "org.example.report-sign"
_WRONG = "FINDINGS: Small left pleural effusion. IMPRESSION: Small right pleural effusion."
_RIGHT = "FINDINGS: The lungs are clear. No pleural effusion. IMPRESSION: No acute disease."
_EC, _RSA = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65_537, 2_048)
_STRANGER = ec.generate_private_key(ec.SECP384R1())


def jwks(folder: Path, **keys: str) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps({"keys": [{**json.loads(key), "kid": kid} for kid, key in keys.items()]}))
    return path


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    jwks(tmp_path, ec=ECAlgorithm.to_jwk(_EC.public_key()), rsa=RSAAlgorithm.to_jwk(_RSA.public_key()))
    path = tmp_path / "cds.toml"
    path.write_text(
        f'hook = "{_HOOK}"\nurl = "{_URL}"\norigins = ["https://ehr.example"]\nmost_cards = 2\n'
        f'[clients.ehr]\nissuer = "{_ISSUER}"\nkeys_file = "keys.json"\n'
    )
    return path


@pytest.fixture
def ehr(services: Services, configured: Path) -> Iterator[TestClient]:
    with opened(services, cds=configured) as client:
        yield client


def token(
    key: Any = _EC, algorithm: str = "ES384", kid: str | None = "ec", typ: str = "JWT", **claims: Any
) -> str:
    now = int(time.time())
    said = {
        "iss": _ISSUER,
        "aud": _URL + _CALL,
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid.uuid4()),
        **claims,
    }
    return jwt.encode(
        {name: value for name, value in said.items() if value is not None},
        key,
        algorithm,
        {"kid": kid, "typ": typ, "jku": "http://127.0.0.1:1/keys"},
    )


def report(text: str, **more: Any) -> dict[str, Any]:
    form = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    return {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "preliminary",
        "presentedForm": [form],
        **more,
    }


def ask(ehr: TestClient, text: str | None = _WRONG, bearer: str | None = None, **changed: Any) -> Any:
    body: dict[str, Any] = {
        "hook": _HOOK,
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "p1", "reportId": "r1"},
        "prefetch": {"report": report(text) if text is not None else None, "patient": None},
        **changed,
    }
    return ehr.post(_CALL, json=body, headers={"Authorization": f"Bearer {bearer or token()}"})


def tell(ehr: TestClient, *items: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {token(aud=_URL + _CALL + '/feedback')}"}
    return ehr.post(f"{_CALL}/feedback", json={"feedback": list(items)}, headers=headers)


def test_discovery_is_that_of_the_specification(ehr: TestClient, client: TestClient) -> None:
    (service,) = ehr.get("/cds-services").json()["services"]
    assert (service["hook"], service["id"]) == (_HOOK, "report-check")
    assert {"title", "description", "prefetch", "usageRequirements"} <= service.keys()
    assert client.get("/cds-services").json() == {"services": []}
    assert ask(client).json()["code"] == "cds_service_not_found"


def test_a_flag_is_a_card(ehr: TestClient) -> None:
    answer = ask(ehr)
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert card["indicator"] == "warning"
    assert "“right”" in card["summary"]
    assert len(card["summary"]) <= LONGEST_SUMMARY
    assert card["source"]["label"] == "RadProof"
    assert {reason["code"] for reason in card["overrideReasons"]} >= {
        "not_an_error",
        "template_text",
        "other",
    }
    assert all("actions" not in suggestion for suggestion in card["suggestions"])
    assert card["selectionBehavior"] == "at-most-one"
    assert card["links"][0]["url"].startswith(f"{_URL}/v1/reports/")
    assert None not in card.values()
    assert uuid.UUID(card["uuid"]).version == 8
    assert ask(ehr).json()["cards"] == [card]  # asked again: the same card, and one report
    assert len(ehr.get("/v1/batches").json()["batches"]) == 1


def test_nothing_found_is_no_card(ehr: TestClient) -> None:
    assert ask(ehr, _RIGHT).json() == {"cards": []}


def test_not_checked_is_said(ehr: TestClient) -> None:
    (card,) = ask(ehr, "Der Befund zeigt eine kleine Verschattung links und keinen Erguss.").json()["cards"]
    assert (card["indicator"], card["summary"]) == ("info", "This report was not checked")


def test_more_flags_than_may_be_shown_are_counted(ehr: TestClient) -> None:
    text = (
        "FINDINGS: Small left pleural effusion. No pneumothorax. Right rib fracture. Heart is normal.\n"
        "IMPRESSION: Small right pleural effusion. Large pneumothorax. Left rib fracture. Cardiomegaly."
    )
    found = ask(ehr, text).json()["cards"]
    assert [card["indicator"] for card in found] == ["warning", "warning", "info"]
    assert re.match(r"\d more flags? (is|are) not shown here", found[-1]["summary"])


@pytest.mark.parametrize("changed", [{"prefetch": {}}, {"prefetch": None}, {"prefetch": {"report": {}}}])
def test_without_a_report_it_is_412(ehr: TestClient, changed: dict[str, Any]) -> None:
    answer = ask(ehr, **changed)
    assert (answer.status_code, answer.json()["code"]) == (412, "report_missing")


def test_report_of_the_context_will_do_and_the_patient_is_read(ehr: TestClient) -> None:
    told = report(
        "FINDINGS: The uterus is normal. IMPRESSION: No acute disease.", subject={"reference": "Patient/p1"}
    )
    man = {"resourceType": "Patient", "id": "p1", "gender": "male"}
    answer = ask(ehr, prefetch={"patient": man}, context={"report": told})
    (card,) = answer.json()["cards"]
    assert card["source"]["topic"]["code"] == "demographic_mismatch"


def test_decisions_come_back(ehr: TestClient) -> None:
    (card,) = ask(ehr).json()["cards"]
    overridden = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-01-05T10:00:00Z"}
    reason = {"reason": card["overrideReasons"][2], "userComment": "Ours."}
    assert tell(ehr, {**overridden, "overrideReason": reason}).status_code == 200
    number = card["links"][0]["url"].rpartition("/")[2]
    (made,) = ehr.get(f"/v1/reports/{number}").json()["check"]["decisions"]
    assert (made["error_id"], made["outcome"], made["reason"]) == ("e1", "overridden", "template_text")
    assert ask(ehr).json() == {"cards": []}  # settled
    taken = card["suggestions"][0]["uuid"]
    accepted = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [{"id": taken}]}
    assert tell(ehr, {**accepted, "outcomeTimestamp": "2026-01-05T10:01:00Z"}).status_code == 200
    assert ehr.get(f"/v1/reports/{number}").json()["check"]["decisions"][-1]["outcome"] == "accepted"
    bundle = ehr.get(f"/v1/reports/{number}/fhir")
    assert bundle.headers["content-type"] == "application/fhir+json"
    issue = next(
        e["resource"] for e in bundle.json()["entry"] if e["resource"]["resourceType"] == "DetectedIssue"
    )
    assert (issue["status"], issue["implicated"][0]["reference"]) == ("final", "DiagnosticReport/r1")


def test_unknown_card_keeps_nothing(ehr: TestClient) -> None:
    (card,) = ask(ehr).json()["cards"]
    known = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-01-05T10:00:00Z"}
    forged = str(uuid.UUID(int=uuid.UUID(card["uuid"]).int ^ 1))
    for other in (forged, str(uuid.uuid4())):
        answer = tell(ehr, known, {**known, "card": other})
        assert (answer.status_code, answer.json()["code"]) == (404, "card_not_found")
    number = card["links"][0]["url"].rpartition("/")[2]
    assert ehr.get(f"/v1/reports/{number}").json()["check"]["decisions"] == []


def test_a_changed_report_is_a_new_version(ehr: TestClient) -> None:
    (card,) = ask(ehr).json()["cards"]
    assert ask(ehr, _WRONG.replace("right", "left")).json() == {"cards": []}
    number = card["links"][0]["url"].rpartition("/")[2]
    assert ehr.get(f"/v1/reports/{number}").json()["version"]["state"] == "replaced"
    known = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-01-05T10:00:00Z"}
    assert tell(ehr, known).status_code == 404


def test_lost_store_still_answers_without_names(ehr: TestClient, services: Services, tmp_path: Path) -> None:
    ask(ehr, _RIGHT)
    store = ehr.app_state["store"]
    with store.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE message RENAME TO elsewhere"))
    (card,) = ask(ehr).json()["cards"]
    assert "uuid" not in card
    assert "links" not in card


@pytest.mark.parametrize(
    "bearer",
    [
        lambda: "junk",
        lambda: token(_STRANGER),
        lambda: token(iss="https://other.example"),
        lambda: token(kid="other"),
        lambda: token(kid="rsa"),
        lambda: token(typ="JOSE"),
        lambda: token(aud="https://radproof.example/other"),
        lambda: token(aud=None),
        lambda: token(jti=None),
        lambda: token(iat=None),
        lambda: token(exp=None),
        lambda: token(exp=int(time.time()) - 60),
        lambda: token(exp=int(time.time()) + 3_600),
        lambda: token(iat=int(time.time()) + 120, exp=int(time.time()) + 300),
        lambda: token(_RSA, "RS256", "rsa"),
        lambda: token("a shared secret of thirty-two bytes!", "HS256"),
        lambda: token(None, "none"),
    ],
)
def test_who_is_not_known_is_refused(ehr: TestClient, bearer: Any) -> None:
    answer = ask(ehr, bearer=bearer())
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert ehr.get("/v1/batches").json()["batches"] == []


def test_a_token_is_used_once_and_rsa_is_known(ehr: TestClient) -> None:
    once = token(_RSA, "RS384", "rsa")
    assert ask(ehr, bearer=once).status_code == 200
    assert ask(ehr, bearer=once).status_code == 401
    assert ehr.post(_CALL, json={}).status_code == 401


def test_only_named_origins_may_ask(ehr: TestClient) -> None:
    def preflight(path: str, origin: str) -> str | None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return ehr.options(path, headers=headers).headers.get("access-control-allow-origin")

    assert preflight(_CALL, "https://ehr.example") == "https://ehr.example"
    assert preflight(_CALL, "https://other.example") is None
    assert preflight("/v1/reports/check", "https://ehr.example") is None


def test_words_of_a_report_mean_nothing_in_markdown() -> None:
    hostile = "# [x](javascript:alert(1)) <img src=x> **b** `c` | ![](http://a.example)\n- www.example.com &amp; \u202e"
    made = escaped(hostile)
    assert "\n" not in made
    assert "\u202e" not in made
    assert re.search(r"(?<!\\)[\[\]()<>*`#!|_:.&@-]", made) is None


@pytest.mark.parametrize(
    "broken",
    [
        "",
        'hook = "a b"',
        'url = "https://user@radproof.example"',
        'origins = ["*"]',
        '[clients.other]\nissuer = "https://ehr.example"\nkeys_file = "keys.json"',
        '[clients.other]\nissuer = "https://x.example"\nkeys_file = "missing.json"',
        '[clients.other]\nissuer = "https://x.example"\nkeys_file = "private.json"',
        '[clients.other]\nissuer = "https://x.example"\nkeys_file = "weak.json"',
    ],
)
def test_a_wrong_file_is_refused(configured: Path, broken: str) -> None:
    folder = configured.parent
    for name, key in (("private", _EC), ("weak", ec.generate_private_key(ec.SECP256R1()).public_key())):
        held = [{**json.loads(ECAlgorithm.to_jwk(key)), "kid": "k"}]
        (folder / f"{name}.json").write_text(json.dumps({"keys": held}))
    whole = configured.read_text()
    if not broken:
        configured.write_text("")
    elif broken.startswith("["):
        configured.write_text(f"{whole}{broken}\n")
    else:
        configured.write_text(re.sub(rf"^{broken.split()[0]} = .*$", broken, whole, flags=re.MULTILINE))
    with pytest.raises(ConfigFileError) as refused:
        read_config(configured)
    assert "ehr.example" not in str(refused.value)


def test_ids_of_two_clients_are_two_reports(services: Services, configured: Path) -> None:
    other = '[clients.other]\nissuer = "https://other.example"\nkeys_file = "keys.json"\n'
    configured.write_text(configured.read_text() + other)
    with opened(services, cds=configured) as client:
        (card, *_) = ask(client).json()["cards"]
        bearer = token(iss="https://other.example")
        assert ask(client, _RIGHT, bearer).json()["cards"] == []
        number = uuid.UUID(card["uuid"]).int >> 80
        assert client.get(f"/v1/reports/{number}").json()["version"]["state"] == "current"

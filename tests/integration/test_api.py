"""The HTTP service: answers, refusals that repeat nothing, limits, ids, start and stop."""

import asyncio
import gzip
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests_support import CHECK, CONTRADICTORY, WORD, opened

from app.main import create_app
from app.services import Services
from app.settings import Settings


def test_contradiction_is_found_explained_and_fixed(client: TestClient) -> None:
    answer = client.post(CHECK, json={"text": CONTRADICTORY, "report_id": "r1"}).json()
    (error,) = answer["errors"]
    assert (error["type"], error["category"], error["quote"]) == ("laterality_mismatch", "TC", "right")
    assert {evidence["quote"][:10] for evidence in error["evidence"]} == {"Small left", "Small righ"}
    offered = [error["correction"], *error["alternatives"]]
    assert [fix["replacement"] for fix in offered][:2] == ["left", "right"]
    assert answer["corrected_text"] == CONTRADICTORY  # a person has to choose
    assert answer["report_id"] == "r1"
    assert answer["has_errors"]
    assert answer["complete"]
    assert answer["coverage"]["references"] == "not_configured"


def assert_exact(answer: dict[str, Any], text: str) -> None:
    """Every offset is of the submitted text, and the corrected text is the standing corrections applied."""
    places = [*answer["graph"]["entities"], *answer["errors"]]
    places += [e for error in answer["errors"] for e in error["evidence"] if e["kind"] == "text"]
    for place in places:
        assert text[place["start"] : place["end"]] == place["quote"]
    corrected = text
    standing = [error for error in answer["errors"] if error["tier"] != "low"]
    fixes = [e["correction"] for e in standing if e["correction"] and not e["alternatives"]]
    for fix in sorted(fixes, key=lambda fix: fix["start"], reverse=True):
        corrected = corrected[: fix["start"]] + fix["replacement"] + corrected[fix["end"] :]
    assert corrected == answer["corrected_text"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(), max_size=300))
@example(text=CONTRADICTORY)
@example(text="\ud800")
@example(text="\ufeffImpression:\u2028LEFT pleural effusion")
def test_any_text_gets_an_exact_answer_or_a_refusal(client: TestClient, text: str) -> None:
    response = client.post(CHECK, content=json.dumps({"text": text}), headers=JSON)
    if response.status_code == 200:
        assert_exact(response.json(), text)
    else:
        codes = {"blank_text", "control_characters", "invalid_unicode", "too_short"}
        assert response.status_code == 422
        assert response.json()["code"] in codes


JSON = {"content-type": "application/json"}
BAD = [
    (b"{", 400, "malformed_json", None),
    (b"", 400, "malformed_json", None),
    (b'{"text": "a", "text": "Zebulon"}', 400, "malformed_json", None),
    (b'{"text": "a", "context": {"patient_age": NaN}}', 400, "malformed_json", None),
    (b'{"text": "\xff"}', 400, "malformed_json", None),
    (b"[" * 100_000, 400, "malformed_json", None),
    (b'{"a":' * 100_000, 400, "malformed_json", None),
    (b"9" * 100_000, 400, "malformed_json", None),
    (b'["Zebulon"]', 422, "wrong_type", ""),
    (b"{}", 422, "missing", "/text"),
    (b'{"text": null}', 422, "wrong_type", "/text"),
    (b'{"text": ["Zebulon"]}', 422, "wrong_type", "/text"),
    (b'{"text": ""}', 422, "too_short", "/text"),
    (b'{"text": " \\n\\t"}', 422, "blank_text", "/text"),
    (b'{"text": "Zebulon \\u0000"}', 422, "control_characters", "/text"),
    (b'{"text": "Zebulon \\u001b[2J"}', 422, "control_characters", "/text"),
    (b'{"text": "Zebulon \\ud800"}', 422, "invalid_unicode", "/text"),
    (b'{"text": "a", "patient": "Zebulon"}', 422, "unknown_field", ""),
    (b'{"text": "a", "Zebulon, Mr": 1}', 422, "unknown_field", ""),
    (b'{"text": "a", "Zebulon_1950": 1, "Zebulon_1951": 1}', 422, "unknown_field", ""),
    (b'{"text": "a", "context": {"Zebulon": 1}}', 422, "unknown_field", "/context"),
    (b'{"text": "a", "report_id": "Zebulon \\u0007"}', 422, "control_characters", "/report_id"),
    (b'{"text": "a", "context": {"laterality": "Zebulon"}}', 422, "not_allowed", "/context/laterality"),
    (b'{"text": "a", "context": {"patient_age": "Zebulon"}}', 422, "wrong_type", "/context/patient_age"),
    (b'{"text": "a", "context": {"patient_age": true}}', 422, "wrong_type", "/context/patient_age"),
    (b'{"text": "a", "context": {"patient_age": 1e999}}', 422, "out_of_range", "/context/patient_age"),
    (
        b'{"text": "a", "context": {"prior_report": "\\u0000"}}',
        422,
        "control_characters",
        "/context/prior_report",
    ),
]


@pytest.mark.parametrize(("body", "status", "code", "pointer"), BAD)
def test_bad_bodies_are_refused_without_an_echo(
    client: TestClient, body: bytes, status: int, code: str, pointer: str | None
) -> None:
    response = client.post(CHECK, content=body, headers=JSON)
    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["instance"] == response.headers["x-request-id"]
    assert problem.get("errors") == (None if pointer is None else [{"pointer": pointer, "code": code}])
    assert WORD not in response.text


@pytest.mark.parametrize("kind", ["text/plain", "", "application/jsonl", "application/json; charset=utf-16"])
def test_other_content_types_are_refused(client: TestClient, kind: str) -> None:
    response = client.post(CHECK, content=b'{"text": "a"}', headers={"content-type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_compressed_bodies_are_refused(client: TestClient) -> None:
    body = gzip.compress(b'{"text": "a"}')
    response = client.post(CHECK, content=body, headers={**JSON, "content-encoding": "gzip"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_charset_of_json_may_be_named(client: TestClient) -> None:
    kind = 'application/json; charset="UTF-8"'
    assert client.post(CHECK, content=b'{"text": "a"}', headers={"content-type": kind}).status_code == 200


def test_several_wrong_fields_are_all_named(client: TestClient) -> None:
    problem = client.post(CHECK, json={"text": 1, "context": {"laterality": "up"}}).json()
    assert problem["code"] == "invalid_request"
    assert problem["errors"] == [
        {"pointer": "/text", "code": "wrong_type"},
        {"pointer": "/context/laterality", "code": "not_allowed"},
    ]


def test_text_is_limited_in_bytes(services: Services) -> None:
    with opened(services, max_text_bytes=10) as client:
        assert client.post(CHECK, json={"text": "é" * 5}).status_code == 200
        refused = client.post(CHECK, json={"text": "é" * 5 + "a"})
        assert (refused.status_code, refused.json()["code"]) == (413, "text_too_large")
        refused = client.post(CHECK, json={"text": "a", "context": {"prior_report": "a" * 11}})
        assert refused.json()["errors"] == [{"pointer": "/context/prior_report", "code": "text_too_large"}]


def test_sentences_are_limited(client: TestClient) -> None:
    refused = client.post(CHECK, json={"text": "Clear lungs. " * 10_000})
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_sentences")


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"3")], [(b"content-length", b"-")]])
def test_endless_body_is_refused_while_it_streams(services: Services, headers: Iterable[Any]) -> None:
    """More than the limit is never read, whatever Content-Length says."""
    read = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1000
        return {"type": "http.request", "body": b"[" * 1000, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": CHECK,
        "raw_path": CHECK.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
        "state": {"services": services},
    }
    limits = Settings(max_text_bytes=1000)
    asyncio.run(create_app(limits, services)(scope, receive, send))
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["code"] == "body_too_large"
    assert limits.max_body_bytes < read <= limits.max_body_bytes + 1000


def test_request_id_is_kept_when_sane_and_replaced_when_not(client: TestClient) -> None:
    assert client.get("/health", headers={"X-Request-ID": "a-1._Z"}).headers["x-request-id"] == "a-1._Z"
    for wild in ("a b", "x" * 65, "<script>", ""):
        given = client.get("/health", headers={"X-Request-ID": wild}).headers["x-request-id"]
        assert given != wild
        assert len(given) == 36


def test_report_without_id_gets_the_request_id(client: TestClient) -> None:
    response = client.post(CHECK, json={"text": "Clear."}, headers={"X-Request-ID": "abc"})
    assert response.json()["report_id"] == "abc"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("GET", CHECK, 405, "method_not_allowed")],
)
def test_unknown_paths_and_methods_are_problems(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert response.headers["allow"] == "POST"


def test_concepts_by_name_and_abbreviation(client: TestClient) -> None:
    (found, *_) = client.get("/v1/knowledge/concepts", params={"name": " LEFT  upper lobe"}).json()[
        "concepts"
    ]
    assert "LUL" in found["names"]
    assert found["sidedness"] == "left"
    assert found["source"]
    assert client.get("/v1/knowledge/concepts", params={"name": "no such thing"}).json() == {"concepts": []}


def test_path_by_name_and_by_id(client: TestClient) -> None:
    answer = client.get("/v1/knowledge/path", params={"from": "lingula", "to": "left lung"}).json()
    hops = [(answer["start"]["id"], answer["end"]["id"])]
    assert hops[0][0] in (answer["path"][0]["source_id"], answer["path"][0]["target_id"])
    assert hops[0][1] in (answer["path"][-1]["source_id"], answer["path"][-1]["target_id"])
    assert all(hop["source"] for hop in answer["path"])
    same = client.get("/v1/knowledge/path", params={"from": hops[0][0], "to": hops[0][1]}).json()
    assert same == answer


def test_path_to_itself_is_empty(client: TestClient) -> None:
    assert client.get("/v1/knowledge/path", params={"from": "lung", "to": "lung"}).json()["path"] == []


def test_path_of_an_unknown_concept(client: TestClient) -> None:
    response = client.get("/v1/knowledge/path", params={"from": "lung", "to": WORD})
    assert (response.status_code, response.json()["code"]) == (404, "concept_not_found")
    assert response.json()["errors"] == [{"parameter": "to", "code": "concept_not_found"}]
    assert WORD not in response.text


def test_ready_says_with_what(client: TestClient, services: Services) -> None:
    answer = client.get("/ready").json()
    assert answer["knowledge_graph"]["concepts"] >= 3000
    assert answer["knowledge_graph"]["sources"]
    assert answer["versions"]["radproof"] == services.versions["radproof"]
    assert "Not for diagnostic use" in answer["disclaimer"]


def test_service_closes_what_it_built(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closing:
        closed = False

        def __getattr__(self, name: str) -> Any:
            return getattr(services.knowledge, name)

        def close(self) -> None:
            self.closed = True

    built, lent = Closing(), Closing()
    monkeypatch.setattr("app.main.build_services", lambda _: replace(services, knowledge=built))
    with (
        TestClient(create_app(Settings())),
        TestClient(create_app(Settings(), replace(services, knowledge=lent))),
    ):
        assert not built.closed
    assert built.closed
    assert not lent.closed

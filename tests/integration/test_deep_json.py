"""Every route that takes JSON refuses what is nested ten thousand deep, and answers the next request."""

import re

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings

_DEEP = 10_000
_BODIES = {
    "arrays": b"[" * _DEEP + b"]" * _DEEP,
    "objects": b'{"text":' * _DEEP + b'"a"' + b"}" * _DEEP,
    "open": b'{"a":[' * _DEEP,
}
_ROUTES = sorted(
    {
        (method, re.sub(r"\{[^}]+\}", "1", route.path))
        for route in create_app(Settings()).state.routes
        if isinstance(route, APIRoute)
        for method in route.methods & {"POST", "PUT", "PATCH"}
    }
)


@pytest.mark.parametrize("name", _BODIES)
@pytest.mark.parametrize(("method", "path"), _ROUTES)
def test_deep_json_is_refused(client: TestClient, method: str, path: str, name: str) -> None:
    for kind in ("application/json", "application/fhir+json"):
        answer = client.request(method, path, content=_BODIES[name], headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:200])
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("name", _BODIES)
def test_deep_json_in_a_batch_costs_its_line(client: TestClient, name: str) -> None:
    body = _BODIES[name] + b'\n{"text": "FINDINGS: Clear."}\n'
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": name}
    answer = client.post("/v1/batches", content=body, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["counts"]["refused"] == 1

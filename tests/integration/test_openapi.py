"""The OpenAPI document: it is the file, its examples are true, and the service keeps it."""

import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import schemathesis
import yaml
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from tests_support import KeptOpen

from app.api.examples import ANSWER, REQUEST
from app.main import create_app
from app.openapi import to_yaml
from app.services import Services
from app.settings import Settings

_FILE = Path(__file__).parents[2] / "openapi" / "openapi.yaml"


# Not from a fixture: schemathesis 4.32 sets an attribute there that pytest 9.2 no longer has.
_STORE = SecretStr(f"sqlite:///{Path(tempfile.mkdtemp()) / 'store.db'}")
schema = schemathesis.openapi.from_asgi(
    "/openapi.json", create_app(Settings(references_k=0, store_url=_STORE, batch_processes=0))
)


@pytest.fixture(autouse=True, scope="module")
def _built_once(services: Services) -> Iterator[None]:
    """The service starts for each operation; what it checks with is the same for all."""
    shared = replace(services, knowledge=KeptOpen(services.knowledge))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.main.build_services", lambda _: shared)
        yield


@schema.parametrize()
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_service_keeps_its_contract(case: schemathesis.Case) -> None:
    key = case.headers.get("Idempotency-Key") if case.headers else None
    if key and key.isascii() and key.isprintable() and " " not in key:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())  # else two cases could name one batch
    case.call_and_validate()


def test_file_is_the_document(services: Services) -> None:
    assert _FILE.read_text(encoding="utf-8") == to_yaml(create_app(Settings(), services)), (
        "run .venv/bin/python -m app.openapi"
    )


def test_document_reads_back(services: Services) -> None:
    app = create_app(Settings(), services)
    assert yaml.safe_load(to_yaml(app)) == app.openapi()


def test_examples_are_true(client: TestClient) -> None:
    answer = client.post("/v1/reports/check", json=REQUEST).json()
    for part in ("report_id", "has_errors", "coverage", "complete", "corrected_text", "graph", "references"):
        assert answer[part] == ANSWER[part], part
    (error,), (told,) = answer["errors"], ANSWER["errors"]
    for part in ("type", "category", "tier", "section", "start", "end", "quote", "correction", "evidence"):
        assert error[part] == told[part], part

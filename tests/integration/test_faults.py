"""The HTTP service when a part of it fails: what it still answers, and what its logs hold."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import structlog
from tests_support import CHECK, CONTRADICTORY, WORD, opened

from app.proofreading.case import Case
from app.proofreading.report import Candidate, ErrorType, ReferenceHit
from app.services import Services
from kg_ingest.store import GraphStoreError
from models.embedder import EmbedderError
from models.types import ReportGraph


class Failing:
    """A detector with a fault, whose message quotes the report."""

    types = frozenset({ErrorType.TERMINOLOGY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        if WORD in case.report.text:
            raise RuntimeError(case.report.text)
        return iter(())


def test_fault_of_ours_is_a_bare_500(services: Services) -> None:
    with opened(replace(services, detectors=(Failing(),))) as client:
        response = client.post(CHECK, json={"text": WORD}, headers={"X-Request-ID": "abc"})
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.json()["instance"] == response.headers["x-request-id"] == "abc"
    assert WORD not in response.text


class Broken:
    """A graph store that has gone away."""

    def __getattr__(self, name: str) -> Any:
        def question(*_: Any) -> Any:
            raise GraphStoreError("gone")

        return question


def test_without_its_graph_the_service_says_so(services: Services) -> None:
    with opened(replace(services, knowledge=Broken())) as client:
        for path in ("/ready", "/v1/knowledge/concepts?name=lung", "/v1/knowledge/path?from=a&to=b"):
            response = client.get(path)
            assert (response.status_code, response.json()["code"]) == (503, "graph_unavailable")
        assert client.get("/health").json() == {"status": "alive"}
        answer = client.post(CHECK, json={"text": CONTRADICTORY}).json()
    assert answer["coverage"]["knowledge"] == "failed: graph_unavailable"
    assert not answer["complete"]


class Neighbours:
    """References by rote; without any, the model is out of order."""

    def __init__(self, *hits: ReferenceHit) -> None:
        self.hits = hits

    def search(self, text: str, k: int) -> tuple[ReferenceHit, ...]:
        if not self.hits:
            raise EmbedderError("out of order")
        return self.hits[:k]


def test_references_are_in_the_answer(services: Services) -> None:
    hit = ReferenceHit("ref-1", 0.9, "Clear lungs.", ReportGraph())
    with opened(replace(services, references=Neighbours(hit, hit), references_k=1)) as client:
        answer = client.post(CHECK, json={"text": "Lungs clear."}).json()
        assert client.get("/ready").json()["references"] == "done"
    assert answer["references"] == [{"id": "ref-1", "score": 0.9, "text": "Clear lungs."}]
    assert answer["coverage"]["references"] == "done"


def test_failed_references_leave_the_rest_standing(services: Services) -> None:
    with opened(replace(services, references=Neighbours())) as client:
        answer = client.post(CHECK, json={"text": CONTRADICTORY}).json()
    assert answer["coverage"]["references"] == "failed: embedder_unavailable"
    assert not answer["complete"]
    assert answer["has_errors"]


def test_logs_hold_no_words_of_the_report(services: Services) -> None:
    failing = replace(services, detectors=(Failing(),))
    with structlog.testing.capture_logs() as lines, opened(failing) as client:
        client.post(CHECK, json={"text": f"{WORD} lungs are clear."})
        client.post(CHECK, json={"text": "Clear.", "report_id": WORD, "context": {"laterality": WORD}})
        client.get(f"/v1/knowledge/concepts?name={WORD}")
        client.get(f"/{WORD}")
    logged = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in logged] == [500, 422, 200, 404]
    assert logged[0]["route"] == CHECK
    faults = [line.pop("exc_info") for line in lines if line["event"] == "internal"]
    assert [type(fault) for fault in faults] == [RuntimeError]  # rendered by place only: test_logging
    assert WORD not in repr(lines)

"""The HTTP service when a part of it fails: what it still answers, and what its logs hold."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import anyio
import structlog
from anyio import CapacityLimiter
from starlette.types import Message
from tests_support import CHECK, CONTRADICTORY, WORD, opened

from app.main import create_app
from app.proofreading.case import Case
from app.proofreading.check import check_report
from app.proofreading.report import Candidate, ErrorType, ReferenceHit, SubmittedReport
from app.services import Services
from app.settings import Settings
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


class Slow:
    """A detector that takes all the time there is, in every text or only in an edited one."""

    types = frozenset({ErrorType.TERMINOLOGY})

    def __init__(self, *, spared: str | None = None) -> None:
        self.spared = spared

    def detect(self, case: Case) -> Iterator[Candidate]:
        if case.report.text != self.spared:
            time.sleep(0.3)
        return iter(())


def test_report_that_takes_too_long_is_not_checked(services: Services) -> None:
    slow = replace(services, seconds=0.2, detectors=(Slow(), *services.detectors))
    with opened(slow) as client:
        answer = client.post(CHECK, json={"text": CONTRADICTORY}).json()
    assert answer["coverage"]["rules"] == "failed: out_of_time"
    assert (answer["complete"], answer["errors"]) == (False, [])


def test_time_is_up_also_after_the_last_detector(services: Services) -> None:
    slow = replace(services, seconds=0.2, detectors=(Slow(),))
    assert check_report(SubmittedReport(CONTRADICTORY, "x"), slow).coverage.rules == "failed: out_of_time"


def test_errors_found_in_time_are_told_without_the_fixes_not_tried(services: Services) -> None:
    text = CONTRADICTORY.replace("pleural", "plural", 1)
    slow = replace(services, seconds=0.2, detectors=(Slow(spared=text), *services.detectors))
    quick = check_report(SubmittedReport(text, "x"), services)
    late = check_report(SubmittedReport(text, "x"), slow)
    assert [error.quote for error in late.errors] == [error.quote for error in quick.errors]
    assert quick.corrected_text != late.corrected_text == text
    assert late.coverage.rules == "done"


def test_ready_answers_while_every_check_is_taken(services: Services) -> None:
    begun, free = threading.Event(), threading.Event()

    class Waiting(Slow):
        def detect(self, case: Case) -> Iterator[Candidate]:
            if WORD in case.report.text:
                begun.set()
                free.wait(30)
            return iter(())

    busy = replace(services, detectors=(Waiting(),))
    with opened(busy, threads=1) as client, ThreadPoolExecutor() as pool:
        answers = [pool.submit(client.post, CHECK, json={"text": WORD}) for _ in range(3)]
        assert begun.wait(30)
        assert client.get("/ready").status_code == 200
        free.set()
        assert [answer.result().status_code for answer in answers] == [200, 200, 200]


def test_no_work_is_begun_for_a_client_that_has_gone(services: Services) -> None:
    seen: list[str] = []

    class Seeing(Slow):
        def detect(self, case: Case) -> Iterator[Candidate]:
            seen.append(case.report.text)
            return iter(())

    body = json.dumps({"text": WORD}).encode()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": CHECK,
        "raw_path": CHECK.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def left() -> list[Message]:
        given = iter([{"type": "http.request", "body": body}])
        sent: list[Message] = []

        async def receive() -> Message:
            return next(given, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            sent.append(message)

        state = {"services": replace(services, detectors=(Seeing(),)), "checks": CapacityLimiter(1)}
        await create_app(Settings(), services)({**scope, "state": state}, receive, send)
        return sent

    assert anyio.run(left)[0]["status"] == 499
    assert seen == []

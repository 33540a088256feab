"""A review whose client goes away: over real connections, the call to the model ends, and nothing is kept busy."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import anyio
import httpx2
import pytest
import uvicorn
from llm_stub import Stub, serving
from tests_support import CHECK, CONTRADICTORY

from app.main import create_app
from app.proofreading.cancellation import Cancellation, CancelledCheckError
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.proofreading.review.reviewer import Reviewer, ReviewPlan
from app.services import Services
from app.settings import Settings
from models.llm import ModelServer

LONG = 120.0  # seconds: no limit of time ends anything here
PATIENCE = 20.0
REPORT = SubmittedReport(CONTRADICTORY, "r")


@contextmanager
def reviewing(base_url: str, services: Services) -> Iterator[tuple[Services, Reviewer]]:
    server = ModelServer(base_url, "stub", call_seconds=LONG, concurrency=1, retries=0)
    reviewer = Reviewer(server, ReviewPlan(use="always", deadline_seconds=LONG))
    try:
        yield replace(services, reviewer=reviewer), reviewer
    finally:
        reviewer.close()


@contextmanager
def served(services: Services) -> Iterator[int]:
    """The service behind a real server on a free port, which is yielded; it checks one report at a time."""
    config = uvicorn.Config(create_app(Settings(threads=1), services), port=0, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
    assert not thread.is_alive()


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def asked(stub: Stub) -> int:
    """How many questions came, the probe apart."""
    return sum(len(request["messages"]) > 1 for request in stub.requests)


def free(reviewer: Reviewer) -> bool:
    """Whether no call holds a slot, and no review is in the making."""

    async def borrowed() -> int:
        return reviewer.model._slots.borrowed_tokens

    return reviewer._portal.call(borrowed) == 0 and not reviewer._flights


def test_client_that_goes_away_ends_the_call_to_the_model(all_services: Services) -> None:
    with (
        serving(fault="silence") as stub,
        reviewing(stub.base_url, all_services) as (services, reviewer),
        served(services) as port,
    ):
        body = json.dumps({"text": CONTRADICTORY}).encode()
        head = f"POST {CHECK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            until(lambda: asked(stub) == 1)
            assert not stub.gone.is_set()
        assert stub.gone.wait(PATIENCE)  # the model's server sees the connection close
        until(lambda: free(reviewer))
        assert not reviewer.model.breaker.open
        stub.fault = ""
        url = f"http://127.0.0.1:{port}{CHECK}"
        answer = httpx2.post(url, json={"text": CONTRADICTORY}, timeout=PATIENCE, trust_env=False)
        assert answer.json()["coverage"]["llm"] == "done"  # the one slot for checks is free, nothing is stale


def test_client_that_waits_gets_the_whole_answer(all_services: Services) -> None:
    with (
        serving() as stub,
        reviewing(stub.base_url, all_services) as (services, _),
        served(services) as port,
        httpx2.Client(trust_env=False, timeout=PATIENCE) as client,
    ):
        for _ in range(3):  # one connection
            answer = client.post(f"http://127.0.0.1:{port}{CHECK}", json={"text": CONTRADICTORY})
            assert (answer.status_code, answer.json()["coverage"]["llm"]) == (200, "done")


def test_cancelled_check_ends_at_once_and_raises(all_services: Services) -> None:
    cancellation = Cancellation()
    with (
        serving(fault="silence") as stub,
        reviewing(stub.base_url, all_services) as (services, reviewer),
        ThreadPoolExecutor(1) as pool,
    ):
        check = pool.submit(check_report, REPORT, services, cancellation)
        until(lambda: asked(stub) == 1)
        cancellation.cancel()
        with pytest.raises(CancelledCheckError):
            check.result(PATIENCE)
        assert stub.gone.wait(PATIENCE)
        until(lambda: free(reviewer))


def test_review_goes_on_while_anybody_waits_for_it(all_services: Services) -> None:
    """Two checks of one report share a review; that one is given up does not take it from the other."""
    release = threading.Event()
    with serving() as stub, reviewing(stub.base_url, all_services) as (services, reviewer):
        script = stub.script

        def slow(form: str, request: dict[str, object]) -> str:
            if form != "probe":
                release.wait(PATIENCE)
            return script(form, request)

        stub.script = slow
        leaving = Cancellation()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(check_report, REPORT, services, leaving)
            until(lambda: asked(stub) == 1)
            second = pool.submit(check_report, REPORT, services)
            until(lambda: [flight.waiting for flight in reviewer._flights.values()] == [2])
            leaving.cancel()
            with pytest.raises(CancelledCheckError):
                first.result(PATIENCE)
            release.set()
            assert second.result(PATIENCE).coverage.llm == "done"
        assert free(reviewer)
        detections = [r for r in stub.requests if "has_error" in json.dumps(r["response_format"])]
        assert len(detections) == 1


def test_report_that_was_given_up_can_be_asked_again(all_services: Services) -> None:
    with serving(fault="silence") as stub, reviewing(stub.base_url, all_services) as (services, _):
        for _ in range(3):
            stub.fault, before = "silence", asked(stub)
            cancellation = Cancellation()
            with ThreadPoolExecutor(1) as pool:
                check = pool.submit(check_report, REPORT, services, cancellation)
                until(lambda before=before: asked(stub) > before)  # type: ignore[misc]
                cancellation.cancel()
                assert isinstance(check.exception(PATIENCE), CancelledCheckError)
        stub.fault = ""
        assert check_report(REPORT, services).coverage.llm == "done"


def test_stopping_ends_what_runs(all_services: Services) -> None:
    with serving(fault="silence") as stub, ThreadPoolExecutor(1) as pool:
        with reviewing(stub.base_url, all_services) as (services, _):
            check = pool.submit(check_report, REPORT, services)
            until(lambda: asked(stub) == 1)
        assert check.result(PATIENCE).coverage.llm == "failed: llm_unavailable"


def test_nothing_is_left_of_a_hundred_that_went_away(all_services: Services) -> None:
    async def tasks() -> int:
        return len(anyio.get_running_tasks())

    with serving(fault="silence") as stub, reviewing(stub.base_url, all_services) as (services, reviewer):
        seen = []
        with ThreadPoolExecutor(1) as pool:
            for number in range(100):
                before, cancellation = asked(stub), Cancellation()
                report = SubmittedReport(f"FINDINGS: Nodule of {number} mm.", "r")
                check = pool.submit(check_report, report, services, cancellation)
                until(lambda before=before: asked(stub) > before)  # type: ignore[misc]
                cancellation.cancel()
                assert isinstance(check.exception(PATIENCE), CancelledCheckError)
                until(lambda: free(reviewer))
                seen.append(reviewer._portal.call(tasks))
        assert max(seen[50:]) <= max(seen[:50])
        assert not reviewer.model.breaker.open

"""The review against a model server that misbehaves: in time, said so, and nothing left behind."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest
from llm_stub import Stub, answers, serving
from tests_support import CHECK, CONTRADICTORY, opened

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.proofreading.review.reviewer import Reviewer, ReviewPlan
from app.services import Services
from models.llm import ModelServer

DEADLINE = 1.0
SLACK = 4.0  # of a busy machine
REPORT = SubmittedReport(CONTRADICTORY, "r")


@contextmanager
def reviewing(base_url: str, services: Services, **changed: Any) -> Iterator[tuple[Services, Reviewer]]:
    plan = ReviewPlan(use="always", deadline_seconds=changed.pop("deadline_seconds", DEADLINE))
    server = ModelServer(base_url, "stub", **{"retries": 1, "recovery_seconds": 0.2, **changed})
    reviewer = Reviewer(server, plan)
    try:
        yield replace(services, reviewer=reviewer), reviewer
    finally:
        reviewer.close()


FAULTS = {
    "silence": "llm_timeout",
    "drip": "llm_timeout",
    "hang_up": "llm_unavailable",
    "broken": "llm_unavailable",
    "truncated": "llm_invalid_answer",
    "garbage": "llm_invalid_answer",
    "hollow": "llm_invalid_answer",
    "other_form": "llm_invalid_answer",
    "prose": "llm_invalid_answer",
    "cut": "llm_answer_cut",
    "busy": "llm_overloaded",
    "busy_for_long": "llm_overloaded",
    "unknown_model": "llm_refused",
    "elsewhere": "llm_refused",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_within_the_deadline(fault: str, all_services: Services) -> None:
    plain = check_report(REPORT, all_services)
    with serving(fault=fault) as stub, reviewing(stub.base_url, all_services) as (services, _):
        begun = time.monotonic()
        with opened(services) as client:
            answer = client.post(CHECK, json={"text": CONTRADICTORY}).json()
        took = time.monotonic() - begun
    assert answer["coverage"]["llm"] == f"failed: {FAULTS[fault]}"
    assert not answer["complete"]
    assert "review" not in answer
    assert [e["type"] for e in answer["errors"]] == [e.candidate.type for e in plain.errors]
    assert took < 2 * DEADLINE + SLACK  # warm-up and the request


def test_server_that_is_down(all_services: Services) -> None:
    with serving() as stub:
        gone = stub.base_url
    with reviewing(gone, all_services) as (services, _):
        assert check_report(REPORT, services).coverage.llm == "failed: llm_unavailable"


def test_server_that_ignores_the_schema(all_services: Services) -> None:
    with serving(lambda _form, _request: "hello") as stub, reviewing(stub.base_url, all_services) as (s, _):
        assert check_report(REPORT, s).coverage.llm == "failed: llm_no_schema"


def test_answer_of_another_form_is_repaired_once(all_services: Services) -> None:
    with serving() as stub, reviewing(stub.base_url, all_services) as (services, _):
        good = stub.script

        def wrong_at_first(form: str, request: dict[str, Any]) -> str:
            return "{}" if form == "detect" and len(request["messages"]) == 2 else good(form, request)

        stub.script = wrong_at_first
        checked = check_report(REPORT, services)
        assert checked.coverage.llm == "done"
        repaired = [request for request in stub.requests if len(request["messages"]) > 2]
        assert len(repaired) == 1


def test_retry_after_is_honoured(all_services: Services) -> None:
    with serving(fault="busy") as stub, reviewing(stub.base_url, all_services, retries=3) as (services, _):
        check_report(REPORT, services)
        assert len(stub.requests) == 1 + 1 + 3  # probe, call, retries: no pause was asked for
    with serving(fault="busy_for_long") as stub, reviewing(stub.base_url, all_services) as (services, _):
        check_report(REPORT, services)
        assert len(stub.requests) == 2  # an hour is more than there is: no further try


def test_breaker_opens_and_closes(all_services: Services) -> None:
    with (
        serving(fault="broken") as stub,
        reviewing(stub.base_url, all_services, failures=2, retries=0) as (services, reviewer),
    ):
        seen = [check_report(REPORT, services).coverage.llm for _ in range(4)]
        assert seen == ["failed: llm_unavailable"] * 2 + ["failed: llm_circuit_open"] * 2
        assert len(stub.requests) == 3  # probe and two: an open breaker asks nothing
        stub.fault = ""
        time.sleep(0.3)
        assert check_report(REPORT, services).coverage.llm == "done"
        assert not reviewer.model.breaker.open


def _tasks(reviewer: Reviewer) -> int:
    async def count() -> int:
        return len(anyio.get_running_tasks())

    return reviewer._portal.call(count)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors by /proc")
def test_nothing_leaks_over_a_thousand_calls(all_services: Services) -> None:
    faults = ("", "broken", "garbage", "hang_up", "other_form", "silence", "drip", "busy")
    quick = {"deadline_seconds": 0.05, "failures": 10**6, "retries": 0}
    with serving() as stub, reviewing(stub.base_url, all_services, **quick) as (services, reviewer):
        warm = [_asked(stub, services, fault, number) for number, fault in enumerate(faults * 4)]
        before = _tasks(reviewer), _descriptors()
        seen = [_asked(stub, services, faults[n % len(faults)], 1_000 + n) for n in range(1_000)]
        time.sleep(0.2)
        assert len(seen) + len(warm) == 1_032
        assert _tasks(reviewer) <= before[0]
        assert _descriptors() <= before[1] + 4 * 8  # idle connections of both ends
        assert not reviewer._flights


def _asked(stub: Stub, services: Services, fault: str, number: int) -> str:
    stub.fault = fault
    return check_report(SubmittedReport(f"FINDINGS: Nodule of {number} mm.", "r"), services).coverage.llm


def test_no_words_of_a_report_in_logs(all_services: Services, capfd: pytest.CaptureFixture[str]) -> None:
    from app import logging

    logging.configure("debug")
    text = "FINDINGS: Zebulon effusion."
    words = answers(localize={"errors": [{"type": "terminology", "quote": "Zebulon", "contradicts": ""}]})
    with serving(words) as stub, reviewing(stub.base_url, all_services) as (services, _):
        for fault in ("", "prose", "broken"):
            stub.fault = fault
            check_report(SubmittedReport(text + fault, "r"), services)
        assert any("Zebulon" in json.dumps(request) for request in stub.requests)
    logging.configure("warning")
    told = capfd.readouterr()
    assert "review_failed" in told.err
    assert "Zebulon" not in told.err + told.out

"""The review against a model server that misbehaves: in time, said so, and nothing left behind."""

import gc
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest
from llm_stub import Stub, answers, serving
from tests_support import CHECK, CONTRADICTORY, opened

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.proofreading.review.cache import MemoryCache
from app.proofreading.review.reviewer import Reviewer, ReviewPlan
from app.proofreading.review.types import Review
from app.services import ConfigurationError, Services, build_services
from app.settings import Settings
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


def _resident() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as counts:
        return int(counts.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors by /proc")
def test_nothing_leaks_over_a_thousand_calls(all_services: Services) -> None:
    """Tasks, connections, objects and memory after 1,000 reports of which seven in eight meet a fault."""
    faults = ("", "broken", "garbage", "hang_up", "other_form", "silence", "drip", "busy")
    quick = {"deadline_seconds": 0.05, "failures": 10**6, "retries": 0}
    with serving() as stub, reviewing(stub.base_url, all_services, **quick) as (services, reviewer):
        reviewer._cache = MemoryCache(8)
        warm = [_asked(stub, services, faults[n % len(faults)], n) for n in range(200)]
        before = _left_over(stub, reviewer)
        seen = [_asked(stub, services, faults[n % len(faults)], 1_000 + n) for n in range(1_000)]
        time.sleep(0.2)
        after = _left_over(stub, reviewer)
    assert {"done", "failed: llm_timeout", "failed: llm_overloaded"} < {*warm, *seen}
    assert after["tasks"] <= before["tasks"]
    assert after["descriptors"] <= before["descriptors"] + 4 * 8  # idle connections of both ends
    assert after["objects"] <= before["objects"] + 500  # one a call would be 1,000
    assert after["bytes"] <= before["bytes"] + 20_000_000  # 20 kB a call
    assert not reviewer._flights


def _left_over(stub: Stub, reviewer: Reviewer) -> dict[str, int]:
    stub.requests.clear()
    gc.collect()
    return {
        "tasks": _tasks(reviewer),
        "descriptors": _descriptors(),
        "objects": len(gc.get_objects()),
        "bytes": _resident(),
    }


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


class _SlowCache(MemoryCache):
    """A cache whose server hardly answers."""

    def get(self, key: str) -> Review | None:
        time.sleep(0.5)
        return super().get(key)


def test_slow_cache_keeps_no_other_review_waiting(all_services: Services) -> None:
    """Four reports at once wait for the cache together, not one after the other."""
    with (
        serving() as stub,
        reviewing(stub.base_url, all_services, deadline_seconds=1.8) as (services, reviewer),
    ):
        reviewer._cache = _SlowCache()
        reports = [SubmittedReport(f"FINDINGS: Nodule of {number} mm.", "r") for number in range(8)]
        with ThreadPoolExecutor(len(reports)) as pool:
            seen = list(pool.map(lambda report: check_report(report, services).coverage.llm, reports))
    assert seen == ["done"] * len(reports)


def test_cache_that_never_answers_does_not_break_the_deadline(all_services: Services) -> None:
    release = threading.Event()

    class Hanging(MemoryCache):
        def get(self, key: str) -> Review | None:
            release.wait(30)
            return super().get(key)

    with (
        serving() as stub,
        reviewing(stub.base_url, all_services, deadline_seconds=0.2) as (services, reviewer),
    ):
        reviewer._cache = Hanging()
        assert check_report(REPORT, services).coverage.llm == "failed: llm_timeout"
        assert not stub.requests
        release.set()


@pytest.mark.parametrize("key", ["schlüssel", "a\nb", " "])
def test_key_that_no_header_can_carry_is_refused_at_start(key: str) -> None:
    with pytest.raises(ConfigurationError, match="RADPROOF_LLM_API_KEY"):
        build_services(
            Settings(references_k=0, llm_base_url="http://127.0.0.1:9/v1", llm_model="m", llm_api_key=key)  # type: ignore[arg-type]
        )

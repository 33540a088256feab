"""The installed command in processes of its own: the service over a socket, signals, pipes."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

RADPROOF = [sys.executable, "-m", "app.cli"]
WRONG = "FINDINGS: Small left pleural effusion.\nIMPRESSION: Small right pleural effusion. Zebulon."
LIMIT = 60  # seconds; nothing here should take more than a few


@dataclass
class Server:
    """A running service and its log lines."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""
    started: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"running on (http://[0-9.:]+)", line):
                self.url = found[1]
                self.started.set()
        self.started.set()

    def request(self, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@contextmanager
def served(**environment: str) -> Iterator[Server]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RADPROOF_")}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [*RADPROOF, "serve", "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env=clean
            | {
                "RADPROOF_REFERENCES_K": "0",
                "RADPROOF_STORE_URL": f"sqlite:///{folder}/store.db",
                **environment,
            },
        ) as process,
    ):
        server = Server(process)
        listener = threading.Thread(target=server.listen)
        listener.start()
        try:
            assert server.started.wait(LIMIT)
            yield server
        finally:
            process.kill()
            listener.join(LIMIT)


def test_service_starts_answers_and_stops() -> None:
    with served() as server:
        assert server.request("/health") == (200, {"status": "alive"})
        assert server.request("/ready")[0] == 200
        status, answer = server.request("/v1/reports/check", {"text": WRONG})
        assert (status, answer["errors"][0]["type"]) == (200, "laterality_mismatch")
        assert server.request("/v1/reports/check", {"text": "Zebulon \0"})[0] == 422
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(LIMIT) in (0, -signal.SIGTERM)
    lines = [json.loads(line) for line in server.lines]
    (checked,) = (line for line in lines if line["event"] == "checked")
    assert (checked["errors"], checked["request_id"]) == (1, answer["report_id"])
    events = [line["event"] for line in lines]
    assert events.count("request") == 4
    assert "stopped" in events
    assert not any("Zebulon" in line for line in server.lines)


def test_requests_side_by_side_get_their_own_answers() -> None:
    def check(number: int) -> str:
        side, other = ("left", "right") if number % 2 else ("right", "left")
        text = f"{'Chest. ' * number}FINDINGS: {side} effusion.\nIMPRESSION: {other} effusion."
        answer = server.request("/v1/reports/check", {"text": text, "report_id": str(number)})[1]
        (error,) = answer["errors"]
        assert [fix["replacement"] for fix in (error["correction"], *error["alternatives"])] == [side, other]
        return f"{answer['report_id']} {text[error['start'] : error['end']]}"

    with served() as server, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(check, range(40)))
    assert answers == [f"{number} {'right' if number % 2 else 'left'}" for number in range(40)]


def test_service_that_cannot_be_built_does_not_start() -> None:
    with served(RADPROOF_GRAPH_URI="no-such.db") as server:
        assert server.process.wait(LIMIT) != 0
    assert server.url == ""
    assert any("RADPROOF_GRAPH_URI" in line for line in server.lines)


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_reader_may_leave_early(arguments: list[str]) -> None:
    """``radproof check … | head -1``: no traceback, and the work ends."""
    rows = "\n".join(json.dumps({"id": number, "text": WRONG}) for number in range(3000))
    command = [*RADPROOF, "check", "-", "--format", "jsonl", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=os.environ | {"RADPROOF_REFERENCES_K": "0"}) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        feeder = threading.Thread(target=_feed, args=(process, rows.encode()))
        feeder.start()
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(LIMIT) == 141
        feeder.join(LIMIT)


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(data)
        process.stdin.close()
    except BrokenPipeError:
        pass


def test_interrupt_ends_quietly() -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [*RADPROOF, "check", "-", "--format", "jsonl", "--json"]
    command = ["env", "--default-signal=INT", *command]  # a shell's background jobs are told to ignore it
    with subprocess.Popen(command, **pipes, env=os.environ | {"RADPROOF_REFERENCES_K": "0"}) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"".join(json.dumps({"text": WRONG}).encode() + b"\n" for _ in range(300)))
        process.stdin.flush()  # and left open: the command waits for more
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 130
        assert process.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is a device of Linux")
def test_an_answer_that_cannot_be_written_is_no_verdict() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*RADPROOF, "check", "-", "--json"],
            input=WRONG,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT,
        )
    assert ended.returncode == 2
    assert "cannot read or write" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_closed_standard_input_is_bad_input() -> None:
    command = f"{sys.executable} -m app.cli check - <&-"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=LIMIT)
    assert (ended.returncode, ended.stderr) == (2, "radproof: standard input is closed\n")


def test_workers_end_with_their_supervisor() -> None:
    with served(RADPROOF_WORKERS="2") as server:
        until(lambda: len(children(server.process.pid)) == 2)
        workers = children(server.process.pid)
        server.process.kill()
        server.process.wait(LIMIT)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(process: int) -> list[int]:
    """Processes that multiprocessing spawned from this one, but its own helpers."""
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        found += [int(child) for child in path.read_text().split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

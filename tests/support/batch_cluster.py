"""A whole installation in processes of its own, each of which can be killed: API, workers, Redis, PostgreSQL."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local_servers import PostgresServer, RedisServer, free_port

_START_SECONDS = 120
_RADPROOF = [sys.executable, "-m", "app.cli"]


class Program:
    """One command of ours; ``kill`` is SIGKILL to it alone, so that its children must notice."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._arguments, self._environment, self.log = arguments, environment, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_RADPROOF, *self._arguments], env=self._environment, stdout=log, stderr=log
            )

    def revive(self) -> None:
        """Start it again where it ended by itself, as a supervisor does: its port may have been taken for a moment."""
        if self.process is not None and self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """End it as an operator does; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process = None
        return code


class Cluster:
    """Use as a context manager. ``embedded``: one process over SQLite, no Redis, no worker."""

    def __init__(self, folder: Path, *, embedded: bool, workers: int = 1, **settings: str) -> None:
        self.redis = None if embedded else RedisServer()
        self.postgres = None if embedded else PostgresServer()
        store = self.postgres.url if self.postgres else f"sqlite:///{folder / 'store.db'}"
        self.port = free_port()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RADPROOF_")}
        environment |= {"RADPROOF_STORE_URL": store, "RADPROOF_REFERENCES_K": "0", **settings}
        if self.redis is not None:
            environment["RADPROOF_REDIS_URL"] = self.redis.url
        self.environment = environment
        self.api = Program(["serve", "--port", str(self.port)], environment, folder / "api.log")
        self.workers = [
            Program(["worker", "--processes", "1"], environment, folder / f"worker-{number}.log")
            for number in range(0 if embedded else workers)
        ]

    def __enter__(self) -> "Cluster":
        for server in (self.redis, self.postgres):
            if server is not None:
                server.start()
        self.api.start()
        for worker in self.workers:
            worker.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        for program in (*self.workers, self.api):
            program.kill()
        for server in (self.redis, self.postgres):
            if server is not None:
                server.__exit__()

    def wait_until_ready(self) -> float:
        """Until the API answers; in seconds."""
        begun = time.monotonic()
        while time.monotonic() - begun < _START_SECONDS:
            status, _ = self.call("GET", "/ready")
            if status == 200:
                return time.monotonic() - begun
            time.sleep(0.05)
        raise TimeoutError("the API did not start")

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """(status, body) of one request; status 0 where nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (OSError, TimeoutError, ValueError):
            return 0, b""

    def send(self, reports: Sequence[dict[str, Any]], key: str) -> tuple[int, str]:
        """(status, batch id) of sending reports as NDJSON."""
        body = "".join(json.dumps(report) + "\n" for report in reports).encode()
        status, answer = self.call(
            "POST", "/v1/batches", body, Idempotency_Key=key, Content_Type="application/x-ndjson"
        )
        return status, json.loads(answer)["id"] if status == 202 else ""

    def batch(self, batch_id: str) -> dict[str, Any]:
        """The batch as the API tells it."""
        status, answer = self.call("GET", f"/v1/batches/{batch_id}")
        return json.loads(answer) if status == 200 else {"state": f"status {status}"}

    def wait_until_done(self, batch_id: str, seconds: float = 180) -> dict[str, Any]:
        """The finished batch."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.batch(batch_id)
            if found["state"] in ("done", "cancelled"):
                return found
            time.sleep(0.1)
        raise TimeoutError(f"not done: {found}")

    def results(self, batch_id: str) -> list[dict[str, Any]]:
        """Every line of the batch's results."""
        _, answer = self.call("GET", f"/v1/batches/{batch_id}/results")
        return [json.loads(line) for line in answer.splitlines()]

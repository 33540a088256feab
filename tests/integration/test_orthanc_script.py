"""The Python script for Orthanc against a real socket. Orthanc's own module, which is within Orthanc only, is a stand-in."""

import json
import runpy
import socket
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from web_support import Listener, request_of

SCRIPT = Path(__file__).parents[2] / "integrations" / "orthanc" / "radproof.py"
CLASS = b"1.2.840.10008.5.1.4.1.1.88.11"


def script(monkeypatch: pytest.MonkeyPatch, url: str) -> dict[str, Any]:
    module: Any = ModuleType("orthanc")
    module.OrthancException = RuntimeError
    module.RestApiGet = lambda path: CLASS if path.endswith("SopClassUid") else b"other"
    module.GetConfiguration = lambda: json.dumps({"RadProof": {"Url": url, "Source": "pacs"}})
    module.RegisterOnChangeCallback = lambda _call: None
    module.LogWarning = lambda _words: None
    module.ChangeType = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "orthanc", module)
    return runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize(
    ("reply", "done"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 422 Wrong\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_only_what_radproof_answers_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, reply: bytes, done: bool
) -> None:
    asked: list[str] = []

    def serve(connection: socket.socket) -> None:
        asked.append(request_of(connection)[0])
        login = "login" in asked[-1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" if login else reply)

    with Listener(serve) as listener:
        ours = script(monkeypatch, f"http://127.0.0.1:{listener.port}")
        assert ours["_post"]("instance") is done
    assert len(asked) == 1

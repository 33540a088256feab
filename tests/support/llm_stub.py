"""A model server on this machine that answers by a script, or misbehaves in one chosen way."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, dict[str, Any]], str]
"""(name of the asked form, the request) -> the words of the answer."""

_FORMS = {
    "colour": "probe",
    "has_error": "detect",
    "corrections": "correct",
    "answer": "verify",
    "points": "compare",
}


def form_of(request: dict[str, Any]) -> str:
    """Which form is asked, by its fields."""
    schema = request["response_format"]["json_schema"]["schema"]
    known = [name for field_name, name in _FORMS.items() if field_name in schema["properties"]]
    if known:
        return known[0]
    return "proofread" if "replacement" in json.dumps(schema["$defs"]) else "localize"


def answers(**words: Any) -> Answer:
    """A script: what to answer to each form, as JSON; an honest probe, no error and yes where not said."""
    told: dict[str, Any] = {
        "probe": {"colour": "ultramarine"},
        "detect": {"reason": "", "has_error": bool(words.get("localize"))},
        "localize": {"errors": []},
        "proofread": {"errors": []},
        "correct": {"corrections": []},
        "verify": {"answer": "yes"},
        "compare": {"points": []},
        **words,
    }
    return lambda form, _request: json.dumps(told[form])


@dataclass
class Stub:
    """The running server. ``fault``: what it does instead of answering; see ``_Handler``."""

    base_url: str
    script: Answer
    fault: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)  # a client closed while nothing came
    logprob: float | Callable[[str], float] | None = None  # of "yes", given the answer; "no" has -9


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes
    stub: Stub

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.stub.requests.append(request)
        form, fault = form_of(request), self.stub.fault
        try:
            if fault and form != "probe":
                getattr(self, fault)(request)
            else:
                words, chance = self.stub.script(form, request), self.stub.logprob
                self.reply(completion(words, chance(words) if callable(chance) else chance))
        except OSError:  # the client has gone
            self.close_connection = True

    def reply(self, body: Any, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def silence(self, _: Any) -> None:
        self.connection.settimeout(60)
        self.close_connection = True
        if not self.connection.recv(1):  # the client gave up, within a minute
            self.stub.gone.set()

    def drip(self, _: Any) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "100000")
        self.end_headers()
        while not self.stub.ended.wait(0.02):
            self.wfile.write(b" ")
        self.close_connection = True

    def hang_up(self, _: Any) -> None:
        self.close_connection = True

    def truncated(self, _: Any) -> None:
        self.reply(json.dumps(completion("{}")).encode()[:40])

    def garbage(self, _: Any) -> None:
        self.reply(b"\x00\xff<html>no such thing</html>")

    def hollow(self, _: Any) -> None:
        self.reply({"choices": [{}]})

    def other_form(self, _: Any) -> None:
        self.reply(completion('{"Zebulon": 1}'))

    def prose(self, _: Any) -> None:
        self.reply(completion("I think that Zebulon is fine."))

    def cut(self, _: Any) -> None:
        self.reply(completion('{"reason": "and', reason="length"))

    def busy(self, _: Any) -> None:
        self.reply({"error": {"message": "Zebulon"}}, 429, retry_after="0")

    def busy_for_long(self, _: Any) -> None:
        self.reply({"error": {"message": "Zebulon"}}, 429, retry_after="3600")

    def broken(self, _: Any) -> None:
        self.reply({"error": {"message": "Zebulon"}}, 500)

    def unknown_model(self, _: Any) -> None:
        self.reply({"error": {"message": "Zebulon"}}, 404)

    def elsewhere(self, _: Any) -> None:
        self.reply({}, 307, location="http://127.0.0.1:9/v1/chat/completions")


def completion(words: str, logprob: float | None = None, reason: str = "stop") -> dict[str, Any]:
    """A chat completion; with log-probabilities, of two tokens around the answer."""
    choice: dict[str, Any] = {
        "index": 0,
        "finish_reason": reason,
        "message": {"role": "assistant", "content": words},
    }
    if logprob is not None:
        rivals = [{"token": "yes", "logprob": logprob}, {"token": "no", "logprob": -9.0}]
        choice["logprobs"] = {
            "content": [
                {"token": '{"answer": "', "logprob": 0.0, "top_logprobs": []},
                {"token": "yes", "logprob": logprob, "top_logprobs": rivals},
                {"token": '"}', "logprob": 0.0, "top_logprobs": []},
            ]
        }
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [choice],
        "usage": usage,
    }


@contextmanager
def serving(script: Answer | None = None, fault: str = "") -> Iterator[Stub]:
    """The server while the block runs."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub = Stub(f"http://127.0.0.1:{server.server_port}/v1", script or answers(), fault)
    handler.stub = stub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.ended.set()
        server.shutdown()
        server.server_close()

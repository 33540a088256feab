"""HTTP servers of this process on free ports of this machine."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def listening(answer: Callable[[Asked], Answer]) -> Iterator[int]:
    """Answers every request until the end of the block; the port."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made = answer(Asked(self.command, self.path, dict(self.headers), body))
            self.send_response(made.status)
            for name, said in {**made.headers, "Content-Length": str(len(made.body))}.items():
                self.send_header(name, said)
            self.end_headers()
            self.wfile.write(made.body)

        do_GET = do_POST = _handle  # noqa: N815  # named so by the library

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

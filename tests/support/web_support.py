"""Real receivers on local sockets, for what is sent out."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Listener:
    """A socket that counts who connects, and gives each connection to ``serve``."""

    def __init__(
        self,
        serve: Callable[[socket.socket], None] | None = None,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family)
        self._serve = serve
        self._tls = tls
        self.connected = 0
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connected += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            if self._serve is not None:
                self._serve(connection)
        except OSError:
            pass  # who called has gone
        finally:
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def request_of(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    """Request line, headers by lower-case name, and body of one HTTP request."""
    came = b""
    while b"\r\n\r\n" not in came:
        part = connection.recv(65_536)
        if not part:
            raise ConnectionResetError
        came += part
    head, _, body = came.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        part = connection.recv(65_536)
        if not part:
            raise ConnectionResetError
        body += part
    return first, headers, body


def answering(reply: bytes) -> Callable[[socket.socket], None]:
    """Reads a request and sends these bytes."""

    def serve(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(reply)

    return serve


OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def names(given: dict[str, list[str]]) -> Iterator[list[str]]:
    """Names that resolve to these addresses, one list a time where lists are nested by commas; says what was asked.

    Each value is a list of answers: the first question gets the first, the last stays.
    """
    real = socket.getaddrinfo
    asked: list[str] = []

    def resolve(host: str | bytes | None, port: object, *rest: object, **options: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in given:
            return real(host, port, *rest, **options)  # type: ignore[arg-type]
        asked.append(name)
        answers = given[name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        found = []
        for each in filter(None, answer.split(" ")):
            found += real(each, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)  # type: ignore[arg-type]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return found

    socket.getaddrinfo = resolve  # type: ignore[assignment]
    try:
        yield asked
    finally:
        socket.getaddrinfo = real

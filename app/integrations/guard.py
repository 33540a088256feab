"""Whom this service may call: names are resolved once, checked, and connected to by the address that was checked.

On premises a receiver has a private address, so that "no private addresses" protects nothing there. Nothing may be
called until an administrator names networks; what lies in them is called, except what never is: this service's own
parts, link-local addresses and the metadata services of clouds (OWASP, Server-Side Request Forgery Prevention).
"""

import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from time import monotonic
from typing import Any

import httpcore2
import httpx2

from app.integrations.addresses import Address, literal, never, resolved, same_peer

DEFAULT_PORTS = frozenset({443, 8443})
_IDENTITY = (None, "", "identity")


class ForbiddenAddressError(Exception):
    """An address may not be called. ``code`` is stable; neither it nor the message says where it leads.

    not_https, userinfo, host (neither a name nor an address in its usual form), port, unresolved,
    forbidden_address.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ReplyTooLargeError(httpx2.RemoteProtocolError):
    """What is called sends more than may be read."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Says what may be called, and makes clients that call nothing else. Thread-safe.

    Attributes:
        networks: that may be called; none: nothing. Loopback only where a network lies within it.
        denied: (host, port) of this service's own parts, by name or address: never called.
        ports: that may be called.
        plain: whether HTTP without TLS is allowed.
        authorities: certificates in PEM that are trusted alone; None for those of the installation.
    """

    networks: Sequence[IPv4Network | IPv6Network]
    denied: Collection[tuple[str, int]] = ()
    ports: Collection[int] = DEFAULT_PORTS
    plain: bool = False
    authorities: Path | None = None

    def address(self, host: str, port: int) -> tuple[str, int]:
        """The address to connect to for a host, which is resolved by this call; all of its addresses are checked.

        Raises:
            ForbiddenAddressError: when one of them may not be called, or there is none.
        """
        if port not in self.ports:
            raise ForbiddenAddressError("port")
        try:
            address = literal(host)
        except ValueError:
            raise ForbiddenAddressError("host") from None
        found = resolved(host, port) if address is None else (address,)
        if not found:
            raise ForbiddenAddressError("unresolved")
        if not all(self._allowed(each, port) for each in found):
            raise ForbiddenAddressError("forbidden_address")
        return str(found[0]), port

    def url(self, address: str) -> httpx2.URL:
        """The URL of an address that may be called now; as ``address`` and ``client`` check it.

        Raises:
            ForbiddenAddressError: when it may not be called.
        """
        try:
            url = httpx2.URL(address)
        except (httpx2.InvalidURL, ValueError):
            raise ForbiddenAddressError("host") from None
        self._form(url)
        self.address(url.raw_host.decode("ascii"), _port(url))
        return url

    def trusting(self, authorities: Path | None) -> "Guard":
        """The same with a file of certificates of its own; None changes nothing.

        Raises:
            OSError, ssl.SSLError: the file holds no certificates in PEM.
        """
        if authorities is None:
            return self
        _trust(authorities)
        return replace(self, authorities=authorities)

    def client(self, seconds: float, *, most_bytes: int = 65_536) -> httpx2.Client:
        """A client that connects to checked addresses only, follows no redirect and knows no proxy.

        A call raises ForbiddenAddressError, and as usual httpx2.TransportError: ReadTimeout when it takes longer than
        ``seconds`` in all, ReplyTooLargeError when more than ``most_bytes`` come back, head included.
        """
        transport = _GuardedTransport(self, seconds, most_bytes, _trust(self.authorities))
        return httpx2.Client(
            transport=transport,
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        )

    def _form(self, url: httpx2.URL) -> None:
        if url.scheme != "https" and not (self.plain and url.scheme == "http"):
            raise ForbiddenAddressError("not_https")
        if url.userinfo:
            raise ForbiddenAddressError("userinfo")
        if not url.host:
            raise ForbiddenAddressError("host")

    def _allowed(self, address: Address, port: int) -> bool:
        if never(address) or self._own(address, port):
            return False
        return any(
            address in network and (network.is_loopback or not address.is_loopback)
            for network in self.networks
        )

    def _own(self, address: Address, port: int) -> bool:
        hosts = [host for host, used in self.denied if used == port]
        return any(same_peer(address, resolved(host, port)) for host in hosts)


@cache
def _trust(authorities: Path | None) -> ssl.SSLContext:
    """Read once a process: it takes 20 ms."""
    if authorities is None:
        return httpx2.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cafile=authorities)


def _port(url: httpx2.URL) -> int:
    usual = 443 if url.scheme == "https" else 80
    return usual if url.port is None else url.port


class _GuardedTransport(httpx2.HTTPTransport):
    """Opens a connection of its own for each call, by way of the guard; reads nothing that is packed."""

    def __init__(self, guard: Guard, seconds: float, most_bytes: int, trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._guard = guard
        self._pool = httpcore2.ConnectionPool(
            ssl_context=trust,
            max_keepalive_connections=0,  # so that each call is checked
            network_backend=_GuardedBackend(guard, seconds, most_bytes),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._guard._form(request.url)
        answer = super().handle_request(request)
        if answer.headers.get("content-encoding") in _IDENTITY or not isinstance(
            answer.stream, httpx2.SyncByteStream
        ):
            return answer
        packed = _PackedStream(answer.stream)  # a few bytes may unpack to any number
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=packed)


class _PackedStream(httpx2.SyncByteStream):
    """A packed body, which nobody asked for: it can be closed and not read."""

    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        raise httpx2.DecodingError("the reply is packed")

    def close(self) -> None:
        self._stream.close()


class _GuardedBackend(httpcore2.SyncBackend):
    def __init__(self, guard: Guard, seconds: float, most_bytes: int) -> None:
        super().__init__()
        self._guard = guard
        self._seconds = seconds
        self._most_bytes = most_bytes

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *rest: Any, **options: Any
    ) -> httpcore2.NetworkStream:
        end = monotonic() + self._seconds
        pinned, port = self._guard.address(host, port)
        stream = super().connect_tcp(pinned, port, _left(end, httpcore2.ConnectTimeout), *rest, **options)
        return _BoundedStream(stream, end, self._most_bytes)

    def connect_unix_socket(self, *_arguments: Any, **_options: Any) -> httpcore2.NetworkStream:
        raise ForbiddenAddressError("host")


class _BoundedStream(httpcore2.NetworkStream):
    """A connection that ends at a time, and after so many bytes came in."""

    def __init__(self, stream: httpcore2.NetworkStream, end: float, most_bytes: int) -> None:
        self._stream = stream
        self._end = end
        self._most_bytes = most_bytes
        self._came = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        got = self._stream.read(max_bytes, _left(self._end, httpcore2.ReadTimeout))
        self._came += len(got)
        if self._came > self._most_bytes:
            raise ReplyTooLargeError("the reply is too large")
        return got

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), 16_384):
            left = _left(self._end, httpcore2.WriteTimeout)
            self._stream.write(buffer[start : start + 16_384], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(self._end, httpcore2.ConnectTimeout)
        secure = self._stream.start_tls(ssl_context, server_hostname, left)
        return _BoundedStream(secure, self._end, self._most_bytes)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(end: float, late: Callable[[str], Exception]) -> float:
    left = end - monotonic()
    if left <= 0:
        raise late("out of time")
    return left

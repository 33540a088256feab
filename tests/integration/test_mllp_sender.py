"""Our own messages over real sockets: every way in which a receiver answers, or does not."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from mllp_running import running

from app.integrations.guard import Guard
from app.integrations.hl7.header import header_of
from app.integrations.hl7.quality import control_id
from app.integrations.mllp.client import MllpSender
from app.integrations.outgoing import Outgoing
from app.storage.store import open_store
from app.storage.types import Endpoint

_HERE = [ipaddress.ip_network("127.0.0.0/8")]
_PORTS = range(1, 65_536)
_WHAT = Outgoing("d1", "report.check.failed", dt.datetime(2026, 1, 5, tzinfo=dt.UTC), 7, "C1")


def acknowledged(code: str, name: str = "") -> bytes:
    return (
        rb"MSH|^~\&|RIS|N|RADPROOF|Q|20260105||ACK|1|P|2.5.1"
        + f"\rMSA|{code}|{name or control_id('d1')}\r".encode()
    )


@contextmanager
def receiver(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[int, list[bytes]]]:
    """Takes one message and answers as it is told; its port and what came."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                data = b""
                while not data.endswith(b"\x1c\r"):
                    data += peer.recv(65_536)
                came.append(data)
                answer(peer, data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], came
        thread.join(10)


def endpoint(port: int, **more: Any) -> Endpoint:
    return Endpoint("e1", "mllp", "RIS", {"host": "127.0.0.1", "port": port, **more})


def frame(message: bytes) -> Callable[[socket.socket, bytes], None]:
    return lambda peer, _: peer.sendall(b"\x0b" + message + b"\x1c\r")


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (frame(acknowledged("AA")), "delivered", None),
        (frame(acknowledged("CA")), "delivered", None),
        (frame(acknowledged("AE")), "again", "AE"),
        (frame(acknowledged("AR")), "refused", "AR"),
        (frame(acknowledged("AA", "ANOTHER")), "again", "wrong_answer"),
        (frame(acknowledged("OK")), "again", "wrong_answer"),
        (frame(b"hello"), "again", "wrong_answer"),
        (lambda peer, _: None, "again", "no_answer"),
        (lambda peer, _: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 9_000), "again", None),
        (lambda peer, _: threading.Event().wait(1.5), "again", "timeout"),
    ],
)
def test_what_the_receiver_answers(
    answer: Callable[[socket.socket, bytes], None], state: str, code: str | None
) -> None:
    with receiver(answer) as (port, came):
        outcome = MllpSender(Guard(_HERE, ports=_PORTS), seconds=1.0).send(
            endpoint(port, application="QA"), _WHAT
        )
    assert outcome.state == state
    assert code is None or outcome.code == code
    (data,) = came
    assert (header_of(data).part(3), header_of(data).part(10)) == ("QA", control_id("d1"))


def test_a_slow_drip_has_an_end() -> None:
    def drip(peer: socket.socket, _data: bytes) -> None:
        for _ in range(30):
            threading.Event().wait(0.1)
            try:
                peer.sendall(b"\x0b")
            except OSError:
                return

    with receiver(drip) as (port, _):
        assert (
            MllpSender(Guard(_HERE, ports=_PORTS), seconds=0.5).send(endpoint(port), _WHAT).code == "timeout"
        )


def test_nobody_there_and_nobody_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        for guard in (Guard([], ports=_PORTS), Guard(_HERE, denied=[("127.0.0.1", port)], ports=_PORTS)):
            assert MllpSender(guard).send(endpoint(port), _WHAT).code == "forbidden_address"
    assert MllpSender(Guard(_HERE, ports=_PORTS)).send(endpoint(port), _WHAT).code == "unreachable"


def test_a_decision_is_not_sent() -> None:
    what = Outgoing("d1", "report.decision.recorded", _WHAT.at, 7, "C1")
    outcome = MllpSender(Guard(_HERE, ports=_PORTS)).send(endpoint(9), what)
    assert (outcome.state, outcome.code) == ("delivered", "not_told")


def test_over_tls_to_our_own_receiver(tmp_path: Path) -> None:
    """Ours is a report to nobody, so it is refused for want of a text of its own; over a certificate that is trusted."""
    site, other = Authority(tmp_path, "site"), Authority(tmp_path, "other")
    certificate, key = site.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with running(store, tls=context) as server:
        to = Endpoint("e1", "mllp", "RIS", {"host": "localhost", "port": server.port, "tls": True})
        six = [*_HERE, ipaddress.ip_network("::1/128")]
        assert MllpSender(Guard(six, ports=_PORTS, authorities=site.path)).send(to, _WHAT).state in (
            "delivered",
            "refused",
        )
        assert MllpSender(Guard(six, ports=_PORTS, authorities=other.path)).send(to, _WHAT).code == "tls"
    store.close()

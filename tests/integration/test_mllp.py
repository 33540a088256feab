"""Messages over real sockets: answers, hostile peers, TLS."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Authority
from hl7_support import Invented, Peer
from mllp_running import running
from sqlalchemy import text

from app.integrations.mllp.server import MllpServer
from app.storage.store import Store, open_store

_MIB = 1_048_576


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def server(store: Store) -> Iterator[MllpServer]:
    with running(store, frame_seconds=2.0) as started:
        yield started


def kept(store: Store) -> list[str]:
    return [
        line.custom_id
        for batch in store.batches.page(None, 100)
        for line in store.reports.lines(batch.public_id, 0, 1000)
    ]


def test_message_is_answered_when_it_is_kept(server: MllpServer, store: Store) -> None:
    with Peer(server.port) as peer:
        peer.send(Invented().encode())
        header, acknowledged = peer.answer()
    assert header[2:6] == ["RADPROOF", "QA", "RIS", "NORTH"]
    assert (header[8], header[10], header[11]) == ("ACK^R01^ACK", "P", "2.5.1")
    assert acknowledged == ["MSA", "AA", "C1"]
    assert kept(store) == ["C1"]


def test_several_frames_in_one_write_are_answered_in_order(server: MllpServer) -> None:
    with Peer(server.port) as peer:
        sent = [Invented(f"C{number}", f"A{number}").encode() for number in range(20)]
        peer.socket.sendall(b"junk".join(b"\x0b" + message + b"\x1c\r" for message in sent))
        assert [peer.answer()[1][2] for _ in sent] == [f"C{number}" for number in range(20)]


def test_a_message_in_many_small_writes(server: MllpServer) -> None:
    with Peer(server.port) as peer:
        data = b"\x0b" + Invented().encode() + b"\x1c\r"
        for at in range(0, len(data), 7):
            peer.socket.sendall(data[at : at + 7])
            time.sleep(0.001)
        assert peer.answer()[1][1] == "AA"


def test_half_closed_connection_gets_its_answer(server: MllpServer) -> None:
    with Peer(server.port) as peer:
        peer.send(Invented().encode())
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.answer()[1][1] == "AA"


def test_message_of_megabytes_is_taken(server: MllpServer, store: Store) -> None:
    picture = "OBX|2|ED|2^Picture||^IM^JPEG^Base64^" + "QUJD" * (2 * _MIB) + "||||||F\r"
    with Peer(server.port) as peer:
        assert peer.ask(Invented().encode() + picture.encode()) == "AA"
    assert kept(store) == ["C1"]


@pytest.mark.parametrize(
    ("sent", "encoding", "answered"),
    [
        (replace(Invented(), text=""), "utf-8", ("AR", "101", "no_text")),
        (replace(Invented(), kind="ADT^A01"), "utf-8", ("AR", "200", "message_type")),
        (replace(Invented(), kind="ORU^R03"), "utf-8", ("AR", "201", "message_type")),
        (replace(Invented(), processing="Q"), "utf-8", ("AR", "202", "processing_id")),
        (replace(Invented(), version="2.2"), "utf-8", ("AR", "203", "version")),
        (replace(Invented(), control_id=""), "utf-8", ("AR", "101", "missing_control_id")),
        (replace(Invented(), charset="KLINGON"), "utf-8", ("AR", "103", "unknown_charset")),
        (replace(Invented(), text="FINDINGS: Größe."), "latin-1", ("AR", "102", "wrong_charset")),
        (replace(Invented(), text="A. b c. " * 1_500), "utf-8", ("AR", "102", "too_many_sentences")),
    ],
)
def test_what_cannot_be_taken_says_why(
    server: MllpServer, store: Store, sent: Invented, encoding: str, answered: tuple[str, str, str]
) -> None:
    with Peer(server.port) as peer:
        peer.send(sent.encode(encoding))
        _, acknowledged, error = peer.answer()
        assert (acknowledged[1], error[3].split("^")[0], error[5].split("^")[0]) == answered
        assert peer.ask(Invented("C9", "A9").encode()) == "AA"  # the connection goes on
    assert kept(store) == ["C9"]


def test_no_message_at_all_is_rejected(server: MllpServer) -> None:
    with Peer(server.port) as peer:
        peer.send(b"hello")
        _, acknowledged, error = peer.answer()
        assert (acknowledged[1], error[3][:3]) == ("AR", "100")


@pytest.mark.parametrize(
    ("accept", "application", "good", "bad"),
    [("AL", "NE", "CA", "CR"), ("SU", "", "CA", None), ("ER", "NE", None, "CR"), ("NE", "AL", "AA", "AR")],
)
def test_enhanced_mode(
    server: MllpServer, accept: str, application: str, good: str | None, bad: str | None
) -> None:
    said = {"accept": accept, "application_mode": application}
    wrong = replace(Invented("C1", "A1", version="1.0"), **said)
    right = replace(Invented("C2", "A2"), **said)
    with Peer(server.port) as peer:
        peer.send(wrong.encode())
        peer.send(right.encode())
        peer.send(Invented("LAST", "A3").encode())
        seen: list[tuple[str, str]] = []
        while not seen or seen[-1][1] != "LAST":
            acknowledged = peer.answer()[1]
            seen.append((acknowledged[1], acknowledged[2]))
    expected = [(kind, name) for kind, name in ((bad, "C1"), (good, "C2"), ("AA", "LAST")) if kind]
    assert seen == expected


def test_lost_database_is_transient(server: MllpServer, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE message RENAME TO elsewhere"))
    with Peer(server.port) as peer:
        peer.send(Invented().encode())
        _, acknowledged, error = peer.answer()
        assert (acknowledged[1], error[3][:3], error[5]) == ("AE", "207", "store_unavailable^^L")
        with store.engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO message"))
        assert peer.ask(Invented().encode()) == "AA"


def test_too_many_waiting_is_transient(store: Store) -> None:
    with running(store, most_waiting=1) as server, Peer(server.port) as peer:
        assert peer.ask(Invented().encode()) == "AA"
        time.sleep(1.2)
        assert peer.ask(Invented("C2", "A2").encode()) == "AE"


def test_too_large_a_frame_is_rejected_and_others_go_on(server: MllpServer, store: Store) -> None:
    with Peer(server.port) as big, Peer(server.port) as other:
        head = Invented("BIG").encode()
        sender = threading.Thread(target=lambda: big.send(head + b"x" * 20 * _MIB))
        sender.start()
        assert other.ask(Invented().encode()) == "AA"
        _, acknowledged, error = big.answer()
        sender.join()
        assert (acknowledged[1:3], error[5]) == (["AR", "BIG"], "message_too_large^^L")
        assert big.ask(Invented("C2", "A2").encode()) == "AA"
    assert kept(store) == ["C1", "C2"]


@pytest.mark.parametrize("data", [b"\x0bMSH|no end", b"\x0b" + Invented().encode() + b"\x1c"])
def test_frame_without_end_times_out(server: MllpServer, store: Store, data: bytes) -> None:
    with Peer(server.port) as peer, Peer(server.port) as other:
        peer.socket.sendall(data)
        with pytest.raises(ConnectionError):
            peer.answer()
        assert other.ask(Invented("C2").encode()) == "AA"
    assert kept(store) == ["C2"]


def gone(peer: Peer, *parts: bytes) -> bool:
    """Whether the peer is cut off, at the latest when it has sent these parts and waits for an answer."""
    try:
        for part in parts:
            peer.socket.sendall(part)
            time.sleep(0.02)
        peer.answer()
    except OSError:  # however the system says it
        return True
    return False


def test_slow_drip_times_out(server: MllpServer, store: Store) -> None:
    drip = [b"\x0bMSH|", *[b"x"] * 500]
    with Peer(server.port) as peer, Peer(server.port) as other:
        assert gone(peer, *drip)
        assert other.ask(Invented().encode()) == "AA"


def test_who_does_not_speak_mllp_is_cut_off(server: MllpServer) -> None:
    with Peer(server.port) as peer:
        assert gone(peer, b"GET / HTTP/1.1\r\n" * 20_000)


def test_a_thousand_idle_sockets_keep_nobody_out(store: Store) -> None:
    with running(store, most_connections=200) as server:
        with Peer(server.port) as first:
            assert first.ask(Invented().encode()) == "AA"
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1_000)]
        with Peer(server.port) as peer:
            assert peer.ask(Invented("C2", "A2").encode()) == "AA"
        for each in idle:
            each.close()
    assert kept(store) == ["C1", "C2"]


def test_other_networks_are_refused(store: Store) -> None:
    elsewhere, here = ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("127.0.0.0/8")
    with running(store, peers=(elsewhere,)) as server, Peer(server.port) as peer:
        assert gone(peer, b"\x0b" + Invented().encode() + b"\x1c\r")
    with running(store, peers=(elsewhere, here)) as server, Peer(server.port) as peer:
        assert peer.ask(Invented().encode()) == "AA"


def test_tls_and_mutual_tls(store: Store, tmp_path: Path) -> None:
    from app.commands.mllp import tls_context
    from app.settings import Settings

    site, other = Authority(tmp_path, "site"), Authority(tmp_path, "other")
    certificate, key = site.issue("server")
    plain = tls_context(Settings(mllp_tls_cert=certificate, mllp_tls_key=key))
    mutual = tls_context(Settings(mllp_tls_cert=certificate, mllp_tls_key=key, mllp_client_ca=site.path))
    trusting = ssl.create_default_context(cafile=site.path)
    with running(store, tls=plain) as server, Peer(server.port, trusting) as peer:
        assert peer.ask(Invented().encode()) == "AA"
    with running(store, tls=mutual) as server:
        for stranger in (trusting, _with(site, other.issue("stranger"))):
            with pytest.raises(OSError), Peer(server.port, stranger) as peer:
                peer.ask(Invented("C2").encode())
        with Peer(server.port, _with(site, site.issue("ris"))) as peer:
            assert peer.ask(Invented("C3", "A3").encode()) == "AA"
        with Peer(server.port) as silent:  # speaks no TLS
            silent.send(Invented("C4").encode())
            with pytest.raises(OSError):
                silent.answer()
    assert kept(store) == ["C1", "C3"]


def refused(port: int, identity: ssl.SSLContext) -> bool:
    """Whether the handshake fails, at the latest when an answer is waited for (TLS 1.3)."""
    try:
        with Peer(port, identity) as peer:
            return gone(peer, b"\x0b" + Invented("C2").encode() + b"\x1c\r")
    except OSError:
        return True


def _with(authority: Authority, identity: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.path)
    context.load_cert_chain(*identity)
    return context

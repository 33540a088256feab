"""Hostile peers of a receiver, one kind after the other: what it holds in memory, and how a good peer fares beside them.

PYTHONPATH=tests/support:tools/servers .venv/bin/python bench/mllp_hostile.py
"""

import argparse
import os
import re
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hl7_support import Invented, Peer
from mllp import started

_MIB = 1_048_576
_Hostile = Callable[[int, threading.Event], None]


def connected(port: int) -> socket.socket:
    """A connection that gives up after ten seconds of nothing."""
    return socket.create_connection(("127.0.0.1", port), 10)


def idle(port: int, over: threading.Event) -> None:
    """1,000 sockets that say nothing."""
    held = []
    for _ in range(1_000):
        with suppress(OSError):
            held.append(connected(port))
    over.wait()
    for each in held:
        each.close()


def drip(port: int, over: threading.Event) -> None:
    """400 frames that come one byte at a time."""
    held = []
    for _ in range(400):
        with suppress(OSError):
            held.append(connected(port))
    for each in held:
        with suppress(OSError):
            each.sendall(b"\x0bMSH|")
    while not over.wait(0.5):
        for each in held:
            with suppress(OSError):
                each.sendall(b"x")


def many(count: int, one: Callable[[socket.socket, threading.Event], None]) -> _Hostile:
    """The same over so many connections at once, each again and again."""

    def again(port: int, over: threading.Event) -> None:
        while not over.is_set():
            with suppress(OSError), connected(port) as peer:
                one(peer, over)

    def run(port: int, over: threading.Event) -> None:
        threads = [threading.Thread(target=again, args=(port, over)) for _ in range(count)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    return run


def endless(peer: socket.socket, over: threading.Event) -> None:
    """15 MB and no end."""
    peer.sendall(b"\x0b" + Invented().encode() + b"x" * 15 * _MIB)
    over.wait()


def too_large(peer: socket.socket, _over: threading.Event) -> None:
    """A frame of 20 MB."""
    peer.sendall(b"\x0b" + Invented().encode() + b"x" * 20 * _MIB + b"\x1c\r")
    peer.recv(65_536)


def large(peer: socket.socket, _over: threading.Event) -> None:
    """A frame of 14 MB that can be taken."""
    name = f"L{time.monotonic_ns()}"
    peer.sendall(
        b"\x0b"
        + Invented(name, name).encode()
        + b"OBX|2|ED|2^P||^IM^J^Base64^"
        + b"QUJD" * 3 * _MIB
        + b"\r\x1c\r"
    )
    peer.recv(65_536)


def wrong(peer: socket.socket, over: threading.Event) -> None:
    """Messages in another character set than they say, as fast as they are answered."""
    while not over.is_set():
        peer.sendall(b"\x0b" + Invented(text="FINDINGS: Größe.").encode("latin-1") + b"\x1c\r")
        peer.recv(65_536)


_KINDS: dict[str, _Hostile] = {
    "nobody": lambda port, over: None,
    "1,000 idle": idle,
    "400 that drip": drip,
    "40 without an end": many(40, endless),
    "8 of 20 MB": many(8, too_large),
    "12 of 14 MB": many(12, large),
    "8 of a wrong charset": many(8, wrong),
}


def memory(pid: int) -> float:
    """MiB that a process holds now."""
    return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1024


def beside(port: int, pid: int, kind: str, seconds: float) -> str:
    """A good peer's acknowledgments while others are hostile, and the most memory that was seen."""
    over = threading.Event()
    hostile = threading.Thread(target=_KINDS[kind], args=(port, over))
    hostile.start()
    times, most, wrong_answers = [], 0.0, 0
    end = time.monotonic() + seconds
    peer = None
    while time.monotonic() < end:
        name = f"G{time.monotonic_ns()}"
        begun = time.perf_counter()
        try:
            peer = peer or Peer(port, seconds=20)
            wrong_answers += peer.ask(Invented(name, name).encode()) != "AA"
        except OSError:  # made room for others: a peer connects again
            peer = None
        times.append(1000 * (time.perf_counter() - begun))
        most = max(most, memory(pid))
        time.sleep(0.02)
    over.set()
    hostile.join()
    times.sort()
    p50, p99 = (times[int(part * (len(times) - 1))] for part in (0.5, 0.99))
    good = f"{len(times)} messages, {wrong_answers} not AA, p50 {p50:6.1f} ms, p99 {p99:7.1f} ms"
    return f"{kind:<22} {most:5.0f} MiB   good peer: {good}"


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        environment = os.environ | {
            "RADPROOF_STORE_URL": f"sqlite:///{name}/store.db",
            "RADPROOF_BATCH_PROCESSES": "0",
            "RADPROOF_LOG_LEVEL": "info",
        }
        server, port = started(
            [sys.executable, "-m", "app.cli", "mllp", "--port", "0"], Path(name), environment
        )
        try:
            print(f"load {os.getloadavg()[0]:.1f}, {memory(server.pid):.0f} MiB at start", flush=True)
            for kind in _KINDS:
                print(beside(port, server.pid, kind, seconds), flush=True)
            print(f"{memory(server.pid):.0f} MiB at the end")
        finally:
            server.terminate()
            server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())

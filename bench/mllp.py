"""Sends many messages to a receiver over many connections, and counts what became of them.

    make mllp-soak MESSAGES=5000 CONNECTIONS=20

Messages are cut at random places, one of 20 is sent again, one of 100 is none. Beside it, in the same run, a plain
echo on asyncio streams that keeps nothing. Ends with 1 where a message that was acknowledged is lost or doubled.
"""

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from hl7_support import Invented
from sqlalchemy import func, select

from app.storage.store import open_store
from app.storage.tables import job, message

_BEGIN, _END = b"\x0b", b"\x1c\r"
_RESENT, _BAD = 0.05, 0.01
_TEXT = "FINDINGS: There is a {size} mm nodule in the left upper lobe. No pleural effusion.\\.br\\" * 8


@dataclass
class Sent:
    """What was sent and answered; times in seconds."""

    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)
    wrong: int = 0
    times: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def line(self, name: str) -> str:
        """The figures of one server."""
        ordered = sorted(self.times)
        p50, p99 = (1000 * ordered[int(part * (len(ordered) - 1))] for part in (0.5, 0.99))
        rate = len(ordered) / self.seconds
        return f"{name:<10} {rate:8.0f} messages/s   ACK p50 {p50:7.2f} ms   p99 {p99:7.2f} ms"


@dataclass
class Sender:
    """One connection."""

    port: int
    dice: random.Random
    sent: Sent

    async def send(self, names: list[str]) -> None:
        """A message a name, in turn, some of them twice, some preceded by one that is none."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for name in names:
            text = _TEXT.format(size=self.dice.randint(4, 29))
            raw = Invented(name, f"A{name}", text).encode()
            todo = [(raw, "AA")] * (2 if self.dice.random() < _RESENT else 1)
            if self.dice.random() < _BAD:
                todo.insert(0, (Invented(name, kind="ADT^A08").encode(), "AR"))
            for given, expected in todo:
                begun = time.perf_counter()
                await self._write(writer, _BEGIN + given + _END)
                answered = await reader.readuntil(_END)
                self.sent.times.append(time.perf_counter() - begun)
                kind = re.search(rb"\rMSA\|(..)", answered)
                said = kind.group(1).decode() if kind else "none"
                self.sent.answers[said] += 1
                self.sent.wrong += said != expected
            self.sent.acknowledged.add(name)
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        places = (self.dice.randrange(len(data)) for _ in range(self.dice.randrange(4)))
        for start, end in pairwise(sorted({0, len(data), *places})):
            writer.write(data[start:end])
            if self.dice.random() < 0.2:
                await asyncio.sleep(0)


async def soak(port: int, messages: int, connections: int) -> Sent:
    sent = Sent()
    begun = time.perf_counter()
    names = [[f"M{number}" for number in range(first, messages, connections)] for first in range(connections)]
    senders = [Sender(port, random.Random(seed), sent) for seed in range(connections)]
    await asyncio.gather(*(sender.send(part) for sender, part in zip(senders, names, strict=True)))
    sent.seconds = time.perf_counter() - begun
    return sent


ECHO = r"""
import asyncio, re
async def serve(reader, writer):
    try:
        while True:
            data = await reader.readuntil(b"\x1c\r")
            name = data.split(b"|", 10)[9]
            kind = b"AR" if b"ADT" in data[:100] else b"AA"
            writer.write(b"\x0bMSH|^~\\&|\rMSA|" + kind + b"|" + name + b"\r\x1c\r")
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    print('"port": %d,' % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def started(
    command: list[str], folder: Path, environment: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """A server and the port that its output tells."""
    log = folder / f"{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    for _ in range(600):
        time.sleep(0.1)
        told = re.search(r'"port": (\d+),', log.read_text())
        if told:
            return server, int(told.group(1))
    raise TimeoutError(log.read_text()[-2000:])


def measured(command: list[str], folder: Path, environment: dict[str, str], size: tuple[int, int]) -> Sent:
    server, port = started(command, folder, environment)
    try:
        return asyncio.run(soak(port, *size))
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    """Run and print what was counted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=20)
    args = parser.parse_args()
    size = (args.messages, args.connections)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("RADPROOF_STORE_URL", f"sqlite:///{folder / 'store.db'}")
        environment = os.environ | {
            "RADPROOF_STORE_URL": url,
            "RADPROOF_BATCH_PROCESSES": "0",  # the receiver alone
            "RADPROOF_MAX_WAITING": "100000000",
            "RADPROOF_LOG_LEVEL": "info",
        }
        receiver = [sys.executable, "-m", "app.cli", "mllp", "--port", "0"]
        sent = measured(receiver, folder, environment, size)
        echo = measured([sys.executable, "-c", ECHO], folder, dict(os.environ), size)
        store = open_store(url)
        with store.engine.begin() as connected:
            kept = Counter(connected.execute(select(message.c.control_id)).scalars())
            jobs = connected.execute(select(func.count()).select_from(job)).scalar_one()
        store.close()
    lost = [name for name in sent.acknowledged if not kept[name]]
    doubled = [name for name, times in kept.items() if times > 1]
    print(
        f"{args.messages} messages, {args.connections} connections, answers {dict(sent.answers)}: "
        f"{len(lost)} lost, {len(doubled)} doubled, {jobs} jobs, {sent.wrong} wrong answers"
    )
    print(sent.line("radproof"))
    print(echo.line("echo"))
    return int(bool(lost or doubled or sent.wrong or jobs != args.messages))


if __name__ == "__main__":
    sys.exit(main())

"""Sends many messages to a receiver over many connections, and counts what became of them.

    make mllp-soak MESSAGES=100000 CONNECTIONS=20 ARGS="--postgres --processes 2"

Messages are cut at random places, one of 20 is sent again, one of 100 is none. Before it, in the same run, two that
keep nothing: a plain echo on asyncio streams, and the server of the library hl7apy, which takes one message a
connection. Ends with 1 where a message that was acknowledged is lost or doubled.
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
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from hl7_support import Invented
from local_servers import PostgresServer
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
    often: bool = False  # a connection a message

    async def send(self, names: list[str]) -> None:
        """A message a name, in turn, some of them twice, some preceded by one that is none."""
        reader, writer = await self._connected()
        for name in names:
            text = _TEXT.format(size=self.dice.randint(4, 29))
            raw = Invented(name, f"A{name}", text).encode()
            todo = [(raw, "AA")] * (2 if self.dice.random() < _RESENT else 1)
            if self.dice.random() < _BAD:
                todo.insert(0, (Invented(name, kind="ADT^A08").encode(), "AR"))
            for given, expected in todo:
                begun = time.perf_counter()
                if self.often:
                    writer.close()
                    reader, writer = await self._connected()
                await self._write(writer, _BEGIN + given + _END)
                answered = await reader.readuntil(_END)
                self.sent.times.append(time.perf_counter() - begun)
                kind = re.search(rb"\rMSA\|(..)", answered)
                said = kind.group(1).decode() if kind else "none"
                self.sent.answers[said] += 1
                self.sent.wrong += said != expected
            self.sent.acknowledged.add(name)
        writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        places = (self.dice.randrange(len(data)) for _ in range(self.dice.randrange(4)))
        for start, end in pairwise(sorted({0, len(data), *places})):
            writer.write(data[start:end])
            if self.dice.random() < 0.2:
                await asyncio.sleep(0)


async def soak(port: int, messages: int, connections: int, *, often: bool = False) -> Sent:
    sent = Sent()
    begun = time.perf_counter()
    names = [[f"M{number}" for number in range(first, messages, connections)] for first in range(connections)]
    senders = [Sender(port, random.Random(seed), sent, often) for seed in range(connections)]
    await asyncio.gather(*(sender.send(part) for sender, part in zip(senders, names, strict=True)))
    sent.seconds = time.perf_counter() - begun
    return sent


ECHO = r"""
import asyncio
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
LIBRARY = r"""
from hl7apy.mllp import AbstractErrorHandler, AbstractHandler, MLLPServer
def reply(kind, message):
    return "\x0bMSH|^~\\&|\rMSA|%s|%s\r\x1c\r" % (kind, message.split("|", 10)[9])
class Taken(AbstractHandler):
    def reply(self):
        return reply("AA", self.incoming_message)
class Refused(AbstractErrorHandler):
    def reply(self):
        return reply("AR", self.incoming_message)
class Server(MLLPServer):
    request_queue_size = 1024
server = Server("127.0.0.1", 0, {"ORU^R01^ORU_R01": (Taken,), "ERR": (Refused,)})
print('"port": %d,' % server.server_address[1], flush=True)
server.serve_forever()
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


def measured(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    size: tuple[int, int],
    *,
    often: bool = False,
) -> tuple[Sent, float]:
    """What came of the messages, and the most memory that the server held, in MiB."""
    server, port = started(command, folder, environment)
    try:
        sent = asyncio.run(soak(port, *size, often=often))
        status = Path(f"/proc/{server.pid}/status").read_text()
        return sent, int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
    finally:
        server.terminate()
        server.wait()


def counted(url: str, sent: Sent, messages: int) -> str:
    """What is in the store against what was acknowledged; empty where it is that."""
    store = open_store(url)
    with store.engine.begin() as connected:
        kept = Counter(connected.execute(select(message.c.control_id)).scalars())
        jobs = connected.execute(select(func.count()).select_from(job)).scalar_one()
    store.close()
    lost = [name for name in sent.acknowledged if not kept[name]]
    doubled = [name for name, times in kept.items() if times > 1]
    print(
        f"answers {dict(sent.answers)}: {len(lost)} lost, {len(doubled)} doubled, {jobs} jobs, {sent.wrong} wrong"
    )
    return (
        "" if not (lost or doubled or sent.wrong) and jobs == messages else "not all as it was acknowledged"
    )


def main() -> int:
    """Run and print what was counted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=5000, help="messages")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--peer", type=int, default=5000, help="messages of the two peers, at most")
    parser.add_argument("--processes", type=int, default=0, help="that check reports meanwhile")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    args = parser.parse_args()
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'store.db'}"
        if args.postgres:
            url = held.enter_context(PostgresServer()).url
        environment = os.environ | {
            "RADPROOF_STORE_URL": url,
            "RADPROOF_BATCH_PROCESSES": str(args.processes),
            "RADPROOF_MAX_WAITING": "100000000",
            "RADPROOF_LOG_LEVEL": "info",
        }
        print(
            f"{args.count} messages, {args.connections} connections, {'PostgreSQL' if args.postgres else 'SQLite'}, "
            f"{args.processes} processes checking, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        few = (min(args.peer, args.count), args.connections)
        for name, program in (("echo", ECHO), ("hl7apy", LIBRARY)):
            command = [sys.executable, "-c", program]
            peer, memory = measured(command, folder, dict(os.environ), few, often=name == "hl7apy")
            print(f"{peer.line(name)}   {memory:4.0f} MiB", flush=True)
        receiver = [sys.executable, "-m", "app.cli", "mllp", "--port", "0"]
        sent, memory = measured(receiver, folder, environment, (args.count, args.connections))
        print(f"{sent.line('radproof')}   {memory:4.0f} MiB   load {os.getloadavg()[0]:.1f}")
        problem = counted(url, sent, args.count)
    print(problem, end="\n" if problem else "")
    return int(bool(problem))


if __name__ == "__main__":
    sys.exit(main())

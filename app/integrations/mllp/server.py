"""A server of MLLP: any number of frames a connection, one answer each, in turn.

Memory is bounded in all: a connection may hold a little, and few at a time may hold a long message.
Connections that wait between two messages cost nothing but their socket; where there are too many, the
one that has been silent longest makes room.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol

import structlog

from app.integrations.mllp.framing import Decoder, Frame, framed

_CHUNK = 65_536  # bytes of one read
_LITTLE = 65_536  # bytes of a frame that every connection may hold
_MOST_LONG = 4  # longer frames in memory at one time
_MOST_JUNK = 65_536  # bytes outside of frames: who sends more does not speak MLLP
_HANDSHAKE_SECONDS = 10.0
_log = structlog.get_logger()

Network = IPv4Network | IPv6Network


class Answering(Protocol):
    """What gives the answers."""

    async def answer(self, frame: Frame) -> bytes | None:
        """The answer to a message, None for no answer."""

    def close(self) -> None:
        """Asked for no more; returns when all that it does is done."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and to whom.

    ``peers``: who may connect, anybody where empty. ``frame_seconds``: how long a frame may take to come,
    and an answer to leave.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    peers: Sequence[Network] = ()
    most_connections: int = 512
    frame_seconds: float = 30.0


@dataclass(eq=False, slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    decoder: Decoder = field(default_factory=Decoder)
    busy: bool = False  # a message is being answered
    since: float = 0.0  # its last frame began or ended

    @property
    def idle(self) -> bool:
        return not self.busy and not self.decoder.inside


class MllpServer:
    """Answers messages until it is closed."""

    def __init__(self, listening: Listening, answering: Answering) -> None:
        self._listening = listening
        self._answering = answering
        self._long = asyncio.Semaphore(_MOST_LONG)
        self._connections: dict[_Connection, None] = {}
        self._server: asyncio.Server | None = None
        self._closing = False

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("the server has not started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises OSError where that address cannot be used."""
        where = self._listening
        timeout = _HANDSHAKE_SECONDS if where.tls else None
        self._server = await asyncio.start_server(
            self._connected,
            where.host,
            where.port,
            ssl=where.tls,
            ssl_handshake_timeout=timeout,
            limit=_CHUNK // 2,
            backlog=1024,
        )

    async def close(self, seconds: float) -> None:
        """Take no more; messages that are being answered get their answer, within ``seconds``."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        deadline = asyncio.get_running_loop().time() + seconds
        for connection in list(self._connections):
            if not connection.busy:
                connection.writer.transport.abort()
        while self._connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.writer.transport.abort()
        self._answering.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(reader, writer, since=asyncio.get_running_loop().time())
        if not self._allowed(writer) or not self._room():
            writer.transport.abort()
            return
        self._connections[connection] = None
        try:
            await self._converse(connection)
        except (OSError, TimeoutError, ssl.SSLError) as error:
            _log.info("connection_lost", kind=type(error).__name__, inside=connection.decoder.inside)
        finally:
            del self._connections[connection]
            writer.close()
            with suppress(OSError, TimeoutError, ssl.SSLError):
                async with asyncio.timeout(_HANDSHAKE_SECONDS):
                    await writer.wait_closed()

    def _allowed(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        if not self._listening.peers or peer is None:  # None: it has gone already
            return peer is not None
        address = ip_address(peer[0].partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        allowed = any(address in network for network in self._listening.peers)
        if not allowed:
            _log.warning("peer_refused", peer=str(address))
        return allowed

    def _room(self) -> bool:
        """Room for one more; the connection that has been silent longest gives way."""
        if self._closing:
            return False
        if len(self._connections) < self._listening.most_connections:
            return True
        silent = min((item for item in self._connections if item.idle), key=_since, default=None)
        if silent is None:
            _log.warning("too_many_connections")
            return False
        silent.writer.transport.abort()
        silent.busy = True  # it is on its way out: the next one takes another
        return True

    async def _converse(self, connection: _Connection) -> None:
        """Read and answer until the peer is done. Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        decoder = connection.decoder
        async with AsyncExitStack() as held:
            long = False
            while not self._closing:
                if decoder.held > _LITTLE and not long:
                    async with asyncio.timeout_at(connection.since + self._listening.frame_seconds):
                        await self._long.acquire()
                    held.callback(self._long.release)
                    long = True
                deadline = connection.since + self._listening.frame_seconds if decoder.inside else None
                async with asyncio.timeout_at(deadline):
                    data = await connection.reader.read(_CHUNK)
                if not data:
                    return
                began = decoder.inside
                frames = decoder.feed(data)
                del data
                await self._answer(connection, frames)
                if frames or not began:
                    connection.since = loop.time()
                if frames and long and decoder.held <= _LITTLE:
                    await held.aclose()
                    long = False
                if decoder.junk > _MOST_JUNK:
                    _log.warning("not_mllp")
                    return

    async def _answer(self, connection: _Connection, frames: list[Frame]) -> None:
        while frames:
            frame = frames.pop(0)  # so that a long one is let go of when it is answered
            connection.busy = True
            try:
                reply = await self._answering.answer(frame)
                if reply is not None:
                    connection.writer.write(framed(reply))
                    async with asyncio.timeout(self._listening.frame_seconds):
                        await connection.writer.drain()
            finally:
                connection.busy = False


def _since(connection: _Connection) -> float:
    return connection.since

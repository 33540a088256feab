"""Tells a receiver over MLLP: one connection, one message, and the wait for its acknowledgment."""

import socket
import ssl
from dataclasses import dataclass
from time import monotonic

import structlog

from app.integrations.guard import ForbiddenAddressError, Guard
from app.integrations.hl7.header import header_of
from app.integrations.hl7.quality import Names, control_id, quality_message
from app.integrations.mllp.framing import Decoder, framed
from app.integrations.outgoing import Outcome, Outgoing
from app.storage.types import Endpoint

_MOST_ANSWER = 65_536  # bytes
_CHUNK = 16_384
_ANSWERED = {
    "AA": Outcome("delivered"),
    "CA": Outcome("delivered"),
    "AE": Outcome("again", "AE"),
    "CE": Outcome("again", "CE"),
    "AR": Outcome("refused", "AR"),
    "CR": Outcome("refused", "CR"),
}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MllpSender:
    """Sends what a check found as ORU^R01 to endpoints of kind ``mllp``.

    Their settings: ``host``, ``port``, ``tls``, and what stands in MSH-3 to MSH-6: ``application``, ``facility``,
    ``receiving_application``, ``receiving_facility``. ``seconds``: for connection, message and answer together.
    ``charset``: as ``quality_message`` has it.
    """

    guard: Guard
    seconds: float = 30.0
    charset: str | None = None

    def send(self, to: Endpoint, what: Outgoing) -> Outcome:
        """Make one attempt; never raises for what the endpoint or the way to it does.

        A decision is not told this way: it counts as delivered, with code ``not_told``.
        """
        message = quality_message(what, _names(to), self.charset)
        if message is None:
            return Outcome("delivered", "not_told")
        try:
            answer = self._asked(to, message)
        except ForbiddenAddressError as error:
            return Outcome("again", error.code)
        except TimeoutError:
            return Outcome("again", "timeout")
        except ssl.SSLError:
            return Outcome("again", "tls")
        except OSError:
            return Outcome("again", "unreachable")
        return _outcome(answer, control_id(what.id))

    def _asked(self, to: Endpoint, message: bytes) -> bytes | None:
        """The answer to a message; None where the receiver ends the connection, or sends no frame."""
        host, port = str(to.settings["host"]), int(to.settings["port"])
        end = monotonic() + self.seconds
        pinned = self.guard.address(host, port)
        with socket.create_connection(pinned, self.seconds) as plain:
            if not to.settings.get("tls", False):
                return _conversed(plain, message, end)
            trust = self._trust()
            plain.settimeout(_left(end))
            with trust.wrap_socket(plain, server_hostname=host) as secure:
                return _conversed(secure, message, end)

    def _trust(self) -> ssl.SSLContext:
        authorities = self.guard.authorities
        context = ssl.create_default_context(cafile=authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _conversed(peer: socket.socket, message: bytes, end: float) -> bytes | None:
    data = memoryview(framed(message))
    while data:
        peer.settimeout(_left(end))
        data = data[peer.send(data[:_CHUNK]) :]
    decoder = Decoder(_MOST_ANSWER)
    while True:
        peer.settimeout(_left(end))
        given = peer.recv(_CHUNK)
        if not given:
            return None
        frames = decoder.feed(given)
        if frames:
            return frames[0].message
        if decoder.junk > _MOST_ANSWER:
            return None


def _left(end: float) -> float:
    left = end - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _outcome(answer: bytes | None, sent: str) -> Outcome:
    """What an acknowledgment says of the message with that control id (MSA-1, MSA-2)."""
    if answer is None:
        return Outcome("again", "no_answer")
    mark = header_of(answer).marks[0]
    lines = answer.decode("latin-1").replace("\n", "\r").split("\r")
    said = next((line.split(mark) for line in lines if line.startswith("MSA" + mark)), [])
    if len(said) < 3 or said[2].strip() != sent or said[1].strip() not in _ANSWERED:
        _log.warning("wrong_acknowledgment")
        return Outcome("again", "wrong_answer")
    return _ANSWERED[said[1].strip()]


def _names(to: Endpoint) -> Names:
    given = {name: str(to.settings[name]) for name in Names.__slots__ if to.settings.get(name)}
    return Names(**given)

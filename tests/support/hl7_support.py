"""Invented HL7 v2 messages, and a peer that speaks MLLP."""

import socket
import ssl
from dataclasses import dataclass

_TEXT = "FINDINGS: Small left pleural effusion. IMPRESSION: Small right pleural effusion."


@dataclass(frozen=True)
class Invented:
    """An ORU^R01 or MDM^T02 with these fields."""

    control_id: str = "C1"
    filler: str = "ACC-1"
    text: str = _TEXT
    status: str = "F"
    sent: str = "20260105120000"
    told: str = ""
    application: str = "RIS"
    facility: str = "NORTH"
    kind: str = "ORU^R01^ORU_R01"
    processing: str = "P"
    version: str = "2.5.1"
    accept: str = ""
    application_mode: str = ""
    charset: str = "UNICODE UTF-8"
    line_status: str = "F"

    @property
    def segments(self) -> list[str]:
        header = (
            rf"MSH|^~\&|{self.application}|{self.facility}|RADPROOF|QA|{self.sent}||{self.kind}|{self.control_id}"
            f"|{self.processing}|{self.version}|||{self.accept}|{self.application_mode}||{self.charset}"
        )
        order = f"OBR|1|PL-1|{self.filler}|1^XR CHEST 2 VIEWS^L|||20260105113000" + "|" * 15 + self.told
        order += f"||RAD|{self.status}"
        lines = [f"OBX|1|TX|1^Report^L||{self.text}||||||{self.line_status}"] if self.text else []
        return [header, "PID|1||MRN-1||EXAMPLE^INVENTED||19640310|F", order, *lines]

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return ("\r".join(self.segments) + "\r").encode(encoding, errors)


class Peer:
    """A sender over one connection; use as a context manager."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, seconds: float = 30.0) -> None:
        plain = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self._rest = b""

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, message: bytes) -> None:
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")

    def answer(self) -> list[list[str]]:
        """The next answer: its segments, each its fields. Raises ConnectionError when the peer has gone."""
        while b"\x1c\r" not in self._rest:
            data = self.socket.recv(65_536)
            if not data:
                raise ConnectionError("closed")
            self._rest += data
        whole, _, self._rest = self._rest.partition(b"\x1c\r")
        return [
            segment.split("|") for segment in whole.lstrip(b"\x0b").decode("latin-1").split("\r") if segment
        ]

    def ask(self, message: bytes) -> str:
        """MSA-1 of the answer."""
        self.send(message)
        return self.answer()[1][1]

"""The messages of an HL7 v2 file, one at a time: bare, framed as in MLLP, or in batches (FHS, BHS; 2.10.3)."""

import io
from collections.abc import Iterator
from typing import IO

from app.integrations.hl7.read import MOST_BYTES

_CHUNK = 65_536
_ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")
_FRAME = b"\x0b\x1c\xef\xbb\xbf \t"


def messages(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Each message, segments ended by LF; None for one that is longer than MOST_BYTES.

    What stands before the first MSH comes as a message too: as none that can be read.
    """
    lines = io.BufferedReader(_Unified(stream), _CHUNK)
    message: list[bytes] = []
    size = 0
    while line := lines.readline(MOST_BYTES + 1):
        begins = line.lstrip(_FRAME)
        if begins.startswith(b"MSH") and message:
            yield _whole(message, size)
            message, size = [], 0
        if begins.startswith(_ENVELOPE) or not begins.strip(b"\n\x1c"):
            continue
        size += len(line)
        if size <= MOST_BYTES or not message:
            message.append(line[:MOST_BYTES])
    if message:
        yield _whole(message, size)


def _whole(message: list[bytes], size: int) -> bytes | None:
    return b"".join(message) if size <= MOST_BYTES else None


class _Unified(io.RawIOBase):
    """A stream whose segments all end in LF."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)

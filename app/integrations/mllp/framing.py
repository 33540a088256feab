"""Frames of MLLP (HL7 v2 transport specification, appendix C): 0x0B, the message, 0x1C 0x0D."""

from dataclasses import dataclass

BEGIN, END = b"\x0b", b"\x1c\r"
MOST_BYTES = 16 * 1_048_576
_HEAD = 8_192  # bytes kept of a message that is too long, for its answer


@dataclass(frozen=True, slots=True)
class Frame:
    """A message, or the beginning of one that is ``too_long``."""

    message: bytes
    too_long: bool = False


class Decoder:
    """Bytes in, frames out, however the bytes are cut. Holds at most ``most`` bytes and what it is given."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._buffer = bytearray()
        self._searched = 0
        self._head: bytes | None = None  # of a message that is too long
        self.inside = False
        """Whether a frame has begun and not ended."""
        self.junk = 0
        """Bytes so far that stood outside of frames."""

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in ``data``, in order."""
        self._buffer += data
        frames = []
        while self.inside or self._begin():
            frame = self._end()
            if frame is None:
                break
            frames.append(frame)
        return frames

    def _begin(self) -> bool:
        at = self._buffer.find(BEGIN)
        self.junk += len(self._buffer) if at < 0 else at
        del self._buffer[: len(self._buffer) if at < 0 else at + 1]
        self.inside, self._searched = at >= 0, 0
        return self.inside

    def _end(self) -> Frame | None:
        at = self._buffer.find(END, max(self._searched - 1, 0))
        if at < 0:
            self._searched = len(self._buffer)
            self._shorten()
            return None
        long = self._head is not None or at > self._most
        message = self._first(_HEAD if long else at) if self._head is None else self._head
        del self._buffer[: at + len(END)]
        self.inside, self._head = False, None
        return Frame(message, long)

    def _first(self, count: int) -> bytes:
        with memoryview(self._buffer) as view:
            return bytes(view[:count])

    def _shorten(self) -> None:
        """Of a message that is too long only its head is kept, and a last byte that may begin the end."""
        if len(self._buffer) - 1 > self._most and self._head is None:
            self._head = self._first(_HEAD)
        if self._head is not None:
            del self._buffer[:-1]
            self._searched = len(self._buffer)


def framed(message: bytes) -> bytes:
    """The frame of a message."""
    return BEGIN + message + END

"""Compressed data, read with counted bytes: headers are not believed."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import IO

from app.batch.intake.forms import IntakeLimits

CHUNK = 65_536
_FREE = 1_048_576  # bytes out that need no bytes in: small files of one repeated line are no bombs
_MOST_MEMBERS = 100_000


class UnpackError(Exception):
    """Compressed data that is not read on. The message is its code: compression_ratio, unpacked_too_large, broken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Counted(io.RawIOBase):
    """A seekable stream that counts what is read of it, and gives no more than ``most`` bytes at once."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._most = most
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes.

        Raises:
            UnpackError: too_many_entries, when asked for more than ``most``: only a list of entries is that long.
        """
        data = self._stream.read(self._most + 1 if size < 0 else min(size, self._most + 1))
        if len(data) > self._most:
            raise UnpackError("too_many_entries")
        self.taken += len(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place; one before the start is a broken archive."""
        if whence == io.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """True."""
        return True


class Budget:
    """How many bytes may still come out, over all that is unpacked of one file."""

    def __init__(self, limits: IntakeLimits, counted: Counted) -> None:
        self._left = limits.max_unpacked_bytes
        self._ratio = limits.max_ratio
        self._counted = counted

    def reader(self, read: Callable[[int], bytes]) -> io.BufferedReader:
        """A stream of what ``read`` unpacks, for as long as it stays within the limits."""
        return io.BufferedReader(_Bounded(self, read), CHUNK)

    def begin(self) -> int:
        """The bytes that were taken before a piece of it is unpacked."""
        return self._counted.taken

    def spend(self, out: int, total: int, begun: int) -> None:
        """Count ``out`` more bytes of a piece that came to ``total``.

        Raises:
            UnpackError: when that is too much.
        """
        self._left -= out
        if self._left < 0:
            raise UnpackError("unpacked_too_large")
        if total > _FREE + self._ratio * (self._counted.taken - begun):
            raise UnpackError("compression_ratio")


class _Bounded(io.RawIOBase):
    def __init__(self, budget: Budget, read: Callable[[int], bytes]) -> None:
        self._budget = budget
        self._read = read
        self._begun = budget.begin()
        self._total = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        try:
            data = self._read(len(buffer))
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            struct.error,
            ValueError,
            NotImplementedError,
        ) as error:
            raise UnpackError("broken") from error
        self._total += len(data)
        self._budget.spend(len(data), self._total, self._begun)
        buffer[: len(data)] = data
        return len(data)


class Gunzip:
    """The bytes within a gzip stream (RFC 1952) of one or more members; sums are checked."""

    def __init__(self, stream: Counted) -> None:
        self._stream = stream
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end.

        Raises:
            zlib.error, EOFError: when the data is broken or cut off.
        """
        while True:
            if self._member.eof and not self._next():
                return b""
            rest = self._rest or self._stream.read(CHUNK // 8)
            data = self._member.decompress(rest, size)
            self._rest = self._member.unused_data or self._member.unconsumed_tail
            if data:
                return data
            if not rest and not self._member.eof:
                raise EOFError

    def _next(self) -> bool:
        """Begin the next member, if there is one; zeros at the end pad."""
        self._rest = self._rest.lstrip(b"\0") or self._stream.read(CHUNK // 8).lstrip(b"\0")
        if not self._rest:
            return False
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise EOFError
        self._member = zlib.decompressobj(wbits=31)
        return True

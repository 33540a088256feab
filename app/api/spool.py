"""Request bodies of any length: to a file without a name, bounded, with the SHA-256 of what came."""

import errno
import hashlib
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, cast

from anyio import to_thread
from fastapi import Request

from app.errors import Problem

_MEMORY = 1024 * 1024  # bytes kept in memory before a file is used


@dataclass(frozen=True, slots=True)
class Spooled:
    """A body as it was sent: the file, at its start, and its SHA-256 in hexadecimal."""

    file: BinaryIO
    sha256: str


async def spooled(request: Request, most: int) -> Spooled:
    """The body of a request. Who takes it closes the file.

    Raises:
        Problem: 413 body_too_large, 507 disk_full.
        ClientDisconnect: the sender went away; nothing is left.
    """
    digest = hashlib.sha256()
    length = 0
    with ExitStack() as at_failure:
        file = cast(BinaryIO, at_failure.enter_context(tempfile.SpooledTemporaryFile(max_size=_MEMORY)))
        async for chunk in request.stream():
            length += len(chunk)
            if length > most:
                raise Problem(413, "body_too_large", f"The body may have {most} bytes.")
            digest.update(chunk)
            await to_thread.run_sync(_write, file, chunk)
        file.seek(0)
        at_failure.pop_all()  # from here on it is the caller's
    return Spooled(file, digest.hexdigest())


def _write(file: BinaryIO, chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise Problem(507, "disk_full", "There is no room to take it in.") from error
        raise

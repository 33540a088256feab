"""Parsers of hostile files run in a process of their own, started for each file, with bounded memory and time.

``run`` is the side of the service; ``serve`` that of the process, whose module calls it as its main function.
"""

import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

from app.integrations.incoming import IncomingError

_WALL_SECONDS = 15.0  # a busy machine gives the process little of its time; what it may use is far less
_CPU_SECONDS = 0.8
_MOST_MEMORY = 192 * 1_048_576  # bytes of addresses; interpreter and library take 60 MB of them
_REFUSED = 10  # status of a process that wrote a code instead of a result
_AT_ONCE = threading.BoundedSemaphore(4)


def run(module: str, raw: bytes) -> bytes:
    """What the main function of a module makes of a file.

    Raises:
        IncomingError: the code that the module raised; broken_document where it failed otherwise,
            document_too_costly where it took more memory or time than it may, reader_unavailable where no process
            can be started now.
    """
    command = [sys.executable, "-I", "-m", module]
    try:
        with _AT_ONCE:
            done = subprocess.run(  # noqa: S603  # our own module; it knows nothing of this process's environment
                command,
                input=raw,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=_WALL_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise IncomingError("document_too_costly") from error
    except OSError as error:
        raise IncomingError("reader_unavailable") from error
    if done.returncode < 0:  # a signal: its time was up, or the system ended it for want of memory
        raise IncomingError("document_too_costly")
    if done.returncode == _REFUSED:
        raise IncomingError(done.stdout.decode("ascii"))
    if done.returncode != 0:
        raise IncomingError("broken_document")
    return done.stdout


def serve(read: Callable[[bytes], bytes]) -> int:
    """Read standard input within limits, and write what ``read`` makes of it; the status to end with."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)  # nobody handles SIGPROF: it ends the process
    try:
        result, status = read(sys.stdin.buffer.read()), 0
    except MemoryError:
        result, status = b"document_too_costly", _REFUSED
    except IncomingError as error:
        result, status = error.code.encode("ascii"), _REFUSED
    sys.stdout.buffer.write(result)
    return status

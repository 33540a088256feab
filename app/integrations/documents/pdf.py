"""The text of a PDF, read in a process of its own with bounded memory and time."""

import subprocess
import sys
import threading

from app.integrations.documents import pdf_process
from app.integrations.incoming import IncomingError

MOST_BYTES = 16 * 1_048_576
_WALL_SECONDS = 15.0  # a busy machine gives the process little of its time; what it may use is far less
_AT_ONCE = threading.BoundedSemaphore(4)
_CODES = {
    pdf_process.TOO_COSTLY: "document_too_costly",
    pdf_process.ENCRYPTED: "encrypted_document",
    pdf_process.TOO_MANY_PAGES: "too_many_pages",
    pdf_process.TOO_LARGE: "document_too_large",
}


def pdf_text(raw: bytes) -> str:
    """The text of a PDF, page after page, as lines.

    Words cut at the end of a line are joined; lines that stand at the edge of several pages come once, page
    numbers not at all. At most ``pdf_process.MOST_PAGES`` pages.

    Raises:
        IncomingError: document_too_large, broken_document, document_too_costly (more memory or time than it may
            take), encrypted_document, too_many_pages, no_text (images only); reader_unavailable, when no process can
            be started now.
    """
    if len(raw) > MOST_BYTES:
        raise IncomingError("document_too_large")
    with _AT_ONCE:
        done = _run(raw)
    if done.returncode != 0:
        # a signal: the time was up, or the system ended it for want of memory
        too_costly = done.returncode < 0
        raise IncomingError(
            "document_too_costly" if too_costly else _CODES.get(done.returncode, "broken_document")
        )
    text = done.stdout.decode("utf-8", "replace")
    if not text.strip():
        raise IncomingError("no_text")
    return text


def _run(raw: bytes) -> "subprocess.CompletedProcess[bytes]":
    """The process; it knows nothing of this one's environment."""
    command = [sys.executable, "-I", "-m", pdf_process.__name__]
    try:
        return subprocess.run(  # noqa: S603  # our own module
            command,
            input=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=_WALL_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise IncomingError("document_too_costly") from error
    except OSError as error:
        raise IncomingError("reader_unavailable") from error

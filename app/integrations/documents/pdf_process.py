"""What reads one PDF from standard input and writes its text: a process that is started for each, with limits.

It ends with 0 after writing the text, or with one of the codes below; with any other where the file is broken.
"""

import resource
import signal
import sys
from collections.abc import Iterator

MOST_PAGES = 100
MOST_CHARACTERS = 1_048_576
TOO_COSTLY, ENCRYPTED, TOO_MANY_PAGES, TOO_LARGE = 10, 11, 12, 13
_MOST_MEMORY = 192 * 1_048_576  # bytes of addresses; interpreter and library take 58 MB of them
_CPU_SECONDS = 0.8


def main() -> int:
    """Read, write, and say how it went."""
    _confine()
    try:
        text = _text()
    except MemoryError:
        return TOO_COSTLY
    if isinstance(text, int):
        return text
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return 0


def _confine() -> None:
    """No more memory and time than a report takes, no file written, no trace of a crash on disk."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)  # nobody handles SIGPROF: it ends the process


def _text() -> str | int:
    """The text, or why there is none. The library is loaded within the limits too."""
    import io

    from pypdf import PdfReader

    from app.integrations.documents.layout import text_of_pages

    reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    if reader.is_encrypted and not reader.decrypt(""):
        return ENCRYPTED
    if len(reader.pages) > MOST_PAGES:
        return TOO_MANY_PAGES
    pages, length = [], 0
    for page in _pages(reader):
        pages.append(page)
        length += len(page)
        if length > MOST_CHARACTERS:
            return TOO_LARGE
    return text_of_pages(pages)


def _pages(reader: "PdfReader") -> Iterator[str]:  # type: ignore[name-defined]  # noqa: F821
    for page in reader.pages:
        yield page.extract_text()


if __name__ == "__main__":
    sys.exit(main())

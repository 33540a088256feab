"""Reports for a command: from a file or standard input, with a progress bar for who watches."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

from app.commands import CommandError
from app.limits import InadmissibleError, admit
from app.proofreading.report import SubmittedReport
from app.reading import read_each
from app.rows import Unreadable

_Read = TypeVar("_Read")


def reports(source: str, form: str | None, most: int) -> Iterator[SubmittedReport | Unreadable]:
    """The reports of a file, or of standard input for "-", and in their places the rows that are none.

    ``most``: bytes of a line, or of a whole text.

    Raises:
        CommandError: when the file cannot be read.
    """
    opened: Path | BinaryIO = Path(source)
    if source == "-":
        if sys.stdin is None:
            raise CommandError("standard input is closed")
        opened, form = sys.stdin.buffer, form or "text"
    try:
        for read in read_each(opened, form, most):
            yield replace(read, file=source) if isinstance(read, Unreadable) else read
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}") from error


def admitted(
    given: Iterable[SubmittedReport | Unreadable], max_text_bytes: int, leave_out: Callable[[], None]
) -> Iterator[SubmittedReport]:
    """The reports that may be checked; the others are named on standard error, with why.

    ``leave_out`` is called once for each of the others.
    """
    for read in given:
        if isinstance(read, Unreadable):
            _say(f"{read.file}: line {read.line}: {read.reason}; not checked")
        else:
            try:
                admit(read, max_text_bytes)
            except InadmissibleError as error:
                _say(f"report {_shown(read.report_id)} was not checked: {error}")
            else:
                yield read
                continue
        leave_out()


def progress(given: Iterable[_Read], *, talks: bool) -> Iterator[_Read]:
    """The same, with a bar on standard error when that is a terminal.

    ``talks``: answers are written meanwhile, so no bar when they go to a terminal too.
    """
    watched = sys.stderr.isatty() and not (talks and sys.stdout.isatty())
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not watched, transient=True) as bar:
        yield from bar.track(given, description="reports")


def _say(words: str) -> None:
    sys.stderr.write(f"radproof: {words}\n")


def _shown(name: str) -> str:
    return name if name.isprintable() else name.encode("unicode_escape").decode()

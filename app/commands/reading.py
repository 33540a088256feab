"""Reports for a command: from a file or standard input, with a progress bar for who watches."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

from app.commands import CommandError
from app.limits import InadmissibleError
from app.proofreading.report import SubmittedReport
from app.reading import ENCODING, ReadError, read_reports

_Item = TypeVar("_Item")


def reports(source: str, form: str | None) -> Iterator[SubmittedReport]:
    """The reports of a file, or of standard input for "-", line ends as they are.

    Raises:
        CommandError: when it cannot be read, at the first wrong line.
    """
    opened: Path | TextIO = Path(source)
    if source == "-":
        if sys.stdin is None:
            raise CommandError("standard input is closed")
        opened = io.TextIOWrapper(sys.stdin.buffer, encoding=ENCODING, newline="")
        form = form or "text"
    try:
        yield from read_reports(opened, form)
    except UnicodeDecodeError as error:
        raise CommandError(f"{source}: not UTF-8 text") from error
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}") from error
    except ReadError as error:
        raise CommandError(f"{source}: {error}") from error


def progress(given: Iterator[_Item], *, talks: bool) -> Iterator[_Item]:
    """The same items, with a bar on standard error when that is a terminal.

    ``talks``: answers are written meanwhile, so no bar when they go to a terminal too.
    """
    watched = sys.stderr.isatty() and not (talks and sys.stdout.isatty())
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not watched, transient=True) as bar:
        yield from bar.track(given, description="reports")


def refused(report_id: str, error: InadmissibleError) -> None:
    """Name on standard error a report that is left out, and why."""
    shown = report_id.encode("unicode_escape").decode() if not report_id.isprintable() else report_id
    sys.stderr.write(f"radproof: report {shown} was not checked: {error}\n")

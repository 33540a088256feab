"""What ``python -m kg_ingest`` shows and asks: progress, licences, a password."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from kg_ingest.licences import TERMS, check_acknowledged
from kg_ingest.output import whole_file
from kg_ingest.staging import Progress as Watcher
from kg_ingest.staging import silent


@contextmanager
def progress_bar() -> Iterator[Watcher]:
    """Bars on the terminal, one per phase: rows, rows per second, time left; silent elsewhere."""
    if not sys.stderr.isatty():
        yield silent
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.speed:>9,.0f}/s", justify="right"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(phase: str, done: int, total: int | None) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total)
            bars.update(tasks[phase], completed=done, total=total)

        yield watch


def acknowledge(keys: set[str], given: set[str]) -> tuple[str, ...]:
    """Show the notice of every source and have the licensed ones acknowledged, by flag or at the prompt.

    Returns the keys of what was acknowledged.

    Raises:
        LicenceError: when one was not.
    """
    for key in sorted(keys):
        sys.stderr.write(f"{TERMS[key].title}: {TERMS[key].notice}\n")
    asked = {key for key in keys if TERMS[key].asked}
    if sys.stdin.isatty():
        for key in sorted(asked - given):
            answer = input(f"Do you hold the {TERMS[key].title} and accept it? Type yes: ")
            if answer.strip().lower() == "yes":
                given = given | {key}
    check_acknowledged(asked, given)
    return tuple(sorted(asked))


def password(file: Path | None) -> str:
    """From a file, RADPROOF_GRAPH_PASSWORD, or asked for at the terminal.

    Raises:
        ValueError: when there is no file, no variable and no terminal, or the file holds no text.
        OSError: when the file cannot be read.
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError as error:
            raise ValueError(f"{file} is not UTF-8") from error
    if held := os.environ.get("RADPROOF_GRAPH_PASSWORD"):
        return held
    if not sys.stdin.isatty():
        raise ValueError(
            "a server's password comes from --password-file or RADPROOF_GRAPH_PASSWORD, or is asked for at a terminal"
        )
    return getpass.getpass("Neo4j password: ")


def print_json(document: object) -> None:
    """To standard output, for programs and people alike."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def complain(message: str) -> None:
    """One line to standard error."""
    sys.stderr.write(f"kg_ingest: {message}\n")


def check_writable(*paths: Path | None) -> None:
    """Before a load: the files for its lists can be made; what is in them stays for now.

    Raises:
        OSError: with the file's name, when one cannot.
    """
    for path in paths:
        if path is not None:
            path.open("a").close()


def write_table(path: Path | None, header: str, rows: Callable[[], Iterable[tuple[object, ...]]]) -> None:
    """Rows as tab-separated lines, when a file was asked for.

    Raises:
        OSError: with the file's name, when it cannot be written.
    """
    if path is None:
        return
    with whole_file(path) as stream:
        stream.write(header + "\n")
        stream.writelines("\t".join(map(str, row)) + "\n" for row in rows())

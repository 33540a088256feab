"""``radproof summary``: the results of a batch, or of several days, as one page and one PDF."""

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from app.batch.results import ResultLine
from app.batch.summary.blocks import reports
from app.batch.summary.render import render_html, render_pdf
from app.batch.summary.summarise import summarise
from app.batch.summary.types import Summary
from app.commands import CommandError
from app.commands.reading import progress
from app.reading import ENCODING

_DEPTH = 3  # names of a place in a line: deeper ones may be the sender's own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "sources", metavar="RESULTS", nargs="+", help="results as JSON lines; - for standard input"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="write summary.html and summary.pdf there"
    )
    parser.add_argument("--paper", choices=("a4", "us-letter"), default="a4", help="of the PDF (default: a4)")


def run(args: argparse.Namespace) -> int:
    """Summarise every line; 0 when both files are written, also where reports have errors."""
    lines = chain.from_iterable(_lines(source) for source in args.sources)
    batch = ", ".join("standard input" if source == "-" else Path(source).stem for source in args.sources)
    summary = summarise(progress(lines, talks=False), batch)
    page, pdf = render_html(summary), render_pdf(summary, args.paper)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "summary.html").write_text(page, encoding="utf-8")
    (args.out / "summary.pdf").write_bytes(pdf)
    sys.stdout.write(_told(summary) + f"\n{args.out / 'summary.html'}\n{args.out / 'summary.pdf'}\n")
    return 0


def _told(summary: Summary) -> str:
    flags, checked = summary.flags, summary.checked.reports
    return (
        f"{reports(summary.reports)}: {checked:,} checked, {summary.reports - checked:,} not checked; "
        f"{flags.flags:,} flags in {reports(flags.flagged)}"
    )


def _lines(source: str) -> Iterator[ResultLine]:
    """The result lines of a file, or of standard input for "-".

    Raises:
        CommandError: when it cannot be read, at the first line that is no result.
    """
    try:
        with _opened(source) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _line(line, f"{source}: line {number}")
    except UnicodeDecodeError as error:
        raise CommandError(f"{source}: not UTF-8 text") from error
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}") from error


def _line(text: str, place: str) -> ResultLine:
    """The line, or where it is wrong, without its words."""
    try:
        return ResultLine.model_validate_json(text)
    except ValidationError as error:
        names = "/".join(map(str, error.errors(include_input=False)[0]["loc"][:_DEPTH]))
        raise CommandError(f"{place}: not a result of a batch{names and f' ({names})'}") from error


def _opened(source: str) -> TextIO | nullcontext[TextIO]:
    if source != "-":
        return Path(source).open(encoding=ENCODING)
    if sys.stdin is None:
        raise CommandError("standard input is closed")
    return nullcontext(io.TextIOWrapper(sys.stdin.buffer, encoding=ENCODING))

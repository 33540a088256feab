"""``radproof compare``: a candidate (preliminary) report against its reference (final)."""

import argparse
import sys
from itertools import islice

from app.api.comparison import ComparedReportsOut
from app.commands import CommandError
from app.commands.parts import build, settings
from app.commands.reading import reports
from app.comparison_view import show
from app.limits import InadmissibleError, admit_pair
from app.proofreading.comparison.compare import compare_reports
from app.proofreading.comparison.types import ReportPair
from app.proofreading.report import SubmittedReport
from app.rows import Unreadable
from app.terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("candidate", metavar="CANDIDATE", help="file of the report to judge; - for stdin")
    parser.add_argument("reference", metavar="REFERENCE", help="file of the report it is held against")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Compare; 0 without significant errors, 1 with some, 2 when the reports could not be compared."""
    if args.json:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # JSON is, whatever the terminal
    if args.candidate == args.reference == "-":
        raise CommandError("standard input holds one report: give a file for the other")
    limits = settings()
    pair = ReportPair(*(_one(source, limits.max_body_bytes) for source in (args.candidate, args.reference)))
    try:
        admit_pair(pair, limits.max_text_bytes)
    except InadmissibleError as error:
        raise CommandError(str(error)) from error
    services = build(limits)
    try:
        compared = compare_reports(pair, services)
    finally:
        services.close()
    if args.json:
        sys.stdout.write(ComparedReportsOut.of(compared).model_dump_json() + "\n")
    else:
        Terminal(highlight=False).print(show(compared))
    if not compared.coverage.compared:
        return 2
    return int(any(found.significant for found in compared.discrepancies))


def _one(source: str, most: int) -> SubmittedReport:
    """The only report of a file."""
    first, *more = [*islice(reports(source, None, most), 2), None]
    if first is None:
        raise CommandError(f"{source}: holds no report")
    if isinstance(first, Unreadable):
        raise CommandError(f"{source}: line {first.line}: {first.reason}")
    if len(more) > 1:
        raise CommandError(f"{source}: holds more than one report")
    return first

"""``radproof check``: reports from text, JSONL, CSV, PDF, CDA or DICOM, to the terminal or as JSON lines."""

import argparse
import sys
from dataclasses import fields, replace
from itertools import chain

from pydantic import ValidationError

from app.api.schemas import CheckedReportOut, ContextIn
from app.commands import CommandError
from app.commands.parts import build, settings
from app.commands.reading import admitted, progress, reports
from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport
from app.rows import Unreadable
from app.services import Services
from app.strict_json import loads
from app.terminal import Tally, Terminal, show, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "sources",
        metavar="FILE",
        nargs="+",
        help="text, .jsonl, .csv, .pdf, .xml, .dcm; - for standard input",
    )
    parser.add_argument("--format", choices=("text", "jsonl", "csv"), help="instead of the file's ending")
    parser.add_argument("--json", action="store_true", help="print one JSON object a report")
    parser.add_argument(
        "--context-json",
        metavar="OBJECT",
        help='order and patient, e.g. \'{"laterality": "left"}\'; fills what a report does not say itself',
    )


def run(args: argparse.Namespace) -> int:
    """Check every report; 0 when none has errors, 1 when one has, 2 when one was not checked."""
    if args.json:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # JSON is, whatever the terminal
    context = _context(args.context_json)
    limits = settings()
    services = build(limits)
    tally = Tally()
    out = Terminal(highlight=False)
    sources = chain.from_iterable(
        reports(source, args.format, limits.max_body_bytes) for source in args.sources
    )
    try:
        given = (_filled(read, context) for read in progress(sources, talks=True))
        for report in admitted(given, limits.max_text_bytes, tally.leave_out):
            _answer(report, services, tally, None if args.json else out)
    finally:
        services.close()
    if not tally.refused and not tally.checked:
        raise CommandError(f"{', '.join(args.sources)}: no report")
    if not args.json:
        out.print(summary(tally))
    return 2 if tally.refused or tally.unread else int(tally.with_errors > 0)


def _answer(submitted: SubmittedReport, services: Services, tally: Tally, out: Terminal | None) -> None:
    checked = check_report(submitted, services)
    tally.add(checked)
    if out is None:
        sys.stdout.write(CheckedReportOut.of(checked).model_dump_json() + "\n")
        sys.stdout.flush()  # who reads along gets each answer at once
    else:
        out.print(show(checked))


def _context(given: str | None) -> Context:
    if given is None:
        return Context()
    try:
        return ContextIn.model_validate(loads(given)).to_domain()
    except (ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise CommandError("--context-json: not JSON, or with a key twice") from error
        places = ", ".join("/".join(map(str, item["loc"])) or item["type"] for item in error.errors())
        known = ", ".join(ContextIn.model_fields)
        raise CommandError(f"--context-json: wrong: {places} (known: {known})") from error


def _filled(read: SubmittedReport | Unreadable, given: Context) -> SubmittedReport | Unreadable:
    """``read``, with what its context does not say taken from ``given``."""
    if isinstance(read, Unreadable):
        return read
    missing = [item.name for item in fields(given) if getattr(read.context, item.name) is None]
    return replace(read, context=replace(read.context, **{name: getattr(given, name) for name in missing}))

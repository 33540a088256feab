"""``radproof check``: reports from text, JSONL or CSV, to the terminal or as JSON lines."""

import argparse
import sys
from dataclasses import fields, replace
from itertools import chain

from pydantic import ValidationError

from app.api.schemas import CheckedReportOut, ContextIn
from app.commands import CommandError
from app.commands.parts import build, settings
from app.commands.reading import progress, refused, reports
from app.limits import InadmissibleError, admit
from app.proofreading.check import check_report
from app.proofreading.report import Context, SubmittedReport
from app.services import Services
from app.strict_json import loads
from app.terminal import Tally, Terminal, show, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "sources", metavar="FILE", nargs="+", help="text, .jsonl or .csv; - for standard input"
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
    try:
        given = chain.from_iterable(reports(source, args.format) for source in args.sources)
        for report in progress(given, talks=True):
            submitted = replace(report, context=_filled(report.context, context))
            try:
                admit(submitted, limits.max_text_bytes)
            except InadmissibleError as error:
                tally.refused += 1
                refused(submitted.report_id, error)
                continue
            _answer(submitted, services, tally, None if args.json else out)
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


def _filled(own: Context, given: Context) -> Context:
    """``own``, with what it does not say taken from ``given``."""
    missing = [item.name for item in fields(own) if getattr(own, item.name) is None]
    return replace(own, **{name: getattr(given, name) for name in missing})

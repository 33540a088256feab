"""``radproof evaluate``: how well errors are found, on any file of reports."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.commands import CommandError
from app.commands.parts import build, settings
from app.evaluation.build import injected, negatives
from app.evaluation.injectors import INJECTORS
from app.evaluation.medec import read_medec, score_medec
from app.evaluation.render import document, markdown, plot
from app.evaluation.run import Check, measure
from app.evaluation.score import Outcome
from app.evaluation.splits import is_reference, split_of
from app.evaluation.summary import summarize
from app.proofreading.check import check_report
from app.proofreading.report import ErrorType, SubmittedReport
from app.reading import ReadError, read_reports
from app.references import IndexedReferences, records
from app.services import ConfigurationError, Services, bundled_reports, open_embedder
from models.embedder import EmbedderError
from models.reference_index import ReferenceIndex, ReferenceIndexError

_SPLITS = ("all", "dev", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "--reports", type=Path, metavar="FILE", help="CSV or JSONL (default: the invented reports)"
    )
    parser.add_argument("--medec", type=Path, metavar="FILE", help="score a MEDEC file instead")
    parser.add_argument(
        "--inject", default="all", metavar="TYPES", help="error types, comma separated; all; none"
    )
    parser.add_argument(
        "--per-type", type=int, default=60, help="most injected errors of one type (default: 60)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="use the first so many reports only")
    parser.add_argument("--split", choices=_SPLITS, default="all", help="part of the evaluated half")
    parser.add_argument(
        "--index", choices=("half", "configured", "none"), default="half",
        help="references: the other half of the reports, the configured index, or none",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="write evaluation.md, .json and .png there")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 when done."""
    try:
        return _medec(args) if args.medec is not None else _evaluate(args)
    except (ReadError, OSError, ReferenceIndexError, EmbedderError, ConfigurationError) as error:
        raise CommandError(str(error)) from error


def _evaluate(args: argparse.Namespace) -> int:
    every = list(bundled_reports() if args.reports is None else read_reports(args.reports))[: args.limit]
    judged = [
        r for r in every if not is_reference(r.report_id) and args.split in ("all", split_of(r.report_id))
    ]
    if not judged:
        raise CommandError("no report is left to evaluate: give more reports or another split")
    services = _services(args, [report for report in every if is_reference(report.report_id)])
    check = partial(check_report, services=services)
    items = [*negatives(judged, args.seed), *injected(judged, _types(args.inject), args.per_type, args.seed)]
    ours: list[Outcome] = []
    plain: list[Outcome] = []
    for number, (first, second) in enumerate(measure(items, check), start=1):
        ours.append(first)
        plain.append(second)
        _tell(number, len(items))
    _print(args, ours, plain, len(judged))
    services.knowledge.close()
    return 0


def _types(names: str) -> list[ErrorType]:
    if names in ("all", "none"):
        return list(INJECTORS) if names == "all" else []
    try:
        return [ErrorType(name.strip()) for name in names.split(",")]
    except ValueError as error:
        raise CommandError(f"--inject: {error}") from error


def _services(args: argparse.Namespace, references: list[SubmittedReport]) -> Services:
    if args.index == "configured":
        return build(settings())
    plain = settings().model_copy(update={"references_k": 0})
    services = build(plain)
    if args.index == "none" or not references:
        return services
    made = records(references, services.extractor, services.knowledge)
    index = ReferenceIndex.build(made, open_embedder(plain), "the reference half")
    return replace(services, references=IndexedReferences(index), references_k=4)


def _print(args: argparse.Namespace, ours: list[Outcome], plain: list[Outcome], reports: int) -> None:
    first, second = summarize(ours), summarize(plain)
    chosen = {
        "reports": reports,
        "seed": args.seed,
        "split": args.split,
        "per_type": args.per_type,
        "index": args.index,
    }
    table = markdown(
        f"{reports} reports, split {args.split}, seed {args.seed}, references: {args.index}", first, second
    )
    text = json.dumps(document(first, second, chosen), indent=2) + "\n"
    sys.stdout.write(text if args.json else table)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "evaluation.md").write_text(table, encoding="utf-8")
        (args.out / "evaluation.json").write_text(text, encoding="utf-8")
        try:
            plot(first, second, args.out / "evaluation.png")
        except ImportError:
            sys.stderr.write("radproof: no plot: install the extra 'plot'\n")


def _medec(args: argparse.Namespace) -> int:
    services = build(settings().model_copy(update={"references_k": 0}))
    check: Check = partial(check_report, services=services)
    scored = score_medec(list(read_medec(args.medec))[: args.limit], check)
    for name, found in (
        ("error flag", scored.flag),
        ("error sentence", scored.sentence),
        ("flagged", scored.flagged),
    ):
        sys.stdout.write(
            f"{name}: {found.value:.3f} ({found.low:.3f}-{found.high:.3f}; {found.hits}/{found.total})\n"
        )
    services.knowledge.close()
    return 0


def _tell(number: int, total: int, write: Callable[[str], int] = sys.stderr.write) -> None:
    if sys.stderr.isatty() and (number % 20 == 0 or number == total):
        write(f"\r{number}/{total} items" + ("\n" if number == total else ""))

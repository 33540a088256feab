"""``radproof evaluate``: how well errors are found, on any file of reports."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.commands import CommandError
from app.commands.parts import build, settings
from app.evaluation.ablation import Archive, ablate, arms
from app.evaluation.build import PAPER, Items, Plan, gather, of_labelled
from app.evaluation.families import FAMILIES
from app.evaluation.green import read_pairs, score_pairs
from app.evaluation.inputs import halves, plan, setup
from app.evaluation.items import Item
from app.evaluation.labelled import read_labelled
from app.evaluation.llm_modes_command import llm_modes
from app.evaluation.medec import read_medec, score_medec
from app.evaluation.plots import plot
from app.evaluation.render import ablation, markdown
from app.evaluation.results import Results, analyse, document
from app.evaluation.run import MOST_JOBS, Both, Check, Setup, cores, measure_all
from app.evaluation.splits import split_of
from app.evaluation.summary import Summary, summarize
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.reading import ReadError
from app.services import ConfigurationError
from models.embedder import EmbedderError
from models.reference_index import ReferenceIndexError

_SPLITS = ("all", "dev", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "--reports", type=Path, metavar="FILE", help="CSV or JSONL (default: the invented reports)"
    )
    parser.add_argument(
        "--labelled", type=Path, nargs="+", metavar="FILE", help="JSONL of reports with marked errors instead"
    )
    parser.add_argument(
        "--green", type=Path, metavar="FILE", help="compare the pairs of a JSONL file instead"
    )
    parser.add_argument("--medec", type=Path, metavar="FILE", help="score a MEDEC file instead")
    parser.add_argument(
        "--llm-modes",
        nargs="?",
        const="all",
        metavar="MODES",
        help="measure the configured language model alone, in these modes (default: all), beside the detectors",
    )
    parser.add_argument("--most", type=int, metavar="N", help="with --llm-modes: a sample of so many items")
    names = ", ".join((*FAMILIES, PAPER))
    parser.add_argument(
        "--family", default="house", metavar="NAMES", help=f"families of injected errors: {names}; all"
    )
    parser.add_argument(
        "--inject", default="all", metavar="TYPES", help="error types, comma separated; all; none"
    )
    parser.add_argument(
        "--per-type", type=int, default=60, help="most injected errors of one type and seed (default: 60)"
    )
    parser.add_argument(
        "--seeds", default="1", metavar="NUMBERS", help="seeds whose items are pooled, comma separated"
    )
    parser.add_argument("--limit", type=int, help="use the first so many reports only")
    parser.add_argument("--split", choices=_SPLITS, default="all", help="part of the evaluated half")
    parser.add_argument(
        "--index", choices=("half", "configured", "none"), default="half",
        help="references: the other half of the reports, the configured index, or none",
    )  # fmt: skip
    parser.add_argument(
        "--ablation", action="store_true", help="measure with parts of the archive left out instead"
    )
    parser.add_argument(
        "--embedder", type=Path, metavar="DIR", help="with --ablation: another embedding model to compare"
    )
    parser.add_argument("--profile", action="store_true", help="print what each threshold would bring")
    parser.add_argument(
        "--jobs", type=int, default=min(MOST_JOBS, cores()),
        help=f"processes (default: one a core, at most {MOST_JOBS})",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="write evaluation.md, .json and .png there")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 when done."""
    try:
        if args.green is not None:
            return _green(args)
        if args.llm_modes is not None:
            return llm_modes(args)
        if args.labelled is not None:
            return _labelled(args)
        return _medec(args) if args.medec is not None else _evaluate(args)
    except (ReadError, OSError, ReferenceIndexError, EmbedderError, ConfigurationError) as error:
        raise CommandError(str(error)) from error


def _labelled(args: argparse.Namespace) -> int:
    every = [item for path in args.labelled for item in read_labelled(path)]
    items = of_labelled([i for i in every if args.split in ("all", split_of(i.report.report_id))])
    if not items.all():
        raise CommandError("no report is left to evaluate: give more reports or another split")
    setup = Setup(
        settings() if args.index == "configured" else settings().model_copy(update={"references_k": 0})
    )
    results = analyse(items, _outcomes(items, setup, args.jobs))
    chosen = {
        "reports": len(items.all()),
        "source": ", ".join(path.name for path in args.labelled),
        "families": list(items.families),
        "seeds": [],
        "split": args.split,
        "index": "configured" if args.index == "configured" else "none",
        "negatives": len(items.negatives),
        "checked": len(items.all()),
    }
    _print(args, results, chosen)
    return 0


def _evaluate(args: argparse.Namespace) -> int:
    chosen = plan(args)
    judged, references = halves(args)
    items = gather(judged, chosen)
    if args.ablation:
        return _ablation(args, items, references)
    with setup(args.index, references) as opening:
        results = analyse(items, _outcomes(items, opening, args.jobs))
    _print(args, results, _chosen(args, chosen, items, len(judged)))
    return 0


def _ablation(args: argparse.Namespace, items: Items, references: Sequence[SubmittedReport]) -> int:
    def measured(setting: Setup) -> Summary:
        return summarize([ours for ours, _ in _outcomes(items, setting, args.jobs).values()])

    with TemporaryDirectory() as folder:
        rows = list(ablate(Archive(references, Path(folder), settings()), arms(args.embedder), measured))
    title = f"Ablation: {len(items.all())} items, {len(references)} references, split {args.split}"
    sys.stdout.write(ablation(title, rows))
    return 0


def _outcomes(items: Items, setup: Setup, jobs: int) -> dict[Item, Both]:
    every = items.all()
    outcomes = {}
    for item, both in zip(every, measure_all(every, setup, jobs), strict=True):
        outcomes[item] = both
        _tell(len(outcomes), len(every))
    return outcomes


def _chosen(args: argparse.Namespace, plan: Plan, items: Items, reports: int) -> dict[str, Any]:
    return {
        "reports": reports,
        "source": "invented" if args.reports is None else args.reports.name,
        "families": list(plan.families),
        "seeds": list(plan.seeds),
        "split": args.split,
        "per_type": plan.per_type,
        "index": args.index,
        "negatives": len(items.negatives),
        "checked": len(items.all()),
    }


def _print(args: argparse.Namespace, results: Results, chosen: dict[str, Any]) -> None:
    seeds = ", ".join(map(str, chosen["seeds"]))
    seed = f", seed {seeds}" if seeds else ""
    title = f"{chosen['reports']} reports, split {args.split}{seed}, references: {chosen['index']}"
    table = markdown(title, results, profile=args.profile)
    text = json.dumps(document(results, chosen), indent=2) + "\n"
    sys.stdout.write(text if args.json else table)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "evaluation.md").write_text(table, encoding="utf-8")
        (args.out / "evaluation.json").write_text(text, encoding="utf-8")
        try:
            plot(results, args.out / "evaluation.png")
        except ImportError:
            sys.stderr.write("radproof: no plot: install the extra 'plot'\n")


def _green(args: argparse.Namespace) -> int:
    chosen = settings().model_copy(update={"references_k": 0})
    services = build(chosen)
    try:
        pairs = list(islice(read_pairs(args.green), args.limit))
        if not pairs:
            raise CommandError(f"{args.green}: holds no pair")
        scored = score_pairs(pairs, services, chosen.max_text_bytes)
    finally:
        services.close()
    sys.stdout.write(json.dumps(scored.document(), indent=2) + "\n" if args.json else scored.markdown())
    return 0


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
    services.close()
    return 0


def _tell(number: int, total: int, write: Callable[[str], int] = sys.stderr.write) -> None:
    if sys.stderr.isatty() and (number % 20 == 0 or number == total):
        write(f"\r{number}/{total} items" + ("\n" if number == total else ""))

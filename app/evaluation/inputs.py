"""What an evaluation takes from its arguments: reports, what to inject, references."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from app.commands import CommandError
from app.commands.parts import settings
from app.evaluation.ablation import Archive, Arm
from app.evaluation.build import PAPER, Plan
from app.evaluation.families import FAMILIES
from app.evaluation.run import Setup
from app.evaluation.splits import is_reference, split_of
from app.proofreading.report import ErrorType, SubmittedReport
from app.reading import read_reports
from app.services import bundled_reports


def halves(args: argparse.Namespace) -> tuple[list[SubmittedReport], list[SubmittedReport]]:
    """The reports to evaluate, and those that become references.

    Raises:
        CommandError: when none is left to evaluate.
    """
    given = bundled_reports() if args.reports is None else read_reports(args.reports)
    every = list(islice((report for report in given if report.text.strip()), args.limit))
    chosen = [r for r in every if judged(args, r.report_id)]
    if not chosen:
        raise CommandError("no report is left to evaluate: give more reports or another split")
    return chosen, [r for r in every if is_reference(r.report_id)]


def judged(args: argparse.Namespace, report_id: str) -> bool:
    """True for the part of the evaluated half that was asked for."""
    return not is_reference(report_id) and args.split in ("all", split_of(report_id))


def plan(args: argparse.Namespace) -> Plan:
    """What to inject.

    Raises:
        CommandError: naming the argument that says something unknown.
    """
    known = (*FAMILIES, PAPER)
    families = known if args.family == "all" else tuple(words(args.family))
    unknown = [name for name in families if name not in known]
    if unknown or not families:
        raise CommandError(
            f"--family: {', '.join(unknown) or 'none'}: give some of {', '.join(known)}, or all"
        )
    try:
        seeds = tuple(int(word) for word in words(args.seeds))
    except ValueError as error:
        raise CommandError(f"--seeds: {error}") from error
    if not seeds:
        raise CommandError("--seeds: give at least one")
    return Plan(families, _types(args.inject), args.per_type, seeds)


def _types(names: str) -> tuple[ErrorType, ...]:
    if names in ("all", "none"):
        return tuple(ErrorType) if names == "all" else ()
    try:
        return tuple(ErrorType(name) for name in words(names))
    except ValueError as error:
        raise CommandError(f"--inject: {error}") from error


def words(names: str) -> list[str]:
    """Names separated by commas, each once."""
    return list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))


@contextmanager
def setup(index: str, references: Sequence[SubmittedReport]) -> Iterator[Setup]:
    """What processes need; an index of ``references`` is made in a folder that goes away afterwards."""
    if index == "configured":
        yield Setup(settings())
        return
    plain = settings().model_copy(update={"references_k": 0})
    if index == "none" or not references:
        yield Setup(plain)
        return
    with TemporaryDirectory() as folder:
        yield Archive(references, Path(folder), plain).setup(Arm("all"))

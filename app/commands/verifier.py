"""``radproof verifier fit``: a site's confidences, from what its radiologists accepted and overrode."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from app.batch.results import ResultLine
from app.commands import CommandError
from app.commands.parts import settings
from app.evaluation.fitting import Fitted, Judged, assess, fit, held_out
from app.proofreading.profile import MEDIUM
from app.proofreading.review.policy import RULE as REVIEWED
from app.proofreading.verifier import Verifier, VerifierError, keys_of, read_verifier, write_verifier
from app.services import DEFAULT_SITE

LEAST = 100
"""Fewest decisions that anything is learnt from."""

LEAST_OF_EACH = 15
"""Fewest accepted, and fewest overridden, among them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    action = actions.add_parser("fit", help="learn from the decisions in results of batches")
    action.add_argument("results", type=Path, nargs="+", metavar="FILE", help="results of batches, NDJSON")
    action.add_argument("--dry-run", action="store_true", help="print what would change; write nothing")


def run(args: argparse.Namespace) -> int:
    """Fit, print before and after, and write the site's file where it helps; 0 when written or tried, else 1."""
    folder = settings().site_dir or DEFAULT_SITE
    try:
        standing = read_verifier(folder)
    except VerifierError as error:
        raise CommandError(str(error)) from error
    judged = list(_judged(args.results, standing))
    accepted = sum(one.right for one in judged)
    if len(judged) < LEAST or min(accepted, len(judged) - accepted) < LEAST_OF_EACH:
        raise CommandError(
            f"{accepted} errors accepted and {len(judged) - accepted} overridden: too few to learn from; "
            f"give at least {LEAST} decisions, {LEAST_OF_EACH} of each kind"
        )
    before = assess(judged, [one.confidence for one in judged], MEDIUM)
    after = assess(judged, held_out(judged), MEDIUM)
    sys.stdout.write(f"{len(judged)} decisions, {accepted} accepted; five folds by report\n")
    sys.stdout.writelines(_row(*row) for row in (("as shipped", before), ("fitted", after)))
    if args.dry_run:
        return 0
    if after.brier >= before.brier:
        sys.stdout.write("not better on reports that were held out: nothing written\n")
        return 1
    remark = f"Written by radproof verifier fit from {len(judged)} decisions, {accepted} accepted."
    path = write_verifier(folder, fit(judged), remark)
    sys.stdout.write(f"written to {path}; a running service reads it at its next start\n")
    return 0


def _row(name: str, one: Fitted) -> str:
    share = f"{one.right / one.shown:.3f}" if one.shown else "-"
    return f"{name:<10}  Brier {one.brier:.3f}  from {MEDIUM} on: {one.shown} shown, {one.right} accepted, PPV {share}\n"


def _judged(paths: Iterable[Path], standing: Verifier) -> Iterator[Judged]:
    """Every error with a decision, the last one counts, at its shipped confidence.

    Raises:
        CommandError: at a line that is no result, names no error, or was checked with another verifier.
    """
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        yield from _of_line(ResultLine.model_validate_json(line), standing)
                    except (ValidationError, KeyError) as error:
                        raise CommandError(
                            f"{path}, line {number}: not a result with its decisions"
                        ) from error
                    except VerifierError as error:
                        raise CommandError(f"{path}, line {number}: {error}") from error


def _of_line(line: ResultLine, standing: Verifier) -> Iterator[Judged]:
    if line.checked is None:
        return
    used = line.checked.versions.verifier
    if line.decisions and used not in (None, standing.version):
        raise VerifierError("checked with another verifier than the site's present one")
    errors = {error.id: error for error in line.checked.errors}
    last = {one.error_id: one.outcome for one in sorted(line.decisions, key=lambda one: one.at)}
    for error_id, outcome in last.items():
        error = errors[error_id]
        if error.rule == REVIEWED:  # a model's own: its confidence is not the rules'
            continue
        keys = keys_of(error.rule, error.type.value, error.section.value)
        shipped = standing.moved(error.confidence, keys, -1) if used else error.confidence
        yield Judged(
            line.custom_id, error.rule, error.type.value, error.section.value, shipped, outcome == "accepted"
        )

"""``radproof evaluate --llm-modes``: what a language model finds alone, by the way it is asked."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import get_args

from app.commands import CommandError
from app.commands.parts import settings
from app.evaluation import llm_modes_table
from app.evaluation.build import gather
from app.evaluation.inputs import halves, judged, plan, setup, words
from app.evaluation.items import Item, Origin
from app.evaluation.llm_modes import Asked, detectors_alone, model_alone, sampled, unchanged
from app.evaluation.medec import read_medec
from app.evaluation.splits import is_reference
from app.proofreading.report import SubmittedReport
from app.proofreading.review.types import ModeName


def llm_modes(args: argparse.Namespace) -> int:
    """Measure and print; what is done so far is written after each mode.

    Raises:
        CommandError: when no model is configured, a mode is unknown, or no report is left.
        ReadError, OSError, ReferenceIndexError, EmbedderError, ConfigurationError: as for any evaluation.
    """
    configured = settings()
    if configured.llm_base_url is None or configured.llm_model is None:
        raise CommandError("RADPROOF_LLM_BASE_URL, RADPROOF_LLM_MODEL: say which model to measure")
    made, references = _made(args)
    items = sampled(made, args.most, plan(args).seeds[0])
    if not items:
        raise CommandError("no report is left to evaluate: give more reports or another split")
    with setup(args.index, references) as opening:
        services = opening.open()
        try:
            modes = _modes(args.llm_modes, with_references=services.references is not None)
            asked = [detectors_alone(items, services)]
            for one in model_alone(items, modes, services, configured, args.jobs):
                asked.append(one)
                _write(args, items, asked, configured.llm_model)
        finally:
            services.close()
    sys.stdout.write(_write(args, items, asked, configured.llm_model))
    return 0


def _made(args: argparse.Namespace) -> tuple[tuple[Item, ...], list[SubmittedReport]]:
    """The items, and the correct texts of the other half."""
    if args.medec is None:
        chosen, references = halves(args)
        return gather(chosen, plan(args)).all(), references
    notes = list(islice(read_medec(args.medec), args.limit))
    items = tuple(note for note in notes if judged(args, note.report.report_id))
    return items, [replace(n.report, text=n.original) for n in notes if is_reference(n.report.report_id)]


def _modes(names: str, *, with_references: bool) -> tuple[ModeName, ...]:
    known: tuple[ModeName, ...] = get_args(ModeName)
    chosen = known if names == "all" else tuple(name for name in known if name in words(names))
    unknown = set(words(names)) - {*known, "all"}
    if unknown or not chosen:
        raise CommandError(f"--llm-modes: give some of {', '.join(known)}, or all")
    return tuple(name for name in chosen if with_references or "exkr" not in name)


def _write(args: argparse.Namespace, items: Sequence[Item], asked: Sequence[Asked], model: str) -> str:
    """The tables so far, in the asked form; also to the folder, if any."""
    source = args.medec or args.reports
    chosen = {
        "model": model,
        "source": "invented" if source is None else source.name,
        "clean": sum(item.origin is Origin.CLEAN for item in items),
        "wrong": sum(item.origin is Origin.INJECTED for item in items),
        "families": [] if args.medec is not None else words(args.family),
        "split": args.split,
        "seed": plan(args).seeds[0],
        "index": args.index,
    }
    title = f"{model}: {chosen['source']}, {chosen['clean']} correct and {chosen['wrong']} with one error"
    copied = unchanged(items)
    text = llm_modes_table.markdown(title, asked, copied)
    numbers = json.dumps(llm_modes_table.document(chosen, asked, copied), indent=2) + "\n"
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "ablation.md").write_text(text, encoding="utf-8")
        (args.out / "ablation.json").write_text(numbers, encoding="utf-8")
    return numbers if args.json else text

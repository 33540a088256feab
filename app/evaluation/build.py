"""Items from reports: clean, harmlessly edited, and with one injected error each."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from app.evaluation.controls import CONTROLS
from app.evaluation.families import FAMILIES, Injector
from app.evaluation.injectors import INJECTORS
from app.evaluation.injectors.paper import paper_items
from app.evaluation.items import Item, Origin, Placed
from app.evaluation.splits import share
from app.proofreading.report import ErrorType, SubmittedReport

PAPER = "paper"
"""The family that follows the protocol of arXiv 2406.15045, with clean reports of its own."""


LABELLED = "labelled"
"""The family of errors that people made or marked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to inject: up to ``per_type`` errors of each of the ``types``, in each family, for each seed."""

    families: tuple[str, ...] = ("house",)
    types: tuple[ErrorType, ...] = tuple(ErrorType)
    per_type: int = 60
    seeds: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True)
class Items:
    """All items of an evaluation: the negatives that families share, and each family's own."""

    negatives: tuple[Item, ...]
    families: dict[str, tuple[Item, ...]]

    def all(self) -> tuple[Item, ...]:
        """Every different item once, in order."""
        return tuple(dict.fromkeys((*self.negatives, *chain.from_iterable(self.families.values()))))


def gather(reports: Sequence[SubmittedReport], plan: Plan) -> Items:
    """The items of a plan; the same item from two seeds counts once."""
    quiet = chain.from_iterable(negatives(reports, seed) for seed in plan.seeds)
    families = {
        name: tuple(
            dict.fromkeys(chain.from_iterable(_family(name, reports, plan, seed) for seed in plan.seeds))
        )
        for name in plan.families
    }
    return Items(tuple(dict.fromkeys(quiet)), families)


def of_labelled(items: Iterable[Item]) -> Items:
    """Labelled reports as the items of an evaluation: the correct ones are its negatives."""
    every = tuple(items)
    wrong = tuple(item for item in every if item.origin is Origin.INJECTED)
    return Items(tuple(item for item in every if item.origin is Origin.CLEAN), {LABELLED: wrong})


def _family(name: str, reports: Sequence[SubmittedReport], plan: Plan, seed: int) -> Iterator[Item]:
    if name == PAPER:
        return paper_items(reports, seed)
    return injected(reports, plan.types, plan.per_type, seed, FAMILIES[name])


def _rng(seed: int, report_id: str, what: str) -> random.Random:
    return random.Random(f"{seed}:{report_id}:{what}")


def negatives(reports: Iterable[SubmittedReport], seed: int) -> Iterator[Item]:
    """Every report as it is, and one harmless edit of it where one changes anything."""
    names = sorted(CONTROLS)
    for report in reports:
        yield Item(report, Origin.CLEAN, report.text)
        name = names[int(share(f"{seed}:{report.report_id}:control") * len(names))]
        text = CONTROLS[name](report.text, _rng(seed, report.report_id, name))
        if text != report.text:
            edited = replace(report, text=text, report_id=f"{report.report_id}#{name}")
            yield Item(edited, Origin.HARMLESS, report.text, variant=name)


def injected(
    reports: Sequence[SubmittedReport],
    types: Sequence[ErrorType],
    per_type: int,
    seed: int,
    injectors: Mapping[ErrorType, Injector] = INJECTORS,
) -> Iterator[Item]:
    """Up to ``per_type`` reports with one error of each type, chosen by hash; one report may serve several types.

    A type that the injectors do not have gives nothing.
    """
    made: Counter[ErrorType] = Counter()
    for kind in types:
        if kind not in injectors:
            continue
        for report in sorted(reports, key=lambda r: share(f"{seed}:{r.report_id}:{kind}")):
            if made[kind] == per_type:
                break
            placed = injectors[kind](report.text, _rng(seed, report.report_id, kind))
            if placed is None:
                continue
            made[kind] += 1
            yield _item(report, kind, placed)


def _item(report: SubmittedReport, kind: ErrorType, placed: Placed) -> Item:
    variant, edit, context = placed
    text, name = edit.apply(report.text), f"{report.report_id}#{kind}"
    wrong = replace(report, text=text, report_id=name, context=context)
    return Item(wrong, Origin.INJECTED, report.text, kind, variant, edit.altered)

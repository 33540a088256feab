"""Items from reports: clean, harmlessly edited, and with one injected error each."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.evaluation.controls import CONTROLS
from app.evaluation.injectors import INJECTORS
from app.evaluation.items import Item, Origin
from app.evaluation.splits import share
from app.proofreading.report import ErrorType, SubmittedReport


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
    reports: Sequence[SubmittedReport], types: Sequence[ErrorType], per_type: int, seed: int
) -> Iterator[Item]:
    """Up to ``per_type`` reports with one error of each type, chosen by hash; one report may serve several types."""
    made: Counter[ErrorType] = Counter()
    for kind in types:
        for report in sorted(reports, key=lambda r: share(f"{seed}:{r.report_id}:{kind}")):
            if made[kind] == per_type:
                break
            placed = INJECTORS[kind](report.text, _rng(seed, report.report_id, kind))
            if placed is None:
                continue
            variant, edit, context = placed
            made[kind] += 1
            yield Item(
                replace(
                    report,
                    text=edit.apply(report.text),
                    report_id=f"{report.report_id}#{kind}",
                    context=context,
                ),
                Origin.INJECTED,
                report.text,
                kind,
                variant,
                edit.altered,
            )

"""Checking every item with both checkers."""

from collections.abc import Callable, Iterable, Iterator

from app.evaluation.baseline import plain_rules
from app.evaluation.items import Item
from app.evaluation.score import Outcome, score, score_spans
from app.proofreading.report import CheckedReport, SubmittedReport

Check = Callable[[SubmittedReport], CheckedReport]


def measure(items: Iterable[Item], check: Check) -> Iterator[tuple[Outcome, Outcome]]:
    """(the checker's, the plain rules') outcome of each item, in order."""
    for item in items:
        yield score(item, check(item.report)), score_spans(item, plain_rules(item.report))

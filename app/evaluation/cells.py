"""Tables of Markdown and what stands in them."""

import math
from collections.abc import Iterable, Sequence

from app.evaluation.metrics import Estimate, Rate

NONE = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows)])


def rate_cell(found: Rate) -> str:
    """A share with its interval and counts."""
    if not found.total:
        return NONE
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f}; {found.hits}/{found.total})"


def estimate_cell(one: Estimate, places: int = 3) -> str:
    """A number with its interval."""
    if math.isnan(one.value):
        return NONE
    return f"{one.value:.{places}f} ({one.low:.{places}f}-{one.high:.{places}f})"


def number_cell(value: float, places: int = 3) -> str:
    """A number; ``NONE`` where there is none."""
    return NONE if math.isnan(value) else f"{value:.{places}f}"

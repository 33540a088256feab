"""Each rule by itself: what it finds and what it flags in vain."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.evaluation.items import Origin
from app.evaluation.score import Outcome
from app.evaluation.summary import HEADLINE


@dataclass(frozen=True, slots=True)
class DetectorRow:
    """The flags of one rule: on clean and harmless reports, on the injected error, elsewhere in its report.

    ``precision``: share of its flags that hit an error at a prevalence of 2 %; NaN where it cannot be told.
    """

    rule: str
    clean: int
    harmless: int
    hits: int
    elsewhere: int
    precision: float

    @property
    def false(self) -> int:
        """All its flags that hit no injected error."""
        return self.clean + self.harmless + self.elsewhere


def detector_rows(outcomes: Sequence[Outcome]) -> tuple[DetectorRow, ...]:
    """A row for every rule that flags anything, most false flags first."""
    reports = Counter(outcome.item.origin for outcome in outcomes)
    flags = Counter(
        (one.rule, outcome.item.origin, one.hit)
        for outcome in outcomes
        for one in outcome.returned
        if one.flag
    )
    rows = [_row(rule, flags, reports) for rule in sorted({rule for rule, _, _ in flags})]
    return tuple(sorted(rows, key=lambda row: (-row.false, row.rule)))


def _row(rule: str, flags: Counter[tuple[str, Origin, bool]], reports: Counter[Origin]) -> DetectorRow:
    clean, harmless = flags[rule, Origin.CLEAN, False], flags[rule, Origin.HARMLESS, False]
    hits, elsewhere = flags[rule, Origin.INJECTED, True], flags[rule, Origin.INJECTED, False]
    precision = math.nan
    if reports[Origin.CLEAN] and reports[Origin.INJECTED]:
        true = HEADLINE * hits / reports[Origin.INJECTED]
        false = HEADLINE * elsewhere / reports[Origin.INJECTED]
        false += (1 - HEADLINE) * clean / reports[Origin.CLEAN]
        precision = true / (true + false) if true + false else math.nan
    return DetectorRow(rule, clean, harmless, hits, elsewhere, precision)

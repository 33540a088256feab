"""Families of injected errors: each a set of injectors with words of its own."""

import random
from collections.abc import Callable, Mapping

from app.evaluation.injectors import INJECTORS
from app.evaluation.injectors.broad import BROAD
from app.evaluation.injectors.keyword import KEYWORD
from app.evaluation.items import Placed
from app.proofreading.report import ErrorType

Injector = Callable[[str, random.Random], Placed | None]

FAMILIES: dict[str, Mapping[ErrorType, Injector]] = {
    "house": INJECTORS,
    "keyword": KEYWORD,
    "broad": BROAD,
}
"""``house`` is written by the detectors' authors; the others by someone else (decision 8, 6)."""

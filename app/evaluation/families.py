"""Families of injected errors: each a set of injectors with words of its own."""

import random
from collections.abc import Callable, Mapping

from app.evaluation.injectors import INJECTORS
from app.evaluation.items import Placed
from app.proofreading.report import ErrorType

Injector = Callable[[str, random.Random], Placed | None]

FAMILIES: dict[str, Mapping[ErrorType, Injector]] = {"house": INJECTORS}
"""``house`` is the one that the detectors' authors look at; the others they do not."""

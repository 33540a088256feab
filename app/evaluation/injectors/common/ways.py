"""Ways of putting an error in, and injectors that try them in random order."""

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from app.evaluation.injectors.common.page import Page, add, read
from app.evaluation.items import Injection, Placed
from app.proofreading.report import Context
from models.types import SectionName

_SEVERAL = re.compile(
    r"\b(?:knee|hips?|shoulder|abdom\w*|spine|femur|hand|foot|ankle|pelvis|ribs?|humerus|sternum|neck|sinus\w*|wrist|kub)\b"
)
"""Of other parts of the body: such a report holds several examinations."""

T = TypeVar("T")
Way = Callable[[Page, random.Random], Placed | None]


def injector(*ways: Way) -> Callable[[str, random.Random], Placed | None]:
    """An injector that tries its ways in random order; a way given twice comes first more often."""

    def placed(text: str, rng: random.Random) -> Placed | None:
        page = read(text)
        if _SEVERAL.search(page.words(SectionName.EXAM)):
            return None
        for way in rng.sample(ways, len(ways)):
            found = way(page, rng)
            if found is not None and found[1].apply(text) != text:
                return found
        return None

    return placed


def plain(variant: str, edit: Injection | None) -> Placed | None:
    """An edit that needs nothing to be known beside the text."""
    return None if edit is None else (variant, edit, Context())


def shuffled(values: Sequence[T], rng: random.Random) -> list[T]:
    """The values in random order."""
    return rng.sample(values, len(values))


def anywhere(
    page: Page, sections: Sequence[SectionName], sentence: str, rng: random.Random
) -> Injection | None:
    """Add a sentence to one of these sections, whichever has a sound place."""
    for section in shuffled(sections, rng):
        edit = add(page, section, sentence, rng)
        if edit is not None:
            return edit
    return None

"""Lengths written in a report, in millimetres."""

import re
from collections.abc import Iterator

from models.types import Span

_NUMBER = r"\d{1,4}(?:[.,]\d{1,3})?"
_MEASUREMENT = re.compile(
    rf"(?<![\w.,])({_NUMBER})(?:\s?(?:mm|cm)?\s?(?:x|×|by|-|to)\s?({_NUMBER}))?"
    rf"(?:\s?(?:mm|cm)?\s?(?:x|×|by)\s?({_NUMBER}))?[\s-]?(mm|cm|millimeters?|millimetres?|centimeters?|centimetres?|(?-i:m)|met(?:er|re)s?|inch(?:es)?)\b(?!\s?/|\s?per\b)",
    re.IGNORECASE,
)


def _factor(unit: str) -> float:
    """Millimetres in one of this unit."""
    word = unit.lower()
    if word == "m" or word.startswith("met"):
        return 1000.0
    if word.startswith("inch"):
        return 25.4
    return 1.0 if word.startswith("m") else 10.0


def find_measurements(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[Span, float]]:
    """Each length in ``text[start:end]`` with its span and greatest dimension in millimetres.

    "2.1 x 2 cm" gives 21.0. A comma counts as a decimal sign. One unit serves a product. Metres are
    read too, because they are written by mistake.
    """
    for match in _MEASUREMENT.finditer(text, start, len(text) if end is None else end):
        numbers = [float(number.replace(",", ".")) for number in match.groups()[:3] if number]
        factor = _factor(match.group(4))
        yield Span(match.start(), match.end()), round(max(numbers) * factor, 3)

"""Lengths written in a report, in millimetres."""

import re
from collections.abc import Iterator

from models.types import Span

_NUMBER = r"\d{1,4}(?:[.,]\d{1,3})?"
_MEASUREMENT = re.compile(
    rf"(?<![\w.,])({_NUMBER})(?:\s?(?:mm|cm)?\s?(?:x|×|by|-|to)\s?({_NUMBER}))?"
    rf"(?:\s?(?:mm|cm)?\s?(?:x|×|by)\s?({_NUMBER}))?[\s-]?(mm|cm|millimeters?|millimetres?|centimeters?|centimetres?)\b",
    re.IGNORECASE,
)


def find_measurements(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[Span, float]]:
    """Each length in ``text[start:end]`` with its span and greatest dimension in millimetres.

    "2.1 x 2 cm" gives 21.0. A comma counts as a decimal sign. One unit serves a product.
    """
    for match in _MEASUREMENT.finditer(text, start, len(text) if end is None else end):
        numbers = [float(number.replace(",", ".")) for number in match.groups()[:3] if number]
        factor = 1.0 if match.group(4).lower().startswith("m") else 10.0
        yield Span(match.start(), match.end()), round(max(numbers) * factor, 3)

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

_FROM = re.compile(r"\bfrom\s+\Z", re.IGNORECASE)
_CHANGED_BY = re.compile(  # "grown by 9 mm": no size
    r"\b(?:grow[ns]?|grew|growing|(?:in|de)creas\w+|enlarg\w+|shr[aiu]nk\w*|reduc\w+|expand\w+|widen\w+|diminish\w*|"
    r"larger|smaller|wider|thicker|longer|shorter)(?: (?:further|again))?(?: in (?:size|diameter|width|length|calib\w+))?"
    r" by (?:(?:about|approximately|some|another|an? (?:further|additional)|nearly|almost|roughly|up to|at least) )?\Z",
    re.IGNORECASE,
)
_BEFORE = 60
_TO = re.compile(r"\s?(?:mm|cm)?\s?to\b", re.IGNORECASE)


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

    "2.1 x 2 cm" gives 21.0, "from 18 mm to 6 mm" the 6 mm that it is now. A comma counts as a decimal sign. One unit
    serves a product. Metres are read too, because they are written by mistake.
    """
    for match in _MEASUREMENT.finditer(text, start, len(text) if end is None else end):
        numbers = [float(number.replace(",", ".")) for number in match.groups()[:3] if number]
        factor = _factor(match.group(4))
        begin = match.start()
        before = text[max(0, begin - _BEFORE) : begin]
        if _CHANGED_BY.search(before):
            continue
        if match.group(2) and _FROM.search(before) and _TO.match(text, match.end(1)):
            begin, numbers = match.start(2), numbers[1:]
        yield Span(begin, match.end()), round(max(numbers) * factor, 3)

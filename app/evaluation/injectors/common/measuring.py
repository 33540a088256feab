"""Sizes that cannot be, units that do not fit, and one size here and another there."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.claims import claims
from app.evaluation.injectors.common.negation import affirmed, denied
from app.evaluation.injectors.common.page import BODY, Page
from app.evaluation.injectors.common.tables import phrases, rows
from app.evaluation.injectors.common.ways import Way, anywhere, plain, shuffled
from app.evaluation.items import Injection, Placed
from models.types import Span

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<gap>[ -]?)(?P<unit>mm|cm)\b", re.IGNORECASE)
_SIZED = ("nodule", "granuloma", "pneumothorax", "airspace")


def _implausible(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A measured sentence that cannot be, or that this report's own words refute."""
    found = claims(page)
    general = rng.random() < 0.5
    for row in sorted(
        shuffled(rows(family, "measures"), rng), key=lambda row: (row["need"] == "any") != general
    ):
        need, _, finding = row["need"].partition(":")
        holds = need == "any" or (denied(found, finding) if need == "no" else affirmed(found, finding))
        if holds:
            return plain(f"stated:{need}", anywhere(page, BODY, row["text"], rng))
    return None


def _unit(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Another unit, or a point lost, so that the size cannot be."""
    hits = [(line, match) for line in page.body for match in _SIZE.finditer(line.text)]
    if not hits:
        return None
    line, match = rng.choice(hits)
    at = line.at(match)
    number, unit = float(match["number"]), match["unit"].lower()
    if family == "keyword":
        return plain("unit", Injection(Span(at.end - len(unit), at.end), "m"))
    options = [f"{match['number']}{match['gap']}{other}" for other in ("ml", "kg", "HU", "mmHg")]
    options.append(f"{int(number * (1000 if unit == 'mm' else 100))}{match['gap']}{unit}")
    return plain("unit", Injection(at, rng.choice(options)))


def _other_size(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Another size for a finding that is measured once."""
    sizes = [(line, match) for line in page.body for match in _SIZE.finditer(line.text)]
    if len(sizes) != 1 or " x " in sizes[0][0].text:
        return None
    line, match = sizes[0]
    about = [c for c in claims(page) if c.line.index == line.index and c.finding in _SIZED and c.said]
    if not about:
        return None
    millimetres = float(match["number"]) * (10 if match["unit"].lower() == "cm" else 1)
    other = millimetres * rng.choice((2.5, 3)) if millimetres < 20 else millimetres / rng.choice((2.5, 3))
    size = f"{round(other)} mm" if family == "keyword" or rng.random() < 0.5 else f"{other / 10:.1f} cm"
    finding = "nodule" if about[0].finding in ("granuloma", "airspace") else about[0].finding
    options = phrases(family, "sizes", finding=finding)
    free = [section for section in BODY if section is not line.section]
    sentence = rng.choice(options).format(size=size)
    edit = anywhere(page, free, sentence, rng) or anywhere(page, (line.section,), sentence, rng)
    return plain("other size", edit)


def measurement(family: str) -> list[Way]:
    """The ways of this family to get a size wrong."""
    unit, size = partial(_unit, family), partial(_other_size, family)
    return [partial(_implausible, family), unit, unit, size, size]

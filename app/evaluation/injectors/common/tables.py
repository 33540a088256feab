"""Tables of phrases that lie beside the code, and filling their slots."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from app.evaluation.baseline import KEYS

_INITIAL = {"left": "L", "right": "R", "upper": "U", "middle": "M", "lower": "L"}
_POLE = {"upper": "apex", "middle": "midzone", "lower": "base"}
_ADJECTIVE = {"upper": "apical", "middle": "midzonal", "lower": "basal"}
_OPPOSITE = {"left": "right", "right": "left"}


@cache
def rows(family: str, name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of one table of one family, in order."""
    table = files(f"app.evaluation.injectors.{family}").joinpath(f"{name}.tsv")
    with table.open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def phrases(family: str, name: str, **columns: str) -> list[str]:
    """The ``text`` column of the rows that have these values."""
    return [row["text"] for row in rows(family, name) if all(row[k] == v for k, v in columns.items())]


def kinds(family: str, name: str, column: str = "finding") -> list[str]:
    """The different values of one column, sorted."""
    return sorted({row[column] for row in rows(family, name)})


def fill(phrase: str, side: str = "", level: str = "", name: str = "") -> str | None:
    """The phrase with its slots filled and a capital first; None where a slot has no value."""
    if ("{side}" in phrase or "{other}" in phrase) and not side:
        return None
    if any(slot in phrase for slot in ("{lobe}", "{abbr}", "{pole}", "{adj}", "{level}")) and not (
        side and level
    ):
        return None
    values = {"side": side, "other": _OPPOSITE.get(side, ""), "name": name, "level": level}
    if side and level:
        left_middle = side == "left" and level == "middle"
        values |= {
            "lobe": "lingula" if left_middle else f"{side} {level} lobe",
            "abbr": "lingula" if left_middle else f"{_INITIAL[side]}{_INITIAL[level]}L",
            "pole": _POLE[level],
            "adj": _ADJECTIVE[level],
        }
    filled = phrase.format_map(values)
    return filled[:1].upper() + filled[1:]


def opposite(side: str) -> str:
    """The other side."""
    return _OPPOSITE[side]


def shares_key(first: str, second: str) -> bool:
    """True when both texts hold one and the same key word of the plain rules."""
    first, second = first.lower(), second.lower()
    return any(key in first and key in second for key in KEYS)

"""The parts of a laid-out summary. Every figure is words already, so that page and PDF cannot differ."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from app.batch.summary.plots import Figure
from app.batch.summary.types import Said
from app.evaluation.metrics import Estimate, Rate

NONE = "–"
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; ``quiet``: how to read what stands above."""

    words: str
    quiet: bool = False
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first ``names`` columns are words, the others figures. ``links``: a report id a row, or ""."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1
    links: tuple[str, ...] = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with its title."""

    figure: Figure
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True, slots=True)
class Card:
    """One flag of the worklist."""

    title: str
    tier: str
    strength: str
    report: str
    report_id: str
    facts: str
    said: Said
    message: str
    reasons: tuple[tuple[str, Said], ...]
    fixes: tuple[tuple[Said, Said], ...]
    more: str
    kind: Literal["card"] = "card"


Block = Paragraph | Table | Picture | Card


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; ``name`` is its anchor."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One leading figure."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Document:
    """The whole summary."""

    title: str
    subtitle: str
    notice: str
    verdict: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]


def number(count: int) -> str:
    """A count with its thousands set apart."""
    return f"{count:,}"


def reports(count: int) -> str:
    """So many reports."""
    return f"{number(count)} report{'' if count == 1 else 's'}"


def per_100(estimate: Estimate) -> tuple[str, str]:
    """A rate and its interval."""
    if math.isnan(estimate.value):
        return NONE, NONE
    return f"{estimate.value:.1f}", f"{estimate.low:.1f} to {estimate.high:.1f}"


def share(rate: Rate) -> tuple[str, str]:
    """A proportion and its interval."""
    if not rate.total:
        return NONE, NONE
    return f"{rate.value:.1%}", f"{rate.low:.1%} to {rate.high:.1%}"


def top(counts: Mapping[_Key, int], most: int) -> tuple[list[tuple[_Key, int]], int]:
    """The first so many counts, and the sum of the others."""
    items = list(counts.items())
    return items[:most], sum(count for _, count in items[most:])


def portion(count: int, total: int) -> str:
    """``count`` of ``total`` as a percentage."""
    return f"{count / total:.1%}" if total else NONE


def spaced(name: str) -> str:
    """A code as words."""
    return name.replace("_", " ")

"""Plots as SVG of shapes and words only: the same picture for the page and for paper.

No script, no style and no reference to anything outside; each has a title and a description, and says in
words and figures what its colours say.
"""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from app.batch.summary.types import Flags
from app.evaluation.metrics import Rate

WIDTH = 640
_LABELS = 200  # width of the names at the left
_NUMBERS = 180  # and of the words behind a bar
_ROW = 26
_INK, _QUIET, _GRID = "#1d2733", "#566270", "#d5dbe1"
_MARK = "#1b5e8c"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture: SVG, and what it shows for who does not see it."""

    svg: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of bars: its name, the parts (value, colour), and the words behind them."""

    name: str
    parts: tuple[tuple[float, str], ...]
    words: str


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class _Line:
    start: tuple[float, float]
    end: tuple[float, float]
    colour: str = _GRID
    width: float = 1
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class _Words:
    x: float
    y: float
    text: str
    anchor: str = "start"
    colour: str = _INK


@dataclass(frozen=True, slots=True)
class _Dot:
    x: float
    y: float


def bars(name: str, title: str, rows: Sequence[Bar]) -> Figure:
    """Stacked bars, one a row, on one scale."""
    most = max((sum(value for value, _ in row.parts) for row in rows), default=0) or 1
    scale = (WIDTH - _LABELS - _NUMBERS) / most
    shapes: list[object] = []
    for number, row in enumerate(rows):
        y, x = number * _ROW + 4.0, float(_LABELS)
        shapes.append(_Words(_LABELS - 10, y + 13, row.name, "end"))
        for value, colour in row.parts:
            shapes.append(_Box(x, y, value * scale, _ROW - 8, colour))
            x += value * scale
        shapes.append(_Words(x + 8, y + 13, row.words, colour=_QUIET))
    shapes.append(_Line((_LABELS, 0), (_LABELS, len(rows) * _ROW), _QUIET))
    said = "; ".join(f"{row.name}: {row.words}" for row in rows)
    return _figure(name, (title, said), len(rows) * _ROW + 4, shapes)


def shares(name: str, title: str, rows: Mapping[str, Rate]) -> Figure:
    """Proportions with their intervals, one a row, from 0 to 100%."""
    height = len(rows) * _ROW
    left, right = float(_LABELS), float(WIDTH - _NUMBERS)
    shapes: list[object] = []
    for tick in range(0, 101, 25):
        x = left + (right - left) * tick / 100
        shapes += [_Line((x, 0), (x, height)), _Words(x, height + 16, f"{tick}%", "middle", _QUIET)]
    said = []
    for number, (label, rate) in enumerate(rows.items()):
        y = number * _ROW + _ROW / 2
        ends = [left + (right - left) * share for share in (rate.low, rate.high)]
        words = f"{rate.value:.1%} ({rate.hits} of {rate.total})"
        shapes += [
            _Words(_LABELS - 10, y + 4, label, "end"),
            _Line((ends[0], y), (ends[1], y), _MARK, 2),
            _Dot(left + (right - left) * rate.value, y),
            _Words(right + 12, y + 4, words, colour=_QUIET),
        ]
        said.append(f"{label}: {words}, 95% interval {rate.low:.1%} to {rate.high:.1%}")
    return _figure(name, (title, "; ".join(said)), height + 22, shapes)


def trend(name: str, title: str, days: Mapping[dt.date, Flags], every: Flags) -> Figure:
    """Flags per 100 reports of each day with intervals, and of all days as a dashed line.

    The scale ends where intervals of days with few reports would hide the others; they are cut there.
    """
    rates = {day: flags.per_100 for day, flags in days.items()}
    whole = every.per_100
    value = max(rate.value for rate in rates.values())
    top = _round(min(max(rate.high for rate in rates.values()), 4 * max(value, whole.value) or 1))
    left, right, low, high = 50.0, WIDTH - 70.0, 180.0, 12.0
    first, last = min(days), max(days)
    span = max((last - first).days, 1)

    def y_of(rate: float) -> float:
        return low - (low - high) * min(rate, top) / top

    def x_of(day: dt.date) -> float:
        return left + 15 + (right - left - 30) * (day - first).days / span

    shapes: list[object] = []
    for part in range(5):
        y = y_of(top * part / 4)
        shapes += [
            _Line((left, y), (right, y)),
            _Words(left - 8, y + 4, f"{top * part / 4:g}", "end", _QUIET),
        ]
    y = y_of(whole.value)
    shapes += [_Line((left, y), (right, y), _QUIET, dashed=True), _Words(right + 6, y + 4, "all days")]
    said = []
    for day, rate in rates.items():
        x = x_of(day)
        shapes += [_Line((x, y_of(rate.low)), (x, y_of(rate.high)), _MARK, 2), _Dot(x, y_of(rate.value))]
        said.append(f"{day}: {rate.value:.1f}")
    shapes += [
        _Words(x_of(day), low + 20, f"{day.day} {day:%b}", "middle", _QUIET) for day in _ticks(list(days))
    ]
    return _figure(name, (title, "; ".join(said)), low + 28, shapes)


def _ticks(days: list[dt.date]) -> list[dt.date]:
    """At most seven of the days, spread evenly over the time."""
    span = (days[-1] - days[0]).days
    chosen: list[dt.date] = []
    for day in days:
        if not chosen or (day - chosen[-1]).days >= max(span / 7, 1):
            chosen.append(day)
    return chosen


def _round(value: float) -> float:
    """The next of 1, 2, 4, 8, 10 times a power of ten."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return float(next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value))


def _figure(name: str, said: tuple[str, str], height: float, shapes: Sequence[object]) -> Figure:
    """A figure of ``shapes``; ``said``: its title and description."""
    kinds = {_Box: "boxes", _Line: "lines", _Words: "words", _Dot: "dots"}
    sorted_out: dict[str, list[object]] = {kind: [] for kind in kinds.values()}
    for shape in shapes:
        sorted_out[kinds[type(shape)]].append(shape)
    title, description = said
    svg = _template().render(
        name=name, title=title, description=description, width=WIDTH, height=round(height), **sorted_out
    )
    return Figure(svg, title, description)


@cache
def _template() -> Template:
    loader = PackageLoader("app.batch.summary")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["px"] = lambda value: f"{value:.1f}"
    return environment.get_template("plot.svg.jinja")

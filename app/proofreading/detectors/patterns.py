"""Tables of regular expressions: rows of one kind each, with names in angle brackets for parts that many share."""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"<<(\w+)>>")
_PART = "part"
Rows = Mapping[str, tuple[tuple[str, ...], ...]]


@cache
def read_patterns(file: str) -> Rows:
    """The rows of a table of this folder by their kind, without it; ``<<name>>`` stands for an earlier row "part"."""
    parts: dict[str, str] = {}
    rows: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    lines = files("app").joinpath("proofreading/detectors", file).read_text("utf-8").splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        kind, *cells = (_NAME.sub(lambda name: parts[name[1]], cell) for cell in line.split("\t"))
        if kind == _PART:
            parts[cells[0]] = cells[1]
        else:
            rows[kind].append(tuple(cells))
    return {kind: tuple(found) for kind, found in rows.items()}


@cache
def compiled(file: str, kind: str) -> re.Pattern[str]:
    """The one regular expression of a kind in a table, case aside."""
    return re.compile(read_patterns(file)[kind][0][0], re.IGNORECASE)

"""Which rows of a table of patterns may match a sentence: by the first letters of its words.

A table names, row by row, the first letters of every word that its pattern can begin with; all other rows are not
searched. ``tests/unit/test_matrices_impossible.py`` holds the tables to it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

LETTERS = 4  # of a word that a table names at most
_WORD = re.compile(r"[a-z0-9]+")


def by_letters(beginnings: Iterable[Iterable[str]]) -> Mapping[str, frozenset[int]]:
    """The numbers of the rows that name some first letters."""
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for number, row in enumerate(beginnings):
        for letters in row:
            rows[letters].add(number)
    return {letters: frozenset(numbers) for letters, numbers in rows.items()}


def rows_for(text: str, rows: Mapping[str, frozenset[int]]) -> list[int]:
    """The numbers of the rows that may match, in their order."""
    letters = _letters(text)
    return sorted(frozenset[int]().union(*(rows[some] for some in letters & rows.keys())))


@lru_cache(maxsize=64)  # each table asks it of the same sentences
def _letters(text: str) -> frozenset[str]:
    words = set(_WORD.findall(text.lower()))
    return frozenset(word[:size] for word in words for size in range(1, min(LETTERS, len(word)) + 1))

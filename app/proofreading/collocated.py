"""A word that no report has, beside a neighbour that goes with one of nearly its sound: "chess tube"."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from rapidfuzz.distance import DamerauLevenshtein, Levenshtein, Prefix

from app.proofreading.expected import LITTLE, Place
from app.proofreading.phones import joined, readings

_SHORTEST = 3  # letters
_STEM = 8  # letters at their beginning that two forms of one word share
_NONE: frozenset[str] = frozenset()
_OPENS, _ENDS = frozenset("a an at in my as".split()), frozenset("us me all".split())  # of several words
_SOUND_OF_MORE = 0.84  # least likeness of signs of several words
_SOUND, _LETTERS = 0.74, 0.5  # least likeness of signs and of letters


@cache
def _table() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """The words that stand after a word, and before it."""
    after: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    text = files("app").joinpath("proofreading/collocations.tsv").read_text("utf-8")
    for line in text.splitlines():
        if not line.startswith("#"):
            term, ahead, behind = line.split("\t")
            for word in filter(None, ahead.split("|")):
                after[word].add(term)
            for word in filter(None, behind.split("|")):
                before[word].add(term)
    return {w: frozenset(s) for w, s in after.items()}, {w: frozenset(s) for w, s in before.items()}


class Collocation:
    """Asks the table of words that stand side by side. Thread-safe once built."""

    def __init__(self, foreign: Callable[[str], bool], pairs: Mapping[tuple[str, str], int]) -> None:
        """``foreign`` tells of a word that no report has, ``pairs`` which words do stand side by side."""
        self._foreign, self._pairs = foreign, pairs
        self._after, self._before = _table()
        self.instead = lru_cache(maxsize=50_000)(self._instead)

    def beside(self, words: Sequence[str], index: int, size: int) -> bool:
        """True where a neighbour of these words is in the table."""
        end = index + size
        return (index > 0 and words[index - 1] in self._after) or (
            end < len(words) and words[end] in self._before
        )

    def _instead(self, window: tuple[str, ...], place: Place) -> str | None:
        """The word that goes with a neighbour and sounds like these, one that no report has or several that do not fit."""
        terms = self._after.get(place.before, _NONE) | self._before.get(place.after, _NONE)
        if not terms or not all(word.isascii() and word.isalpha() for word in window):
            return None
        if not (self._pieces(window) if len(window) > 1 else self._odd(window[0])):
            return None
        fitting = [(alike, term) for term in terms if (alike := _alike(window, term))]
        return max(fitting)[1] if fitting else None

    def _odd(self, word: str) -> bool:
        return len(word) >= _SHORTEST and self._foreign(word)

    def _pieces(self, window: tuple[str, ...]) -> bool:
        """True for several words that nobody says together."""
        little = window[0] in LITTLE - _OPENS or window[-1] in LITTLE - _ENDS
        return not little and not any(pair in self._pairs for pair in pairwise(window))


def _alike(window: tuple[str, ...], term: str) -> float:
    """How alike the words and the term are; 0 where too little, or where they are forms of one another."""
    word, several = "".join(window), len(window) > 1
    if word in (term, f"{term}s") or any(
        _form(part, term) for part in window if len(part) > _SHORTEST or not several
    ):
        return 0.0
    signs = max(Levenshtein.normalized_similarity(joined(window), sound) for sound in readings(term))
    letters = float(DamerauLevenshtein.normalized_similarity(word, term))
    least = _SOUND_OF_MORE if several else _SOUND
    return signs + letters if signs >= least and letters >= _LETTERS else 0.0


def _form(word: str, term: str) -> bool:
    """True when one is the other with an ending, or with a word before it."""
    if Prefix.similarity(word, term) >= _STEM:
        return True
    return word.startswith(term) or term.startswith(word) or word.endswith(term) or term.endswith(word)

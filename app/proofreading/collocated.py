"""A word that no report has, beside a neighbour that goes with one of nearly its sound: "chess tube"."""

from collections import defaultdict
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz.distance import DamerauLevenshtein, Levenshtein

from app.proofreading.expected import Place
from app.proofreading.phones import phones, readings

_SHORTEST = 3  # letters
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

    def __init__(self, foreign: Callable[[str], bool]) -> None:
        """``foreign`` tells of a word that no report has."""
        self._foreign = foreign
        self.instead = lru_cache(maxsize=50_000)(self._instead)

    def _instead(self, word: str, place: Place) -> str | None:
        """The word that goes with a neighbour and sounds like this one, which no report has."""
        after, before = _table()
        terms = after.get(place.before, frozenset()) | before.get(place.after, frozenset())
        if (
            not terms
            or len(word) < _SHORTEST
            or not (word.isascii() and word.isalpha() and self._foreign(word))
        ):
            return None
        fitting = [(alike, term) for term in terms if (alike := _alike(word, term)) and not _form(word, term)]
        return max(fitting)[1] if fitting else None


def _alike(word: str, term: str) -> float:
    """How alike the two are; 0 where too little."""
    signs = max(Levenshtein.normalized_similarity(phones(word), sound) for sound in readings(term))
    letters = float(DamerauLevenshtein.normalized_similarity(word, term))
    return signs + letters if signs >= _SOUND and letters >= _LETTERS else 0.0


def _form(word: str, term: str) -> bool:
    """True when one is the other with an ending, or with a word before it."""
    return word.startswith(term) or term.startswith(word) or word.endswith(term) or term.endswith(word)

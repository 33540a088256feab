"""A word that no report has, near words that go with one of its sound: "there is bunting of the left sulcus"."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein, Levenshtein, Prefix

from app.proofreading.dictionary import english
from app.proofreading.expected import LITTLE
from app.proofreading.phones import joined, readings

MOST_PARTS = 4  # words that one is heard as
_REACH = 4  # words to either side
_SHORTEST = 4  # letters of a single word beside a companion, and
_SHORTEST_FAR = 5  # of one that has its companion farther off
_EVERYDAY = 100  # frequency of an English word that a recognizer writes; rarer ones are terms that we lack
_STEM = 8  # letters at their beginning that two forms of one word share
_ROOT = 6  # letters that two words share behind different prefixes
_PART = 3  # letters of a piece that may be a form of the term
_ENDS = frozenset("us me all".split())  # small words that a term may end in
_OPENS = frozenset("a an at in my as and".split())  # or begin with
_FAMILIES = ("ectomy", "otomy", "ostomy", "scopy", "graphy", "gram", "itis", "oma", "graph")
_PREFIXES = tuple(
    "hyper hypo intra inter infra supra super pre post re un non dis mal de sub peri para retro bi semi pro trans".split()
)
_ALMOST = 0.95  # likeness of signs of what sounds the same
_LETTERS_OF_SAME = 0.4  # least likeness of its letters
_NONE: frozenset[str] = frozenset()


class _Least(NamedTuple):
    """Least likeness of signs, of letters, and of both together."""

    signs: float
    letters: float
    both: float

    def holds(self, signs: float, letters: float) -> bool:
        return signs >= self.signs and letters >= self.letters and signs + letters >= self.both


_BESIDE, _NEXT, _NEAR = _Least(0.66, 0.5, 1.25), _Least(0.7, 0.55, 1.35), _Least(0.74, 0.6, 1.45)
_PIECES, _PIECES_NEAR = _Least(0.77, 0.45, 1.25), _Least(0.8, 0.5, 1.35)
_LEAST_SINGLE, _LEAST_PIECES = _BESIDE.signs, _PIECES.signs
_PIECES_OF_FORM, _MANY_PIECES = _Least(0.78, 0.7, 1.5), _Least(0.87, 0.3, 1.17)


class Fit(NamedTuple):
    """The term that some words were heard for, how many they are, and how alike both are."""

    term: str
    size: int
    alike: float


@cache
def _table() -> Mapping[str, frozenset[str]]:
    """The terms that a word goes with."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    lines = files("app").joinpath("proofreading/companions.tsv").read_text("utf-8").splitlines()
    for terms, companions in (line.split("\t") for line in lines if not line.startswith("#")):
        for word in companions.split():
            found[word] |= {*terms.split()}
    return {word: frozenset(terms) for word, terms in found.items()}


@cache
def _signs(term: str) -> tuple[str, ...]:
    return readings(term)


class Companions:
    """Asks the table of words that go together. Thread-safe once built."""

    def __init__(self, strange: Callable[[str], bool], pairs: Mapping[tuple[str, str], int]) -> None:
        """``strange`` tells of a word that no report has, ``pairs`` which words do stand side by side."""
        self._strange, self._pairs = strange, pairs

    def instead(self, words: Sequence[str], index: int) -> Fit | None:
        """The term that the words from ``index`` on were most likely heard for."""
        fits = [
            fit
            for size in range(1, min(MOST_PARTS, len(words) - index) + 1)
            if self._odd(tuple(words[index : index + size]))
            for fit in _fits(words, index, size)
        ]
        best = max(fits, key=lambda fit: (fit.alike, fit.term), default=None)
        if best is None or best.size == 1 or self._strange(words[index]):
            return best
        later = self.instead(words, index + 1)  # "small plural": the second word by itself
        return None if later is not None and later.alike >= best.alike else best

    def _odd(self, window: tuple[str, ...]) -> bool:
        """True for a word that no report has, or for several with one, which nobody says together."""
        if not all(word.isascii() and word.isalpha() for word in window):
            return False
        if not any(map(self._strange, window)):
            return False
        if len(window) == 1:
            return len(window[0]) >= _SHORTEST and english().get(window[0], 0) >= _EVERYDAY
        if window[0] in LITTLE - _OPENS or window[-1] in LITTLE - _ENDS:
            return False
        return not any(pair in self._pairs for pair in pairwise(window))


def _fits(words: Sequence[str], index: int, size: int) -> Iterator[Fit]:
    window = tuple(words[index : index + size])
    sound, rest = joined(window), joined(window[1:])
    opened = size > 1 and window[0] in LITTLE
    for term, apart in _terms_near(words, index, size).items():
        alike = _alike(window, sound, term, apart)
        if alike and not (opened and alike <= _alike(window[1:], rest, term, apart)):
            yield Fit(term, size, alike)


def _terms_near(words: Sequence[str], index: int, size: int) -> dict[str, int]:
    """The terms that go with words nearby, with the distance of the nearest."""
    found: dict[str, int] = {}
    for apart in range(1, _REACH + 1):
        for place in (index - apart, index + size - 1 + apart):
            if 0 <= place < len(words):
                for term in _table().get(words[place], _NONE):
                    found.setdefault(term, apart)
    return found


def _alike(window: tuple[str, ...], sound: str, term: str, apart: int) -> float:
    """How alike the words and the term are; 0 where too little, or where they are forms of one another."""
    several = len(window) > 1
    least = _LEAST_PIECES if several else _LEAST_SINGLE
    signs = max(Levenshtein.normalized_similarity(sound, key, score_cutoff=least) for key in _signs(term))
    word = "".join(window)
    if not signs or word in (term, f"{term}s", f"{term}d"):
        return 0.0
    form = any(_form(part, term) for part in window if len(part) > _PART or not several)
    if form and (not several or (len(window) == 2 and window[0] in LITTLE)):
        return 0.0  # "a trial"
    letters = float(DamerauLevenshtein.normalized_similarity(word, term))
    enough = _pieces(signs, letters, apart, form=form) if several else _single(signs, letters, apart, word)
    many = len(window) > 2 and apart == 1 and not form and _MANY_PIECES.holds(signs, letters)
    return signs + letters if enough or many else 0.0


def _single(signs: float, letters: float, apart: int, word: str) -> bool:
    if signs >= _ALMOST and letters >= _LETTERS_OF_SAME and apart <= 2:
        return True
    if apart == 1:
        return _BESIDE.holds(signs, letters)
    if len(word) < _SHORTEST_FAR:
        return False
    return (apart == 2 and _NEXT.holds(signs, letters)) or _NEAR.holds(signs, letters)


def _pieces(signs: float, letters: float, apart: int, *, form: bool) -> bool:
    if form:
        return apart <= 2 and _PIECES_OF_FORM.holds(signs, letters)
    if signs >= _ALMOST and letters >= _LETTERS_OF_SAME and apart <= 2:
        return True
    return (_PIECES if apart == 1 else _PIECES_NEAR).holds(signs, letters)


@cache
def _form(word: str, term: str) -> bool:
    """True when the two are forms, compounds or kin: that is grammar or another finding, not the ear."""
    if Prefix.similarity(word, term) >= _STEM:
        return True
    if word.startswith(term) or term.startswith(word) or word.endswith(term) or term.endswith(word):
        return True
    if any(word.endswith(family) and term.endswith(family) for family in _FAMILIES):
        return True
    first, second = _stem(word), _stem(term)
    return (first, second) != (word, term) and first[:_ROOT] == second[:_ROOT]


def _stem(word: str) -> str:
    """The word without its prefix."""
    prefix = next((p for p in _PREFIXES if word.startswith(p) and len(word) - len(p) > _PART), "")
    return word.removeprefix(prefix)

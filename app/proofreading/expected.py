"""A word that is never said in its place, where one that sounds like it is expected there."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import jellyfish
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, Levenshtein, Postfix, Prefix

from app.proofreading.speech import Speech

_SAID = 8  # times a word is said before others may be misheard for it
_SHORTEST = 3  # letters of such a word, and of what was heard
_BESIDE = 2  # times it stands beside each neighbour, and
_OFTEN = 6  # beside one of them
_STEM = 4  # letters that two forms of one word share at their beginning
_TAIL = 5  # letters that two compounds share at their end: "hemothorax", "pneumothorax"
_LONG = 5  # consonants of a sound in which two may differ
_JOINED = 0.6  # least likeness of letters where several words were heard
# by how much speaks for the word that stands there (it is a term, it is said elsewhere):
_SHARES = (0.04, 0.1, 0.15)  # least share of what follows or precedes a neighbour
_LIKENESS = (0.4, 0.45, 0.5)  # least likeness of letters
_MASK = "xxxx"
LITTLE = frozenset(
    "a the of in is are and or with no to at on for there an be not do from by was this that has have had may can could "
    "should would will been being as but if than which who these those its their our we you i he she it his her were "
    "very under over when where while what also only into any all some".split()
) | {_MASK}
_OPENING = frozenset(
    {"a", "in", "at", "on", "an", "by"}
)  # little words that a long one may be heard to begin with


_CLOSED = LITTLE - _OPENING


class Place(NamedTuple):
    """The words right before and after; "." at an end of the sentence."""

    before: str
    after: str


class Expectation:
    """What is said in a place, as counts of neighbouring words tell. Thread-safe once built."""

    def __init__(self, speech: Speech, terms: Speech, own: Set[str]) -> None:
        """``terms`` are the words of the knowledge graph, ``own`` those of the rules."""
        self._speech, self._terms, self._own = speech, terms, own
        self._after: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        for (first, second), count in speech.pairs.items():
            self._after[first] += count
            self._before[second] += count
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        for word, count in sorted(speech.words.items()):
            if count >= _SAID and len(word) >= _SHORTEST and word.isalpha() and word not in LITTLE:
                self._by_sound[_sound(word)].append(word)
        self._sounds = tuple(self._by_sound)
        self._near = lru_cache(maxsize=50_000)(self._sounding_near)
        self.instead = lru_cache(maxsize=50_000)(self._instead)

    def _instead(self, window: tuple[str, ...], place: Place) -> str | None:
        """The word that is expected in place of ``window``, which is never said there and sounds like it."""
        if not self._odd(window, place):
            return None
        word = "".join(window)
        doubts = self._doubts(word) if len(window) == 1 else 0
        least = _LIKENESS[doubts] if len(window) == 1 else _JOINED
        fitting = [
            (self._share(place, term) * likeness, term)
            for term, likeness in self._near(word)
            if likeness >= least
            and not any(is_form(part, term) for part in window if len(window) == 1 or len(part) > _STEM)
            and term not in window
            and self._share(place, term) >= _SHARES[doubts]
        ]
        return max(fitting, default=(0.0, None))[1]

    def _odd(self, window: tuple[str, ...], place: Place) -> bool:
        """True when nobody says these words here."""
        pairs: Mapping[tuple[str, str], int] = self._speech.pairs
        if (place.before, window[0]) in pairs or (window[-1], place.after) in pairs:
            return False
        if len(window) == 1:
            return len(window[0]) >= _SHORTEST and window[0] not in LITTLE and window[0] not in self._own
        inner = tuple(pairwise(window))
        closed = window[0] in _CLOSED or window[-1] in LITTLE
        return not closed and not any(pair in pairs or pair in self._terms.pairs for pair in inner)

    def _doubts(self, word: str) -> int:
        return (word in self._terms.words) + (word in self._speech.words)

    def _share(self, place: Place, term: str) -> float:
        """The larger share of this word among what follows the one neighbour or precedes the other."""
        ahead = self._speech.pairs.get((place.before, term), 0) if place.before != _MASK else 0
        behind = self._speech.pairs.get((term, place.after), 0) if place.after != _MASK else 0
        if min(ahead, behind) < _BESIDE or max(ahead, behind) < _OFTEN:
            return 0.0
        first = ahead / self._after[place.before] if place.before.isalpha() else 0.0
        return max(first, behind / self._before[place.after] if place.after.isalpha() else 0.0)

    def _sounding_near(self, word: str) -> tuple[tuple[str, float], ...]:
        """Words of nearly the sound of ``word``, with the likeness of their letters."""
        sound = _sound(word)
        keys = process.extract(sound, self._sounds, scorer=Levenshtein.distance, score_cutoff=2, limit=None)
        return tuple(
            (term, float(DamerauLevenshtein.normalized_similarity(word, term)))
            for key, apart, _ in sorted(keys, key=lambda found: found[2])
            if apart <= _allowed(sound, key)
            for term in self._by_sound[key]
            if term != word
        )


def _sound(word: str) -> str:
    """Metaphone with one sign for every opening vowel, and without the silent letters of "right"."""
    key: str = jellyfish.metaphone(word.replace("ght", "t"))
    return f"A{key[1:]}" if key[:1] in "AEIOU" else key


def _allowed(first: str, second: str) -> int:
    """How many sounds may differ: one, of long words two."""
    longest = max(len(first), len(second))
    return 0 if longest < 2 else 2 if longest >= _LONG else 1


def is_form(word: str, term: str) -> bool:
    """True when the two are forms or compounds of one word: that is grammar or another finding, not the ear."""
    shared = Prefix.similarity(word, term)
    rest = max(len(word), len(term)) - shared
    if (shared >= _STEM and rest <= _TAIL) or word.endswith(term) or term.endswith(word):
        return True
    return Postfix.similarity(word, term) > _TAIL

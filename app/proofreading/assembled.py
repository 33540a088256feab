"""A long term that was heard as several short words: "score leo sis", "low back to me"."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, Levenshtein

from app.proofreading.expected import LITTLE, Place, is_form
from app.proofreading.phones import joined, phones, readings

MOST_PARTS = 4  # words that one term is heard as
_EXACT = 5  # signs of the shortest term that is heard exactly,
_OF_THREE = 4  # as three words or more, or
_ALONE = 9  # where each of the words is one of reports, and nothing else speaks for it
_NONE = 99
_NEAR = 7  # of one that is nearly heard
_LIKENESS = 0.84  # least likeness of signs of such a one,
_LESS = 0.77  # where the letters are much alike, too
_LETTERS = (0.42, 0.62)  # least likeness of letters, and where the signs are less alike
_APART = 0.03  # by which the words together are more like the term than a part of them
_SHORT = 4  # letters of a word of reports that may be one of two pieces of a term
_ENDS = frozenset("us me all".split())  # small words that a term may end in
_TOLD = frozenset(  # verbs of any sentence, by which a term does not end
    "seen shown noted present visible evident found identified known given described unchanged clear gone".split()
)
_OPENS = frozenset("a an at in my as".split())  # or begin with, where what follows is foreign


class Assembly:
    """Terms by their sound. Thread-safe once built."""

    def __init__(
        self,
        terms: Iterable[str],
        pairs: Mapping[tuple[str, str], int],
        foreign: Callable[[str], bool],
        is_word: Callable[[str], bool] = lambda word: False,
    ) -> None:
        """``pairs`` are words that do stand side by side; ``foreign`` tells of a word that no report has."""
        self._is_word = is_word
        self._pairs, self._foreign = pairs, lru_cache(maxsize=50_000)(foreign)
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        for term in sorted(set(terms)):
            for sound in readings(term):
                if len(sound) >= _OF_THREE:
                    self._by_sound[sound].append(term)
        self._long = [sound for sound in self._by_sound if len(sound) >= _NEAR - 1]
        self.instead = lru_cache(maxsize=50_000)(self._instead)

    def windows(self, words: Sequence[str]) -> dict[int, list[int]]:
        """Where runs of words begin that may be heard for a term, with the runs' sizes, the longest first."""
        sounds, odd = [*map(phones, words)], [*map(self._foreign, words)]
        found: dict[int, list[int]] = {}
        for start, sound in enumerate(sounds[:-1]):
            strange = odd[start]
            for size in range(2, min(MOST_PARTS, len(words) - start) + 1):
                more = sounds[start + size - 1]
                sound += more[1:] if sound[-1:] == more[:1] else more
                strange = strange or odd[start + size - 1]
                if sound in self._by_sound or (strange and len(sound) >= _NEAR):
                    found.setdefault(start, []).insert(0, size)
        return found

    def _instead(self, window: tuple[str, ...], place: Place) -> str | None:
        """The term that these words, which do not belong together, are heard for."""
        beside = [pair in self._pairs for pair in pairwise(window)]
        odd = [self._foreign(word) for word in window]
        sound, phrase = joined(window), _is_phrase(window, odd)
        if len(window) == 2 and all(len(word) > 2 and self._is_word(word) for word in window):
            return None  # "cavity seen", "air enema"
        if window[-1] in _TOLD and window[-2] in LITTLE:
            return None  # "the cuff is shown", no effusion
        if all(beside) or (any(beside) and len(sound) < _ALONE):
            return None
        near = self._nearly(sound, window, odd)
        if sound in self._by_sound and len(sound) >= _least(window, odd):
            near = [(1.0, term) for term in self._by_sound[sound]]
        sure = any(odd) and (len(window) > 2 or window[0] not in LITTLE)
        fitting = [
            (alike, letters, term)
            for alike, term in near
            if (letters := _letters(window, term)) >= _LETTERS[alike < _LIKENESS or phrase]
            and not _told_apart(window, term, alike, phrase=phrase)
            and (sure or (alike == 1.0 and len(sound) >= _ALONE) or self._fits(term, place))
        ]
        return max(fitting)[2] if fitting else None

    def _nearly(self, sound: str, window: tuple[str, ...], odd: list[bool]) -> list[tuple[float, str]]:
        """Terms of nearly this sound, where one of the words is odd and none of two is a term of its own."""
        known = [len(word) for word, strange in zip(window, odd, strict=True) if not strange]
        two = len(window) == 2 and (max(known, default=0) > _SHORT or window[0] in LITTLE)
        if two or len(sound) < _NEAR or not any(odd) or _is_phrase(window, odd):
            return []
        least = _LESS if max(known, default=0) < _SHORT else _LIKENESS
        found = process.extract(
            sound, self._long, scorer=Levenshtein.normalized_similarity, score_cutoff=least, limit=8
        )
        return [(alike, term) for key, alike, _ in found for term in self._by_sound[key]]

    def _fits(self, term: str, place: Place) -> bool:
        beside = ((place.before, term), (term, place.after))
        return any(pair in self._pairs and not LITTLE & {*pair} for pair in beside)


def _least(window: tuple[str, ...], odd: list[bool]) -> int:
    """Signs of the shortest term that is taken for what these words mean."""
    if _is_phrase(window, odd):
        known = any(len(word) > _SHORT for word, strange in zip(window, odd, strict=True) if not strange)
        return _NONE if len(window) == 2 or known else _ALONE
    return _OF_THREE if len(window) > 2 and any(odd) else _EXACT


def _is_phrase(window: tuple[str, ...], odd: list[bool]) -> bool:
    """True where a small word opens or closes the words as in any sentence."""
    return window[-1] in LITTLE - _ENDS or (window[0] in LITTLE and not (window[0] in _OPENS and odd[1]))


def _letters(window: tuple[str, ...], term: str) -> float:
    return float(DamerauLevenshtein.normalized_similarity("".join(window), term))


def _holds(term: str, word: str) -> bool:
    """True when a word is the term, or the most of a compound: "known calcified" is not "noncalcified"."""
    long = len(word) > _SHORT + 1
    return term in (word, f"{word}d", f"{word}s") or (
        long and (term.endswith(word) or word[: _SHORT + 2] in term[1:])
    )


def _told_apart(window: tuple[str, ...], term: str, alike: float, *, phrase: bool) -> bool:
    """True when the words are the term as it is: split, beside another word, or in another form."""
    if "".join(window) in (term, f"{term}s") or any(_holds(term, word) for word in window):
        return True
    if window[1] in LITTLE and len(window[0]) > _SHORT + 1 and term.startswith(window[0][:-1]):
        return True  # "instrument is seen", no instrumentation; "cavity is seen", no cavitation
    for some in (window[1:], window[:-1]):
        sound = joined(some)
        if any(Levenshtein.normalized_similarity(sound, key) > alike - _APART for key in readings(term)):
            return True
    return phrase and any(len(word) > _SHORT and is_form(word, term) for word in window)

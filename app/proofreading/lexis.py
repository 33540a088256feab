"""What is known of words: the terms of the knowledge graph, the speech of reference reports, English."""

import re
from collections import defaultdict
from collections.abc import Iterable, Set
from functools import lru_cache
from importlib.resources import files

import jellyfish
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein, Levenshtein

from app.proofreading.assembled import Assembly
from app.proofreading.collocated import Collocation
from app.proofreading.companions import Companions
from app.proofreading.dictionary import dictated, english, strange
from app.proofreading.expected import Expectation
from app.proofreading.speech import Speech
from models.lexical import load_modifiers
from models.tokens import fold

_TERM = 6  # letters of the shortest term that a word is compared with
_LONG = 9
_COMMON = 5_000  # an English word this frequent is what was meant
_ALIKE = 0.5  # least likeness of letters between words of one sound
_SPELLED = 8  # letters of the shortest plain word that others may be misspellings of
_SHORT = 4  # letters of the shortest word that another is taken for a slip of
_STEADY = 5  # times that such a word is said, and
_HERE = 10  # times beside one of these neighbours
_HERE_TOO = 25  # where the other is a word of every day
_MASK = "xxxx"  # of de-identified reports
_SAID = 2  # times a word is said before others may be misheard for it
_HEARD = 5  # letters of the shortest such word
_SOUNDS = 3  # consonants of the shortest sound
_OFTEN = 8  # times such a word stands beside its neighbours
_NEARLY = 0.7  # least likeness of sounds, and
_LETTERS = 0.4  # of letters,
_LETTERS_OF_ONE = 0.45  # and where one word was heard as one
_SPLIT = 0.8  # likeness of letters of a word heard as two that share its beginning
_EVERYDAY = 20_000  # an English word this frequent may just be new to the reports
_ANYWHERE = frozenset("a an the is are in on at to be was xxxx".split())
_ADDED = tuple("non un re pre post sub multi bi uni peri para intra extra micro".split())
_CLOSED = frozenset(
    "a the of in is are and or with no to at on for there an be not do from by was this that it as its if but than then "
    "so such which who he she they we you i has had have xxxx".split()
)
_ENDINGS = ("s", "es", "ly", "ed", "d", "ing", "al", "ic", "y")
_STEM = 4  # letters that a compound's second part has at least
_COMPOUNDS = tuple(
    "peri para multi non sub supra infra inter intra post pre re retro hyper hypo trans uni bi tri costo cardio pleuro "
    "broncho pneumo thoraco sterno osteo fibro micro macro neo semi extra endo ecto meso".split()
)
_PREFIXES = tuple("hyper hypo inter intra peri para post pre retro sub supra infra trans un".split())


def _sound(word: str) -> str:
    """Metaphone with one sign for every opening vowel, which dictation blurs."""
    key: str = jellyfish.metaphone(word)
    return f"A{key[1:]}" if key[:1] in "AEIOU" else key


class Lexis:
    """Answers which word was meant. Thread-safe once built."""

    def __init__(
        self, names: Iterable[str], speech: Speech, words: Set[str] = frozenset(), *, of_archive: bool = False
    ) -> None:
        """Learn terms from graph ``names``, and their use from ``speech``; ``words`` are right as they are.

        ``of_archive``: the speech is that of a site's own reports, of every kind of study there.
        """
        self.of_archive = of_archive
        folded = [fold(name) for name in names]
        graph = Speech.of(folded)
        known = graph.joined(speech)
        self._words, self._pairs = known.words, known.pairs
        self._terms = {
            word for name in folded for word in name.split() if len(word) >= _TERM and word.isalpha()
        }
        self._speech = speech
        self._own = frozenset(word for phrase, _, _ in load_modifiers() for word in phrase.split())
        self._own |= frozenset(
            files("app").joinpath("proofreading/vocabulary.txt").read_text("utf-8").split()
        )
        self.allowed = frozenset(words)
        self._own |= self.allowed
        self._domain = frozenset(self._words) | self._own
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for term in sorted(self._terms):
            self._by_sound[_sound(term)].append(term)
        self._spoken: dict[str, list[str]] = defaultdict(list)
        for word, count in sorted(speech.words.items()):
            if count >= _SAID and len(word) >= _HEARD and word.isalpha():
                self._spoken[_sound(word)].append(word)
        spelled = self._terms | {word for word in self._domain if len(word) >= _SPELLED and word.isalpha()}
        for term in sorted(spelled):
            self._by_length[len(term)].append(term)
        self.sounds_like = lru_cache(maxsize=50_000)(self._sounds_like)
        self.spelled_like = lru_cache(maxsize=50_000)(self._spelled_like)
        self._said_often = [
            word
            for word, count in speech.words.items()
            if count >= _STEADY and len(word) >= _SHORT and word.isalpha() and word != _MASK
        ]
        self.expected = Expectation(speech, graph, self._own)
        self.strange = lru_cache(maxsize=50_000)(self._strange)
        self.collocated = Collocation(self.strange, self._pairs)
        self.companions = Companions(self.strange, self._pairs)
        self.assembled = Assembly(dictated(), self._pairs, self.strange, self._is_word)
        self.known = lru_cache(maxsize=50_000)(self._known)
        self.slipped = lru_cache(maxsize=50_000)(self._slipped)
        self.misheard = lru_cache(maxsize=50_000)(self._misheard)
        self._near = lru_cache(maxsize=50_000)(self._sounding_near)

    def _known(self, word: str) -> bool:
        """True for a word of the graph, the corpus, the rules or English, also in a plain ending or compound."""
        forms = [word, _american(word), *(word.removesuffix(ending) for ending in _ENDINGS)]
        forms += [f"{word[:-1]}ic"] if word.endswith("y") else []  # "sonography", "sonographic"
        forms += (
            [f"{word[:-1]}a", f"{word[:-2]}y"] if word.endswith("ic") else []
        )  # "hyperemic", "bronchoscopic"
        forms += [word.removesuffix("tous")] if word.endswith("tous") else []  # "myelomatous"
        stems = (form[len(prefix) :] for prefix in _COMPOUNDS for form in forms if form.startswith(prefix))
        return any(self._is_word(form) for form in (*forms, *(stem for stem in stems if len(stem) > _STEM)))

    def _is_word(self, form: str) -> bool:
        return form in self._words or form in self._own or form in english()

    def _fits(self, before: str, word: str, after: str) -> int:
        """How often the word stands beside its neighbours."""
        ahead = self._pairs.get((before, word), 0) if before.isalpha() else 0
        return ahead + (self._pairs.get((word, after), 0) if after.isalpha() else 0)

    def foreign(self, word: str) -> bool:
        """True for a word that neither graph, corpus nor rules use, also in a plain ending."""
        forms = (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ly"))
        return not any(form in self._domain for form in forms)

    def _strange(self, word: str) -> bool:
        return strange(word, self._domain)

    def _sounds_like(self, word: str, before: str, after: str) -> str | None:
        """The term that sounds like ``word`` and belongs in its place, where ``word`` does not."""
        if not self.foreign(word) or english().get(word, 0) > _COMMON or self._fits(before, word, after):
            return None
        fitting = [
            (self._fits(before, term, after), term)
            for term in self._by_sound.get(_sound(word), ())
            if _alike(term, word)
        ]
        best = max(fitting, default=(0, ""))
        return best[1] if best[0] > 0 else None

    def unspoken(self, word: str) -> bool:
        """True for a word that correct reports do not use and no rule knows."""
        return word not in self._speech.words and word not in self._own

    def _slipped(self, word: str, before: str, after: str) -> str | None:
        """The word one letter off that is often said in this place, where ``word`` is never said at all."""
        if len(word) < _SHORT or not self.unspoken(word):
            return None
        real = word in english()
        near = process.extract(
            word, self._said_often, scorer=DamerauLevenshtein.distance, score_cutoff=1, limit=None
        )
        pairs = self._speech.pairs
        fitting = [
            (
                max(
                    pairs.get((before, term), 0) if before.isalpha() else 0,
                    pairs.get((term, after), 0) if after.isalpha() else 0,
                ),
                term,
            )
            for term, _, _ in near
            if not _same_word(word, term) and (not real or self._goes(before, term, after))
        ]
        best = max(fitting, default=(0, ""))
        needed = _HERE if english().get(word, 0) <= _EVERYDAY else _HERE_TOO
        return best[1] if best[0] >= needed else None

    def _goes(self, before: str, term: str, after: str) -> bool:
        """True when the term is said beside each of its neighbours."""
        pairs = self._speech.pairs
        ahead = not before.isalpha() or (before, term) in pairs
        return ahead and (not after.isalpha() or (term, after) in pairs)

    def _misheard(self, window: tuple[str, ...], before: str, after: str) -> str | None:
        """The spoken word that one to three words were most likely misheard for, in their place.

        At least one of them is never said in correct reports; the word sounds nearly the same and is
        often said beside one of the neighbours ("new motor axe or pleural effusion").
        """
        if not any(self.unspoken(word) for word in window) or not self._may_be_misheard(window):
            return None
        fitting = [
            (self._beside(before, term, after), likeness, term)
            for term, likeness in self._near("".join(window))
            if likeness >= self._least(window) and not _related(term, window)
        ]
        best = max(fitting, default=(0, 0.0, ""), key=lambda item: (min(item[0], _OFTEN), item[1]))
        return best[2] if best[0] >= _OFTEN else None

    def _may_be_misheard(self, window: tuple[str, ...]) -> bool:
        if all(word in self._words or word in self._own for word in window):
            return False
        if len(window) == 1:
            return english().get(window[0], 0) <= _EVERYDAY
        if all(self._is_word(word) and english().get(word, _EVERYDAY + 1) > _EVERYDAY for word in window):
            return False  # "side today"
        return window[0] not in _CLOSED - {"a", "in", "at"} and window[-1] not in _CLOSED

    def _least(self, window: tuple[str, ...]) -> float:
        """Least likeness of letters: more where an article stands before a word of English, as anywhere."""
        if len(window) == 1:
            return _LETTERS_OF_ONE
        return _SPLIT if window[0] in ("a", "an") and self._is_word(window[1]) else _LETTERS

    def _beside(self, before: str, term: str, after: str) -> int:
        """How often the term is said beside these neighbours; one that stands anywhere says nothing."""
        pairs = self._speech.pairs
        ahead = pairs.get((before, term), 0) if before.isalpha() and before not in _ANYWHERE else 0
        behind = pairs.get((term, after), 0) if after.isalpha() and after not in _ANYWHERE else 0
        return ahead + behind

    def _sounding_near(self, word: str) -> tuple[tuple[str, float], ...]:
        """Spoken words of nearly the sound of ``word``, with the likeness of their letters."""
        sound = _sound(word)
        if len(sound) < _SOUNDS:
            return ()
        near = process.extract(
            sound, self._spoken.keys(), scorer=Levenshtein.normalized_similarity,
            score_cutoff=_NEARLY, limit=None,
        )  # fmt: skip
        pairs = (
            (term, float(DamerauLevenshtein.normalized_similarity(word, term)))
            for key, _, _ in near
            for term in self._spoken[key]
        )
        return tuple((term, likeness) for term, likeness in pairs if likeness >= _LETTERS)

    def _spelled_like(self, word: str) -> str | None:
        """The one term nearest to an unknown word: one slip, or two in a long word."""
        allowed = 2 if len(word) >= _LONG else 1
        near: list[tuple[int, int, str]] = []
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            for term in self._by_length.get(length, ()):
                distance = DamerauLevenshtein.distance(word, term, score_cutoff=allowed)
                if distance <= allowed and _slip(word, term, distance):
                    near.append((distance, -self._words.get(term, 0), term))
        near.sort()
        if not near or (len(near) > 1 and near[0][:2] == near[1][:2]):
            return None
        return near[0][2]


def _alike(term: str, word: str) -> bool:
    """True when at least half of the letters agree and more than an ending or a prefix differs."""
    if _prefix(term) != _prefix(word) or _inflected(term, word):
        return False
    return float(DamerauLevenshtein.normalized_similarity(term, word)) >= _ALIKE


def _same_word(word: str, term: str) -> bool:
    """True when the letter that differs is an ending (singular and plural, tense) or British spelling."""
    if _american(word) == _american(term):
        return True
    if word.startswith(term) or term.startswith(word):
        return True
    return len(word) > _SHORT and word[:-1] == term[:-1] and {word[-1], term[-1]} <= set("sdye")


def _american(word: str) -> str:
    """The word with its digraphs as in America: "oedema", "haemorrhage"."""
    word = word.replace("ae", "e").replace("oe", "e").replace("our", "or")
    return re.sub(r"(?<=[a-z]{3})([iy])s(?=e|ing|ation)", r"\1z", word)


def _related(term: str, window: tuple[str, ...]) -> bool:
    """True when the words are the term in another form: inflected, split in two, or with a word beside it."""
    joined = "".join(window)
    if any(joined == f"{prefix}{term}" for prefix in _ADDED):
        return True
    same = float(DamerauLevenshtein.normalized_similarity(joined, term))
    if joined == term or term in window:
        return True
    shared = any(len(word) >= _STEM + 1 and word[: _STEM + 1] == term[: _STEM + 1] for word in window)
    return shared and (len(window) == 1 or same < _SPLIT)


def _slip(word: str, term: str, distance: int) -> bool:
    """True for a slip of the keyboard, false for another word that happens to be near.

    A slip keeps the first letter; two slips keep the sound; neither turns one prefix into another
    ("hyperdense", "hypodense").
    """
    if word[0] != term[0] or _inflected(term, word) or _prefix(word) != _prefix(term):
        return False
    return distance == 1 or DamerauLevenshtein.distance(_sound(word), _sound(term)) <= 1


def _prefix(word: str) -> str:
    return next((prefix for prefix in _PREFIXES if word.startswith(prefix)), "")


def _inflected(term: str, word: str) -> bool:
    """True when the two differ by an ending only: no confusion, just grammar."""
    stem = min(len(term), len(word)) - 2
    return (
        stem >= 4
        and term[:stem] == word[:stem]
        and abs(len(term) - len(word)) <= 3
        and (term.startswith(word) or word.startswith(term))
    )

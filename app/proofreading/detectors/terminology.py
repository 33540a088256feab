"""Words that were misheard or mistyped: speech-recognition confusions and misspellings.

Three sources, from the surest on: known confusions (``confusions.tsv``); words that sound or look
like a term which the reference corpus uses in just this place, while the word itself is never
used there; and words of no language close to a long term. Real words of other fields are errors only
where the medical reading fits the neighbouring word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from app.proofreading.case import Case
from app.proofreading.comparing import is_chest
from app.proofreading.expected import Place
from app.proofreading.lexis import Lexis
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.tokens import tokenize
from models.types import SectionName, Span

_SPOKEN = frozenset(
    {SectionName.FINDINGS, SectionName.IMPRESSION, SectionName.UNTITLED, SectionName.RECOMMENDATION}
)
_SHORTEST_MISSPELLING = 7
_SHORTEST_CONFUSION = 5
_UNSURE = 0.55  # without a site's own reports, a word that the bundled ones lack says little
_LONGEST_RUN = 3
_MUCH_ALIKE = 1.5  # signs and letters together of a single word that is another
_MASK = "xxxx"
_END = "."  # stands for what is before and after a sentence
_PIECE = re.compile(r"[A-Za-z]?[a-z]*")
_PLAIN = re.compile(r"[a-z]+|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True)
class Confusion:
    """One row of confusions.tsv, folded to words."""

    id: str
    heard: tuple[str, ...]
    meant: str
    before: frozenset[str]
    after: frozenset[str]


@cache
def load_confusions() -> dict[str, tuple[Confusion, ...]]:
    """The known confusions by their first heard word."""
    found: dict[str, list[Confusion]] = {}
    with files("app").joinpath("proofreading/detectors/confusions.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            cells = [*line.rstrip("\n").split("\t"), "", ""]
            heard = tuple(cells[1].lower().replace("'", " ").replace("-", " ").split())
            before, after = (frozenset(cell.split("|")) - {""} for cell in cells[3:5])
            found.setdefault(heard[0], []).append(Confusion(cells[0], heard, cells[2], before, after))
    return {first: tuple(rows) for first, rows in found.items()}


class _Heard(NamedTuple):
    """Words of a sentence that another was most likely meant for; ``span`` counts from its start."""

    span: Span
    meant: str
    rule: str
    confidence: float
    size: int = 1  # words


class _Sentence(NamedTuple):
    """A sentence by itself and its tokens."""

    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]
    pieces: dict[int, list[int]]  # sizes of the runs from a token on that may be heard for one term
    strange: bool  # no report has one of its words

    def span(self, index: int, size: int = 1) -> Span:
        """Where some tokens stand."""
        return Span(self.starts[index], self.ends[index + size - 1])

    def place(self, index: int, size: int = 1, *, end: str = "") -> Place:
        """The words beside some tokens; ``end`` where there is none."""
        after = index + size
        return Place(
            self.words[index - 1] if index else end, self.words[after] if after < len(self.words) else end
        )


class Terminology:
    """Looks at every word of findings, impression and recommendation."""

    types = frozenset({ErrorType.TERMINOLOGY})

    def __init__(self, lexis: Lexis) -> None:
        """Keep what is known of words; sentences that come again are searched once."""
        self._lexis = lexis
        self._heard_in = lru_cache(maxsize=10_000)(self._search)

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order, one a place."""
        spoken = self._lexis.of_archive or is_chest(case)  # the bundled reports speak of the chest only
        for sentence in case.report.sentences:
            if case.report.sections[sentence.section].name in _SPOKEN:
                for heard in self._heard_in(sentence.span.of(case.report.text), spoken):
                    yield _candidate(case, sentence.span, heard)

    def _search(self, text: str, spoken: bool) -> tuple[_Heard, ...]:
        tokens = tokenize(text)
        pieces = self._lexis.assembled.windows(tokens.words)
        strange = any(map(self._lexis.strange, tokens.words))
        sentence = _Sentence(text, tokens.words, tokens.starts, tokens.ends, pieces, strange)
        found: list[_Heard] = []
        index = 0
        while index < len(sentence.words):
            heard = self._at(sentence, index, spoken=spoken)
            found += [heard] if heard is not None else []
            index += heard.size if heard is not None else 1
        return tuple(found)

    def _at(self, sentence: _Sentence, index: int, *, spoken: bool) -> _Heard | None:
        """What was heard from a token on."""
        if sentence.words[index] in self._lexis.allowed:
            return None
        if (known := _known(sentence, index)) is not None:
            return known
        if (assembled := self._assembled(sentence, index)) is not None:
            return assembled
        if (collocated := self._collocated(sentence, index)) is not None:
            return collocated
        if (accompanied := self._accompanied(sentence, index)) is not None:
            return accompanied
        if spoken:
            for search in (self._slipped, self._misheard, self._unexpected):
                if (heard := search(sentence, index)) is not None:
                    return heard
        return self._unknown(sentence, index, spoken=spoken)

    def _unknown(self, sentence: _Sentence, index: int, *, spoken: bool) -> _Heard | None:
        """A word that sounds or looks like a term, and is none."""
        word, span = sentence.words[index], sentence.span(index)
        if len(word) < _SHORTEST_CONFUSION or not word.isascii() or not word.isalpha():
            return None
        quote = span.of(sentence.text)
        if not _PLAIN.fullmatch(quote) or (index and quote[0].isupper()):
            return None  # within a sentence, names have capitals
        meant = self._lexis.sounds_like(word, *sentence.place(index))
        doubtful = not self._lexis.of_archive and self._lexis.known(word)
        if meant is not None:
            return _Heard(span, meant, "sound", _UNSURE if doubtful else 0.8)
        if len(word) >= _SHORTEST_MISSPELLING and not self._lexis.known(word):
            nearest = self._lexis.spelled_like(word)
            if nearest is not None:
                sure = spoken and DamerauLevenshtein.distance(word, nearest) == 1  # two slips: a word we lack
                return _Heard(span, nearest, "spelling", 0.8 if sure else 0.55)
        return None

    def _slipped(self, sentence: _Sentence, index: int) -> _Heard | None:
        word, span = sentence.words[index], sentence.span(index)
        if not self._lexis.unspoken(word):
            return None
        if not (word.isascii() and word.isalpha() and _PLAIN.fullmatch(span.of(sentence.text))):
            return None
        meant = self._lexis.slipped(word, *sentence.place(index))
        return None if meant is None else _Heard(span, meant, "slip", 0.85)

    def _assembled(self, sentence: _Sentence, index: int) -> _Heard | None:
        """The longest run of up to four words that sounds like one long term, and is none."""
        for size in sentence.pieces.get(index, ()):
            window = tuple(sentence.words[index : index + size])
            span = sentence.span(index, size)
            parts = span.of(sentence.text).split(" ")
            if len(parts) != size or _MASK in window or not all(map(_PIECE.fullmatch, parts)):
                continue  # a comma or a hyphen stands between, or an abbreviation is one of them
            if any(part[0].isupper() for part in parts[index == 0 :] if len(part) > 1):
                continue  # within a sentence, names have capitals
            meant = self._lexis.assembled.instead(window, sentence.place(index, size))
            if meant is not None:
                return _Heard(span, meant, "assembled", 0.75, size)
        return None

    def _collocated(self, sentence: _Sentence, index: int) -> _Heard | None:
        """Words that do not fit, where their neighbour goes with one that sounds like them."""
        for size in range(min(_LONGEST_RUN, len(sentence.words) - index), 0, -1):
            if not self._lexis.collocated.beside(sentence.words, index, size):
                continue
            place = sentence.place(index, size)
            meant = self._lexis.collocated.instead(tuple(sentence.words[index : index + size]), place)
            if meant is None:
                continue
            span = sentence.span(index, size)
            parts = span.of(sentence.text).split(" ")
            plain = len(parts) == size and all(_PLAIN.fullmatch(part) for part in parts)
            if plain and all(part.islower() for part in parts[index == 0 :]):
                return _Heard(span, meant, "collocated", 0.75, size)
        return None

    def _accompanied(self, sentence: _Sentence, index: int) -> _Heard | None:
        """Words that no report has, near some that go with a term of their sound."""
        if not sentence.strange:
            return None
        fit = self._lexis.companions.instead(sentence.words, index)
        if fit is None or (fit.size == 1 and fit.alike < _MUCH_ALIKE):
            return None
        span = sentence.span(index, fit.size)
        parts = span.of(sentence.text).split(" ")
        if len(parts) != fit.size or not all(_PLAIN.fullmatch(part) for part in parts):
            return None
        named = fit.size <= 2 and any(not part.islower() for part in parts[index == 0 :])
        return None if named else _Heard(span, fit.term, "accompanied", 0.75, fit.size)

    def _misheard(self, sentence: _Sentence, index: int) -> _Heard | None:
        """The longest run of up to three words, one of them never said, that sounds like a word that fits."""
        if not any(map(self._lexis.unspoken, sentence.words[index : index + _LONGEST_RUN])):
            return None
        for size in range(min(_LONGEST_RUN, len(sentence.words) - index), 0, -1):
            window = tuple(sentence.words[index : index + size])
            if not all(word.isascii() and word.isalpha() for word in window):
                continue
            if _MASK in window or not any(self._lexis.unspoken(word) for word in window):
                continue
            if size > 1 and any(
                part.isupper() and len(part) > 1
                for part in sentence.span(index, size).of(sentence.text).split()
            ):
                continue  # "ICU stay"
            meant = self._lexis.misheard(window, *sentence.place(index, size))
            if meant is not None:
                sure = _UNSURE if size == 1 and not self._lexis.of_archive else 0.75
                return _Heard(sentence.span(index, size), meant, "misheard", sure, size)
        return None

    def _unexpected(self, sentence: _Sentence, index: int) -> _Heard | None:
        """A word, or two, that nobody says here, where one of the same sound is expected."""
        for size in range(min(2, len(sentence.words) - index), 0, -1):
            window = tuple(sentence.words[index : index + size])
            meant = self._lexis.expected.instead(window, sentence.place(index, size, end=_END))
            if meant is None:
                continue
            span = sentence.span(index, size)
            parts = span.of(sentence.text).split(" ")
            plain = len(parts) == size and all(_PLAIN.fullmatch(part) for part in parts)
            if plain and (not index or parts[0].islower()) and parts[-1].isascii():
                sure = 0.75 if self._lexis.of_archive else _UNSURE
                return _Heard(span, meant, "expected", sure, size)
        return None


def _known(sentence: _Sentence, index: int) -> _Heard | None:
    """A known confusion; a word that is only written with a hyphen is none."""
    row = _confusion(sentence, index)
    if row is None:
        return None
    size = len(row.heard)
    span = sentence.span(index, size)
    if "-" in span.of(sentence.text) and "".join(row.heard) == row.meant:
        return None
    return _Heard(span, row.meant, "known", 0.9, size)


def _confusion(sentence: _Sentence, index: int) -> Confusion | None:
    for row in load_confusions().get(sentence.words[index], ()):
        size = len(row.heard)
        if tuple(sentence.words[index : index + size]) != row.heard:
            continue
        before, after = sentence.place(index, size, end=_END)
        if (row.before and before not in row.before) or (row.after and after not in row.after):
            continue
        return row
    return None


def _candidate(case: Case, sentence: Span, heard: _Heard) -> Candidate:
    span = Span(sentence.start + heard.span.start, sentence.start + heard.span.end)
    quote = case.report.quote(span)
    replacement = heard.meant.capitalize() if quote[:1].isupper() and heard.meant.islower() else heard.meant
    return Candidate(
        type=ErrorType.TERMINOLOGY,
        span=span,
        message=f'"{quote}" was most likely meant to be "{heard.meant}".',
        rule=f"terminology.{heard.rule}",
        confidence=heard.confidence,
        evidence=(
            Evidence(EvidenceKind.TEXT, span=sentence),
            Evidence(EvidenceKind.GRAPH_PATH, path=(quote, "SOUNDS_LIKE", heard.meant), source="lexicon"),
        ),
        correction=Correction(span, replacement),
    )

"""Words that were misheard or mistyped: speech-recognition confusions and misspellings.

Three sources, from the surest on: known confusions (``confusions.tsv``); words that sound or look
like a term which the reference corpus uses in just this place, while the word itself is never
used there; and words of no language close to a long term. Real words of other fields are errors only
where the medical reading fits the neighbouring word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rapidfuzz.distance import DamerauLevenshtein

from app.proofreading.case import Case
from app.proofreading.comparing import is_chest
from app.proofreading.expected import Place
from app.proofreading.lexis import Lexis
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.tokens import TokenLine, tokenize
from models.types import SectionName, Span

_SPOKEN = frozenset(
    {SectionName.FINDINGS, SectionName.IMPRESSION, SectionName.UNTITLED, SectionName.RECOMMENDATION}
)
_SHORTEST_MISSPELLING = 7
_SHORTEST_CONFUSION = 5
_UNSURE = 0.55  # without a site's own reports, a word that the bundled ones lack says little
_LONGEST_RUN = 3
_MASK = "xxxx"
_END = "."  # stands for what is before and after a sentence
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


class Terminology:
    """Looks at every word of findings, impression and recommendation."""

    types = frozenset({ErrorType.TERMINOLOGY})

    def __init__(self, lexis: Lexis) -> None:
        """Keep what is known of words."""
        self._lexis = lexis

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order, one a place."""
        tokens = tokenize(case.report.text)
        spoken = self._lexis.of_archive or is_chest(case)  # the bundled reports speak of the chest only
        for sentence in case.report.sentences:
            if case.report.sections[sentence.section].name not in _SPOKEN:
                continue
            start, end = tokens.token_range(sentence.span)
            index = start
            while index < end:
                found = self._at(tokens, index, (start, end), case, spoken=spoken)
                if found is not None:
                    yield found[0]
                index += found[1] if found is not None else 1

    def _at(
        self, tokens: TokenLine, index: int, bounds: tuple[int, int], case: Case, *, spoken: bool
    ) -> tuple[Candidate, int] | None:
        """The candidate that begins at a token, and how many tokens it covers."""
        if tokens.words[index] in self._lexis.allowed:
            return None
        if (known := _known(tokens, index, bounds, case)) is not None:
            return known
        if spoken and (slipped := self._slipped(tokens, index, bounds, case)) is not None:
            return slipped, 1
        if spoken and (misheard := self._misheard(tokens, index, bounds, case)) is not None:
            return misheard
        if spoken and (heard := self._unexpected(tokens, index, bounds, case)) is not None:
            return heard
        word = tokens.words[index]
        if len(word) < _SHORTEST_CONFUSION or not word.isascii() or not word.isalpha():
            return None
        span = Span(tokens.starts[index], tokens.ends[index])
        quote = case.report.quote(span)
        if not _PLAIN.fullmatch(quote) or (index > bounds[0] and quote[0].isupper()):
            return None  # within a sentence, names have capitals
        before = tokens.words[index - 1] if index > bounds[0] else ""
        after = tokens.words[index + 1] if index + 1 < bounds[1] else ""
        meant = self._lexis.sounds_like(word, before, after)
        doubtful = not self._lexis.of_archive and self._lexis.known(word)
        if meant is not None:
            return _candidate(case, span, meant, "sound", _UNSURE if doubtful else 0.8), 1
        if len(word) >= _SHORTEST_MISSPELLING and not self._lexis.known(word):
            nearest = self._lexis.spelled_like(word)
            if nearest is not None:
                sure = spoken and DamerauLevenshtein.distance(word, nearest) == 1  # two slips: a word we lack
                return _candidate(case, span, nearest, "spelling", 0.8 if sure else 0.55), 1
        return None

    def _slipped(
        self, tokens: TokenLine, index: int, bounds: tuple[int, int], case: Case
    ) -> Candidate | None:
        word = tokens.words[index]
        span = Span(tokens.starts[index], tokens.ends[index])
        if not (word.isascii() and word.isalpha() and _PLAIN.fullmatch(case.report.quote(span))):
            return None
        before = tokens.words[index - 1] if index > bounds[0] else ""
        after = tokens.words[index + 1] if index + 1 < bounds[1] else ""
        meant = self._lexis.slipped(word, before, after)
        return None if meant is None else _candidate(case, span, meant, "slip", 0.85)

    def _misheard(
        self, tokens: TokenLine, index: int, bounds: tuple[int, int], case: Case
    ) -> tuple[Candidate, int] | None:
        """The longest run of up to three words, one of them never said, that sounds like a word that fits."""
        words = tokens.words
        for size in range(min(_LONGEST_RUN, bounds[1] - index), 0, -1):
            window = tuple(words[index : index + size])
            if not all(word.isascii() and word.isalpha() for word in window):
                continue
            if _MASK in window or not any(self._lexis.unspoken(word) for word in window):
                continue
            before = words[index - 1] if index > bounds[0] else ""
            after = words[index + size] if index + size < bounds[1] else ""
            meant = self._lexis.misheard(window, before, after)
            if meant is not None:
                span = Span(tokens.starts[index], tokens.ends[index + size - 1])
                return _candidate(
                    case,
                    span,
                    meant,
                    "misheard",
                    _UNSURE if size == 1 and not self._lexis.of_archive else 0.75,
                ), size
        return None

    def _unexpected(
        self, tokens: TokenLine, index: int, bounds: tuple[int, int], case: Case
    ) -> tuple[Candidate, int] | None:
        """A word, or two, that nobody says here, where one of the same sound is expected."""
        for size in range(min(2, bounds[1] - index), 0, -1):
            end = index + size
            before = tokens.words[index - 1] if index > bounds[0] else _END
            after = tokens.words[end] if end < bounds[1] else _END
            meant = self._lexis.expected.instead(tuple(tokens.words[index:end]), Place(before, after))
            if meant is None:
                continue
            span = Span(tokens.starts[index], tokens.ends[end - 1])
            parts = case.report.quote(span).split(" ")
            plain = len(parts) == size and all(_PLAIN.fullmatch(part) for part in parts)
            if plain and (index == bounds[0] or parts[0].islower()) and parts[-1].isascii():
                sure = 0.75 if self._lexis.of_archive else _UNSURE
                return _candidate(case, span, meant, "expected", sure), size
        return None


def _known(
    tokens: TokenLine, index: int, bounds: tuple[int, int], case: Case
) -> tuple[Candidate, int] | None:
    """A known confusion; a word that is only written with a hyphen is none."""
    row = _confusion(tokens.words, index, bounds)
    if row is None:
        return None
    size = len(row.heard)
    span = Span(tokens.starts[index], tokens.ends[index + size - 1])
    if "-" in case.report.quote(span) and "".join(row.heard) == row.meant:
        return None
    return _candidate(case, span, row.meant, "known", 0.9), size


def _confusion(words: list[str], index: int, bounds: tuple[int, int]) -> Confusion | None:
    for row in load_confusions().get(words[index], ()):
        end = index + len(row.heard)
        if end > bounds[1] or tuple(words[index:end]) != row.heard:
            continue
        before = words[index - 1] if index > bounds[0] else _END
        after = words[end] if end < bounds[1] else _END
        if (row.before and before not in row.before) or (row.after and after not in row.after):
            continue
        return row
    return None


def _candidate(case: Case, span: Span, meant: str, rule: str, confidence: float) -> Candidate:
    quote = case.report.quote(span)
    sentence = next(s.span for s in case.report.sentences if s.span.contains(span))
    replacement = meant.capitalize() if quote[:1].isupper() and meant.islower() else meant
    return Candidate(
        type=ErrorType.TERMINOLOGY,
        span=span,
        message=f'"{quote}" was most likely meant to be "{meant}".',
        rule=f"terminology.{rule}",
        confidence=confidence,
        evidence=(
            Evidence(EvidenceKind.TEXT, span=sentence),
            Evidence(EvidenceKind.GRAPH_PATH, path=(quote, "SOUNDS_LIKE", meant), source="lexicon"),
        ),
        correction=Correction(span, replacement),
    )

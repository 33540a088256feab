"""Folding a text to matchable words while keeping every word's place in the submitted text."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from models.types import Span

_TOKEN = re.compile(r"[^\W_]+|[^\w\s\-\u2010\u2011\u2013'\u2019]")


def fold(text: str) -> str:
    """Lower-case words and punctuation of ``text``, one space apart: the form names are matched in.

    Hyphens and apostrophes count as spaces, so "air-space" and "air space" fold alike.
    """
    return " ".join(token.lower() for token in _TOKEN.findall(text))


@dataclass(frozen=True, slots=True)
class TokenLine:
    """The tokens of a text and their folded line ``" word word . word "``.

    ``starts``/``ends`` are offsets in the submitted text; ``begin_at`` and ``end_at`` map a
    position in ``line`` (of the space before, and the space after, a token) to its index.
    """

    words: list[str]
    starts: list[int]
    ends: list[int]
    line: str
    begin_at: dict[int, int]
    end_at: dict[int, int]

    def span(self, first: int, last: int) -> Span:
        """The submitted characters of tokens ``first`` to ``last``, both included."""
        return Span(self.starts[first], self.ends[last])

    def token_range(self, span: Span) -> tuple[int, int]:
        """First token at or after the span's start, and one past the last that begins inside it."""
        return bisect_left(self.starts, span.start), bisect_left(self.starts, span.end)


def tokenize(text: str) -> TokenLine:
    """Cut ``text`` into tokens and lay them out for matching, in one pass."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    begin_at: dict[int, int] = {}
    end_at: dict[int, int] = {}
    position = 0
    for index, match in enumerate(_TOKEN.finditer(text)):
        word = match.group().lower()
        words.append(word)
        start, end = match.span()
        starts.append(start)
        ends.append(end)
        begin_at[position] = index
        position += len(word) + 1
        end_at[position] = index
    return TokenLine(words, starts, ends, f" {' '.join(words)} ", begin_at, end_at)


def padded(phrases: Sequence[str]) -> list[str]:
    """Fold each phrase and put the spaces around it that mark word boundaries in a TokenLine."""
    return [f" {fold(phrase)} " for phrase in phrases]

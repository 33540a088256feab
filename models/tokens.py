"""Folding a text to matchable words while keeping every word's place in the submitted text."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

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

    ``starts``/``ends`` are offsets in the submitted text; ``end_at`` maps the position in ``line`` of
    the space after a token to its index.
    """

    words: list[str]
    starts: list[int]
    ends: list[int]
    line: str
    end_at: dict[int, int]

    def token_range(self, span: Span) -> tuple[int, int]:
        """First token at or after the span's start, and one past the last that begins inside it."""
        return bisect_left(self.starts, span.start), bisect_left(self.starts, span.end)


def tokenize(text: str) -> TokenLine:
    """Cut ``text`` into tokens and lay them out for matching, in one pass."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    words = [text[start:end].lower() for start, end in spans]
    after = accumulate([len(word) + 1 for word in words])
    return TokenLine(
        words,
        [start for start, _ in spans],
        [end for _, end in spans],
        f" {' '.join(words)} ",
        {position: index for index, position in enumerate(after)},
    )

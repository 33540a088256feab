"""Whether a report is in a language that the rules can read."""

import re

from app.proofreading.lexis import english

_WORD = re.compile(r"[^\W\d_]{2,}")
_MASK = re.compile(r"X{2,}")
_SHARE = 0.65  # real English reports have 0.72 to 1 of their words in the list, French ones up to 0.6
_FEW = 5  # words that are too few to tell by their share


def is_english(text: str) -> bool:
    """True for English, and for texts too short to tell unless they are in another script.

    Masks of de-identification count for nothing.
    """
    words = [word.lower() for word in _WORD.findall(text) if not _MASK.fullmatch(word)]
    if not words or not english():
        return True
    share = sum(word in english() for word in words) / len(words)
    if len(words) < _FEW:
        return share > 0 or text.isascii()
    return share >= _SHARE

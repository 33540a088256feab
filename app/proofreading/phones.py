"""How words sound, coarsely: what a speech recognizer may take for one another has one sign.

Signs: A any vowels; P b, p; T d, t, th; K c, g, k, q; F f, ph, v; S all hissing sounds; N m, n; L, R, W.
"""

import re
from functools import lru_cache

_LETTERS = {
    "b": "PA", "c": "SA", "d": "TA", "e": "A", "f": "AF", "g": "SA", "h": "AS", "i": "A", "j": "SA", "k": "KA",
    "l": "AL", "m": "AN", "n": "AN", "o": "A", "p": "PA", "q": "KA", "r": "AR", "s": "AS", "t": "TA", "u": "A",
    "v": "FA", "w": "TAPALA", "x": "AKS", "y": "WA", "z": "SA", "a": "A",
}  # fmt: skip
_RULES = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (r"^(?:[kgpm]n|gn)", "n"),
        (r"^ps", "s"),
        (r"^pt", "t"),
        (r"^wr", "r"),
        (r"^x", "s"),
        (r"(?:ss|t|s|c|sc)i(?=on|ous|al|an|en)", "S"),
        (r"igh|eigh|ough|augh", "o"),
        (r"gh", "g"),
        (r"t?ch", "S"),
        (r"ph", "f"),
        (r"nger", "nkor"),
        (r"dg(?=[eiy])|[cs]?[cs](?=[eiy])|sh|[zj]|g(?=[eiy])", "S"),
        (r"que(?=s?$)", "k"),
        (r"x", "kS"),
        (r"gn$|gm(?=$|s)", "n"),
        (r"ng(?=$|s$)", "n"),
        (r"mb(?=$|s$|ing)", "n"),
        (r"(?<=[aeiouy])w(?![aeiouy])", ""),
        (r"(?<=[^aeiouy])(?:le|re)(?=s?$)", lambda found: f"o{found.group()[0]}"),
        (r"(?<=[aeiouy])([^aeiouy]+)e(?=s?$)", r"\1"),
        (r"th", "t"),
        (r"h", ""),
        (r"[aeiouy]+", "A"),
        (r"[bp]+", "P"),
        (r"[dt]+", "T"),
        (r"qu", "KW"),
        (r"[cgkq]+", "K"),
        (r"[fv]+", "F"),
        (r"[sS]+", "S"),
        (r"[mn]+", "N"),
        (r"l+", "L"),
        (r"r+", "R"),
        (r"w+", "W"),
    )
)
_TWICE = re.compile(r"(.)\1+")


@lru_cache(maxsize=100_000)
def phones(word: str) -> str:
    """The signs of one lower-case word; a letter by itself is named."""
    if len(word) == 1:
        return _LETTERS.get(word, "")
    for pattern, sign in _RULES:
        word = pattern.sub(sign, word)
    return _TWICE.sub(r"\1", word)


def readings(term: str) -> tuple[str, ...]:
    """The signs of a term, and those with its "ch" as in Greek words."""
    return tuple(dict.fromkeys((phones(term), phones(term.replace("ch", "k")))))


def joined(words: tuple[str, ...]) -> str:
    """The signs of words that are said together."""
    return _TWICE.sub(r"\1", "".join(map(phones, words)))

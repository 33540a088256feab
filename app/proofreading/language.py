"""Whether a report is in a language that the rules can read."""

import re
from functools import cache
from importlib.resources import files

from app.proofreading.dictionary import english

_WORD = re.compile(r"[^\W\d_]{2,}")
_NEUTRAL = re.compile(r"X{2,}|[A-Z]{2,4}s?")  # masks of de-identification and abbreviations
_SHARE = 0.65  # real English reports have 0.72 to 1 of their words in the list, French ones up to 0.6
_FEW = 5  # words that are too few to tell by their share


_NAMED = re.compile(
    r"\b(?:de|del|der|den|di|da|van|von)(?: (?:la|las|los|der|den|el))?(?= [A-Z][a-z])"
)  # de la Cruz
_ENOUGH = 2  # of the others' words, and more of them than of our own


@cache
def _telling(language: str) -> frozenset[str]:
    """Words that tell English from the others: those between the medical ones, and for what reports tell of.

    Without those that are abbreviations in English reports: ET (tube), LA (atrium), OS.
    """
    table = files("app").joinpath("proofreading/languages.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    return frozenset(word for name, word in rows if name == language)


@cache
def _terms() -> frozenset[str]:
    """Words of the bundled graph's names in English; many are in no list of everyday words."""
    table = files("kg_ingest").joinpath("core/findings.tsv").read_text("utf-8")
    names = (line.split("\t")[2] for line in table.splitlines() if not line.startswith("#"))
    return frozenset(word.lower() for name in names for word in _WORD.findall(name))


def is_english(text: str) -> bool:
    """True for English, and for texts too short to tell unless they are in another script.

    Medical words look alike in many languages, so the share of English words is asked only where the
    words between them do not tell.

    Masks of de-identification and abbreviations are of no language.
    """
    found = _WORD.findall(_NAMED.sub("", text))
    said = [word.lower() for word in found]
    words = [word.lower() for word in found if not _NEUTRAL.fullmatch(word)]
    if not words or not english():
        return True
    others, ours = (
        sum(word in _telling("other") for word in said),
        sum(word in _telling("english") for word in said),
    )
    if others > ours and others >= (_ENOUGH if len(said) >= _FEW else 1):
        return False
    share = sum(word in english() or word in _terms() for word in words) / len(words)
    if len(words) < _FEW:
        return share > 0 or text.isascii()
    return share >= _SHARE

"""Words of English, and long words that radiologists dictate.

English words and their frequencies come with the pyspellchecker package (MIT).
"""

import gzip
import json
from collections.abc import Set
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

_ALL_THE_TIME = 150_000  # an English word this frequent is at home in any text
_CALENDAR = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)
_INFLECTED = ("s", "es", "ces", "ly", "ed", "d", "ing", "er", "ers", "al", "ic", "r", "ally")


@cache
def english() -> dict[str, int]:
    """English words with their frequencies in a large corpus."""
    spec = find_spec("spellchecker")
    for root in spec.submodule_search_locations or () if spec is not None else ():
        with gzip.open(Path(root) / "resources" / "en.json.gz") as stored:
            words: dict[str, int] = json.load(stored)
            return words
    return {}


@cache
def dictated() -> frozenset[str]:
    """Long words that radiologists say again and again."""
    lines = files("app").joinpath("proofreading/dictated.txt").read_text("utf-8").splitlines()
    return frozenset(word.lower() for line in lines if not line.startswith("#") for word in line.split())


def strange(word: str, domain: Set[str]) -> bool:
    """True for a word that is neither one of ``domain``, in any ending, nor one that everybody says all the time."""
    if english().get(word, 0) >= _ALL_THE_TIME or word in _CALENDAR:
        return False
    stems = [word, *(word.removesuffix(ending) for ending in _INFLECTED if word.endswith(ending))]
    return not any(form in domain for stem in stems for form in (stem, f"{stem}e", f"{stem}x"))

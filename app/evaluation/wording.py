"""How alike two texts are worded: ROUGE-1 and BLEU."""

import math
import re
from collections import Counter
from collections.abc import Sequence

_ORDER = 4
_TOKEN = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"[a-z0-9]+")


def rouge_1(candidate: str, reference: str) -> float:
    """F of the words in common, lower case, letters and digits only (Lin 2004)."""
    given, wanted = Counter(_WORD.findall(candidate.lower())), Counter(_WORD.findall(reference.lower()))
    shared, total = (given & wanted).total(), given.total() + wanted.total()
    return 2 * shared / total if total else 1.0


def bleu(candidate: str, reference: str) -> float:
    """BLEU of one to four words (Papineni 2002), from two on with one added (Lin and Och 2004)."""
    given, wanted = _TOKEN.findall(candidate.lower()), _TOKEN.findall(reference.lower())
    if not given or not wanted:
        return float(given == wanted)
    logs = 0.0
    for order in range(1, _ORDER + 1):
        first, second = _grams(given, order), _grams(wanted, order)
        added = int(order > 1)
        shared = (first & second).total() + added
        if not shared:
            return 0.0
        logs += math.log(shared / (first.total() + added)) / _ORDER
    return math.exp(logs + min(0.0, 1 - len(wanted) / len(given)))


def _grams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[at : at + order]) for at in range(len(tokens) - order + 1))

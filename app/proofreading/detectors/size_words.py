"""Words beside a size, a share or an angle that deny it: "a giant bulla of 9 mm", "doubled from 6 to 7 mm"."""

import re
from collections.abc import Callable, Iterator
from functools import cache

from app.proofreading.detectors.patterns import compiled, read_patterns

Found = tuple[int, int, str]
_FILE = "size_words.tsv"
_TIMES = {"doubl": (1.5, 2.8), "tripl": (2.3, 4.0), "quadrupl": (3.0, 5.5), "halv": (0.35, 0.68)}
_COUNTS = {"two": 2, "both": 2, "three": 3, "four": 4}
_SAME = 0.15  # share by which two tellings of one size may differ


@cache
def _bounded(kind: str) -> tuple[tuple[re.Pattern[str], float, float], ...]:
    """The rows of words with the least and the most that they allow."""
    return tuple(
        (re.compile(words, re.IGNORECASE), float(least), float(most))
        for words, least, most in read_patterns(_FILE)[kind]
    )


def _mm(number: str, unit: str) -> float:
    return float(number) * (1.0 if unit.lower().startswith("m") else 10.0)


def size(match: re.Match[str]) -> float:
    """The greatest of the numbers of a size, in mm."""
    return max(_mm(number, match["unit"]) for number in (match["size"], match["more"]) if number)


def _denied(text: str) -> Iterator[Found]:
    """A word of size beside a size that it excludes."""
    for pattern, least, most in _bounded("word"):
        for match in pattern.finditer(text):
            if not least <= size(match) <= most:
                yield match.start(), match.end(), "the word and the size exclude each other"
    for match in compiled(_FILE, "limit").finditer(text):
        above = re.match("exceed|greater|more|larger|at least", match["word"], re.IGNORECASE) is not None
        found, limit = size(match), _mm(match["limit"], match["lunit"])
        if (found < limit) if above else (found > limit):
            yield match.start(), match.end(), "the limit and the size exclude each other"
    for match in compiled(_FILE, "normal").finditer(text):
        normal = match["word"].lower() == "normal"
        found, limit = size(match), _mm(match["limit"], match["lunit"])
        if (found > limit) if normal else (found < limit):
            yield match.start(), match.end(), "the limit that is told says otherwise"


def _grown(text: str) -> Iterator[Found]:
    """A difference that the two sizes do not have."""
    for match in compiled(_FILE, "growth").finditer(text):
        unit = match["unit"]
        was, now = (_mm(match[name], match[of] or unit) for name, of in (("was", "wunit"), ("size", "unit")))
        by = _mm(match["by"], match["bunit"] or unit)
        if abs(abs(now - was) - by) > max(1.0, _SAME * by):
            yield match.start(), match.end(), "the sizes differ by another amount"


def _values(text: str) -> Iterator[Found]:
    """A word of degree beside a share, an angle or a volume that it excludes."""
    for pattern, least, most in _bounded("value"):
        for match in pattern.finditer(text):
            if not least <= float(match["value"]) <= most:
                yield match.start(), match.end(), "the word and the number exclude each other"


def _series(text: str) -> Iterator[Found]:
    """Several sizes that their own order, count or multiple denies."""
    for match in compiled(_FILE, "range").finditer(text):
        top, largest = (_mm(match[name], match[unit]) for name, unit in (("b", "unit"), ("c", "cunit")))
        if abs(top - largest) > max(1.0, _SAME * top):
            yield match.start(), match.end(), "the largest is not the end of the range"
    for match in compiled(_FILE, "two").finditer(text):
        small = match["one"].lower().startswith("small")
        one, other = _mm(match["a"], match["unit"]), _mm(match["b"], match["bunit"])
        same = small == match["other"].lower().startswith("small")
        if not same and ((one > other) if small else (one < other)):
            yield match.start(), match.end(), "the smaller one is larger"
    for match in compiled(_FILE, "multiple").finditer(text):
        least, most = _TIMES[match["word"].lower()]
        if not least <= float(match["b"]) / max(float(match["a"]), 0.01) <= most:
            yield match.start(), match.end(), "the two sizes say otherwise"
    for match in compiled(_FILE, "new").finditer(text):
        yield match.start(), match.end(), "what is new had no size before"
    for match in compiled(_FILE, "listed").finditer(text):
        if len(re.findall(r"\d+(?:\.\d+)?", match["list"])) != _COUNTS[match["count"].lower()]:
            yield match.start(), match.end(), "as many sizes as lesions are told"


SEARCHES: tuple[Callable[[str], Iterator[Found]], ...] = (_denied, _grown, _values, _series)

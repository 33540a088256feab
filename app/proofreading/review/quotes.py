"""From the model's quotes to places of the report, and the part of a report that it is shown."""

import re
from collections.abc import Sequence
from itertools import takewhile

from app.proofreading.report import Correction
from models.types import Report, SectionName, Span

_SHORTEST = 2
_PRIORITY = (
    SectionName.FINDINGS,
    SectionName.IMPRESSION,
    SectionName.UNTITLED,
    SectionName.ADDENDUM,
    SectionName.EXAM,
    SectionName.COMPARISON,
    SectionName.INDICATION,
    SectionName.TECHNIQUE,
    SectionName.RECOMMENDATION,
    SectionName.OTHER,
)
_LONGER_BY = 80  # a fix may be so many characters longer than what it replaces


def place(quote: str, text: str) -> Span | None:
    """Where the quote stands, whole words, white space aside; None where it does not, or more than once."""
    words = quote.split()
    if len("".join(words)) < _SHORTEST:
        return None
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    found = [match.span() for match in re.finditer(pattern, text)]
    return Span(*found[0]) if len(found) == 1 else None


def minimal(span: Span, replacement: str, text: str) -> Correction | None:
    """The smallest edit of whole words with this outcome; None where nothing or too much would change."""
    new = " ".join(replacement.split())
    old = span.of(text)
    if not new.isprintable() or len(new) > len(old) + _LONGER_BY or new == " ".join(old.split()):
        return None
    before, after = re.split(r"(\s+)", old), re.split(r"(\s+)", new)
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    start = span.start + len("".join(before[:head]))
    end = span.end - len("".join(before[len(before) - tail :]))
    return Correction(Span(start, end), "".join(after[head : len(after) - tail]))


def _alike(first: Sequence[str], second: Sequence[str]) -> int:
    """How many words both begin with."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    return sum(1 for _ in alike)


def shown(report: Report, most: int) -> tuple[str, tuple[str, ...]]:
    """The report's text in at most ``most`` characters, and the sections left out, the least telling first.

    A section that is too long by itself is cut, and named too.
    """
    if len(report.text) <= most:
        return report.text, ()
    by_worth = sorted(
        range(len(report.sections)), key=lambda i: (_PRIORITY.index(report.sections[i].name), i)
    )
    kept: dict[int, str] = {}
    left_out = []
    room = most
    for index in by_worth:
        section = report.sections[index]
        start = section.heading.start if section.heading is not None else section.body.start
        words = Span(start, section.body.end).of(report.text).strip()
        if len(words) > room:
            left_out.append(section.name.value)
        kept[index] = words[:room]
        room -= len(kept[index])
    return "\n".join(kept[index] for index in sorted(kept) if kept[index]), tuple(dict.fromkeys(left_out))

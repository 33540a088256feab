"""Pages of lines to the text of a report."""

import re
from collections.abc import Iterator, Sequence

from models.sections import parse

_EDGE = 4  # lines at the top and at the bottom of a page in which a header or footer stands
_PAGE_NUMBER = re.compile(
    r"(?:page|pg\.?)\s*\d{1,3}(?:\s*(?:of|/)\s*\d{1,3})?|-\s*\d{1,3}\s*-|\d{1,3}\s*/\s*\d{1,3}", re.I
)
_SOFT = re.compile("\xad[ \t]*\n?[ \t]*")
_CUT = re.compile(r"([A-Za-z]{2,})-[ \t]*\n[ \t]*([a-z]{2,})")
_SPACES = re.compile(r"[ \t\xa0]+")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff\u200b]")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
# with these a hyphen is part of the word: it stays where the line ends after it
_PREFIXES = frozenset(
    "non well ill semi self half post pre mid low high left right short long large small one two three four anti "
    "multi extra intra inter sub supra infra peri para cross follow air fluid soft hard thin thick full part lower "
    "upper new ground free re co".split()
)


def text_of_pages(pages: Sequence[str]) -> str:
    """The lines of all pages. Nothing is left out but page numbers, and what every page repeats at its edge.

    A header stands on the first page then, a footer on the last.
    """
    leaves = [_without_number(list(_lines(page))) for page in pages]
    leaves = [leaf for leaf in leaves if leaf]
    head = _shared(leaves)
    foot = _shared([leaf[head:][::-1] for leaf in leaves])
    last = len(leaves) - 1
    shown = [
        line
        for place, leaf in enumerate(leaves)
        for line in leaf[head if place else 0 : None if place == last else len(leaf) - foot]
    ]
    return re.sub(r"\n{3,}", "\n\n", _CUT.sub(_whole, "\n".join(shown))).strip()


def _shared(leaves: Sequence[Sequence[str]]) -> int:
    """How many lines all leaves have in common from their beginning: at most _EDGE, and no heading of a section."""
    if len(leaves) < 2:
        return 0
    count = 0
    for lines in zip(*(leaf[:_EDGE] for leaf in leaves), strict=False):
        if len(set(lines)) > 1 or any(section.heading for section in parse(lines[0]).sections):
            break
        count += 1
    return count


def _without_number(lines: list[str]) -> list[str]:
    """A leaf without its page number, the first or last line."""
    if lines and _PAGE_NUMBER.fullmatch(lines[-1]):
        lines = lines[:-1]
    return lines[1:] if lines and _PAGE_NUMBER.fullmatch(lines[0]) else lines


def _lines(page: str) -> Iterator[str]:
    """The lines of one page, from its first to its last that says something."""
    text = _SOFT.sub("", _UNSEEN.sub("", page.translate(_LIGATURES)))
    for line in text.strip().splitlines():
        yield _SPACES.sub(" ", line).strip()


def _whole(cut: re.Match[str]) -> str:
    """A word that the end of a line cuts; its hyphen stays where it may be the word's own."""
    first, rest = cut.groups()
    return f"{first}-{rest}" if first.lower() in _PREFIXES else f"{first}{rest}"

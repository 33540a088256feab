"""Sentences of dictated reports, with exact offsets.

Own code because the libraries either lose offsets or cost more than the whole check: see
``decisions/0004-sentence-splitting.md`` for the figures.
"""

import re
from collections.abc import Iterator

from models.types import Span

_NEWLINE = "\n\r\x0b\x0c\x85\u2028\u2029"
_BOUNDARY = re.compile(
    r"(?P<stop>[.!?]+[\"')\]]{0,2})(?=\s|\Z)"
    r"|(?P<glued>\.)(?<=[a-z)][a-z)]\.)(?=[A-Z][a-z])"
    rf"|(?P<line>(?:\r\n|[{_NEWLINE}])\s*)"
    r"|(?P<item>(?<=[\s;,])\d{1,2}[.)])(?=[ \t]+[A-Z])"
)
_MARKER = re.compile(r"(?:\(?\d{1,2}[.)](?!\d)|[-*•·●○▪‣–—>#]+(?=\s|[A-Z]))\s*")
_ABBREVIATION = re.compile(
    r"(?:(?i:\b(?:dr|drs|mr|mrs|ms|prof|st|vs|approx|e\.g|i\.e|cf|fig|pt|hx|dx|ca|ref|ext|min|max|avg|resp))"
    r"|\b[A-Z]|\b[ap]\.m|\b[a-z]\.[a-z])\.?$"
)
_NUMBERED = re.compile(r"\b[Nn]o\.$")
_DIGITS = re.compile(r"\s+\d")
_CONTINUES = re.compile(
    r"(?:,|\b(?:and|or|the|of|in|with|a|an|to|for|at|on|is|are|no|by|from))\s*$", re.IGNORECASE
)
_WRAPPED = 55  # a line this long that is followed by a capital may just be wrapped


def sentence_spans(text: str, body: Span) -> Iterator[Span]:
    """The sentences of ``text`` inside ``body``, in order, disjoint, without list markers."""
    begin = body.start
    item = 0
    for match in _BOUNDARY.finditer(text, body.start, body.end):
        end = match.end()
        if match.start() < begin:
            continue
        if match["item"] is not None:
            number = int(match["item"][:-1])
            if number == 1 and not text[begin : match.start()].strip():
                item = 1
            if number != item + 1 or number == 1:
                continue
            item, end = number, match.start()
        elif match["stop"] is not None:
            marker = _MARKER.fullmatch(text[begin:end].strip()) if end - begin < 12 else None
            if marker is not None:
                item = _number(marker.group(), item)
                continue
            if not _ends(text, begin, match, body.end):
                continue
        elif match["line"] is not None and not _breaks(text, begin, match, body.end):
            continue
        if (span := _trimmed(text, begin, end)) is not None:
            yield span
        begin = end
    if (span := _trimmed(text, begin, body.end)) is not None:
        yield span


def _number(marker: str, item: int) -> int:
    digits = "".join(character for character in marker if character.isdecimal())
    return int(digits) if digits else item


def _ends(text: str, begin: int, match: re.Match[str], limit: int) -> bool:
    """False for the dot of an abbreviation, an initial, or "No. 5"."""
    if match["stop"] != ".":
        return True
    tail = text[max(begin, match.start() - 8) : match.end()]
    if _ABBREVIATION.search(tail[:-1]):
        following = text[match.end() : min(limit, match.end() + 2)].strip()
        return not following or (tail[-3:-1] in ("am", "pm", ".m") and following.isupper())
    return not (_NUMBERED.search(tail) and _DIGITS.match(text, match.end(), limit))


def _breaks(text: str, begin: int, match: re.Match[str], limit: int) -> bool:
    """True when the line break ends a sentence: blank line, list item, or a capital after a short line."""
    gap = match.group()
    if len(re.findall(rf"\r\n|[{_NEWLINE}]", gap)) > 1:
        return True
    following = text[match.end() : min(limit, match.end() + 6)]
    if not following or _MARKER.match(following):
        return True
    line_start = max(text.rfind("\n", begin, match.start()) + 1, begin)
    line = text[line_start : match.start()]
    if _CONTINUES.search(line[-12:]):
        return False
    return following[0].isupper() and len(line.strip()) < _WRAPPED


def _trimmed(text: str, begin: int, end: int) -> Span | None:
    """The span without white space, list marker and stray punctuation around it, when a word is left."""
    while begin < end and (text[begin].isspace() or text[begin] == "\ufeff"):
        begin += 1
    marker = _MARKER.match(text, begin, end)
    if marker is not None:
        begin = marker.end()
    while end > begin and text[end - 1].isspace():
        end -= 1
    return Span(begin, end) if begin < end else None

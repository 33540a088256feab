"""Raw text to sections and sentences, with offsets into the text exactly as submitted.

A heading is a known title followed by a colon at the start of a line, or in capitals anywhere;
or a known title alone on a line in capitals. Titles are data (``headings.tsv``). Sub-headings
inside FINDINGS ("LUNGS:") stay part of the sentence that they open, because they name its subject.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from models.sentences import sentence_spans
from models.types import Report, Section, SectionName, Sentence, Span

_LINE_START = r"(?:(?<=[\n\r\x0b\x0c\x85\u2028\u2029])|\A\ufeff?)"
_DECORATION = r"[ \t\xa0*#>_]{0,8}"
_UNKNOWN = re.compile(
    _LINE_START + _DECORATION + r"(?P<title>[A-Z][A-Z0-9/&()\- ]{2,48}[A-Z0-9)])[ \t*]{0,4}:", re.ASCII
)
_INLINE = ("findings", "impression", "conclusion", "comparison", "technique", "indication", "recommendation")


@cache
def _titles() -> dict[str, SectionName]:
    with files("models").joinpath("headings.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return {row["heading"]: SectionName(row["section"]) for row in rows}


@cache
def _known() -> re.Pattern[str]:
    """Known titles: with a colon at a line start; alone on a line in capitals; in capitals anywhere."""
    longest = sorted(_titles(), key=len, reverse=True)
    words = "|".join(re.escape(title).replace(r"\ ", r"[ \t]+") for title in longest)
    inline = "|".join(
        longest_inline for title in _INLINE for longest_inline in (title.upper(), title.upper() + "S")
    )
    return re.compile(
        rf"{_LINE_START}{_DECORATION}(?P<line>(?i:{words}))[ \t*_]{{0,4}}(?::|[ \t]-{{1,2}}[ \t])[*_]{{0,3}}"
        rf"|{_LINE_START}{_DECORATION}(?P<alone>{words.upper().replace(chr(92) + 'T', chr(92) + 't')})"
        r"[ \t*_]{0,4}(?=[\n\r\x0b\x0c\x85\u2028\u2029]|\Z)"
        rf"|(?<![A-Za-z])(?P<inline>{inline})[ \t]?:"
        r"|(?<=[.;!?]) {0,3}(?P<title>Findings|Impressions?|Conclusion|Comparison|Technique|Recommendation):"
    )


def parse(text: str) -> Report:
    """Cut ``text`` into sections and sentences; linear in its length, never fails.

    Text before the first heading is an UNTITLED section. Sentences carry no surrounding white
    space and no list marker, and never cross a section.
    """
    sections = tuple(_sections(text))
    sentences = tuple(
        Sentence(span, index)
        for index, section in enumerate(sections)
        for span in sentence_spans(text, section.body)
    )
    return Report(text, sections, sentences)


def _sections(text: str) -> Iterator[Section]:
    current: tuple[SectionName, Span | None, int] = (SectionName.UNTITLED, None, 0)
    for name, start, heading in _headings(text):
        yield from _closed(text, current, start)
        current = (name, heading, heading.end)
    yield from _closed(text, current, len(text))


def _closed(text: str, current: tuple[SectionName, Span | None, int], end: int) -> Iterator[Section]:
    name, heading, begin = current
    if heading is not None or text[begin:end].strip():
        yield Section(name, heading, Span(begin, end))


def _headings(text: str) -> Iterator[tuple[SectionName, int, Span]]:
    """Known headings, and unknown ones in capitals where they do not divide findings or impression."""
    found = [
        (match.start(), Span(match.start(match.lastgroup or 0), match.end()), match[match.lastgroup or 0])
        for match in _known().finditer(text)
    ]
    known = {heading.start for _, heading, _ in found}
    unknown = [
        (match.start(), Span(match.start("title"), match.end()), "")
        for match in _UNKNOWN.finditer(text)
        if match.start("title") not in known
    ]
    name = SectionName.UNTITLED
    for start, heading, title in sorted(found + unknown):
        if title:
            name = _titles()[re.sub(r"[ \t]+", " ", title.lower())]
        elif name in (SectionName.FINDINGS, SectionName.IMPRESSION, SectionName.UNTITLED):
            continue
        else:
            name = SectionName.OTHER
        yield name, start, heading

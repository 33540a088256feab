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

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_DECORATION = " \t\xa0*#>_\ufeff"
_DASH = re.compile(r"[ \t]-{1,2}[ \t]")
_UNKNOWN = re.compile(r"[A-Z][A-Z0-9/&()\- ]{2,48}[A-Z0-9)]", re.ASCII)
_AFTER_A_STOP = (
    "Findings|Impressions?|Conclusion|Comparison|Technique|Recommendation|Indications?|History|Referral|Reason|"
    "Clinical (?:details|history|information)"
)
_INLINE = re.compile(
    r"(?<![A-Za-z])(?P<title>(?:FINDINGS?|IMPRESSIONS?|CONCLUSIONS?|COMPARISONS?|TECHNIQUE|INDICATIONS?|RECOMMENDATIONS?)"
    rf"|(?<=[.;!?])(?:{_AFTER_A_STOP})|(?<=[.;!?] )(?:{_AFTER_A_STOP}))[ \t]?\Z"
)
_LONGEST_TITLE = 50
# where no heading follows, a blank line ends what was asked and how it was done
_BRIEF = frozenset({SectionName.EXAM, SectionName.INDICATION, SectionName.TECHNIQUE, SectionName.COMPARISON})
_BLANK = re.compile(r"(?P<said>\S[ \t]*)(?:\r\n|[\n\r])[ \t]*(?:\r\n|[\n\r])\s*(?=\S)")
_ENDS_LINE = re.compile(r"[ \t]*[\n\r]")
_STORY = 3  # sentences
_WHOLE = frozenset({SectionName.FINDINGS, SectionName.IMPRESSION, SectionName.UNTITLED})


@cache
def _titles() -> dict[str, SectionName]:
    with files("models").joinpath("headings.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return {row["heading"]: SectionName(row["section"]) for row in rows}


def parse(text: str) -> Report:
    """Cut ``text`` into sections and sentences; linear in its length, never fails.

    Text before the first heading is an UNTITLED section. Sentences carry no surrounding white
    space and no list marker, and never cross a section.
    """
    sections = tuple(_with_findings(text, list(_sections(text))))
    sentences = tuple(
        Sentence(span, index)
        for index, section in enumerate(sections)
        for span in sentence_spans(text, section.body)
    )
    return Report(text, sections, sentences)


def _with_findings(text: str, sections: list[Section]) -> list[Section]:
    """Where no section can hold the findings, they follow the clinical details without a heading.

    "Clinical details: cough. The heart is enlarged. ...": the last brief section of three sentences or
    more ends with its first line, else with its first sentence.
    """
    if not sections or any(section.name not in _BRIEF | {SectionName.IMPRESSION} for section in sections):
        return sections
    for index, section in reversed(list(enumerate(sections))):
        spans = list(sentence_spans(text, section.body)) if section.name in _BRIEF else []
        if len(spans) < _STORY:
            continue
        line = next((s for s in spans[:-1] if _ENDS_LINE.match(text, s.end)), spans[0])
        brief = Section(section.name, section.heading, Span(section.body.start, line.end))
        rest = Section(SectionName.UNTITLED, None, Span(line.end, section.body.end))
        return [*sections[:index], brief, rest, *sections[index + 1 :]]
    return sections


def _sections(text: str) -> Iterator[Section]:
    current: tuple[SectionName, Span | None, int] = (SectionName.UNTITLED, None, 0)
    for name, start, heading in _headings(text):
        yield from _closed(text, current, start)
        current = (name, heading, heading.end)
    yield from _closed(text, current, len(text))


def _closed(text: str, current: tuple[SectionName, Span | None, int], end: int) -> Iterator[Section]:
    name, heading, begin = current
    after = _BLANK.search(text, begin, end) if name in _BRIEF else None
    if after is not None:
        yield Section(name, heading, Span(begin, after.end("said")))
        name, heading, begin = SectionName.UNTITLED, None, after.end()
    if heading is not None or text[begin:end].strip():
        yield Section(name, heading, Span(begin, end))


def _headings(text: str) -> Iterator[tuple[SectionName, int, Span]]:
    """(name, where the section before ends, the title) of each heading.

    Unknown titles in capitals divide no findings and no impression.
    """
    name = SectionName.UNTITLED
    for begin, heading in _titled(text):
        title = " ".join(heading.of(text).lower().rstrip(":- \t*_").split())
        known = _titles().get(title)
        if known is None and name in _WHOLE:
            continue
        name = known or SectionName.OTHER
        yield name, begin, heading


def _titled(text: str) -> Iterator[tuple[int, Span]]:
    """Titles at line starts and inside lines, known or in capitals, with their colon."""
    for line in _LINE.finditer(text):
        begin, end = line.span()
        colon = text.find(":", begin, end)
        first = _at_line_start(text, begin, end, colon)
        if first is not None:
            yield begin, first
            colon = text.find(":", first.end, end)
        while colon >= 0:
            worded = colon > begin and (text[colon - 1].isalpha() or text[colon - 1] in " \t")
            inline = _INLINE.search(text, max(begin, colon - _LONGEST_TITLE), colon) if worded else None
            if inline is not None:
                yield inline.start("title"), Span(inline.start("title"), colon + 1)
            colon = text.find(":", colon + 1, end)


def _at_line_start(text: str, begin: int, end: int, colon: int) -> Span | None:
    """A title that opens the line: before its colon or dash, or alone in capitals."""
    start = begin
    while start < end and text[start] in _DECORATION:
        start += 1
    if colon >= 0 and colon - start <= _LONGEST_TITLE:
        words = text[start:colon].strip(_DECORATION)
        if " ".join(words.lower().split()) in _titles() or _UNKNOWN.fullmatch(words):
            stop = colon + 1
            while stop < end and text[stop] in "*_":
                stop += 1
            return Span(start, stop)
    dash = _DASH.search(text, start, min(end, start + _LONGEST_TITLE))
    if dash is not None and text[start : dash.start()].strip().lower() in _titles():
        return Span(start, dash.end())
    if end - start <= _LONGEST_TITLE:
        words = text[start:end].strip(_DECORATION)
        if words.isupper() and words.lower() in _titles():
            return Span(start, end)
    return None

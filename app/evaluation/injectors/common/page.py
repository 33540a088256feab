"""A report as the injectors look at it: its sentences with their sections, and where one may be added."""

import random
import re
from dataclasses import dataclass

from app.evaluation.items import Injection
from models.sections import parse
from models.types import SectionName, Span

_LETTERS = re.compile(r"[A-Za-z]{2}")
_NUMBER = re.compile(r"(?:^|(?<=[.\s]))(\d{1,2})[.)][ \t]+(?=\S)")
BODY = (SectionName.FINDINGS, SectionName.IMPRESSION)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: where it stands, its words, its section."""

    index: int
    span: Span
    text: str
    section: SectionName

    def at(self, match: re.Match[str]) -> Span:
        """Where a match in this sentence lies in the report."""
        return Span(self.span.start + match.start(), self.span.start + match.end())


@dataclass(frozen=True, slots=True)
class Page:
    """A report with its sentences."""

    text: str
    lines: tuple[Line, ...]

    def of(self, *sections: SectionName) -> list[Line]:
        """The sentences of these sections, in order."""
        return [line for line in self.lines if line.section in sections]

    def words(self, *sections: SectionName) -> str:
        """The text of these sections' sentences in lower case, one a line."""
        return "\n".join(line.text.lower() for line in self.of(*sections))

    @property
    def body(self) -> list[Line]:
        """The sentences of findings and impression."""
        return self.of(*BODY)


def read(text: str) -> Page:
    """Cut a report into its sentences; those without a word are left out."""
    report = parse(text)
    return Page(
        text,
        tuple(
            Line(index, sentence.span, sentence.span.of(text), report.section_of(index))
            for index, sentence in enumerate(report.sentences)
            if _LETTERS.search(sentence.span.of(text))
        ),
    )


def add(page: Page, section: SectionName, sentence: str, rng: random.Random) -> Injection | None:
    """Put one sentence at the start, inside or at the end of a section; None where it has no sound place."""
    lines = page.of(section)
    if not lines:
        return None
    if all(line.text.isupper() for line in lines):
        sentence = sentence.upper()
    spots = [
        Injection(Span(line.span.start, line.span.start), f"{sentence} ")
        for position, line in enumerate(lines)
        if position == 0 or lines[position - 1].text.endswith((".", "!", "?"))
    ]
    last = lines[-1]
    if last.text.endswith((".", "!", "?")):
        spots.append(Injection(Span(last.span.end, last.span.end), _lead(page, lines) + sentence))
    inner = spots[1:-1]
    where = rng.random()
    if where < 0.4 or len(spots) == 1:
        return spots[-1]
    return rng.choice(inner) if inner and where < 0.75 else spots[0]


def _lead(page: Page, lines: list[Line]) -> str:
    """What goes before a sentence at the end: a space, and the next number in a numbered list."""
    line_start = page.text.rfind("\n", 0, lines[0].span.start) + 1
    whole = page.text[max(line_start, lines[0].span.start - 5) : lines[-1].span.end]
    numbers = [int(match.group(1)) for match in _NUMBER.finditer(whole)]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        return " "
    return ("\n" if "\n" in whole else " ") + f"{len(numbers) + 1}. "


def replace_line(line: Line, sentence: str) -> Injection:
    """Put a sentence in the place of another; its full stop goes where the other had none."""
    if not line.text.endswith((".", "!", "?")):
        sentence = sentence.rstrip(".")
    return Injection(line.span, sentence.upper() if line.text.isupper() else sentence)


def swap(line: Line, match: re.Match[str], word: str) -> Injection:
    """Put a word in the place of a match, in its case."""
    old = match.group()
    if old.isupper() and len(old) > 1:
        word = word.upper()
    elif old[:1].isupper():
        word = word[:1].upper() + word[1:]
    return Injection(line.at(match), word)

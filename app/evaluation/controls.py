"""Edits that change nothing a reader would act on: a checker must stay quiet on them."""

import random
import re
from collections.abc import Callable, Iterable
from functools import partial

from models.sections import parse
from models.types import SectionName

_SYNONYMS = (
    (r"\bno evidence of\b", "no sign of"),
    (r"\bthere is no\b", "no"),
    (r"\bheart size\b", "cardiac size"),
    (r"\bwithin normal limits\b", "normal"),
    (r"\bunremarkable\b", "normal"),
    (r"\bpleural effusions?\b", "pleural fluid"),
    (r"\bpneumothoraces\b", "pneumothorax"),
    (r"\bstable\b", "unchanged"),
    (r"\bunchanged\b", "stable"),
    (r"\bnoted\b", "seen"),
    (r"\bidentified\b", "seen"),
    (r"\bairspace\b", "air space"),
    (r"\bosseous\b", "bony"),
)
_ABBREVIATIONS = (
    (r"\bright upper lobe\b", "RUL"),
    (r"\bright middle lobe\b", "RML"),
    (r"\bright lower lobe\b", "RLL"),
    (r"\bleft upper lobe\b", "LUL"),
    (r"\bleft lower lobe\b", "LLL"),
    (r"\bsuperior vena cava\b", "SVC"),
    (r"\bcongestive heart failure\b", "CHF"),
)


def reorder(text: str, rng: random.Random) -> str:
    """Shuffle the sentences of FINDINGS where none leans on the one before."""
    report = parse(text)
    spans = [
        sentence.span
        for index, sentence in enumerate(report.sentences)
        if report.section_of(index) is SectionName.FINDINGS
    ]
    if len(spans) < 3 or re.search(
        r"\b(this|these|it|which|also|otherwise|remain\w*)\b", text, re.IGNORECASE
    ):
        return text
    pieces = [span.of(text) for span in spans]
    if not all(piece.endswith(".") for piece in pieces):
        return text
    rng.shuffle(pieces)
    return text[: spans[0].start] + " ".join(pieces) + text[spans[-1].end :]


def synonyms(text: str, rng: random.Random) -> str:
    """Say a few things in other words, everywhere alike."""
    return _swap(text, rng.sample(_SYNONYMS, 5))


def abbreviations(text: str, rng: random.Random) -> str:
    """Use the usual abbreviations."""
    return _swap(text, _ABBREVIATIONS)


def typography(text: str, rng: random.Random) -> str:
    """Double spaces, Windows line ends, capitals in one section."""
    way = rng.randrange(3)
    if way == 0:
        return text.replace(". ", ".  ")
    if way == 1:
        return text.replace("\n", "\r\n")
    head, mark, rest = text.partition("IMPRESSION:")
    return head + mark + rest.upper()


def _swap(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    for pattern, words in pairs:
        text = re.sub(pattern, partial(_cased, words), text, flags=re.IGNORECASE)
    return text


def _cased(words: str, match: re.Match[str]) -> str:
    return words[0].upper() + words[1:] if match.group()[0].isupper() else words


CONTROLS: dict[str, Callable[[str, random.Random], str]] = {
    "reorder": reorder,
    "synonyms": synonyms,
    "abbreviations": abbreviations,
    "typography": typography,
}

"""What templates and macros leave behind: unfilled fields, pick lists, repeated words."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from app.proofreading.case import Case
from app.proofreading.comparing import is_chest
from app.proofreading.detectors.cut_off import cut_off
from app.proofreading.parts import sentences_aside
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import Span

_MESSAGES: dict[str, tuple[str, float]] = {  # and the confidence
    "field": ("An empty field was not filled in.", 0.9),
    "named_field": ("A template field was not filled in.", 0.9),
    "pick_list": ("A choice was left open.", 0.88),
    "markup": ("A mark of the template or the interface was left in the report.", 0.88),
    "instruction": ("An instruction of the template was left in the report.", 0.86),
    "voice_command": ("A spoken command was written out.", 0.8),
    "placeholder": ("A placeholder was left in the report.", 0.88),
    "heading": ("A heading is repeated.", 0.75),
    "unfilled": ("A field was left unfilled.", 0.86),
    "repeated_phrase": ("Words are repeated.", 0.75),
    "repeated_word": ("A word is repeated.", 0.75),
}
_SIGN = re.compile(
    r"[][{}<>«|#$%@_*~^/\\?&(]|\.{3}|(?<!\S)\.\w|\w\.\w\.|:\s?\.|:\s?\w+\s?:"
)  # one of them is in each leftover of signs
_LEAST_WORDS = 4
_CHOICES = re.compile(r"[A-Za-z]+")


class TemplateArtifact:
    """Searches the text for each kind of leftover, then sections for repeated sentences."""

    types = frozenset({ErrorType.TEMPLATE_ARTIFACT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates rule by rule, each in text order."""
        text = case.report.text
        found = list(_search("signs", text)) if _SIGN.search(text) else []
        starts = (0, *(sentence.span.start for sentence in case.report.sentences), len(text))
        for start, end in pairwise(starts):
            for leftover in _in_words(text[start:end]):
                found.append(leftover.moved(start))
        for leftover in sorted(found, key=lambda one: list(_MESSAGES).index(one.rule)):
            yield _candidate(case, leftover)
        yield from cut_off(case)
        yield from _repeated_sentences(case)


class _Leftover(NamedTuple):
    """Where the words of a rule stand; of a word that is repeated, what it leaves."""

    rule: str
    span: Span
    kept: str

    def moved(self, by: int) -> "_Leftover":
        return self._replace(span=Span(self.span.start + by, self.span.end + by))


@cache
def _patterns() -> dict[str, dict[str, re.Pattern[str]]]:
    """One pattern a rule, by where it is searched."""
    rows: dict[str, dict[str, list[str]]] = {"signs": {}, "words": {}}
    table = files("app").joinpath("proofreading/detectors/leftovers.tsv").read_text("utf-8")
    for line in table.splitlines():
        if not line.startswith("#"):
            rule, where, pattern = line.split("\t")
            rows[where].setdefault(rule, []).append(pattern)
    return {
        where: {rule: re.compile("|".join(some), re.IGNORECASE) for rule, some in by_rule.items()}
        for where, by_rule in rows.items()
    }


def _search(where: str, text: str) -> Iterator[_Leftover]:
    for rule, pattern in _patterns()[where].items():
        for match in pattern.finditer(text):
            yield _Leftover(rule, Span(match.start(), match.end()), match[1] if pattern.groups else "")


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _in_words(sentence: str) -> tuple[_Leftover, ...]:
    return tuple(_search("words", sentence))


def _candidate(case: Case, leftover: _Leftover) -> Candidate:
    span = leftover.span
    message, confidence = _MESSAGES[leftover.rule]
    around = next((s.span for s in case.report.sentences if s.span.contains(span)), span)
    fixes = _fixes(case, leftover)
    return Candidate(
        type=ErrorType.TEMPLATE_ARTIFACT,
        span=span,
        message=message,
        rule=f"template_artifact.{leftover.rule}",
        confidence=confidence,
        evidence=(Evidence(EvidenceKind.TEXT, span=around),),
        correction=fixes[0],
        alternatives=fixes[1:],
    )


def _fixes(case: Case, leftover: _Leftover) -> tuple[Correction, ...]:
    """Without the leftover and the space before it; of a list to pick from, also each choice."""
    span = leftover.span
    if leftover.kept:
        return (Correction(span, leftover.kept),)
    text = case.report.text
    start = span.start - 1 if text[max(0, span.start - 1) : span.start] == " " else span.start
    removed = Correction(Span(start, span.end), "")
    choices = _CHOICES.findall(span.of(text)) if leftover.rule == "pick_list" else []
    return (removed, *(Correction(span, choice) for choice in choices))


def _repeated_sentences(case: Case) -> Iterator[Candidate]:
    """A sentence of four words or more that stands twice, word for word, in one section of one exam."""
    if sentences_aside(case.report):
        return
    first: dict[tuple[int, str], Span] = {}
    for sentence in case.report.sentences:
        words = sentence.span.of(case.report.text).lower().split()
        if len(words) < _LEAST_WORDS:
            continue
        earlier = first.setdefault((sentence.section, " ".join(words)), sentence.span)
        if earlier != sentence.span:
            yield Candidate(
                type=ErrorType.TEMPLATE_ARTIFACT,
                span=sentence.span,
                message="The sentence stands twice in this section.",
                rule="template_artifact.repeated_sentence",
                confidence=0.62 if len(words) > _LEAST_WORDS and is_chest(case) else 0.55,
                evidence=(
                    Evidence(EvidenceKind.TEXT, span=earlier),
                    Evidence(EvidenceKind.TEXT, span=sentence.span),
                ),
                correction=Correction(sentence.span, ""),
            )

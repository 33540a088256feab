"""The default extractor: names of the knowledge graph matched in one pass, then scope and attachment rules.

One Aho-Corasick automaton holds concept names, modifier words and assertion triggers. Longest
match wins within names and within triggers.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Generic, NamedTuple, TypeVar

import ahocorasick

from models import assertion
from models.assertion import Hit, Scope, Trigger
from models.attachment import relations
from models.elision import with_elided
from models.line import Line, Placed
from models.terms import Found, Term, described_only, with_letters, with_measurements
from models.tokens import TokenLine, fold, tokenize
from models.types import (
    Entity,
    EntityKind,
    EntityLabel,
    LexiconEntry,
    Relation,
    RelationKind,
    Report,
    ReportGraph,
    Span,
)

_T = TypeVar("_T")
_I = TypeVar("_I", "Found", Hit)
_SAID_OF = ("above ", "through ", "via ")  # predicates of what stands before them: "the stomach lies above"
_LONGEST = 250  # tokens; longer "sentences" are cut, so that work stays linear in the text


@dataclass(slots=True)
class _Payload:
    """All that one phrase of the automaton stands for.

    ``sided``: its first word is the side of a structure ("left lower lobe"). That word is an entity
    of its own, so the name proper begins after it.
    """

    words: int
    sided: bool = False
    term: Term | None = None
    triggers: tuple[Trigger, ...] = ()


@cache
def load_modifiers() -> tuple[tuple[str, EntityKind, str], ...]:
    """The bundled modifier words as (phrase, kind, canonical value)."""
    with files("models").joinpath("rules/modifiers.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple((row["phrase"], EntityKind(row["kind"]), row["value"]) for row in rows)


@cache
def load_absences() -> tuple[tuple[str, str], ...]:
    """Words that say of a finding that it is not there, without denying anything, as (phrase, concept)."""
    with files("models").joinpath("rules/absences.tsv").open(encoding="utf-8") as lines:
        return tuple((row["phrase"], row["concept"]) for row in csv.DictReader(lines, delimiter="\t"))


def _trails(phrase: str, kind: EntityKind) -> bool:
    adverb = kind in (EntityKind.SIDE, EntityKind.ZONE) and phrase.endswith("ly")
    said_of = kind is EntityKind.OBSERVATION and phrase.startswith(_SAID_OF)
    return adverb or said_of or phrase.startswith(("on ", "at "))


class LexicalExtractor:
    """GraphExtractor over a lexicon of names. Thread-safe once built; deterministic.

    Args:
        lexicon: names with their concepts; the first entry of a name wins.
    """

    name = "lexical"

    def __init__(self, lexicon: Iterable[LexiconEntry]) -> None:
        """Build the automaton (about a microsecond a name and character)."""
        payloads: dict[str, _Payload] = {}
        for phrase, kind, value in load_modifiers():
            self._add(payloads, phrase, Term(kind, None, value, _trails(phrase, kind)))
        for phrase, concept in load_absences():
            self._add(payloads, phrase, Term(EntityKind.OBSERVATION, concept, absent=True))
        for entry in lexicon:
            self._add(payloads, entry.name, Term(entry.kind, entry.concept))
        for trigger in assertion.load_triggers():
            key = f" {fold(trigger.phrase)} "
            payload = payloads.setdefault(key, _Payload(key.count(" ") - 1))
            payload.triggers = (*payload.triggers, trigger)
        self._automaton = ahocorasick.Automaton()
        for key, payload in payloads.items():
            self._automaton.add_word(key, payload)
        self._automaton.make_automaton()

    @staticmethod
    def _add(payloads: dict[str, _Payload], phrase: str, term: Term) -> None:
        key = f" {fold(phrase)} "
        if not key.strip():
            return
        payload = payloads.setdefault(key, _Payload(key.count(" ") - 1))
        if payload.term is None:
            payload.term = term
            payload.sided = term.kind is EntityKind.ANATOMY and key.startswith((" left ", " right "))

    def extract(self, report: Report) -> ReportGraph:
        """The report's graph; entities in text order, none across sentences."""
        tokens = tokenize(report.text)
        marked: list[_Marked] = []
        edges: list[Relation] = []
        terms, hits = self._match(tokens)
        terms = with_elided(tokens.words, terms, self._named)
        terms = with_measurements(report.text, tokens, terms)
        terms = with_letters(report.text, tokens, terms)
        terms_of, hits_of = _Cursor(terms), _Cursor(hits)
        for piece in _pieces(report, tokens):
            here = described_only(terms_of.within(piece))
            opened = hits_of.within(piece)
            if not here:
                continue
            scopes = assertion.scopes(tokens.words, opened, piece.start, piece.end) if opened else []
            first = len(marked)
            placed = [
                Placed(
                    number,
                    found.term.kind,
                    found.start,
                    found.end,
                    found.term.trails,
                    found.term.concept is None,
                )
                for number, found in enumerate(here, start=first)
            ]
            marked += [_marked(found, piece.sentence, scopes, tokens.words) for found in here]
            links = [(hit.start, hit.end) for hit in opened if assertion.linking(hit, tokens.words)]
            edges += relations(Line(tokens.words, placed), links)
        labels = [mark.label for mark in marked]
        for edge in edges:
            if edge.kind is RelationKind.MODIFY:  # as RadGraph's annotators label modifiers
                labels[edge.source] = labels[edge.target]
        entities = (
            _entity(tokens, report.text, mark, label) for mark, label in zip(marked, labels, strict=True)
        )
        return ReportGraph(tuple(entities), tuple(edges))

    def asserted(self, text: str, span: Span) -> Entity:
        """The words under ``span`` of one sentence as an observation, with what the rules say of them."""
        tokens = tokenize(text)
        start, end = tokens.token_range(span)
        outside = [hit for hit in self._match(tokens)[1] if hit.end <= start or hit.start >= end]
        scopes = assertion.scopes(tokens.words, outside, 0, len(tokens.words))
        mark = _marked(Found(start, end, Term(EntityKind.OBSERVATION)), 0, scopes, tokens.words)
        return _entity(tokens, text, mark, mark.label)

    def _named(self, phrase: str) -> Term | None:
        payload: _Payload | None = self._automaton.get(f" {phrase} ", None)
        return None if payload is None else payload.term

    def _match(self, tokens: TokenLine) -> tuple[list[Found], list[Hit]]:
        """Terms and triggers in text order, each the longest from its left, after one pass."""
        terms: list[tuple[int, int, Term]] = []
        triggers: list[tuple[int, int, tuple[Trigger, ...]]] = []
        for position, payload in self._automaton.iter(tokens.line):
            end = tokens.end_at[position] + 1
            start = end - payload.words
            if payload.term is not None:
                sided = payload.words > 1 and payload.sided
                terms.append((start + sided, end, payload.term))
            if payload.triggers:
                triggers.append((start, end, payload.triggers))
        kept = list(_longest(triggers))
        trigger_size = {token: end - start for start, end, _ in kept for token in range(start, end)}
        term_size: dict[int, int] = {}  # of tokens that a trigger holds too
        found = []
        for start, end, term in _longest(terms):
            rival = 0
            for token in range(start, end):
                if token in trigger_size:
                    term_size[token] = end - start
                    rival = max(rival, trigger_size[token])
            if rival <= end - start:
                found.append(Found(start, end, term))
        begun = {term.start for term in found if term.start in trigger_size}
        hits = [
            Hit(rule, start, _cut(start, end, begun) if rule.direction == "forward" else end)
            for start, end, rules in kept
            if not all(term_size.get(token, 0) > end - start for token in range(start, end))
            for rule in rules
        ]
        return found, hits


def _cut(start: int, end: int, begun: Collection[int]) -> int:
    """Where a trigger ends whose last words begin a longer name: "no | sequelae of granulomatous disease"."""
    return next((token for token in range(start + 1, end) if token in begun), end)


class _Piece(NamedTuple):
    """Tokens [start, end) of a sentence; only a sentence of more than _LONGEST tokens has several."""

    sentence: int
    start: int
    end: int


def _pieces(report: Report, tokens: TokenLine) -> Iterator[_Piece]:
    for index, sentence in enumerate(report.sentences):
        start, end = tokens.token_range(sentence.span)
        for begin in range(start, end, _LONGEST):
            yield _Piece(index, begin, min(begin + _LONGEST, end))


class _Cursor(Generic[_I]):
    """Hands out the items of one piece after another; items and pieces come in text order."""

    def __init__(self, items: list[_I]) -> None:
        self._items: list[_I] = items
        self._next = 0

    def within(self, piece: _Piece) -> list[_I]:
        """The items that lie wholly in the piece."""
        items, at = self._items, self._next
        while at < len(items) and items[at].start < piece.start:
            at += 1
        first = at
        while at < len(items) and items[at].start < piece.end:
            at += 1
        self._next = at
        return [item for item in items[first:at] if item.end <= piece.end]


def _longest(matches: list[tuple[int, int, _T]]) -> Iterator[tuple[int, int, _T]]:
    matches.sort(key=lambda match: (match[0], -match[1]))
    reached = 0
    for match in matches:
        if match[0] >= reached:
            reached = match[1]
            yield match


class _Marked(NamedTuple):
    """A term with the scopes that cover it and the label they give it."""

    found: Found
    sentence: int
    covering: list[Scope]
    label: EntityLabel


def _marked(found: Found, sentence: int, scopes: Sequence[Scope], words: Sequence[str]) -> _Marked:
    if not scopes:
        return _Marked(found, sentence, [], _label(found.term, ()))
    covering = [scope for scope in scopes if scope.start <= found.start and found.end <= scope.end]
    if covering and assertion.inside(words, found.start):  # "no fluid in the dilated bronchi"
        covering = [scope for scope in covering if scope.category != "negated"]
    return _Marked(found, sentence, covering, _label(found.term, covering))


def _entity(tokens: TokenLine, text: str, mark: _Marked, label: EntityLabel) -> Entity:
    (first, end, term), sentence, covering, _ = mark
    span = Span(tokens.starts[first], tokens.ends[end - 1])
    quote = text[span.start : span.end]
    if not covering:
        return Entity(span, quote, label, term.kind, sentence, term.concept, term.value)
    categories = {scope.category for scope in covering}
    return Entity(
        span,
        quote,
        label,
        term.kind,
        sentence,
        term.concept,
        term.value,
        historical="historical" in categories,
        hypothetical="hypothetical" in categories,
        other="other" in categories,
        rules=tuple([scope.rule for scope in covering]),
    )


def _label(term: Term, covering: Sequence[Scope]) -> EntityLabel:
    if term.kind is EntityKind.ANATOMY:
        return EntityLabel.ANATOMY
    if not covering or term.kind is EntityKind.NORMAL:
        return EntityLabel.ABSENT if term.absent else EntityLabel.PRESENT
    categories = {scope.category for scope in covering}
    if "negated" in categories:
        return EntityLabel.UNCERTAIN if term.absent else EntityLabel.ABSENT
    if "uncertain" in categories:
        return EntityLabel.UNCERTAIN
    return EntityLabel.ABSENT if term.absent else EntityLabel.PRESENT

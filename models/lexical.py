"""The default extractor: names of the knowledge graph matched in one pass, then scope and attachment rules.

One Aho-Corasick automaton holds concept names, modifier words and assertion triggers. Longest
match wins within names and within triggers.
"""

import csv
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TypeVar

import ahocorasick

from models import assertion
from models.assertion import Hit, Scope, Trigger
from models.attachment import Line, Placed, relations
from models.measurements import find_measurements
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
_I = TypeVar("_I", "_Found", Hit)
_DESCRIBED = frozenset({EntityKind.OBSERVATION, EntityKind.DEVICE})
_LONGEST = 250  # tokens; longer "sentences" are cut, so that work stays linear in the text


@dataclass(frozen=True, slots=True)
class _Term:
    """What a phrase stands for: a concept name or a modifier word."""

    kind: EntityKind
    concept: str | None = None
    value: str | None = None
    trails: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A term at tokens [start, end)."""

    start: int
    end: int
    term: _Term


@dataclass(slots=True)
class _Payload:
    """All that one phrase of the automaton stands for.

    ``sided``: its first word is the side of a structure ("left lower lobe"). That word is an entity
    of its own, so the name proper begins after it.
    """

    words: int
    sided: bool = False
    term: _Term | None = None
    triggers: tuple[Trigger, ...] = ()


@cache
def load_modifiers() -> tuple[tuple[str, EntityKind, str], ...]:
    """The bundled modifier words as (phrase, kind, canonical value)."""
    with files("models").joinpath("rules/modifiers.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple((row["phrase"], EntityKind(row["kind"]), row["value"]) for row in rows)


def _trails(phrase: str, kind: EntityKind) -> bool:
    adverb = kind in (EntityKind.SIDE, EntityKind.ZONE) and phrase.endswith("ly")
    return adverb or phrase.startswith(("on ", "at "))


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
            self._add(payloads, phrase, _Term(kind, None, value, _trails(phrase, kind)))
        for entry in lexicon:
            self._add(payloads, entry.name, _Term(entry.kind, entry.concept))
        for trigger in assertion.load_triggers():
            key = f" {fold(trigger.phrase)} "
            payload = payloads.setdefault(key, _Payload(key.count(" ") - 1))
            payload.triggers = (*payload.triggers, trigger)
        self._automaton = ahocorasick.Automaton()
        for key, payload in payloads.items():
            self._automaton.add_word(key, payload)
        self._automaton.make_automaton()

    @staticmethod
    def _add(payloads: dict[str, _Payload], phrase: str, term: _Term) -> None:
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
        entities: list[Entity] = []
        edges: list[Relation] = []
        terms, hits = self._match(tokens)
        for piece in _pieces(report, tokens):
            here = terms[
                bisect_left(terms, piece.start, key=_start) : bisect_left(terms, piece.end, key=_start)
            ]
            here = [term for term in here if term.end <= piece.end]
            opened = hits[
                bisect_left(hits, piece.start, key=_start) : bisect_left(hits, piece.end, key=_start)
            ]
            opened = [hit for hit in opened if hit.end <= piece.end]
            here = _with_measurements(report, tokens, piece, here)
            if not here:
                continue
            scopes = assertion.scopes(tokens.words, opened, piece.start, piece.end)
            placed = []
            for term in here:
                placed.append(Placed(len(entities), term.term.kind, term.start, term.end, term.term.trails))
                entities.append(_entity(tokens, report.text, piece.sentence, term, scopes))
            links = [(hit.start, hit.end) for hit in opened if hit.trigger.links]
            edges += relations(Line(tokens.words, placed), links)
        return _labelled_by_head(entities, edges)

    def asserted(self, text: str, span: Span) -> Entity:
        """The words under ``span`` of one sentence as an observation, with what the rules say of them."""
        tokens = tokenize(text)
        start, end = tokens.token_range(span)
        outside = [hit for hit in self._match(tokens)[1] if hit.end <= start or hit.start >= end]
        scopes = assertion.scopes(tokens.words, outside, 0, len(tokens.words))
        return _entity(tokens, text, 0, _Found(start, end, _Term(EntityKind.OBSERVATION)), scopes)

    def _match(self, tokens: TokenLine) -> tuple[list[_Found], list[Hit]]:
        """Terms and triggers in text order, each the longest from its left, after one pass."""
        terms: list[tuple[int, int, _Term]] = []
        triggers: list[tuple[int, int, tuple[Trigger, ...]]] = []
        for position, payload in self._automaton.iter(tokens.line):
            end = tokens.end_at[position] + 1
            start = end - payload.words
            if payload.term is not None:
                sided = payload.words > 1 and payload.sided
                terms.append((start + sided, end, payload.term))
            if payload.triggers:
                triggers.append((start, end, payload.triggers))
        kept_terms = list(_longest(terms))
        kept_triggers = list(_longest(triggers))
        term_size = {token: end - start for start, end, _ in kept_terms for token in range(start, end)}
        trigger_size = {token: end - start for start, end, _ in kept_triggers for token in range(start, end)}
        found = [
            _Found(start, end, term)
            for start, end, term in kept_terms
            if all(trigger_size.get(token, 0) <= end - start for token in range(start, end))
        ]
        hits = [
            Hit(rule, start, end)
            for start, end, rules in kept_triggers
            if not all(term_size.get(token, 0) > end - start for token in range(start, end))
            for rule in rules
        ]
        return found, hits


@dataclass(frozen=True, slots=True)
class _Piece:
    """Tokens [start, end) of a sentence; only a sentence of more than _LONGEST tokens has several."""

    sentence: int
    start: int
    end: int


def _pieces(report: Report, tokens: TokenLine) -> Iterator[_Piece]:
    for index, sentence in enumerate(report.sentences):
        start, end = tokens.token_range(sentence.span)
        for begin in range(start, end, _LONGEST):
            yield _Piece(index, begin, min(begin + _LONGEST, end))


def _adjectives(terms: list[_Found]) -> list[_Found]:
    """A predicate that leads to an observation only describes it: "calcified left apical nodule"."""
    result = list(terms)
    for index in range(len(terms) - 1):
        if terms[index].term.kind is EntityKind.OBSERVATION and terms[index].term.concept is None:
            last = terms[index]
            for following in terms[index + 1 : index + 5]:
                if following.start != last.end:
                    break
                if following.term.kind in _DESCRIBED and following.term.concept is not None:
                    changed = replace(terms[index].term, kind=EntityKind.DESCRIPTOR)
                    result[index] = replace(terms[index], term=changed)
                    break
                last = following
    return result


def _start(item: _Found | Hit) -> int:
    return item.start


def _within(items: list[_I], piece: _Piece) -> list[_I]:
    """The items that lie wholly in the piece."""
    first = bisect_left(items, piece.start, key=_start)
    last = bisect_left(items, piece.end, key=_start)
    return [item for item in items[first:last] if item.end <= piece.end]


def _longest(matches: list[tuple[int, int, _T]]) -> Iterator[tuple[int, int, _T]]:
    matches.sort(key=lambda match: (match[0], -match[1]))
    reached = 0
    for match in matches:
        if match[0] >= reached:
            reached = match[1]
            yield match


def _with_measurements(report: Report, tokens: TokenLine, piece: _Piece, terms: list[_Found]) -> list[_Found]:
    """The terms and the piece's measurements in text order; a measurement wins over words in it."""
    begin, stop = tokens.starts[piece.start], tokens.ends[piece.end - 1]
    extra = []
    for where, mm in find_measurements(report.text, begin, stop):
        start, end = tokens.token_range(where)
        extra.append(_Found(start, end, _Term(EntityKind.MEASUREMENT, None, f"{mm:.1f}")))
    if not extra:
        return terms
    kept = [t for t in terms if not any(t.start < m.end and m.start < t.end for m in extra)]
    return sorted(kept + extra, key=_start)


def _entity(tokens: TokenLine, text: str, sentence: int, found: _Found, scopes: Sequence[Scope]) -> Entity:
    term = found.term
    covering = [scope for scope in scopes if scope.start <= found.start and found.end <= scope.end]
    categories = {scope.category for scope in covering}
    span = tokens.span(found.start, found.end - 1)
    return Entity(
        span=span,
        quote=span.of(text),
        label=_label(term.kind, categories),
        kind=term.kind,
        sentence=sentence,
        concept=term.concept,
        value=term.value,
        historical="historical" in categories,
        hypothetical="hypothetical" in categories,
        other="other" in categories,
        rules=tuple(scope.rule for scope in covering),
    )


def _label(kind: EntityKind, categories: set[str]) -> EntityLabel:
    if kind is EntityKind.ANATOMY:
        return EntityLabel.ANATOMY
    if kind is EntityKind.NORMAL:
        return EntityLabel.PRESENT
    if "uncertain" in categories and "negated" not in categories:
        return EntityLabel.UNCERTAIN
    return EntityLabel.ABSENT if "negated" in categories else EntityLabel.PRESENT


def _labelled_by_head(entities: list[Entity], edges: list[Relation]) -> ReportGraph:
    """Modifiers take the label of what they modify, as RadGraph's annotators do."""
    for edge in edges:
        if edge.kind is RelationKind.MODIFY:
            label = entities[edge.target].label
            if entities[edge.source].label is not label:
                entities[edge.source] = replace(entities[edge.source], label=label)
    return ReportGraph(tuple(entities), tuple(edges))

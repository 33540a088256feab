"""Terms at their place in a text: what stands there, and what words beside it make of it."""

from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

from models.measurements import find_measurements
from models.tokens import TokenLine
from models.types import EntityKind

_DESCRIBED = frozenset({EntityKind.OBSERVATION, EntityKind.DEVICE})
_STOPS = frozenset({".", ",", ";", ":", ")"})
_LETTERS = {"L": "left", "R": "right"}


@dataclass(frozen=True, slots=True)
class Term:
    """What a phrase stands for: a concept name or a modifier word.

    ``absent``: the words say that the concept is not there ("the angles are sharp").
    """

    kind: EntityKind
    concept: str | None = None
    value: str | None = None
    trails: bool = False
    absent: bool = False


class Found(NamedTuple):
    """A term at tokens [start, end)."""

    start: int
    end: int
    term: Term


def described_only(terms: list[Found]) -> list[Found]:
    """A predicate that leads to an observation only describes it: "calcified left apical nodule"."""
    predicates = [
        index
        for index, found in enumerate(terms)
        if found.term.concept is None and found.term.kind is EntityKind.OBSERVATION
    ]
    if not predicates:
        return terms
    result = list(terms)
    for index in predicates:
        if index + 1 < len(terms):
            last = terms[index]
            for following in terms[index + 1 : index + 5]:
                if following.start != last.end:
                    break
                if following.term.kind in _DESCRIBED and following.term.concept is not None:
                    changed = replace(terms[index].term, kind=EntityKind.DESCRIPTOR)
                    result[index] = terms[index]._replace(term=changed)
                    break
                last = following
    return result


def with_measurements(text: str, tokens: TokenLine, terms: list[Found]) -> list[Found]:
    """The terms and the text's measurements in text order; a measurement wins over words in it."""
    extra = []
    for where, mm in find_measurements(text):
        start, end = tokens.token_range(where)
        extra.append(Found(start, end, Term(EntityKind.MEASUREMENT, None, f"{mm:.1f}")))
    if not extra:
        return terms
    taken = {token for found in extra for token in range(found.start, found.end)}
    kept = [found for found in terms if taken.isdisjoint(range(found.start, found.end))]
    return sorted(kept + extra, key=itemgetter(0))


def with_letters(text: str, tokens: TokenLine, terms: list[Found]) -> list[Found]:
    """The terms and the sides that a capital letter before one of them means: "small L effusion", not "2 L"."""
    extra = []
    taken = 0
    for found in terms:
        at, free = found.start - 1, found.start > taken
        taken = found.end
        side = _LETTERS.get(text[tokens.starts[at] : tokens.ends[at]]) if free else None
        if side is not None and tokens.words[found.start] != "spine" and not _number_before(tokens, at):
            extra.append(Found(at, found.start, Term(EntityKind.SIDE, None, side)))
        after = _letter_after(text, tokens, found)
        if after is not None:
            extra.append(after)
            taken = after.end
    return sorted(terms + extra, key=itemgetter(0)) if extra else terms


def _letter_after(text: str, tokens: TokenLine, found: Found) -> Found | None:
    """The side that a capital letter tells which ends what is said: "PTX L."."""
    at = found.end
    if found.term.kind is not EntityKind.OBSERVATION or at >= len(tokens.words):
        return None
    side = _LETTERS.get(text[tokens.starts[at] : tokens.ends[at]])
    ends = at + 1 == len(tokens.words) or tokens.words[at + 1] in _STOPS
    return Found(at, at + 1, Term(EntityKind.SIDE, None, side, trails=True)) if side and ends else None


def _number_before(tokens: TokenLine, at: int) -> bool:
    return at > 0 and tokens.words[at - 1].isdigit()

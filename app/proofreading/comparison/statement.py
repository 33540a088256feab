"""What one report says of one finding, and how closely two such statements are tied."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from app.proofreading.comparing import Likeness, likeness
from app.proofreading.comparison.places import Place
from kg_ingest.schema import EdgeKind, Facts
from models.types import Span

_MOST_READINGS = 6  # concepts of one statement
SIZE_STEP = 1.2  # sizes nearer than by this factor are one size


class Kind(StrEnum):
    """What a statement says."""

    FOUND = "found"  # a finding or device is there, or perhaps
    DENIED = "denied"  # a finding is not there, or no longer
    NORMAL = "normal"  # a structure is normal
    BLANKET = "blanket"  # nothing at all, or nothing else, is wrong
    COURSE = "course"  # how things have gone on the whole
    TOLD = "told"  # the findings were passed on


@dataclass(frozen=True, slots=True)
class Statement:
    """What one report says of one finding, in all its sentences together.

    ``concepts``: the finding, then what it is read as. ``grades``: ranks of severity, 1 trace to 4 severe.
    ``sizes``: millimetres. ``ages``: acute, chronic, old. ``counts``: single, multiple. ``changes``: new, increased,
    decreased, stable, resolved, and mention for "again seen". ``concluded``: told in the impression only.
    """

    kind: Kind
    span: Span
    name: str
    concepts: tuple[str, ...] = ()
    device: bool = False
    place: Place = field(default_factory=Place)
    grades: frozenset[float] = frozenset()
    sizes: frozenset[float] = frozenset()
    ages: frozenset[str] = frozenset()
    counts: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    concluded: bool = False


class Tied:
    """Statements by concept, so that those tied to a given one are found without looking at all."""

    def __init__(self, facts: Facts) -> None:
        self.blankets: list[int] = []
        self._facts = facts
        self._by_concept: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._below: defaultdict[str, dict[str, None]] = defaultdict(dict)  # also: what suggests it
        self._normals: defaultdict[frozenset[str], dict[int, None]] = defaultdict(dict)

    def put(self, at: int, said: Statement) -> None:
        """Remember that statement ``at`` says this."""
        if said.kind is Kind.BLANKET:
            self.blankets.append(at)
        elif said.kind is Kind.NORMAL:
            self._normals[said.place.sites][at] = None
        for concept in said.concepts:
            if concept not in self._by_concept:
                for general in self._above(concept):
                    self._below[general][concept] = None
            self._by_concept[concept][at] = None

    def of(self, said: Statement) -> Iterator[int]:
        """Statements with a tied concept, or on the same structures; each once, equal concepts first."""
        at = dict(self._normals.get(said.place.sites, {})) if said.kind is Kind.NORMAL else {}
        for concept in said.concepts:
            for other in (concept, *self._above(concept), *self._below.get(concept, ())):
                at |= self._by_concept.get(other, {})
        yield from at

    def _above(self, concept: str) -> Iterator[str]:
        yield from sorted(self._facts.ancestors.get(concept, ()))
        yield from self._facts.leaving.get((concept, EdgeKind.SUGGESTS), ())


def tie(first: Statement, second: Statement, facts: Facts) -> Likeness:
    """The closest tie between what two statements name."""
    pairs = ((a, b) for a in first.concepts for b in second.concepts)
    return max((likeness(a, b, facts) for a, b in pairs), default=Likeness.NONE)


def size_ratio(first: Statement, second: Statement) -> float:
    """By which factor the nearest sizes of the two differ; 1 where one tells none."""
    pairs = [(a, b) for a in first.sizes for b in second.sizes]
    return min((max(a, b) / min(a, b) for a, b in pairs), default=1.0)


_SETS = tuple(item.name for item in fields(Place))


def joined(first: Statement, second: Statement) -> Statement:
    """Both as one statement, with the words of the first."""
    place = Place(**{key: getattr(first.place, key) | getattr(second.place, key) for key in _SETS})
    return replace(
        first,
        concepts=tuple(dict.fromkeys((*first.concepts, *second.concepts)))[:_MOST_READINGS],
        place=place,
        grades=first.grades | second.grades,
        sizes=first.sizes | second.sizes,
        ages=first.ages | second.ages,
        counts=first.counts | second.counts,
        changes=first.changes | second.changes,
        concluded=first.concluded and second.concluded,
    )

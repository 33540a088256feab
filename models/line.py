"""One sentence as its words and entities, for rules that work on token distances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.types import EntityKind

LIGHT = frozenset(
    {"the", "a", "an", "in", "of", "size", "sized", "area", "areas", "region"}
)  # words between a modifier and its head
HEADS = frozenset({EntityKind.ANATOMY, EntityKind.OBSERVATION, EntityKind.DEVICE, EntityKind.NORMAL})


class Placed(NamedTuple):
    """A term of the sentence: its entity's index in the graph, kind, and tokens [start, end).

    ``trails`` marks a modifier that follows what it modifies ("on the left", "bilaterally").
    """

    entity: int
    kind: EntityKind
    start: int
    end: int
    trails: bool = False
    predicate: bool = False  # says something of a structure, and is no finding by itself: "calcified"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: the report's folded words, and the sentence's entities in text order."""

    words: Sequence[str]
    placed: Sequence[Placed]

    def gap(self, left: Placed, right: Placed) -> Sequence[str]:
        """The words between two entities."""
        return self.words[left.end : right.start]

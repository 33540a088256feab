"""What coordinated observations share, and what one suggests of another."""

from collections.abc import Sequence
from itertools import pairwise

from models.line import HEADS, LIGHT, Line, Placed
from models.types import EntityKind, Relation, RelationKind

_ALTERNATIVES = frozenset({"or", "versus", "vs", "/"})  # "atelectasis versus scar": one shadow, two readings
_AND_CLEAR = frozenset({"and", "but", "yet", "though", "although", "are", "is", ","})
_TOLD = frozenset({EntityKind.OBSERVATION, EntityKind.NORMAL})
_JOINING = _ALTERNATIVES | {"nor", "and", "early", "possible", "with", "a", "an"}


def shared(line: Line, located: Sequence[Relation]) -> list[Relation]:
    """What coordinated observations share of place: "atelectasis versus scar in the right base".

    Alternatives share the place of either; joined ones ("effusion and atelectasis at the left base") that
    which follows the last.
    """
    if not located:
        return []
    kinds = (EntityKind.OBSERVATION, EntityKind.NORMAL)  # "smooth and in normal position": of one structure
    return [relation for kind in kinds for relation in _shared(line, located, kind)]


def _shared(line: Line, located: Sequence[Relation], kind: EntityKind) -> list[Relation]:
    observed = [placed for placed in line.placed if placed.kind is kind]
    if len(observed) < 2:
        return []
    sites: dict[int, list[int]] = {}
    for relation in located:
        sites.setdefault(relation.source, []).append(relation.target)
    start = {placed.entity: placed.start for placed in line.placed}
    result: list[Relation] = []
    for first, second in zip(observed[-2::-1], observed[:0:-1], strict=True):
        joint = _joint(line, first, second)
        both = first.predicate and second.predicate  # "the aorta is unfolded and calcified"
        if first.entity not in sites and second.entity in sites:
            after = all(start[site] >= second.end for site in sites[second.entity])
            if joint & _ALTERNATIVES or (joint and after):
                sites[first.entity] = sites[second.entity]
                result += [Relation(RelationKind.LOCATED_AT, first.entity, s) for s in sites[first.entity]]
        elif (
            second.entity not in sites
            and first.entity in sites
            and (joint & _ALTERNATIVES or (joint and both))
        ):
            sites[second.entity] = sites[first.entity]
            result += [Relation(RelationKind.LOCATED_AT, second.entity, s) for s in sites[second.entity]]
    return result


def clear_too(line: Line, located: Sequence[Relation]) -> list[Relation]:
    """The place of "clear" after another predicate of the same subject: "the lungs are hyperinflated but clear"."""
    placed = {relation.source for relation in located}
    result: list[Relation] = []
    for first, second in pairwise(p for p in line.placed if p.kind in _TOLD):
        if second.kind is not EntityKind.NORMAL or second.entity in placed:
            continue
        between = line.words[first.end : second.start]
        said_of = first.predicate or first.kind is EntityKind.NORMAL
        if said_of and line.words[second.end - 1] == "clear" and between and set(between) <= _AND_CLEAR:
            sites = [relation.target for relation in located if relation.source == first.entity]
            result += [Relation(RelationKind.LOCATED_AT, second.entity, site) for site in sites]
    return result


def suggestion(line: Line, link: tuple[int, int]) -> list[Relation]:
    """The nearest observation before the linking words suggests each one that follows them."""
    start, end = link
    seen = [p for p in line.placed if p.kind in (EntityKind.OBSERVATION, EntityKind.DEVICE)]
    source = next((p for p in reversed(seen) if p.end <= start), None)
    targets = [p for p in seen if p.start >= end]
    if source is None or not targets:
        return []
    joined = targets[:1]
    for first, second in pairwise(targets):
        if not _joint(line, first, second):
            break
        joined.append(second)
    return [Relation(RelationKind.SUGGESTIVE_OF, source.entity, target.entity) for target in joined]


def _joint(line: Line, first: Placed, second: Placed) -> frozenset[str]:
    """The words that join two observations, empty when more than modifiers stands between them."""
    inner = [p for p in line.placed if first.end <= p.start and p.end <= second.start]
    taken = {token for placed in inner for token in range(placed.start, placed.end)}
    words = frozenset(line.words[at] for at in range(first.end, second.start) if at not in taken)
    plain = all(placed.kind not in HEADS for placed in inner) and not (
        "with" in words and _sided(line, first)
    )
    return words if plain and words and words <= _JOINING else frozenset()


def _sided(line: Line, observed: Placed) -> bool:
    """True when a side stands among the words before it: "right effusion"."""
    current = observed
    for previous in reversed([p for p in line.placed if p.end <= observed.start]):
        if previous.kind in HEADS or any(word not in LIGHT for word in line.gap(previous, current)):
            return False
        if previous.kind is EntityKind.SIDE:
            return True
        current = previous
    return False

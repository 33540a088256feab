"""Which statement of the candidate stands for which of the reference."""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace

from app.proofreading.comparing import Likeness, likeness, subsumes
from app.proofreading.comparison.places import Nearness, around, nearness
from app.proofreading.comparison.statement import Kind, Statement, Tied, size_ratio, tie
from app.proofreading.detectors.normal_statement import ruled_out
from kg_ingest.schema import EdgeKind, Facts

_NEGATIVE = frozenset({Kind.DENIED, Kind.NORMAL, Kind.BLANKET})


@dataclass(slots=True)
class Matching:
    """``pairs``: (candidate's, reference's) statement. ``false``, ``missing``: findings of one report only.

    ``misplaced``: pairs of which one report tells again in its other section, at another place.
    """

    pairs: list[tuple[Statement, Statement]] = field(default_factory=list)
    misplaced: list[tuple[Statement, Statement]] = field(default_factory=list)
    false: list[Statement] = field(default_factory=list)
    missing: list[Statement] = field(default_factory=list)


def matched(
    candidate: list[Statement], reference: list[Statement], facts: Facts, pulse: Callable[[], None]
) -> Matching:
    """Pair the findings, closest first, then what is denied or normal. Symmetric in the two reports."""
    result = Matching()
    ours, theirs = _of(candidate, Kind.FOUND), _of(reference, Kind.FOUND)
    free_ours, free_theirs = dict(enumerate(ours)), dict(enumerate(theirs))
    for _, first, second in sorted(_ranked(ours, theirs, facts, pulse)):
        if first in free_ours and second in free_theirs:
            result.pairs.append((free_ours.pop(first), free_theirs.pop(second)))
    for one, other in result.pairs:
        pulse()
        result.false += _rest(one, other, free_theirs, facts)
        result.missing += _rest(other, one, free_ours, facts)
    for one, other in result.pairs:
        pulse()
        result.misplaced += ((again, other) for again in _again(one, free_ours, facts))
        result.misplaced += ((one, again) for again in _again(other, free_theirs, facts))
    readings = [said for pair in result.pairs for said in pair if len(said.concepts) > 1]
    for kept, free in ((result.false, free_ours), (result.missing, free_theirs)):
        for said in free.values():
            pulse()
            if not _read(said, readings, facts):
                kept.append(said)
    result.pairs += _negatives(candidate, reference, facts, pulse)
    return result


def _of(said: Iterable[Statement], *kinds: Kind) -> list[Statement]:
    return [one for one in said if one.kind in kinds]


def _ranked(
    ours: list[Statement], theirs: list[Statement], facts: Facts, pulse: Callable[[], None]
) -> Iterator[tuple[tuple[float, ...], int, int]]:
    """(how far apart, candidate's, reference's) of the pairs that may be one finding."""
    index = Tied(facts)
    for second, other in enumerate(theirs):
        index.put(second, other)
    for first, one in enumerate(ours):
        for second in index.of(one):
            pulse()
            other = theirs[second]
            tied, near = tie(one, other, facts), nearness(one.place, other.place, facts)
            if tied is Likeness.SUGGESTED and near is not Nearness.ONE:
                continue
            distance = (
                float(near),
                float(one.place.sides != other.place.sides),
                float(one.concepts[0] != other.concepts[0]) + float(tied is not Likeness.SAME),
                float(one.place.levels != other.place.levels),
                size_ratio(one, other),
                grade_step(one, other),
                float(max(first, second)),
                float(min(first, second)),
            )
            yield distance, first, second


def grade_step(first: Statement, second: Statement) -> float:
    """How far a grade of one is from the nearest of the other, at most; 0 where one tells none."""
    return _farthest(first.grades, second.grades, lambda a, b: abs(a - b), 0.0)


def size_step(first: Statement, second: Statement) -> float:
    """By which factor a size of one differs from the nearest of the other, at most; 1 where one tells none."""
    return _farthest(first.sizes, second.sizes, lambda a, b: max(a, b) / min(a, b), 1.0)


def _farthest(
    first: Set[float], second: Set[float], apart: Callable[[float, float], float], none: float
) -> float:
    """The distance of Hausdorff: a value that only one report gives counts, though the other gives more."""
    if not first or not second:
        return none
    from_first = max(min(apart(a, b) for b in second) for a in first)
    return max(from_first, max(min(apart(a, b) for a in first) for b in second))


def _rest(one: Statement, other: Statement, others: dict[int, Statement], facts: Facts) -> list[Statement]:
    """The side of a finding on both sides that its partner leaves out, unless another statement has it."""
    sides = one.place.sides - other.place.sides
    if not sides or not other.place.sides or sides == one.place.sides:
        return []
    rest = replace(one, place=replace(one.place, sides=sides))
    for at, spare in others.items():
        same = spare.place.sides == sides and tie(rest, spare, facts) is Likeness.SAME
        if same and nearness(rest.place, spare.place, facts) is Nearness.ONE:
            del others[at]
            return []
    return [rest]


def _again(said: Statement, others: dict[int, Statement], facts: Facts) -> list[Statement]:
    """What one report tells of a finding a second time, in its other section, at another place; taken away."""
    found = [
        at
        for at, other in others.items()
        if other.concluded != said.concluded
        and tie(said, other, facts) is Likeness.SAME
        and nearness(said.place, other.place, facts) is not Nearness.ONE
    ]
    return [others.pop(at) for at in found]


def _read(said: Statement, readings: list[Statement], facts: Facts) -> bool:
    """True when a finding of both reports is read as this one, at this place: "density, likely effusion"."""
    return any(
        tie(said, other, facts) is Likeness.SAME and nearness(said.place, other.place, facts) is Nearness.ONE
        for other in readings
    )


def _negatives(
    candidate: list[Statement], reference: list[Statement], facts: Facts, pulse: Callable[[], None]
) -> Iterator[tuple[Statement, Statement]]:
    """What both deny or call normal: the same words first, then what rules the other out, blankets last."""
    ours, theirs = _of(candidate, *_NEGATIVE), _of(reference, *_NEGATIVE)
    for agree in (_equal, _implied, _covered):
        for one in list(ours):
            for other in theirs:
                pulse()
                if _may_meet(one, other) and agree(one, other, facts):
                    ours.remove(one)
                    theirs.remove(other)
                    yield one, other
                    break


def _may_meet(one: Statement, other: Statement) -> bool:
    """False for what is denied or normal on one side here and on the other there."""
    sides = one.place.sides, other.place.sides
    return not all(sides) or bool(sides[0] & sides[1])


def _equal(one: Statement, other: Statement, facts: Facts) -> bool:
    if one.kind is not other.kind:
        return False
    if one.kind is Kind.BLANKET:
        return True
    key = (one.concepts, one.place.sites if one.kind is Kind.NORMAL else ())
    return key == (other.concepts, other.place.sites if one.kind is Kind.NORMAL else ())


def _implied(one: Statement, other: Statement, facts: Facts) -> bool:
    if one.kind is other.kind is Kind.DENIED:
        return tie(one, other, facts) is Likeness.SAME
    if one.kind is other.kind is Kind.NORMAL:
        pairs = ((a, b) for a in one.place.sites for b in other.place.sites)
        return any(a in around(b, facts) or b in around(a, facts) for a, b in pairs)
    normal, denial = (one, other) if one.kind is Kind.NORMAL else (other, one)
    if (normal.kind, denial.kind) != (Kind.NORMAL, Kind.DENIED):
        return False
    told = _ruled_out_by(normal, facts)
    return any(likeness(a, b, facts) is Likeness.SAME for a in told for b in denial.concepts)


def _covered(one: Statement, other: Statement, facts: Facts) -> bool:
    """A blanket denial stands for one thing that the other report denies or calls normal."""
    return Kind.BLANKET in (one.kind, other.kind)


def rules_out(negative: Statement, said: Statement, facts: Facts) -> bool:
    """True when a denial or a normal structure leaves no room for what ``said`` names."""
    if negative.kind is Kind.DENIED:
        told: Iterable[str] = negative.concepts
    elif negative.kind is Kind.NORMAL:
        told = _ruled_out_by(negative, facts)
    else:
        return False
    return _may_meet(negative, said) and any(
        subsumes(general, c, facts) for general in told for c in said.concepts
    )


def _ruled_out_by(normal: Statement, facts: Facts) -> frozenset[str]:
    structures = {
        plain
        for site in normal.place.sites
        for plain in (site, *facts.leaving.get((site, EdgeKind.UNSIDED), ()))
    }
    return frozenset(finding for structure in structures for finding in ruled_out().get(structure, ()))

"""The discrepancies of two reports: findings of one only, and what is said differently of those of both."""

from collections.abc import Iterator

from app.proofreading.comparing import Likeness, likeness
from app.proofreading.comparison.matching import Matching, grade_step, rules_out, size_step
from app.proofreading.comparison.places import Nearness, nearness
from app.proofreading.comparison.significance import of_finding
from app.proofreading.comparison.statement import SIZE_STEP, Kind, Statement
from app.proofreading.comparison.types import Discrepancy, GreenCategory, Grounds, Passages
from app.proofreading.detectors.interval_change import OPPOSED
from kg_ingest.schema import Facts

_MENTION = "mention"
_DOUBLED = 1.5  # sizes at least this far apart change what is done
_STEP, _MODERATE = 1.0, 3.0  # ranks of severity: a whole grade, and from where on it matters
_AGED = frozenset({"old", "chronic"})


def of_findings(
    matching: Matching, reports: tuple[list[Statement], list[Statement]], facts: Facts
) -> Iterator[Discrepancy]:
    """(a) and (b). ``reports``: the statements of candidate and reference."""
    candidate, reference = reports
    for said in matching.false:
        denial = _denial(said, reference, facts)
        told = "denies it" if denial is not None else "does not tell of it"
        yield Discrepancy(
            GreenCategory.FALSE_FINDING,
            said.name,
            f"The candidate reports {said.name}; the reference {told}.",
            Passages(said.span, denial.span if denial is not None else None),
            of_finding(said, facts),
        )
    for said in matching.missing:
        denial = _denial(said, candidate, facts)
        told = "denies it" if denial is not None else "does not tell of it"
        yield Discrepancy(
            GreenCategory.MISSING_FINDING,
            said.name,
            f"The reference reports {said.name}; the candidate {told}.",
            Passages(denial.span if denial is not None else None, said.span),
            of_finding(said, facts),
        )


def _denial(said: Statement, others: list[Statement], facts: Facts) -> Statement | None:
    return next((other for other in others if rules_out(other, said, facts)), None)


def of_pair(one: Statement, other: Statement, facts: Facts) -> Iterator[Discrepancy]:
    """(c) and (d) of one finding that both report; at most one of each."""
    weight = _weight(one, other, facts)
    passages = Passages(one.span, other.span)
    near = nearness(one.place, other.place, facts)
    if near is not Nearness.ONE:
        yield of_places(one, other, facts)
    graded = _severity(one, other)
    if graded is not None:
        what, large = graded
        message = f"The two reports give {one.name} another {what}."
        grounds = weight or (None if large else Grounds.SMALL_STEP)
        yield Discrepancy(GreenCategory.SEVERITY, one.name, message, passages, grounds)


def of_places(one: Statement, other: Statement, facts: Facts) -> Discrepancy:
    """(c) of one finding that is told at two places."""
    near = nearness(one.place, other.place, facts) is Nearness.NEAR
    return Discrepancy(
        GreenCategory.LOCATION,
        one.name,
        f"The two reports place {one.name} differently.",
        Passages(one.span, other.span),
        _weight(one, other, facts) or (Grounds.NEAR if near else None),
    )


def _weight(one: Statement, other: Statement, facts: Facts) -> Grounds | None:
    """Why a finding is of little weight in both reports."""
    light = of_finding(one, facts)
    return light if of_finding(other, facts) is not None else None


def _severity(one: Statement, other: Statement) -> tuple[str, bool] | None:
    """(what differs, whether by much) of grade, size, number and age; the first that differs by much."""
    found = []
    step = grade_step(one, other)
    if step:
        strongest = max(one.grades | other.grades)
        found.append(("grade", step >= _STEP and strongest >= _MODERATE))
    ratio = size_step(one, other)
    if ratio > SIZE_STEP:
        found.append(("size", ratio >= _DOUBLED))
    if one.counts and other.counts and not one.counts & other.counts:
        found.append(("number", True))
    if any("acute" in a.ages and b.ages and b.ages <= _AGED for a, b in ((one, other), (other, one))):
        found.append(("age", True))
    return max(found, key=lambda item: item[1], default=None)


def of_changes(
    matching: Matching, reports: tuple[list[Statement], list[Statement]], facts: Facts
) -> Iterator[Discrepancy]:
    """(e) and (f), of findings and of the whole report."""
    candidate, reference = reports
    ours, theirs = _of_all(candidate), _of_all(reference)
    for one, other in matching.pairs:
        weight = _weight(one, other, facts) if one.kind is Kind.FOUND else None
        passages = Passages(one.span, other.span)
        yield from _change(one, other, (passages, weight, ours, theirs))
    paired = {id(said) for pair in matching.pairs for said in pair}
    for said in candidate:
        if id(said) not in paired and _gone(said) and not _reported(said, reference, facts):
            yield _false(said, Passages(said.span, None), None)
    for said in reference:
        if id(said) not in paired and _gone(said) and not _reported(said, candidate, facts):
            yield _omitted(said, Passages(None, said.span), None)
    yield from _of_whole(candidate, reference)


_Beside = tuple[Passages, Grounds | None, frozenset[str], frozenset[str]]


def _change(one: Statement, other: Statement, beside: _Beside) -> Iterator[Discrepancy]:
    """What is said of change in one finding. A change told of the whole report speaks for its findings too."""
    passages, weight, ours, theirs = beside
    mine, yours = one.changes - {_MENTION}, other.changes - {_MENTION}
    if mine and yours:
        if _opposed(mine - yours, yours):
            yield _false(one, passages, weight)
        elif _opposed(yours - mine, mine):
            yield _omitted(other, passages, weight)
    elif mine and not mine & theirs:
        yield _false(one, passages, weight)
    elif yours and not yours & ours:
        yield _omitted(other, passages, weight)
    elif one.changes != other.changes and not (mine or yours or ours or theirs):
        if one.changes:
            yield _false(one, passages, weight or Grounds.MENTION)
        else:
            yield _omitted(other, passages, weight or Grounds.MENTION)


def _opposed(ways: frozenset[str], others: frozenset[str]) -> bool:
    """True when a change that one report tells of contradicts one of the other's."""
    return any(frozenset({a, b}) in OPPOSED for a in ways for b in others)


def _of_all(said: list[Statement]) -> frozenset[str]:
    """The ways that a report says things have gone on the whole."""
    return frozenset(way for one in said if one.kind is Kind.COURSE for way in one.changes)


def _every(said: list[Statement]) -> frozenset[str]:
    return frozenset(way for one in said if one.kind is not Kind.TOLD for way in one.changes)


def _gone(said: Statement) -> bool:
    return said.kind is Kind.DENIED and "resolved" in said.changes


def _reported(said: Statement, others: list[Statement], facts: Facts) -> bool:
    """True where the other report has it as there: then it is a finding too many or too few."""
    return any(
        likeness(a, b, facts) is Likeness.SAME
        for other in others
        if other.kind is Kind.FOUND
        for a in said.concepts
        for b in other.concepts
    )


def _of_whole(candidate: list[Statement], reference: list[Statement]) -> Iterator[Discrepancy]:
    """A course that one report tells of the whole and the other nowhere, each way once; and who was told."""
    ours, theirs = _every(candidate), _every(reference)
    for said in _courses(candidate):
        if not said.changes & theirs and not (said.changes == {_MENTION} and theirs):
            grounds = Grounds.MENTION if said.changes == {_MENTION} else None
            yield _false(said, Passages(said.span, None), grounds)
    for said in _courses(reference):
        if not said.changes & ours and not (said.changes == {_MENTION} and ours):
            grounds = Grounds.MENTION if said.changes == {_MENTION} else None
            yield _omitted(said, Passages(None, said.span), grounds)
    if not any(said.kind is Kind.TOLD for said in reference):
        for said in candidate:
            if said.kind is Kind.TOLD:
                yield _false(said, Passages(said.span, None), None)


def _courses(said: list[Statement]) -> list[Statement]:
    """The first statement of each way."""
    first: dict[frozenset[str], Statement] = {}
    for one in said:
        if one.kind is Kind.COURSE:
            first.setdefault(one.changes, one)
    told = [one for way, one in first.items() if way != {_MENTION}]
    return told or list(first.values())


def _false(said: Statement, passages: Passages, grounds: Grounds | None) -> Discrepancy:
    what = "change over time" if said.kind is not Kind.TOLD else "communication"
    message = f"The candidate tells of a {what} that the reference does not: {said.name}."
    return Discrepancy(GreenCategory.FALSE_COMPARISON, said.name, message, passages, grounds)


def _omitted(said: Statement, passages: Passages, grounds: Grounds | None) -> Discrepancy:
    message = f"The candidate leaves out a change over time that the reference tells of: {said.name}."
    return Discrepancy(GreenCategory.OMITTED_COMPARISON, said.name, message, passages, grounds)

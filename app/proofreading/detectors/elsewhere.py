"""A side or level of the lung that the one section names, where the other tells of another only.

Sentences are compared by place alone, whatever they call the finding: "blunting of the left angle" and
"right effusion" need no common word to contradict. What is normal or denied tells of no place.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.proofreading.case import Case
from app.proofreading.comparing import (
    ANYWHERE,
    FINDINGS,
    GENERICS,
    IMPRESSION,
    Likeness,
    asserted,
    is_chest,
    is_device,
    levels,
    levels_named,
    likeness,
)
from app.proofreading.detectors.laterality import side_span, sides_alone, swap_side
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import leave_out
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from app.proofreading.sided import SIDES
from kg_ingest.schema import Sidedness
from models.types import Entity, EntityKind, EntityLabel, SectionName

_RELATED, _UNRELATED = 0.75, 0.62
_BODY = frozenset(SectionName) - IMPRESSION  # a heading such as CLINICAL may be followed by findings
_VAGUE = ANYWHERE | GENERICS | {"RP:opacity"}
_BASAL = re.compile(
    r"diaphragm|costophrenic|\bCP angles?|\beffusions?\b|retrocardiac|behind the heart", re.IGNORECASE
)
_NO_CLAIM = re.compile(  # advice, questions, denials, headings, exams
    r"\b(?:recommend\w*|suggest\w*|advis\w*|follow\w*|ct|mri?|ultrasound|views?|decubitus|film|radiographs?|exam\w*|stud(?:y|ies)|"
    r"correlat\w*|clinical\w*|pain|symptom\w*|please|if|consider\w*|should|would|no|not|without|nor|normal|clear\w*|unremarkable|"
    r"contralateral|opposite|other|history|hx|question\w*|evaluat\w*|discussed|called|patient|tube|line|catheter)\b|[:?]|\bXXXX\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\b(?:contralateral|opposite|other|ipsilateral)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Told:
    """Where one sentence places something that is there: sides, and levels of the lung."""

    sentence: int
    sides: frozenset[str]
    levels: frozenset[str]


class Elsewhere:
    """Compares the places of the findings section with those of the impression."""

    types = frozenset({ErrorType.LATERALITY_MISMATCH, ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a conclusion."""
        told = [one for n in _sentences(case, _BODY) if (one := _told(case, n)) is not None]
        if any(_ASIDE.search(_text(case, one.sentence)) for one in told):
            return
        sides = frozenset[str]().union(*(one.sides for one in told))
        for concluded in asserted(case, IMPRESSION):
            if _placed_alike(case, concluded):
                continue
            if len(concluded.sides) == 1 and sides and not concluded.sides & sides:
                opposed = [
                    one for one in told if one.sides and case.report.section_of(one.sentence) in FINDINGS
                ]
                if opposed and not _unplaced(case, concluded, told, lambda finding: finding.sides):
                    yield _side(case, concluded, opposed)
            elif len(here := levels(concluded)) == 1 and is_chest(case):
                yield from _level(case, concluded, here, told)
        if sides and is_chest(case):
            yield from _nameless(case, sides, told)


def _nameless(case: Case, sides: frozenset[str], told: list[_Told]) -> Iterator[Candidate]:
    """A sentence of the impression with a side and no finding that we know; the findings name the other side only."""
    opposed = [one for one in told if one.sides and case.report.section_of(one.sentence) in FINDINGS]
    body = [e for n in _sentences(case, _BODY) for e in case.by_sentence.get(n, ())]
    sides = sides.union(*(sides_of(case, entity) for entity in body))
    for number in _sentences(case, IMPRESSION) if opposed else ():
        words = [e for e in case.by_sentence.get(number, ()) if sides_of(case, e)]
        named = frozenset[str]().union(*(sides_of(case, word) for word in words))
        other = case.told_in.get(number) or _NO_CLAIM.search(_text(case, number))
        if len(named) != 1 or named & sides or other:
            continue
        turned = swap_side(case.report.quote(words[0].span))
        fixes = [] if turned is None else [Correction(words[0].span, turned)]
        without = leave_out(case, number)
        fixes += [] if without is None else [without]
        numbers = sorted({*(one.sentence for one in opposed), number})
        yield Candidate(
            type=ErrorType.LATERALITY_MISMATCH,
            span=words[0].span,
            message=f"The findings tell of nothing on the {next(iter(named))}, only of the other side.",
            rule="laterality.elsewhere",
            confidence=_UNRELATED,
            evidence=tuple(Evidence(EvidenceKind.TEXT, span=case.report.sentences[n].span) for n in numbers),
            correction=fixes[0] if fixes else None,
            alternatives=tuple(fixes[1:]),
        )


def _placed_alike(case: Case, concluded: Finding) -> bool:
    """True when the findings name the same thing at the same place: whether it is there is another question."""
    return any(
        likeness(concluded.concept, other.concept, case.facts) is Likeness.SAME
        and (other.sides & concluded.sides if concluded.sides else levels(other) & levels(concluded))
        for other in case.findings
        if other.section not in IMPRESSION
    )


def _unplaced(
    case: Case, concluded: Finding, told: list[_Told], place: Callable[[Finding], frozenset[str]]
) -> bool:
    """True when a finding that may be the concluded one is told without a place, so that it may lie there."""
    if is_device(concluded):
        return not any(place(f) for one in told for f in case.told_in.get(one.sentence, ()) if is_device(f))
    return any(
        (
            other.concept in _VAGUE
            or likeness(concluded.concept, other.concept, case.facts) is not Likeness.NONE
        )
        and not place(other)
        and (not other.sides or not concluded.sides or bool(other.sides & concluded.sides))
        for one in told
        for other in case.told_in.get(one.sentence, ())
        if other.entity.label is not EntityLabel.ABSENT and not other.normal
    )


def _sentences(case: Case, sections: frozenset[SectionName]) -> Iterator[int]:
    for number in range(len(case.report.sentences)):
        if case.report.section_of(number) in sections:
            yield number


def _text(case: Case, sentence: int) -> str:
    return case.report.sentences[sentence].span.of(case.report.text)


def _told(case: Case, sentence: int) -> _Told | None:
    """The places of a sentence; None where it tells only of what is normal, absent or earlier.

    A sentence without any finding that we know may tell of one that we do not: its places count.
    """
    here = case.told_in.get(sentence, ())
    there = [f for f in here if not f.normal and f.entity.label is not EntityLabel.ABSENT]
    if here and not there:
        return None
    sides = frozenset[str]().union(*(finding.sides for finding in there))
    places = frozenset[str]().union(*(levels(finding) for finding in there))
    if not sides:
        sides = frozenset[str]().union(*(sides_of(case, e) for e in case.by_sentence.get(sentence, ())))
    text = _text(case, sentence)
    sides |= sides_alone(text)
    places = places or levels_named(text)
    return _Told(sentence, sides, places | ({"lower"} if _BASAL.search(text) else frozenset()))


def sides_of(case: Case, entity: Entity) -> frozenset[str]:
    """The sides that a word of side, or a structure of one side, names."""
    if entity.kind is EntityKind.SIDE:
        return SIDES.get(entity.value or "", frozenset())
    node = case.facts.nodes.get(entity.concept or "")
    sided = node is not None and node.sidedness in (Sidedness.LEFT, Sidedness.RIGHT)
    return frozenset({str(node.sidedness)}) if node is not None and sided else frozenset()


def _side(case: Case, concluded: Finding, opposed: list[_Told]) -> Candidate:
    place = side_span(concluded, case)
    turned = swap_side(case.report.quote(place))
    fixes = [*([] if turned is None else [Correction(place, turned)]), *_without(case, concluded)]
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH,
        span=place,
        message=f"The findings tell of nothing on the {next(iter(concluded.sides))}, only of the other side.",
        rule="laterality.elsewhere",
        confidence=_sureness(case, concluded, opposed),
        evidence=_sentences_of(case, concluded, opposed),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )


def _level(case: Case, concluded: Finding, here: frozenset[str], told: list[_Told]) -> Iterator[Candidate]:
    beside = [
        one
        for one in told
        if one.levels and (not concluded.sides or not one.sides or one.sides & concluded.sides)
    ]
    there = frozenset[str]().union(*(one.levels for one in beside))
    if not there or here & there or (here | there) != {"upper", "lower"}:
        return
    if _unplaced(case, concluded, told, levels):
        return
    (said,), (seen,) = here, there
    yield Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=concluded.entity.span,
        message=f"The findings tell of nothing in the {said} lung, only in the {seen} one.",
        rule="location.elsewhere",
        confidence=_sureness(case, concluded, beside),
        evidence=_sentences_of(case, concluded, beside),
        correction=next(iter(_without(case, concluded)), None),
    )


def _without(case: Case, concluded: Finding) -> list[Correction]:
    alone = len(case.told_in[concluded.sentence]) == 1
    without = leave_out(case, concluded.sentence) if alone else None
    return [] if without is None else [without]


def _sureness(case: Case, concluded: Finding, opposed: list[_Told]) -> float:
    return _RELATED if any(_alike(case, concluded, one.sentence) for one in opposed) else _UNRELATED


def _sentences_of(case: Case, concluded: Finding, opposed: list[_Told]) -> tuple[Evidence, ...]:
    numbers = sorted({*(one.sentence for one in opposed), concluded.sentence})
    return tuple(Evidence(EvidenceKind.TEXT, span=case.report.sentences[n].span) for n in numbers)


def _alike(case: Case, concluded: Finding, sentence: int) -> bool:
    """True when the sentence tells of something like the conclusion, or both of devices."""
    return any(
        likeness(concluded.concept, other.concept, case.facts) is not Likeness.NONE
        or (is_device(concluded) and is_device(other))
        for other in case.told_in.get(sentence, ())
    )

"""One finding that two sentences place apart, without a word that there are two."""

import re
from collections.abc import Callable, Iterator
from itertools import combinations, islice, product

from app.proofreading.case import Case
from app.proofreading.comparing import (
    ANYWHERE,
    FINDINGS,
    IMPRESSION,
    REPORTED,
    Likeness,
    asserted,
    is_chest,
    is_device,
    levels,
    likeness,
    name,
    same_part,
    sentences,
)
from app.proofreading.detectors.laterality import places_apart, side_span, swap_side
from app.proofreading.detectors.location import levels_apart
from app.proofreading.detectors.referring import (
    adjacent,
    is_bare,
    is_named,
    refers,
    tells_again,
    tells_of_more,
    tells_of_one,
    told,
)
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType
from kg_ingest.schema import EdgeKind

Place = Callable[[Finding], frozenset[str]]

_SPREAD = re.compile(r"\b(?:multi\w+|diffuse\w*|scattered|several|bi\w*lateral\w*|both)\b", re.IGNORECASE)
_BOTH = re.compile(
    r"\b(?:both|bi\w*lateral\w*|bibasilar|bibasal|biapical|less(?:er)?|smaller|larger|greater|more|worse)\b",
    re.IGNORECASE,
)
_COMPENSATORY = re.compile(r"\bcompensat", re.IGNORECASE)
_DOUBLE = re.compile(r"\b(?:s[- ]shaped?|double|two|compensat\w+|secondary|second|lumbar)\b", re.IGNORECASE)
_SINGLE = frozenset({"RP:scoliosis"})  # a part of the body has one of it
_PLAQUE = "plaque"
_ALWAYS_MANY = "RP:air-bronchogram"
_TOP = 1  # kinds above both of two findings of one organ, whatever they are
_SECONDARY = frozenset({"RP:atelectasis", "RP:scar"})  # what lies beside another finding as well as being it
_SIGNS = frozenset(
    {"RP:diaphragm-tenting", "RP:obscured-diaphragm", "RP:obscured-heart-border", "RP:silhouette-sign"}
)  # of something else
_WIDE = frozenset({"RP:nonspecific-lesion"})
_LESIONS = _WIDE | {
    "RP:mass",
    "RP:nodule",
    "RP:mediastinal-mass",
    "RP:hilar-prominence",
    "RP:hilar-mass",
    "RP:lung-lesion",
    "RP:cavity",
    "RP:cyst",
}
_ONE_DEVICE = frozenset(  # a patient has one of it
    f"RP:{name}" for name in "pacemaker icd loop-recorder nerve-stimulator vp-shunt port picc".split()
)
_PLURAL = re.compile(r"(?:[^sui]s|(?:mass|sinus|fractur|nodul|lesi)\w*s)$", re.IGNORECASE)
_ACROSS, _WITHIN = 0.66, 0.55  # within a section the second may be told without a word for it: a remark
_REFERRED = 0.64
_UNCONCLUDED = 0.62  # a bare mention that the impression leaves out, where it concludes the other
_SLIGHT = frozenset({"trace", "mild", "small"})
_MOST = 100  # pairs looked at: a report with more tells of many findings


class TwoPlaces:
    """Compares the places of like findings, sentence by sentence."""

    types = frozenset({ErrorType.LATERALITY_MISMATCH, ErrorType.LOCATION_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate of each type."""
        if not is_chest(case):
            return
        for place, apart, make in ((_sides, _opposed, _side), (levels, _far, _level)):
            pair = next(_pairs(case, place, apart), None)
            if pair is not None:
                yield make(case, *pair)


def _sides(finding: Finding) -> frozenset[str]:
    return finding.sides


def _opposed(first: Finding, second: Finding) -> bool:
    """On two sides, and not at two levels besides: that are two findings."""
    opposed = len(first.sides) == len(second.sides) == 1 and first.sides != second.sides
    one, other = levels(first), levels(second)
    return opposed and (not one or not other or bool(one & other))


def _far(first: Finding, second: Finding) -> bool:
    if first.sides and second.sides and not first.sides & second.sides:
        return False
    one, other = levels(first), levels(second)
    return bool(one and other) and not one & other and levels_apart(first, second)


def _pairs(
    case: Case, place: Place, apart: Callable[[Finding, Finding], bool]
) -> Iterator[tuple[Finding, Finding]]:
    """(odd, other) of like findings that lie apart, though the odd one can only mean the other."""
    within = [pair for here in (FINDINGS, IMPRESSION) for pair in combinations(asserted(case, here), 2)]
    across = product(asserted(case, FINDINGS), asserted(case, IMPRESSION))
    opposed = (
        (first, second)
        for first, second in (*within, *across)
        if first.sentence != second.sentence
        and not {first.concept, second.concept} & _SIGNS
        and apart(first, second)
    )
    for first, second in islice(opposed, _MOST):
        again = tells_again(case, first, second) or tells_again(case, second, first)
        again = again or _alone(case, first, second)
        if (not again and _listed(case, first, second)) or _told_of_both(case, (first, second), place):
            continue
        orders = ((second, first), (first, second))
        odd = next((pair for pair in orders if _contradicts(case, *pair, place)), None)
        if odd is not None:
            yield odd


def _contradicts(case: Case, odd: Finding, other: Finding, place: Place) -> bool:
    """True when the one can only mean the other, and the other section does not bear it out."""
    if _borne_out(case, odd, place):
        return False
    texts = [told(case, one) for one in (odd, other)]
    if odd.concept == other.concept and odd.concept in _SINGLE:
        return same_part(case, odd, other) and not any(_DOUBLE.search(text) for text in texts)
    told_of_both = place is _sides and any(_BOTH.search(text) for text in texts)
    if any(_COMPENSATORY.search(text) for text in texts):
        return False  # of the lung beside the one that is small
    if told_of_both or tells_of_more(case, odd, other) or places_apart(odd, other, case):
        return False
    if _named_again(case, odd, other) or _alone(case, odd, other):
        return True
    return is_bare(case, odd) and _refers(case, odd, other, place)


def _named_again(case: Case, odd: Finding, other: Finding) -> bool:
    """True for "the right lesion" after a mass, and for what is told "as described"."""
    grades = [{grade.value for grade in (*one.severities, *one.sizes)} for one in (odd, other)]
    if all(grades) and grades[0] != grades[1]:
        return False  # "the left effusion is small" after a moderate one of the right
    if is_device(odd):
        return is_named(case, odd, other) and odd.concept == other.concept and odd.concept in _ONE_DEVICE
    if tells_again(case, odd, other):
        return likeness(odd.concept, other.concept, case.facts) is not Likeness.NONE
    return refers(case, odd, other) and _one_name(case, odd, other)


def _one_name(case: Case, named: Finding, other: Finding) -> bool:
    """True when the first names what the second tells of, by the same word, a wider one, or what it is thought to be."""
    if named.concept == other.concept:
        return True
    if named.concept in _WIDE or other.concept in _WIDE:
        return {named.concept, other.concept} <= _LESIONS
    return _kin(case, named, other) or likeness(named.concept, other.concept, case.facts) is not Likeness.NONE


def _alone(case: Case, odd: Finding, other: Finding) -> bool:
    """True when one of two findings of one kind is told to be nowhere else."""
    if not (tells_of_one(case, odd) or tells_of_one(case, other)) or is_device(odd):
        return False
    return likeness(odd.concept, other.concept, case.facts) is Likeness.SAME or _kin(case, odd, other)


def _refers(case: Case, bare: Finding, other: Finding, place: Place) -> bool:
    """True when the bare mention may name what the other tells of."""
    tie = likeness(bare.concept, other.concept, case.facts)
    if len({_PLAQUE in one.entity.quote.lower() for one in (bare, other)}) > 1:
        return False  # a plaque is not the thickening of the other side
    if is_device(bare):
        return bare.concept == other.concept and bare.section is not other.section
    if tie is Likeness.SUGGESTED:
        lesions = {bare.concept, other.concept} & ANYWHERE  # of which there are often several
        apart = lesions or adjacent(bare, other) or bare.concept in _SECONDARY
        return not apart or _also_called(case, bare, other, place)
    return tie is Likeness.SAME or _kin(case, bare, other)


def _kin(case: Case, first: Finding, second: Finding) -> bool:
    """True for two kinds of one finding at one organ: infiltrate and consolidation."""
    above = [case.facts.ancestors.get(one.concept or "", frozenset()) for one in (first, second)]
    alike = _homes(case, first) & _homes(case, second)
    return bool(alike) and len(above[0] & above[1]) > _TOP  # more in common than the organ


def _homes(case: Case, finding: Finding) -> set[str]:
    return set(case.facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ()))


def _also_called(case: Case, bare: Finding, other: Finding, place: Place) -> bool:
    """True when what the bare mention names is told of the other place too, or beside it: "nodule, granuloma"."""
    for one in asserted(case, REPORTED):
        if one is bare or likeness(one.concept, bare.concept, case.facts) is not Likeness.SAME:
            continue
        beside = (one,) if place(one) else case.told_in.get(one.sentence, ())
        if any(place(told) & place(other) for told in beside):
            return True
    return False


def _listed(case: Case, first: Finding, second: Finding) -> bool:
    """True for two short sentences side by side: "left basal opacity. right basal opacity"."""
    return adjacent(first, second) and is_bare(case, first) and is_bare(case, second)


def _borne_out(case: Case, finding: Finding, place: Place) -> bool:
    """True when the other section has something like it at its place."""
    there = FINDINGS if finding.section in IMPRESSION else IMPRESSION
    return any(
        place(other) & place(finding)
        and likeness(other.concept, finding.concept, case.facts) is not Likeness.NONE
        for other in asserted(case, there)
    )


def _told_of_both(case: Case, pair: tuple[Finding, Finding], place: Place) -> bool:
    """True when a like finding is told of both places."""
    both = place(pair[0]) | place(pair[1])
    return any(
        (both <= place(other) or (other not in pair and _tells_of_many(case, other)))
        and any(likeness(other.concept, one.concept, case.facts) is not Likeness.NONE for one in pair)
        for other in asserted(case, REPORTED)
    )


def _tells_of_many(case: Case, finding: Finding) -> bool:
    plural = finding.concept != _ALWAYS_MANY and _PLURAL.search(finding.entity.quote)
    return bool(plural or _SPREAD.search(told(case, finding)))


def _confidence(case: Case, odd: Finding, kept: Finding, place: Place) -> float:
    if _named_again(case, odd, kept) or _alone(case, odd, kept):
        return _REFERRED
    across = (odd.section in IMPRESSION) != (kept.section in IMPRESSION)
    if across or odd.concept in _SINGLE:
        return _ACROSS
    return _UNCONCLUDED if _concluded_alone(case, odd, kept, place) else _WITHIN


def _concluded_alone(case: Case, odd: Finding, kept: Finding, place: Place) -> bool:
    """True when the impression concludes the other one, and nothing at this place, none being greater or changed."""
    if odd.section in IMPRESSION or odd.severities or odd.sizes or any(_graded(one) for one in (odd, kept)):
        return False
    concluded = asserted(case, IMPRESSION)
    return not any(place(one) & place(odd) for one in concluded) and any(
        likeness(one.concept, kept.concept, case.facts) is not Likeness.NONE
        and place(one) == place(kept)
        and not _graded(one)
        for one in concluded
    )


def _graded(finding: Finding) -> bool:
    return bool(finding.changes or finding.acuities or finding.measurements) or any(
        grade.value not in _SLIGHT for grade in (*finding.severities, *finding.sizes)
    )


def _side(case: Case, odd: Finding, kept: Finding) -> Candidate:
    span = side_span(odd, case)
    turned = swap_side(case.report.quote(span))
    fixes = [] if turned is None else [Correction(span, turned)]
    fixes += without_either(case, odd, kept)
    what = name(odd.concept, case.facts)
    said, seen = "/".join(sorted(odd.sides)), "/".join(sorted(kept.sides))
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH,
        span=span,
        message=f"One sentence has {what} on the {said}, another {name(kept.concept, case.facts)} on the {seen}.",
        rule="laterality.two_places",
        confidence=_confidence(case, odd, kept, _sides),
        evidence=sentences(case, odd, kept),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )


def _level(case: Case, odd: Finding, kept: Finding) -> Candidate:
    fixes = without_either(case, odd, kept)
    what = name(odd.concept, case.facts)
    said, seen = "/".join(sorted(levels(odd))), "/".join(sorted(levels(kept)))
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=odd.entity.span,
        message=f"One sentence has {what} in the {said} lung, another {name(kept.concept, case.facts)} in the {seen} one.",
        rule="location.two_places",
        confidence=_confidence(case, odd, kept, levels),
        evidence=sentences(case, odd, kept),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )

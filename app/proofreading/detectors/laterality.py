"""A finding on one side in the findings, on the other side in the impression."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import (
    FINDINGS,
    IMPRESSION,
    Likeness,
    asserted,
    edge_path,
    is_chest,
    is_device,
    levels,
    likeness,
    name,
    sentences,
    spoken_for,
)
from app.proofreading.findings import Finding, Status
from app.proofreading.leaving_out import without_either
from app.proofreading.report import Candidate, Correction, ErrorType
from kg_ingest.schema import EdgeKind
from models.types import EntityKind, Span

_OTHER = {"left": "right", "right": "left", "lt": "rt", "rt": "lt"}
_SIDE_WORD = re.compile(r"\b(left|right|lt|rt)(?=\b|sided|ward)", re.IGNORECASE)
_ABBREVIATION = re.compile(r"\b[LR](?=(?:UL|LL|ML|IJ|SC)?\b)")
_CONTRALATERAL = re.compile(r"\b(?:contralateral|opposite|other side)\b", re.IGNORECASE)
_PLACES = {
    "left": re.compile(r"\b(?:[Ll]eft|L[UL]L|[Ll]ingular?)\b"),
    "right": re.compile(r"\b(?:[Rr]ight|R[UML]L|[Mm]iddle lobe)\b"),
}
_SIDE_ALONE = re.compile(
    r"(?<!on )(?<!to )(?<!at )(?<!from )\bthe (left|right)(?: side)?"
    r"(?=\s*[,.;]|\s+(?:is|has|was|remains|now|only|appears|shows?|persists)\b)|\b(left|right) one\b",
    re.IGNORECASE,
)
_SECOND = re.compile(r"\b(?:second|third|another|additional)\s+(?:\w+\s+){0,2}\Z", re.IGNORECASE)
_BACK = 40  # code points that its words before take at most
_BEHIND_HEART = re.compile(r"\bretrocardiac\b|\bbehind the heart\b", re.IGNORECASE)
_AGED = frozenset({"old", "chronic"})
_SINGLE = 1
_WHOLE = frozenset(  # which no other place lies beside
    f"RP:{name}" for name in "thorax hemithorax left-hemithorax right-hemithorax".split()
)
_LARGE = frozenset({"RP:lung", "RP:pleura", "RP:chest-wall"})


def swap_side(text: str) -> str | None:
    """``text`` with its one side word turned to the other side, in the same case; None if not one."""
    words = list(_SIDE_WORD.finditer(text))
    if len(words) == _SINGLE:
        word = words[0].group()
        other = _OTHER[word.lower()]
        other = other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
        return text[: words[0].start()] + other + text[words[0].end() :]
    letters = list(_ABBREVIATION.finditer(text))
    if words or len(letters) != _SINGLE:
        return None
    at = letters[0].start()
    return text[:at] + {"L": "R", "R": "L"}[text[at]] + text[at + 1 :]


class Laterality:
    """Compares the side of each finding of the impression with the findings section."""

    types = frozenset({ErrorType.LATERALITY_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in the order of the impression, then of the findings."""
        described = [finding for finding in asserted(case, FINDINGS) if finding.sides]
        for concluded in asserted(case, IMPRESSION):
            if len(concluded.sides) != _SINGLE:
                continue
            opposed = _opposed(concluded, described, case)
            start = concluded.entity.span.start
            if opposed is not None and not _SECOND.search(case.report.text[max(0, start - _BACK) : start]):
                yield _candidate(case, concluded, opposed)
        for one in described if is_chest(case) else ():
            other = _unconcluded(one, case)
            if other is not None:
                yield _beside(case, one, other)


def _unconcluded(described: Finding, case: Case) -> Finding | None:
    """The conclusion of the same finding on the other side, where none is on this side.

    Findings on both sides may be concluded on one: an impression leaves out the lesser.
    """
    if len(described.sides) != _SINGLE or is_device(described):
        return None
    told = [other for other in asserted(case, FINDINGS) if other.concept == described.concept]
    if any(other.sides - described.sides for other in told):
        return None
    tied = [
        other
        for other in asserted(case, IMPRESSION)
        if other.sides and likeness(described.concept, other.concept, case.facts) is not Likeness.NONE
    ]
    if any(other.sides & described.sides for other in tied) or _named_alone(described, case):
        return None
    same = (other for other in tied if other.concept == described.concept)
    seen = asserted(case, FINDINGS)
    return next((o for o in same if not (_changed_apart(described, o) or _read_from(o, seen, case))), None)


def _changed_apart(described: Finding, concluded: Finding) -> bool:
    """True for one that is as it was beside one that is new or grows: they are two."""
    one, other = ({change.value for change in finding.changes} for finding in (described, concluded))
    return "stable" in one and bool(other & {"new", "increased"})


def _named_alone(described: Finding, case: Case) -> bool:
    """True when a sentence of the impression names this side and no finding: "LLL improving."."""
    pattern = _PLACES[next(iter(described.sides))]
    return any(
        case.report.section_of(number) in IMPRESSION
        and not case.told_in.get(number)
        and pattern.search(sentence.span.of(case.report.text))
        for number, sentence in enumerate(case.report.sentences)
    )


def _beside(case: Case, described: Finding, concluded: Finding) -> Candidate:
    place = side_span(described, case)
    turned = swap_side(case.report.quote(place))
    fixes = [] if turned is None else [Correction(place, turned)]
    fixes += without_either(case, described)
    what = name(described.concept, case.facts)
    here, there = "/".join(sorted(described.sides)), "/".join(sorted(concluded.sides))
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH,
        span=place,
        message=f"The findings describe {what} on the {here}; the impression tells of {what} on the {there} only.",
        rule="laterality.unconcluded",
        confidence=0.75,
        evidence=sentences(case, described, concluded),
        correction=fixes[0] if fixes else None,
        alternatives=tuple(fixes[1:]),
    )


def _opposed(concluded: Finding, described: list[Finding], case: Case) -> Finding | None:
    """The best finding of the other side, unless something related lies on the concluded side.

    What another conclusion already speaks of does not excuse this one.
    """
    tied = [(likeness(concluded.concept, other.concept, case.facts), other) for other in described]
    tied = [
        (tie, other)
        for tie, other in tied
        if tie is not Likeness.NONE and not places_apart(concluded, other, case)
    ]
    if any(
        other.sides & concluded.sides
        and (tie is Likeness.SAME or not spoken_for(other, concluded, case, lambda finding: finding.sides))
        for tie, other in tied
    ):
        return None
    tied = [(tie, other) for tie, other in tied if not _aged_apart(concluded, other)]
    if _CONTRALATERAL.search(case.report.sentences[concluded.sentence].span.of(case.report.text)):
        tied = [(tie, other) for tie, other in tied if tie is Likeness.SAME]  # the other side is told of too
    if any(_told_alone(concluded, other, case) for _, other in tied) or _read_from(
        concluded, described, case
    ):
        return None
    if _BEHIND_HEART.search(" ".join(_unsided(concluded, case))):
        return None  # a shadow behind the heart is mostly one of the left lower lobe
    agreeing = [
        (tie, bool(levels(concluded) & levels(other)), other)
        for tie, other in tied
        if not other.sides & concluded.sides and (tie is Likeness.SAME or _level_with(concluded, other))
    ]
    if not agreeing:
        return None
    return max(agreeing, key=lambda item: item[:2])[2]


def _told_alone(concluded: Finding, opposed: Finding, case: Case) -> bool:
    """True where the text goes on from the other side to this one: "Decrease of the left, now a trace", "the left one"."""
    number, text = opposed.sentence, case.report.text
    here, following = case.report.sentences[number].span, number + 1
    rest = text[opposed.entity.span.end : here.end]
    if following < len(case.report.sentences) and not any(f.concept for f in case.told_in.get(following, ())):
        rest += text[here.end : case.report.sentences[following].span.end]
    return sides_alone(rest) == concluded.sides


def sides_alone(text: str) -> frozenset[str]:
    """The sides that stand for what lies there: "the left one is small", "decrease of the left"."""
    return frozenset((match[1] or match[2]).lower() for match in _SIDE_ALONE.finditer(text))


def _read_from(concluded: Finding, described: list[Finding], case: Case) -> bool:
    """True for what a shadow may be that the findings have on this side, too: "right opacity, perhaps a fat pad"."""
    if concluded.status is not Status.UNCERTAIN:
        return False
    sources = {r.source for r in case.graph.relations if r.target == concluded.index}
    shadows = [f for f in case.told_in[concluded.sentence] if f.index in sources]
    return any(
        shadow.concept == other.concept and shadow.sides == other.sides == concluded.sides
        for shadow in shadows
        for other in described
    )


def _unsided(concluded: Finding, case: Case) -> Iterator[str]:
    """The sentences of findings that may be the concluded one, and are told without a side."""
    for other in asserted(case, FINDINGS):
        if not other.sides and likeness(concluded.concept, other.concept, case.facts) is not Likeness.NONE:
            yield case.report.sentences[other.sentence].span.of(case.report.text)


def _aged_apart(first: Finding, second: Finding) -> bool:
    """True for an old one and one that is not said to be: healed and fresh fractures are two."""
    one, other = ({a.value for a in f.acuities} & _AGED for f in (first, second))
    return bool(one) != bool(other)


def _level_with(first: Finding, second: Finding) -> bool:
    """True at a common level of the lung, and where neither is at any."""
    one, other = levels(first), levels(second)
    return bool(one & other) or not (one or other)


def places_apart(first: Finding, second: Finding, case: Case) -> bool:
    """True when the two lie in structures of which neither is part of the other, sides aside."""
    one, other = _places(first, case), _places(second, case)
    return bool(one and other) and not one & other


def _places(finding: Finding, case: Case) -> frozenset[str]:
    """The structures where it lies and the lung's parts as the lung, without their sides."""
    sites = {site.concept for site in finding.sites if site.concept is not None}
    plain = {p for site in sites for p in case.facts.leaving.get((site, EdgeKind.UNSIDED), ())} | sites
    whole = {w for site in plain for w in case.facts.wholes.get(site, ())}
    return frozenset(plain | (whole & _LARGE)) - _WHOLE


def _candidate(case: Case, concluded: Finding, opposed: Finding) -> Candidate:
    place = side_span(concluded, case)
    fixes = [
        Correction(span, turned)
        for span in (place, side_span(opposed, case))
        if (turned := swap_side(case.report.quote(span))) is not None
    ]
    same = likeness(concluded.concept, opposed.concept, case.facts) is Likeness.SAME
    said, seen = "/".join(sorted(concluded.sides)), "/".join(sorted(opposed.sides))
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH,
        span=place,
        message=(
            f"The impression places {name(concluded.concept, case.facts)} on the {said}; "
            f"the findings describe {name(opposed.concept, case.facts)} on the {seen}."
        ),
        rule="laterality.sections" if same else "laterality.suggested",
        confidence=0.92 if same else 0.86,
        evidence=(
            *sentences(case, opposed, concluded),
            *edge_path(opposed.concept, concluded.concept, case.facts),
        ),
        correction=fixes[0] if fixes else None,
        alternatives=(*fixes[1:], *without_either(case, concluded, opposed)) if fixes else (),
    )


def side_span(finding: Finding, case: Case) -> Span:
    """The words that say the side: a side modifier, a sided site, the side of what shares its place, else the finding."""
    words = [entity.span for entity in finding.side_entities]
    words += [site.span for site in finding.sites if _ABBREVIATION.search(site.quote)]
    words += [
        entity.span
        for entity in case.graph.entities
        if entity.kind is EntityKind.SIDE
        and entity.sentence == finding.sentence
        and entity.value in finding.sides
    ]
    return words[0] if words else finding.entity.span

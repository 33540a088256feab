"""The tip of a line or tube told at two places that are not next to each other."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, combinations, product

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import Entity, EntityKind, SectionName

_TIP = re.compile(
    r"\b(?:tips?|terminat\w+|ends? (?:in|at|within|over|near)|ending|distal end|extend(?:s|ing) (?:in)?to|"
    r"coil(?:s|ed) (?:up(?:on itself)? )?(?:with)?in|loop(?:s|ed) (?:with)?in)\b",
    re.IGNORECASE,
)
# what was, what is wanted, and what tells of more than one
_OTHERWISE = re.compile(
    r"\b(?:previous\w*|prior|formerly|earlier|had been|was|were|should|recommend\w*|advis\w+|suggest\w*|advanc\w+|"
    r"retract\w+|withdraw\w*|pull\w*|reposition\w*|remov\w+|replac\w+|exchang\w+|second|another|other|additional|both|tips)\b",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\b(?:above|to|from|superior to|proximal to|cranial to) the (?:level of the )?carina\b", re.IGNORECASE
)
_BELOW = re.compile(
    r"\b(?:below|beyond|past|distal to|inferior to) the (?:level of the )?carina\b", re.IGNORECASE
)
_BRONCHIAL = re.compile(
    r"\b(?:in|into|within|at|enter\w*) (?:the )?(?:\w+ ){0,2}(?:bronch|main-?\s?stem)", re.IGNORECASE
)
_PAST_PYLORUS = re.compile(
    r"\bpost-?\s?pyloric|\b(?:beyond|past|through|distal to|across) the pylorus", re.IGNORECASE
)
_DEFINITE = re.compile(r"(?:as )?the\b(?! tips?\b)", re.IGNORECASE)
_PLAIN = frozenset(
    (
        "a an the tip of catheter line tube is in at on over within seen noted lies located terminates ends ending "
        "projects projecting level its distal end now currently positioned appears to be overlying overlies near"
    ).split()
)
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_SHORT_OF = re.compile(  # a place that it does not come to
    r"\b(?:not|never|fails? to|failed to|failing to|short of|without|outside|away from|rather than|instead of)\b"
    r"[^.;,]{0,25}\Z",
    re.IGNORECASE,
)
_AIRWAY = "airway"
VEINS = (
    "RP:jugular-vein", "RP:subclavian-vein", "RP:brachiocephalic-vein", "RP:superior-vena-cava",
    "RP:cavoatrial-junction", "RP:right-atrium", "RP:right-ventricle", "RP:pulmonary-artery",
)  # fmt: skip
_UNNAMED = re.compile(r"(?:lines?|catheters?)", re.IGNORECASE)  # may be any
# kinds of one tube or line, of which there is one each
_KINDS = tuple(
    re.compile(rf"\b(?:{words})", re.IGNORECASE)
    for words in (
        "ngt?\\b|ogt?\\b|nasogastric|orogastric", "feeding|dob+hoff|weighted|nj\\b|naso(?:jejunal|duodenal)|sengstaken",
        "femoral", "ij\\b|internal jugular|subclavian", "inflow|drainage", "outflow|return", "probe", "non-?tunnel",
        "tunnel", "sheath|cordis|introducer", "swan|pulmonary artery catheter",
    )
)  # fmt: skip
_OWN_PLACE = frozenset({2, 4, 5, 6, 9})  # of these kinds: they end where no other does
_LINES = frozenset({"RP:catheter", "RP:central-line", "RP:picc", "RP:port"})
_AIRWAY_TUBES = frozenset({"RP:endotracheal-tube", "RP:tracheostomy", "RADLEX:RID5566"})
_TUBES = _AIRWAY_TUBES | {"RP:enteric-tube"}
_BARRED = ((_LINES - {"RP:catheter"}, frozenset({_AIRWAY, "gut", "arterial"})), (_TUBES, frozenset({"vein"})))
_NEAR = 1
_MOST = 50  # tips of a section that are compared
_LANDMARK = "RP:carina"  # by whose level the tips of lines are told
_ACROSS, _WITHIN = 0.7, 0.55  # within a section it may be another tube: a remark
_REFERRED = 0.62  # within a section, of a tube that there is one of, or of no kind
_SINGLE = frozenset({"RP:endotracheal-tube", "RP:tracheostomy"})
_ANY_LINE = frozenset({"RP:catheter", "RP:central-line"})
_LOW_IN_GUT = 4  # a tip that is told to be past the pylorus


@dataclass(frozen=True, slots=True)
class _Tip:
    """Where a sentence has a tip: the structure it names last, and its place along a course."""

    site: Entity
    course: str
    position: int

    @property
    def sentence(self) -> int:
        """The sentence's index."""
        return self.site.sentence

    def apart(self, other: "_Tip") -> bool:
        """True when no two readers would name one place so."""
        if self.site.concept == other.site.concept and self.course != _AIRWAY:
            return False
        return self.course != other.course or abs(self.position - other.position) > _NEAR


class Tip:
    """Compares where sentences place a tip, when each section tells of one only."""

    types = frozenset({ErrorType.LOCATION_MISMATCH, ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        for misled in _out_of_reach(case):
            yield misled
            return
        found, concluded = (
            [tip for tip in _tips(case, part) if tip.course != "arterial"] for part in (FINDINGS, IMPRESSION)
        )
        across = ((site, other, found) for other, site in product(found, concluded))
        for site, other, beside in chain(across, _within(found), _within(concluded)):
            if any(not one.apart(site) for one in beside) or not _contradict(site, other, case):
                continue
            sure = _ACROSS if beside else _sureness(case, site, other, (found, concluded))
            yield _candidate(case, site.site, other.site, sure)
            return


def _sureness(case: Case, site: _Tip, other: _Tip, tips: tuple[list[_Tip], list[_Tip]]) -> float:
    """More for a tube that there is one of, and for an unnamed one that names no kind or side."""
    kinds = {device.concept for tip in (site, other) for device in _devices(case, tip)}
    if kinds and kinds <= _SINGLE and _DEFINITE.match(_text(case, site.sentence)):
        return _REFERRED
    alone = len(tips[0]) + len(tips[1]) == len({site, other}) and kinds <= _ANY_LINE
    return _REFERRED if alone and any(_is_plain(case, tip) for tip in (site, other)) else _WITHIN


def _is_plain(case: Case, tip: _Tip) -> bool:
    """True for "Catheter tip in the right ventricle": no kind, no side, nothing else."""
    sentence = case.report.sentences[tip.sentence].span
    inside = [e.span for e in case.by_sentence.get(tip.sentence, ()) if e.kind is EntityKind.ANATOMY]
    sides = [e.span for e in case.by_sentence.get(tip.sentence, ()) if e.kind is EntityKind.SIDE]
    of_site = [s for s in sides if 0 <= tip.site.span.start - s.end <= 1]
    taken = [*inside, *of_site]
    words = _WORD.finditer(case.report.text, sentence.start, sentence.end)
    return all(m.group().lower() in _PLAIN or any(t.start <= m.start() < t.end for t in taken) for m in words)


def _within(tips: list[_Tip]) -> Iterator[tuple[_Tip, _Tip, list[_Tip]]]:
    return ((site, other, []) for other, site in combinations(tips[:_MOST], 2))


def _contradict(site: _Tip, other: _Tip, case: Case) -> bool:
    if site.sentence == other.sentence or not site.apart(other) or _of_others(site, other, case):
        return False
    one, another = (_kinds(case, tip) for tip in (site, other))
    if (one and another and not one & another) or (one != another and (one | another) & _OWN_PLACE):
        return False
    return not any(_OTHERWISE.search(_lead(case, tip)) for tip in (site, other))


def _kinds(case: Case, tip: _Tip) -> set[int]:
    return {number for number, kind in enumerate(_KINDS) if kind.search(_lead(case, tip))}


def _lead(case: Case, tip: _Tip) -> str:
    """The words of the sentence up to the place of the tip."""
    start = case.report.sentences[tip.sentence].span.start
    return case.report.text[start : tip.site.span.start]


def _text(case: Case, sentence: int) -> str:
    return case.report.sentences[sentence].span.of(case.report.text)


def _of_others(first: _Tip, second: _Tip, case: Case) -> bool:
    """True when the two sentences tell of different lines or tubes, by name or side."""
    devices = [_devices(case, tip) for tip in (first, second)]
    one, other = ({device.concept for device in named} for named in devices)
    unnamed = any(_UNNAMED.fullmatch(device.quote) for named in devices for device in named)
    left, right = (_sides(case, tip) for tip in (first, second))
    alike = not one or not other or one & other or (unnamed and one | other <= _LINES)
    return not alike or bool(left and right and not left & right)


def _devices(case: Case, tip: _Tip) -> list[Entity]:
    return [e for e in case.by_sentence.get(tip.sentence, ()) if e.kind is EntityKind.DEVICE]


def _sides(case: Case, tip: _Tip) -> set[str | None]:
    """The sides named up to the device, so that the right atrium is none."""
    ends = [device.span.end for device in _devices(case, tip)]
    told = case.by_sentence.get(tip.sentence, ())
    return {e.value for e in told if e.kind is EntityKind.SIDE and ends and e.span.start < ends[0]}


def _out_of_reach(case: Case) -> Iterator[Candidate]:
    """A tip where no such tube can come: a venous line in the gut, an enteric tube in a vein."""
    for tip in _tips(case, FINDINGS | IMPRESSION):
        clause = case.report.text.rfind(";", 0, tip.site.span.start)
        devices = {e.concept for e in _devices(case, tip) if clause < e.span.start < tip.site.span.start}
        barred = next((places for kinds, places in _BARRED if devices and devices <= kinds), frozenset())
        if tip.course not in barred:
            continue
        yield Candidate(
            type=ErrorType.IMPOSSIBLE_ANATOMY,
            span=tip.site.span,
            message=f"No such line or tube ends in the {tip.site.quote.lower()}.",
            rule="impossible_anatomy.tip",
            confidence=0.86,
            evidence=(Evidence(EvidenceKind.TEXT, span=case.report.sentences[tip.sentence].span),),
            correction=without_place(case, tip.site.span),
        )


def _tips(case: Case, sections: frozenset[SectionName]) -> list[_Tip]:
    """The tip of each sentence that tells of one, at the structure that it names last."""
    result = []
    for number in range(len(case.report.sentences)):
        if case.report.section_of(number) not in sections or not _tells_of_tip(case, number):
            continue
        named = [
            tip
            for entity in case.by_sentence.get(number, ())
            if entity.kind is EntityKind.ANATOMY
            and (tip := _placed(entity, case)) is not None
            and not _SHORT_OF.search(_lead(case, tip))
        ]
        result += named[-1:]
    return result


def _tells_of_tip(case: Case, number: int) -> bool:
    """True where the words name a tip, and for a tube of the airway in a bronchus."""
    text = _text(case, number)
    if _TIP.search(text):
        return True
    devices = {e.concept for e in case.by_sentence.get(number, ()) if e.kind is EntityKind.DEVICE}
    return bool(devices) and devices <= _AIRWAY_TUBES and bool(_BRONCHIAL.search(text))


@cache
def _places() -> Mapping[str, tuple[str, int]]:
    with files("app").joinpath("proofreading/detectors/tip_places.tsv").open(encoding="utf-8") as lines:
        rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t")
        return {structure: (course, int(position)) for structure, course, position in rows}


def _placed(site: Entity, case: Case) -> _Tip | None:
    """The place on a course of a structure, or of what it is part of."""
    if site.concept == _LANDMARK:
        text = _text(case, site.sentence)
        position = 0 if _ABOVE.search(text) else 2 if _BELOW.search(text) else None
        here = case.by_sentence.get(site.sentence, ())
        devices = {entity.concept for entity in here if entity.kind is EntityKind.DEVICE}
        tube = bool(devices) and devices <= _AIRWAY_TUBES
        return _Tip(site, _AIRWAY, position) if tube and position is not None else None
    around = (site.concept or "", *sorted(case.facts.wholes.get(site.concept or "", ())))
    place = next((_places()[structure] for structure in around if structure in _places()), None)
    if place is None:
        return None
    past = place[0] == "gut" and _PAST_PYLORUS.search(_text(case, site.sentence))
    return _Tip(site, place[0], _LOW_IN_GUT if past else place[1])


def _candidate(case: Case, site: Entity, other: Entity, confidence: float) -> Candidate:
    sentences = case.report.sentences
    return Candidate(
        type=ErrorType.LOCATION_MISMATCH,
        span=site.span,
        message=f"One sentence has the tip at the {other.quote.lower()}, another at the {site.quote.lower()}.",
        rule="location.tip",
        confidence=confidence,
        evidence=tuple(
            Evidence(EvidenceKind.TEXT, span=sentences[number].span)
            for number in sorted({site.sentence, other.sentence})
        ),
        correction=without_place(case, site.span),
        alternatives=tuple(fix for fix in (without_place(case, other.span),) if fix is not None),
    )

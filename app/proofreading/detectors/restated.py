"""An impression that repeats a sentence of the findings, with another side, level or degree in it.

By words alone, so that it also holds for what no term names: "lobulated contour of the right paratracheal stripe".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, is_chest
from app.proofreading.correct import cased
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_SIDE, _LEVEL, _DEGREE = "side", "level", "degree"
_TYPES = {
    _SIDE: ErrorType.LATERALITY_MISMATCH,
    _LEVEL: ErrorType.LOCATION_MISMATCH,
    _DEGREE: ErrorType.SEVERITY_MISMATCH,
}
_VALUES = {
    "left lt": (_SIDE, ("left",)),
    "right rt": (_SIDE, ("right",)),
    "bilateral bilaterally both": (_SIDE, ("left", "right")),
    "upper apical apex apices": (_LEVEL, ("upper",)),
    "lower basilar basal base bases": (_LEVEL, ("lower",)),
    "trace tiny minimal minimally slight slightly": (_DEGREE, ("1",)),
    "mild mildly small": (_DEGREE, ("2",)),
    "moderate moderately": (_DEGREE, ("3",)),
    "large severe severely marked markedly extensive massive": (_DEGREE, ("4",)),
}
_BOTH = {  # of two respects
    "bibasilar": ((_SIDE, ("left", "right")), (_LEVEL, ("lower",))),
    "bibasal": ((_SIDE, ("left", "right")), (_LEVEL, ("lower",))),
    "biapical": ((_SIDE, ("left", "right")), (_LEVEL, ("upper",))),
}
_WORDS = {word: (told,) for words, told in _VALUES.items() for word in words.split()} | _BOTH
_FORMS = tuple(  # of words that may stand for each other in a sentence
    frozenset(words.split())
    for words in (
        "left right lt rt bilateral",
        "upper lower",
        "apical basilar basal",
        "apex base",
        "apices bases",
        "trace tiny minimal slight mild small moderate large severe marked extensive massive",
        "minimally slightly mildly moderately severely markedly",
    )
)
_FAR = 2  # degrees apart that no reader takes for one
_DENIES = frozenset("no not without absent negative free neither nor".split())
_PASSING = frozenset(
    (
        "the a an is are was were be been being of in on at to for from by with and or as there this that these those it "
        "its has have had which who may might could can likely possibly probably seen noted identified present visualized "
        "demonstrated evident again also remains remain appears appear appearing persistent redemonstration redemonstrated "
        "demonstrates demonstrate within along through overlying since compared comparison prior previous study exam "
        "examination interval change changes patient chest view lung lungs lobe lobes size measuring xxxx findings finding "
        "unchanged stable evidence area areas some most consistent compatible suggest suggesting suggestive represent "
        "representing reflecting related versus vs either due secondary continued grossly overall otherwise sided pleural "
        "pulmonary worse greater larger smaller more less better new old increased decreased improved"
    ).split()
)
_TOKEN = re.compile(r"\b[A-Za-z]+|[,.;:()]")
_AGE = re.compile(r"\b(?:old|remote|healed|united|chronic|prior|previous)\b", re.IGNORECASE)
_AFTER = 6  # words among which the noun stands that a word of place or degree belongs to
_LEAST, _SHARE = 2, 0.6  # words of content in common, and their share of the shorter sentence
_FEW = 8  # words of side, level and degree of a sentence; one of more is a list
_WHOLLY = 0.8  # share of all words where one side is told of what is on both
_OTHER_SIDE = re.compile(  # of a view, or of a device with leads in both
    r"\b(?:decubitus|oblique|lateral (?:view|film|projection)|shoulder|view|biventricular|coronary sinus)\b",
    re.IGNORECASE,
)
_ALONE = re.compile(  # the side stands for what lies there: "moderate; right, mild", "the right is small"
    r"\b(left|right)(?= (?:is|was|has|had|one|now)\b|\s*[,;:])", re.IGNORECASE
)
_CONFIDENCE = {_SIDE: 0.84, _LEVEL: 0.8, _DEGREE: 0.78}


@dataclass(frozen=True, slots=True)
class _Slot:
    """A word of side, level or degree, the noun that it belongs to, and where it stands in its sentence."""

    kind: str
    noun: str
    values: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence as the set of its words of content, its slots, and whether it denies."""

    words: frozenset[str]
    slots: tuple[_Slot, ...]
    denies: bool


class Restated:
    """Aligns each sentence of the impression with those of the findings that say the same in other respects."""

    types = frozenset(_TYPES.values())

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate a sentence of the impression; none where joints of both sides are told of in turn."""
        if not is_chest(case):
            return
        seen, said = (_section(case, part) for part in (FINDINGS, IMPRESSION))
        for one, number in said:
            found = next(_clashes(case, (one, number), seen, said), None)
            if found is not None:
                yield found


_Told = tuple[_Read, int]


def _section(case: Case, part: frozenset[SectionName]) -> list[_Told]:
    text = case.report.text
    return [
        (_read(sentence.span.of(text)), number)
        for number, sentence in enumerate(case.report.sentences)
        if case.report.section_of(number) in part
    ]


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _read(text: str) -> _Read:
    tokens = [(match.group().lower(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    slots = []
    for position, (word, start, end) in enumerate(tokens):
        if word in _WORDS and (noun := _noun(tokens, position)):
            slots += [_Slot(kind, noun, frozenset(values), start, end) for kind, values in _WORDS[word]]
    words = frozenset(_stem(word) for word, _, _ in tokens if _is_content(word))
    return _Read(words, tuple(slots), any(word in _DENIES for word, _, _ in tokens))


def _noun(tokens: list[tuple[str, int, int]], position: int) -> str:
    """The first word of content that follows in the clause, else the last before."""
    for word, _, _ in tokens[position + 1 : position + 1 + _AFTER]:
        if not word[0].isalpha():
            break
        if _is_content(word):
            return _stem(word)
    return next((_stem(w) for w, _, _ in reversed(tokens[:position]) if _is_content(w)), "")


def _is_content(word: str) -> bool:
    return word[0].isalpha() and word not in _WORDS and word not in _PASSING and word not in _DENIES


def _stem(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _clashes(case: Case, told: _Told, seen: list[_Told], said: list[_Told]) -> Iterator[Candidate]:
    one, number = told
    if one.denies or not 0 < len(one.slots) <= _FEW:
        return
    for other, place in seen:
        common = one.words & other.words
        alike = len(common) >= _LEAST and len(common) >= _SHARE * min(len(one.words), len(other.words))
        if not alike or other.denies or len(other.slots) > _FEW:
            continue
        for slot in _differing(one, other, common):
            elsewhere = any(
                _values(sentence, slot) & values
                for sentences, at, values in (
                    (seen, place, _values(one, slot)),
                    (said, number, _values(other, slot)),
                )
                for sentence, n in sentences
                if n != at
            )
            texts = _text(case, number), _text(case, place)
            aged = len({bool(_AGE.search(text)) for text in texts}) > 1
            alone = slot.kind == _SIDE and any(_ALONE.search(text) for text in texts)
            if not (elsewhere or aged or alone or any(_OTHER_SIDE.search(text) for text in texts)):
                yield _candidate(case, (slot, number), next(s for s in other.slots if _alike(s, slot)), place)


def _differing(one: _Read, other: _Read, common: frozenset[str]) -> Iterator[_Slot]:
    """The slots of the one sentence of which the other says something else."""
    same = len(common) >= _WHOLLY * len(one.words | other.words)
    for slot in one.slots:
        mine, theirs = _values(one, slot), _values(other, slot)
        wholly = same and mine == _all(one, slot.kind) and theirs == _all(other, slot.kind)
        if slot.noun in common and _apart(slot.kind, mine, theirs, wholly=wholly):
            yield slot


def _alike(first: _Slot, second: _Slot) -> bool:
    return first.kind == second.kind and first.noun == second.noun


def _values(sentence: _Read, slot: _Slot) -> frozenset[str]:
    """All that a sentence says in this respect of the noun."""
    return frozenset[str]().union(*(one.values for one in sentence.slots if _alike(one, slot)))


def _all(sentence: _Read, kind: str) -> frozenset[str]:
    return frozenset[str]().union(*(slot.values for slot in sentence.slots if slot.kind == kind))


def _apart(kind: str, mine: frozenset[str], theirs: frozenset[str], *, wholly: bool) -> bool:
    if not mine or not theirs:
        return False
    if kind == _DEGREE:
        return len(mine) == len(theirs) == 1 and abs(int(min(mine)) - int(min(theirs))) >= _FAR
    return not mine & theirs or (kind == _SIDE and wholly and mine != theirs)


def _text(case: Case, number: int) -> str:
    return case.report.sentences[number].span.of(case.report.text)


def _candidate(case: Case, said: tuple[_Slot, int], seen: _Slot, place: int) -> Candidate:
    slot, number = said
    spans = [case.report.sentences[n].span for n in (place, number)]
    here = Span(spans[1].start + slot.start, spans[1].start + slot.end)
    there = Span(spans[0].start + seen.start, spans[0].start + seen.end)
    words = [case.report.quote(span) for span in (here, there)]
    fits = any({word.lower() for word in words} <= form for form in _FORMS)
    return Candidate(
        type=_TYPES[slot.kind],
        span=here,
        message=f'The impression repeats a sentence of the findings, with "{words[0]}" for "{words[1]}".',
        rule=f"{_TYPES[slot.kind].value.removesuffix('_mismatch')}.restated",
        confidence=_CONFIDENCE[slot.kind],
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=span) for span in spans),
        correction=Correction(here, cased(words[1], words[0])) if fits else None,
        alternatives=(Correction(there, cased(words[0], words[1])),) if fits else (),
    )

"""What has one of several places, or one side, and is given another in the impression than in the findings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, is_chest
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

# who says so tells of several, of what is not there, or of what was
_OTHERWISE = re.compile(
    r"\b(?:not|also|another|additional|a second|a third|other|others|both|bilateral\w*|multiple|multifocal"
    r"|diffuse\w*|"
    r"previous\w*|prior|formerly|versus|vs|or|as well|contralateral|opposite|should|advised|"
    r"(?:initial|final|first|second|last|repeat) (?:image|film|view|radiograph|exposure)s?|"
    r"remov\w+|explant\w*|(?:the|an) old|withdrawn|exchang\w+|replaced|abandoned|initially|sparing|spared|spares)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|without|(?:free|clear) of|rather than|instead of)\b", re.IGNORECASE)
_SIDE = re.compile(r"\b(left|right|lt|rt|[lr](?=\s)|[lr](?=[ul]l\b)|r(?=ml\b))", re.IGNORECASE)
_BEYOND = re.compile(
    r"\b(?:towards?|to) the (?:left|right)\b|\b(?:than|as|above|below) (?:on )?the (?:left|right)\b"
    r"|\b(?:left|right)(?=[- ](?:sided )?(?:atri|ventric|heart|subclav|brachio|innomin|pulmon|jugul|internal|axillary v))",
    re.IGNORECASE,
)
_REFERS = re.compile(r"(?:as )?(?:the|this|that|such|these|those)\b", re.IGNORECASE)
_ACROSS, _WITHIN = 0.55, 0.5  # what may be at several places: remarks
_ONE_ACROSS, _ONE_WITHIN = 0.66, 0.62  # what there is one of
_SIDES = ("left", "right")
_ONE = "one"  # marks in the tables what there is one of
_APART = re.compile(
    r"[,;:]|\b(?:and|with|but|while|which|after|following|due|since|lobes?|atri\w*|ventric\w*|heart)\b",
    re.IGNORECASE,
)
_NEAR = 4  # words between a side and what it is said of


@dataclass(frozen=True, slots=True)
class _Group:
    """What is placed, and the words of each place; ``lateral`` for the two sides."""

    what: re.Pattern[str]
    places: tuple[tuple[str, re.Pattern[str]], ...]
    lateral: bool
    single: bool  # a patient has one of it, or tells of the other at once


@dataclass(frozen=True, slots=True)
class _Told:
    """A sentence that gives its one place to what a group tells of, where the words stand."""

    sentence: int
    place: str
    span: Span


class PlaceTold:
    """Compares the places that sentences give to what has one of several."""

    types = frozenset({ErrorType.LOCATION_MISMATCH, ErrorType.LATERALITY_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate."""
        if not is_chest(case):
            return
        for group, said, seen, confidence in (*_across(case), *_within(case)):
            if said.place != seen.place and not _of_two(case, group, said, seen):
                yield _candidate(case, group, (said, seen), confidence)
                return


_Pair = tuple[_Group, _Told, _Told, float]


def _across(case: Case) -> Iterator[_Pair]:
    concluded, described = _sentences(case, IMPRESSION), _sentences(case, FINDINGS)
    named = {number for sentence in concluded for number in _named(_text(case, sentence))}
    for number in sorted(named):
        said = _one(case, number, concluded)
        seen = _one(case, number, described) if said else None
        if said and seen:
            group = _groups()[number]
            yield group, said, seen, _sureness(case, group, (said, seen), (_ONE_ACROSS, _ACROSS))


def _within(case: Case) -> Iterator[_Pair]:
    """A sentence that refers to what one before it tells of: "The tube ends in the stomach"."""
    for part in (FINDINGS, IMPRESSION):
        numbers = _sentences(case, part)
        for at, refers in enumerate(numbers[1:], start=1):
            if not _REFERS.match(_text(case, refers)):
                continue
            for number in _named(_text(case, refers)):
                said, seen = _one(case, number, [refers]), _one(case, number, numbers[:at])
                if said and seen and not _REFERS.match(_text(case, seen.sentence)):
                    group = _groups()[number]
                    sure = _sureness(case, group, (said, seen), (_ONE_WITHIN, _WITHIN))
                    yield group, said, seen, sure


def _sureness(case: Case, group: _Group, told: tuple[_Told, _Told], sure: tuple[float, float]) -> float:
    """The first where there is one of it, and each side stands beside what it is said of."""
    near = not group.lateral or all(_beside(case, group, one) for one in told)
    return sure[0] if group.single and near else sure[1]


def _beside(case: Case, group: _Group, told: _Told) -> bool:
    """True when few words, and none that begins another thought, stand between the side and what has it."""
    sentence = case.report.sentences[told.sentence].span
    text = sentence.of(case.report.text)
    for match in group.what.finditer(text):
        start, end = match.start() + sentence.start, match.end() + sentence.start
        words = case.report.text[min(end, told.span.end) : max(start, told.span.start)]
        if not _APART.search(words) and len(words.split()) <= _NEAR:
            return True
    return False


def _sentences(case: Case, sections: frozenset[SectionName]) -> list[int]:
    numbers = range(len(case.report.sentences))
    return [number for number in numbers if case.report.section_of(number) in sections]


def _one(case: Case, number: int, sentences: list[int]) -> _Told | None:
    """The one place that these sentences give to what the group tells of; None where they give two, or hedge."""
    found: list[_Told] = []
    for sentence in sentences:
        text = _text(case, sentence)
        if number not in _named(text):
            continue
        if _OTHERWISE.search(text):
            return None
        start = case.report.sentences[sentence].span.start
        places = list(_places(number, text))
        named = _groups()[number].what.search(text)
        last = max([end for _, _, end in places] + [named.end() if named else 0])
        if _DENIED.search(text, 0, last):
            return None
        found += [_Told(sentence, place, Span(start + begin, start + end)) for place, begin, end in places]
    return found[0] if found and len({told.place for told in found}) == 1 else None


@lru_cache(maxsize=8192)
def _named(text: str) -> tuple[int, ...]:
    """The groups that a sentence tells of, by number."""
    return tuple(number for number, group in enumerate(_groups()) if group.what.search(text))


def _places(number: int, text: str) -> Iterator[tuple[str, int, int]]:
    group = _groups()[number]
    if group.lateral:
        for match in _SIDE.finditer(_BEYOND.sub(lambda m: " " * len(m.group()), text)):
            yield ("left" if match[1][0].lower() == "l" else "right"), match.start(), match.end()
        return
    for place, words in group.places:
        found = words.search(text)
        if found is not None:
            yield place, found.start(), found.end()


def _of_two(case: Case, group: _Group, said: _Told, seen: _Told) -> bool:
    """True when the sentences name two sides, so that they tell of two things."""
    if group.lateral or said.place.startswith(_SIDES):
        return False
    one, other = (
        {match[1][0].lower() for match in _SIDE.finditer(_text(case, told.sentence))} for told in (said, seen)
    )
    return bool(one and other and not one & other)


def _text(case: Case, sentence: int) -> str:
    return case.report.sentences[sentence].span.of(case.report.text)


@cache
def _groups() -> tuple[_Group, ...]:
    table = [line.split("\t") for line in _lines("place_groups.tsv")]
    placed = [
        _Group(
            _pattern(what),
            tuple(
                (place.strip(), _pattern(words))
                for place, _, words in (cell.partition("=") for cell in cells.split(";"))
            ),
            lateral=False,
            single=one == _ONE,
        )
        for what, cells, one in table
    ]
    sided = [
        _Group(_pattern(what), (), lateral=True, single=one == _ONE)
        for what, _, one in (line.partition("\t") for line in _lines("side_groups.tsv"))
    ]
    return (*placed, *sided)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words.strip(), re.IGNORECASE)


def _lines(table: str) -> list[str]:
    text = files("app").joinpath(f"proofreading/detectors/{table}").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _candidate(case: Case, group: _Group, told: tuple[_Told, _Told], confidence: float) -> Candidate:
    said, seen = told
    sentences = case.report.sentences
    what = "the side" if group.lateral else "the place"
    return Candidate(
        type=ErrorType.LATERALITY_MISMATCH if group.lateral else ErrorType.LOCATION_MISMATCH,
        span=said.span,
        message=f"Here {what} is: {said.place}; in another sentence it is: {seen.place}.",
        rule="laterality.told" if group.lateral else "location.told",
        confidence=confidence,
        evidence=tuple(
            Evidence(EvidenceKind.TEXT, span=sentences[number].span)
            for number in sorted({said.sentence, seen.sentence})
        ),
        correction=without_place(case, said.span),
        alternatives=tuple(fix for fix in (without_place(case, seen.span),) if fix is not None),
    )

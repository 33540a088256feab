"""One quantity told twice, with two values: a distance, an angle, a ratio, a count, a size across the sections."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, levels_named
from app.proofreading.detectors.patterns import compiled, read_patterns
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.measurements import find_measurements
from models.types import SectionName, Span

_CONFIDENCE = 0.84
_WORDS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_DIGITS = {word: number for words in (_WORDS, _NUMBERS) for number, word in enumerate(words.split(), 1)}
_FILE = "told_twice.tsv"
_VERTEBRA = re.compile(r"\b[CTL]\d{1,2}\b")
_SIZE, _ANY = "size in mm", "any size"  # told of today as the only one of its sentence; told at all
_REACH = 12  # code points before a size in which it is called a limit
_CLOSE = 0.13  # share by which two tellings of one size may differ
_ROUNDED = 1.0


@cache
def _kinds() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    """Quantities: name, by how much two tellings may differ, where the value stands."""
    return tuple(
        (name, float(slack), re.compile(words, re.IGNORECASE))
        for name, slack, words in read_patterns(_FILE)["quantity"]
    )


@cache
def _things() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(words, re.IGNORECASE) for (words,) in read_patterns(_FILE)["thing"])


@dataclass(frozen=True, slots=True)
class _Told:
    """A value with its place; ``keys`` are the things that its sentence speaks of."""

    kind: str
    value: float
    span: Span
    keys: frozenset[int]
    sides: frozenset[str]
    levels: frozenset[str]


class ToldTwice:
    """Compares the values that findings and impression give one quantity."""

    types = frozenset({ErrorType.MEASUREMENT})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """At most one candidate for each kind of quantity."""
        concluded = list(_section(case, IMPRESSION))
        if not concluded:
            return
        described = list(_section(case, FINDINGS))
        done: set[str] = set()
        for said, seen in product(concluded, described):
            if (
                said.kind == seen.kind
                and said.kind not in done
                and _one_thing(said, seen, described, concluded)
            ):
                done.add(said.kind)
                yield _candidate(case, said, seen)


def _section(case: Case, sections: frozenset[SectionName]) -> Iterator[_Told]:
    for number, sentence in enumerate(case.report.sentences):
        if case.report.section_of(number) in sections:
            for kind, value, start, end, keys, sides, levels in _values(sentence.span.of(case.report.text)):
                yield _Told(
                    kind,
                    value,
                    Span(sentence.span.start + start, sentence.span.start + end),
                    keys,
                    sides,
                    levels,
                )


_Value = tuple[str, float, int, int, frozenset[int], frozenset[str], frozenset[str]]


@lru_cache(maxsize=10_000)  # reports say the same sentences again and again
def _values(text: str) -> tuple[_Value, ...]:
    lowered = text.lower()
    digits = any(letter.isdigit() for letter in text)
    if not digits and "rib" not in lowered and "wire" not in lowered:
        return ()
    keys = frozenset(number for number, words in enumerate(_things()) if words.search(text))
    sides = frozenset(
        name
        for match in compiled(_FILE, "sides").finditer(text)
        for name, found in match.groupdict().items()
        if found
    )
    around = keys, sides, levels_named(text) | frozenset(match.group() for match in _VERTEBRA.finditer(text))
    found = [(*value, *around) for value in _of_kinds(text)]
    sizes = list(_sizes(text)) if digits else []
    found += [(_ANY, mm, span.start, span.end, *around) for span, mm in find_measurements(text)]
    found += [(_ANY, *size[1:], *around) for size in sizes]
    if len(sizes) == 1:
        found.append((*sizes[0], *around))
    return tuple(found)


def _of_kinds(text: str) -> Iterator[tuple[str, float, int, int]]:
    for name, _, pattern in _kinds():
        matches = list(pattern.finditer(text))
        if len(matches) == 1 and not compiled(_FILE, "otherwise").search(text):
            group = "value" if matches[0]["value"] else "value2"
            words = matches[0][group].lower()
            value = float(_DIGITS.get(words, 0) or words)
            ratio = value / 100 if name == "ratio" and value > 1 else value
            yield name, ratio, matches[0].start(group), matches[0].end(group)
    ribs = list(compiled(_FILE, "rib").finditer(text)) if compiled(_FILE, "lesion").search(text) else []
    if len(ribs) == 1 and not compiled(_FILE, "otherwise").search(text):
        group = "value" if ribs[0]["value"] else "value2"
        yield "rib with the lesion", float(ribs[0][group]), ribs[0].start(group), ribs[0].end(group)
    ranges = list(compiled(_FILE, "range").finditer(text))
    if len(ranges) == 1 and not compiled(_FILE, "otherwise").search(text):
        first, last = (_DIGITS.get(number.lower()) or int(number) for number in ranges[0].groups() if number)
        yield "ribs", first * 100.0 + last, ranges[0].start(), ranges[0].end()


def _sizes(text: str) -> Iterator[tuple[str, float, int, int]]:
    """The sizes of today in a sentence of one thing."""
    for match in compiled(_FILE, "from_to").finditer(text):
        yield (
            "size in mm",
            float(match["now"]) * (1.0 if match["unit"].lower() == "mm" else 10.0),
            match.start("now"),
            match.end("unit"),
        )
    spared = [
        match.span()
        for pattern in (compiled(_FILE, "prior"), compiled(_FILE, "from_to"))
        for match in pattern.finditer(text)
    ]
    for span, mm in find_measurements(text):
        limit = compiled(_FILE, "limit").search(text, max(0, span.start - _REACH), span.start)
        if limit is None and not any(start <= span.start < end for start, end in spared):
            yield _SIZE, mm, span.start, span.end


def _one_thing(said: _Told, seen: _Told, described: list[_Told], concluded: list[_Told]) -> bool:
    """True when both tell of one thing, and no other sentence of the findings gives the value that is said."""
    if said.sides and seen.sides and said.sides != seen.sides:
        return False
    if said.levels and seen.levels and not said.levels & seen.levels:
        return False
    alike = [one for one in described if one.kind == said.kind]
    told = [one for one in described if one.kind == _ANY] if said.kind == _SIZE else alike
    if any(_agree(said, one) for one in told):
        return False
    if said.kind != _SIZE:
        return len(alike) == 1 and sum(one.kind == said.kind for one in concluded) == 1
    shared = said.keys & seen.keys
    rivals = [
        one
        for one in alike
        if one.keys & said.keys and (not one.sides or not said.sides or one.sides == said.sides)
    ]
    return bool(shared) and len(rivals) == 1


def _agree(first: _Told, second: _Told) -> bool:
    if first.kind == _SIZE:
        return abs(first.value - second.value) <= max(_ROUNDED, _CLOSE * max(first.value, second.value))
    slack = next((slack for name, slack, _ in _kinds() if name == first.kind), 0.0)
    return abs(first.value - second.value) <= slack


def _candidate(case: Case, said: _Told, seen: _Told) -> Candidate:
    spans = [next(s.span for s in case.report.sentences if s.span.contains(one.span)) for one in (seen, said)]
    return Candidate(
        type=ErrorType.MEASUREMENT,
        span=said.span,
        message=f"The impression gives {case.report.quote(said.span)}; the findings give {case.report.quote(seen.span)}.",
        rule="measurement.twice",
        confidence=_CONFIDENCE,
        evidence=tuple(Evidence(EvidenceKind.TEXT, span=span) for span in spans),
        correction=Correction(said.span, case.report.quote(seen.span)),
        alternatives=(Correction(seen.span, case.report.quote(said.span)),),
    )

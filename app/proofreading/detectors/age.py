"""Ages: numbers, and words for an age group, against the order's age or the age that the text gives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.leaving_out import without_place
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_SMALL = re.compile(
    r"\b(\d{1,2})[- ]?(months?|weeks?|days?|hours?)[- ]old\b"
    r"(?!\s(?:[\w-]+ )?(?:ha?ematomas?|infarct\w*|fractures?|collections?|"
    r"ha?emorrhages?|wounds?|injur\w+|thromb\w+|strokes?|bleeds?))",
    re.IGNORECASE,
)
_IN_A_YEAR = {"month": 12, "week": 52, "day": 365, "hour": 8766}
_NUMBER = re.compile(r"\b(\d{1,3})[- ]?(?:years?|yrs?|y/?o|y\.o\.)(?:[- ]?old)?\b", re.IGNORECASE)
_AGED = re.compile(
    r"(?<!at )(?<!bone )(?<!gestational )(?<!donor )(?<!mean )\bage[d]?(?: is| of|:)? (\d{1,3})\b"
    r"(?![-\s]?(?:months?|weeks?|days?|hours?|mm|cm|%))",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(mother|father|sister|brother|wife|husband|son|daughter|aunt|uncle|grand\w+|family|partner)\b",
    re.IGNORECASE,
)
_YEARS = 1.0
_LASTS = re.compile(
    r"\s+(?:smok\w+|pack\w*|follow\w*|of|history|prior|earlier|since|duration|after|post|status)\b",
    re.IGNORECASE,
)  # "2 years of pain"
_THIS = re.compile(r"\bthis \d|\baged?\b", re.IGNORECASE)
_OPENING = frozenset({SectionName.INDICATION, SectionName.EXAM})
# how an indication begins with the patient: "Toddler with cough"
_PATIENT_WITH = re.compile(
    r"\W*(?:indication|history|reason for (?:study|exam\w*)|clinical (?:history|details|information))?\W*(?:an?\s+)?"
    r"(?:(?:\w+[- ]?aged?|term|full-term|otherwise|previously|healthy|well|febrile|premature|preterm)\s+)*\Z",
    re.IGNORECASE,
)
_OF_PATIENT = re.compile(
    r"\b(?:in (?:an?|this)\b|patient|male|female|man|woman|boy|girl|this (?:is an?|infant|child|elderly|teen\w*|"
    r"adolescent|toddler|baby|newborn|neonate))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Words of an age, in years; ``of_person`` when words beside them must tell that the patient is meant."""

    words: re.Pattern[str]
    low: float
    high: float
    of_person: bool


@cache
def _groups() -> tuple[_Group, ...]:
    lines = files("app").joinpath("proofreading/detectors/ages.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return tuple(
        _Group(re.compile(rf"\b(?:{words})(?!\w)", re.IGNORECASE), float(low), float(high), of == "person")
        for words, low, high, of in rows
    )


class Age:
    """Reads the ages of the patient in the text."""

    types = frozenset({ErrorType.DEMOGRAPHIC_MISMATCH})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Numbers against the order, then words against the order or the number in the text."""
        known = _known(case)
        if known is None:
            return
        age, source = known
        for sentence in case.report.sentences:
            text = sentence.span.of(case.report.text)
            if _OTHERS.search(text):
                continue
            if case.context.patient_age is not None or sentence.span != source.span:
                yield from _numbers(case, sentence.span, age, source)
                yield from _small_numbers(case, sentence.span, age, source)
            for group in _groups():
                match = group.words.search(text)
                if match is None or group.low <= age <= group.high:
                    continue
                opens = case.report.sections[sentence.section].name is SectionName.INDICATION
                opens = opens and _PATIENT_WITH.match(text[: match.start()]) is not None
                if not group.of_person or opens or _OF_PATIENT.search(text):
                    span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
                    message = f'"{match.group()}" does not go with {age:g} years.'
                    yield _candidate(span, message, sentence.span, source, without_place(case, span))


def _known(case: Case) -> tuple[float, Evidence] | None:
    """The patient's age by the order, else by the first number in the opening sections."""
    if case.context.patient_age is not None:
        return case.context.patient_age, Evidence(EvidenceKind.ORDER, source="patient_age")
    for sentence in case.report.sentences:
        if case.report.sections[sentence.section].name in _OPENING:
            text, told = sentence.span.of(case.report.text), Evidence(EvidenceKind.TEXT, span=sentence.span)
            match = _NUMBER.search(text)
            if match is not None and "old" in match.group().lower():
                return float(match.group(1)), told
            small = _SMALL.search(text)
            if small is not None:
                return _years(small), told
    return None


def _years(small: re.Match[str]) -> float:
    return int(small.group(1)) / _IN_A_YEAR[small.group(2).lower().removesuffix("s")]


def _numbers(case: Case, sentence: Span, known: float, source: Evidence) -> Iterator[Candidate]:
    """Ages in the text that differ from the known one by more than a year."""
    text = sentence.of(case.report.text)
    section = next(s.section for s in case.report.sentences if s.span == sentence)
    if case.report.sections[section].name is not SectionName.INDICATION and "old" not in text.lower():
        found = list(_AGED.finditer(text))
    else:
        found = [*_NUMBER.finditer(text), *_AGED.finditer(text)]
    ordered = source.kind is EvidenceKind.ORDER
    for match in found if ordered or _OF_PATIENT.search(text) or _THIS.search(text) else ():
        lasts = "old" not in match.group().lower() and _LASTS.match(text, match.end())
        if abs(float(match.group(1)) - known) <= _YEARS or "ago" in text or lasts:
            continue
        start = sentence.start + match.start(1)
        span = Span(start, start + len(match.group(1)))
        first = "the order" if source.kind is EvidenceKind.ORDER else "its opening"
        message = f"The text says {match.group(1)} years; {first} says {known:g}."
        yield _candidate(span, message, sentence, source, Correction(span, f"{known:g}"))


def _small_numbers(case: Case, sentence: Span, known: float, source: Evidence) -> Iterator[Candidate]:
    """Ages in months, weeks or days that are more than a year from the order's."""
    for match in _SMALL.finditer(sentence.of(case.report.text)):
        if abs(_years(match) - known) > _YEARS:
            span = Span(sentence.start + match.start(), sentence.start + match.end())
            message = f'"{match.group()}" does not go with {known:g} years.'
            yield _candidate(span, message, sentence, source)


def _candidate(
    span: Span, message: str, sentence: Span, source: Evidence, correction: Correction | None = None
) -> Candidate:
    return Candidate(
        type=ErrorType.DEMOGRAPHIC_MISMATCH,
        span=span,
        message=message,
        rule="demographic.age",
        confidence=0.86,
        evidence=(Evidence(EvidenceKind.TEXT, span=sentence), source),
        correction=correction,
    )

"""Ages: numbers, and words for an age group, against the order's age or the age that the text gives."""

import re
from collections.abc import Iterator

from app.proofreading.case import Case
from app.proofreading.comparing import without_place
from app.proofreading.report import Candidate, Correction, ErrorType, Evidence, EvidenceKind
from models.types import SectionName, Span

_SMALL = re.compile(r"\b(\d{1,2})[- ]?(months?|weeks?|days?)[- ]old\b", re.IGNORECASE)
_IN_A_YEAR = {"month": 12, "week": 52, "day": 365}
_NUMBER = re.compile(r"\b(\d{1,3})[- ]?(?:years?|yrs?|y/?o|y\.o\.)(?:[- ]?old)?\b", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(mother|father|sister|brother|wife|husband|son|daughter|aunt|uncle|grand\w+|family|partner)\b",
    re.IGNORECASE,
)
_YEARS = 1.0
# words for a person of an age: lowest and highest age in years that no reader would object to
_GROUPS = (
    (re.compile(r"\b(?:newborn|neonate|neonatal)\b", re.IGNORECASE), 0.0, 1.0),
    (re.compile(r"\badult (?:male|female|man|woman|patient)\b", re.IGNORECASE), 14.0, 130.0),
    (re.compile(r"\binfant\b(?! feeding)", re.IGNORECASE), 0.0, 3.0),
    (re.compile(r"\btoddler\b", re.IGNORECASE), 0.5, 6.0),
    (re.compile(r"\b(?:child|schoolchild|pa?ediatric patient)\b", re.IGNORECASE), 0.0, 19.0),
    (re.compile(r"\b(?:adolescent|teenager|teenage)\b", re.IGNORECASE), 8.0, 22.0),
    (re.compile(r"\b(?:elderly|geriatric|senior citizen|old age)\b", re.IGNORECASE), 55.0, 130.0),
    (re.compile(r"\b(?:middle-aged|middle aged)\b", re.IGNORECASE), 30.0, 70.0),
    (re.compile(r"\b(?:young adult|young man|young woman)\b", re.IGNORECASE), 14.0, 45.0),
    (re.compile(r"\b(?:baby|preterm|premature (?:infant|baby|neonate))\b", re.IGNORECASE), 0.0, 3.0),
    (
        re.compile(
            r"\b(?:schoolboy|schoolgirl|preschool\w*|juvenile|youngster|teens?|minor)\b", re.IGNORECASE
        ),
        2.0,
        22.0,
    ),
)
# said of the body, so that no word for the patient is needed
_BODIES = (
    (
        re.compile(
            r"\b(?:skeletal(?:ly)? immatur\w+|(?:open|unfused) (?:physes|epiphys\w+|growth plates?|physeal plates?)|"
            r"(?:physes|epiphys\w+|growth plates?) (?:are|remain) (?:open|unfused))\b",
            re.IGNORECASE,
        ),
        0.0,
        25.0,
    ),
    (
        re.compile(
            r"\b(?:thymic (?:shadow|sail|silhouette)|sail sign|prominent thymus|normal thymus)\b",
            re.IGNORECASE,
        ),
        0.0,
        20.0,
    ),
    (re.compile(r"\bp(?:a)?ediatric\b", re.IGNORECASE), 0.0, 19.0),
    (re.compile(r"\b(?:sexa|septua|octo|nona)genarian\b|\bcentenarian\b", re.IGNORECASE), 58.0, 130.0),
    (re.compile(r"\b(?:age-related|senile|senescent|post-?menopausal)\b", re.IGNORECASE), 35.0, 130.0),
)
# how an indication begins with the patient: "Toddler with cough"
_PATIENT_WITH = re.compile(
    r"\W*(?:indication|history|reason for (?:study|exam\w*)|clinical (?:history|details|information))?\W*(?:an?\s+)?"
    r"(?:(?:\w+[- ]?aged?|term|full-term|otherwise|previously|healthy|well|febrile|premature|preterm)\s+)*\Z",
    re.IGNORECASE,
)
_OF_PATIENT = re.compile(
    r"\b(?:in (?:an?|this)\b|patient|male|female|man|woman|boy|girl|this (?:is an?|infant|child|elderly))\b",
    re.IGNORECASE,
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
            if case.context.patient_age is not None:
                yield from _numbers(case, sentence.span, age)
                yield from _small_numbers(case, sentence.span, age)
            for pattern, low, high in (*_GROUPS, *_BODIES):
                match = pattern.search(text)
                if match is None or low <= age <= high:
                    continue
                opens = case.report.sections[sentence.section].name is SectionName.INDICATION
                opens = opens and _PATIENT_WITH.match(text[: match.start()]) is not None
                if (pattern, low, high) in _BODIES or opens or _OF_PATIENT.search(text):
                    span = Span(sentence.span.start + match.start(), sentence.span.start + match.end())
                    message = f'"{match.group()}" does not go with {age:g} years.'
                    yield _candidate(span, message, sentence.span, source, without_place(case, span))


def _known(case: Case) -> tuple[float, Evidence] | None:
    """The patient's age by the order, else by the first number in the opening sections."""
    if case.context.patient_age is not None:
        return case.context.patient_age, Evidence(EvidenceKind.ORDER, source="patient_age")
    for sentence in case.report.sentences:
        if case.report.sections[sentence.section].name in (SectionName.INDICATION, SectionName.EXAM):
            match = _NUMBER.search(sentence.span.of(case.report.text))
            if match is not None and "old" in match.group():
                return float(match.group(1)), Evidence(EvidenceKind.TEXT, span=sentence.span)
    return None


def _numbers(case: Case, sentence: Span, ordered: float) -> Iterator[Candidate]:
    """Ages in the text that differ from the order's by more than a year."""
    text = sentence.of(case.report.text)
    section = next(s.section for s in case.report.sentences if s.span == sentence)
    if case.report.sections[section].name is not SectionName.INDICATION and "old" not in text:
        return
    for match in _NUMBER.finditer(text):
        if abs(float(match.group(1)) - ordered) <= _YEARS or "ago" in text:
            continue
        start = sentence.start + match.start(1)
        span = Span(start, start + len(match.group(1)))
        order = Evidence(EvidenceKind.ORDER, source="patient_age")
        message = f"The text says {match.group(1)} years; the order says {ordered:g}."
        yield _candidate(span, message, sentence, order, Correction(span, f"{ordered:g}"))


def _small_numbers(case: Case, sentence: Span, ordered: float) -> Iterator[Candidate]:
    """Ages in months, weeks or days that are more than a year from the order's."""
    for match in _SMALL.finditer(sentence.of(case.report.text)):
        years = int(match.group(1)) / _IN_A_YEAR[match.group(2).lower().removesuffix("s")]
        if abs(years - ordered) > _YEARS:
            span = Span(sentence.start + match.start(), sentence.start + match.end())
            order = Evidence(EvidenceKind.ORDER, source="patient_age")
            message = f'"{match.group()}" does not go with {ordered:g} years.'
            yield _candidate(span, message, sentence, order)


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

"""Reports that tell of several exams: which sentences are on another body part, or on an earlier study."""

import re

from models.types import Report

_PART = re.compile(
    r"(?:(?:left|right|both|bilateral|pelvis and|the)\s+)*"
    r"(?P<part>chest|abdomen|pelvis|hips?|femurs?|knees?|hands?|wrists?|shoulders?|ankles?|foot|feet|elbows?|forearms?|"
    r"humerus|tibia|(?:cervical|lumbar|thoracic) spine|neck|skull|facial bones)"
    r"(?=\s*:|\s+\d[.)]|\s+[A-Z])",
    re.IGNORECASE,
)
_STUDY = r"(?:film|study|radiograph|x-?ray|ct|cta|scan|exam\w*|mri|images?)"
_PAST = re.compile(
    rf"(?:the\s+)?(?:(?:prior|previous|earlier|old|outside|last)\s+(?:chest\s+)?{_STUDY}[^.;:]{{0,30}}?"
    r"(?::|\b(?:showed|demonstrated|had|was (?:\w+ )?(?:taken|obtained|acquired|exposed|performed))\b)"
    r"|(?:before|prior to)\s(?:\w+\s){0,4}?there (?:was|were|had been)\b"
    rf"|comparison (?:film |study |radiograph )?(?:from|of|dated)\s[^.;:]{{0,30}}?\b(?:showed|demonstrated|had)\b"
    rf"|{_STUDY}\s+(?:from|of|dated|on)\s[^.;:]{{0,30}}?(?::|\b(?:showed|demonstrated|had)\b))",
    re.IGNORECASE,
)
_HEADING = re.compile(r"[A-Z]")


def sentences_aside(report: Report) -> frozenset[int]:
    """Indexes of the sentences under a heading of another body part; none unless there are two parts.

    "Right knee: ... Left knee: ..." or "Chest 1. ... Hand 1. ...": what is said of one exam neither
    supports nor contradicts another.
    """
    parts: list[str] = []
    current, section = "", -1
    for sentence in report.sentences:
        if sentence.section != section:
            current, section = "", sentence.section
        text = sentence.span.of(report.text)
        match = _PART.match(text)
        if match is not None and _HEADING.match(text) and _stands_alone(text, match):
            current = match.group().lower()
        parts.append(current)
    if len(set(parts) - {""}) < 2:
        return frozenset()
    return frozenset(index for index, part in enumerate(parts) if part and "chest" not in part)


def sentences_on_earlier_studies(report: Report) -> frozenset[int]:
    """Indexes of the sentences that tell only what an earlier study showed: "The film from 2019 showed ..."."""
    told = (sentence.span.of(report.text) for sentence in report.sentences)
    return frozenset(index for index, text in enumerate(told) if _PAST.match(text))


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """True for a label before a colon, a number or a new sentence's capital; not for a subject."""
    rest = text[match.end() :].lstrip()
    return rest[:1] in ":0123456789" or rest[:1].isupper()

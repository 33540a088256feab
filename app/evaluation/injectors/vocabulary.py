"""The injectors' own words. They share no data with the detectors or the extractor."""

import re
from dataclasses import dataclass

from app.evaluation.items import Injection
from models.sections import parse
from models.types import Report, SectionName, Span

# one tuple a finding: any of these words speaks of it
GROUPS: dict[str, tuple[str, ...]] = {
    "effusion": ("pleural effusions", "pleural effusion", "effusions", "effusion", "pleural fluid"),
    "pneumothorax": ("pneumothoraces", "pneumothorax"),
    "consolidation": ("consolidations", "consolidation"),
    "pneumonia": ("pneumonia", "pneumonitis"),
    "opacity": (
        "opacities",
        "opacity",
        "airspace disease",
        "infiltrates",
        "infiltrate",
        "density",
        "densities",
    ),
    "atelectasis": ("atelectasis", "volume loss"),
    "edema": ("pulmonary edema", "edema"),
    "nodule": ("nodules", "nodule"),
    "mass": ("masses", "mass"),
    "granuloma": ("granulomas", "granuloma"),
    "cardiomegaly": ("cardiomegaly", "enlarged heart", "cardiac enlargement"),
    "fracture": ("fractures", "fracture"),
    "scarring": ("scarring", "scar"),
    "hernia": ("hiatal hernia", "hernia"),
    "catheter": ("picc", "central venous catheter", "catheter", "port", "chest tube"),
    "pacemaker": ("pacemaker", "pacer"),
    "hemidiaphragm": ("hemidiaphragm",),
    "degenerative": ("degenerative changes", "degenerative change", "spondylosis"),
    "scoliosis": ("scoliosis",),
    "emphysema": ("emphysema", "copd"),
}
NEGATION = re.compile(
    r"\b(no|not|without|negative|free of|denies|absent|resolved|nor|clear of)\b", re.IGNORECASE
)
UNSURE = re.compile(
    r"\b(may|possibl[ey]|versus|vs|or|could|suspicious|question\w*|exclude\w*|likely)\b", re.IGNORECASE
)
_PATTERNS = {
    group: re.compile(r"\b(?:" + "|".join(words) + r")\b", re.IGNORECASE) for group, words in GROUPS.items()
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of findings or impression and the findings it speaks of."""

    span: Span
    text: str
    impression: bool
    groups: frozenset[str]
    negated: bool
    unsure: bool


def statements(report: Report) -> list[Statement]:
    """The sentences of FINDINGS and IMPRESSION."""
    result = []
    for index, sentence in enumerate(report.sentences):
        section = report.section_of(index)
        if section in (SectionName.FINDINGS, SectionName.IMPRESSION):
            text = sentence.span.of(report.text)
            result.append(
                Statement(
                    sentence.span,
                    text,
                    section is SectionName.IMPRESSION,
                    frozenset(group for group, pattern in _PATTERNS.items() if pattern.search(text)),
                    bool(NEGATION.search(text)),
                    bool(UNSURE.search(text)),
                )
            )
    return result


def pairs(text: str) -> list[tuple[Statement, Statement, str]]:
    """(findings statement, impression statement, group): one finding affirmed in both sections, once in each."""
    found = statements(parse(text))
    result = []
    for group in GROUPS:
        speaking = [statement for statement in found if group in statement.groups]
        below = [s for s in speaking if s.impression]
        above = [s for s in speaking if not s.impression]
        if len(above) == 1 and len(below) == 1 and not above[0].negated and not below[0].negated:
            result.append((above[0], below[0], group))
    return result


def added_to_impression(text: str, line: str) -> Injection | None:
    """The edit that ends the impression with one more sentence; None where there is no impression."""
    last = [statement for statement in statements(parse(text)) if statement.impression]
    if not last:
        return None
    end = last[-1].span.end
    return Injection(Span(end, end), f" {line}" if text[end - 1] in ".!?" else f". {line}")

"""Errors of the impression as a whole: what it adds, and what it leaves out."""

import random
import re

from app.evaluation.injectors.contradictions import Found
from app.evaluation.injectors.vocabulary import GROUPS, added_to_impression, statements
from app.evaluation.items import Injection
from models.sections import parse
from models.types import SectionName, Span

_ADDED = {
    "effusion": ("Left pleural effusion.", "Small bilateral pleural effusions.", "Moderate right effusion."),
    "pneumothorax": ("Right apical pneumothorax.", "Small left pneumothorax."),
    "pneumonia": ("Left lower lobe pneumonia.", "Right middle lobe pneumonia.", "Multifocal pneumonia."),
    "edema": ("Pulmonary edema.", "Mild interstitial edema."),
    "fracture": ("Acute right sixth rib fracture.", "Left clavicle fracture."),
    "nodule": ("9 mm left upper lobe nodule.", "New right lower lobe nodule."),
}
_RELATED = {
    "pneumonia": ("consolidation", "opacity", "atelectasis", "pneumonia"),
    "edema": ("edema", "opacity", "cardiomegaly"),
    "nodule": ("nodule", "mass", "granuloma", "opacity"),
}
_QUIET = (
    "No acute cardiopulmonary abnormality.",
    "No acute cardiopulmonary disease.",
    "No evidence of acute cardiopulmonary process.",
    "No acute findings.",
    "No acute disease.",
)
_ACUTE = ("effusion", "pneumothorax", "consolidation", "pneumonia", "edema")
_OLD = re.compile(
    r"\b(old|chronic|stable|unchanged|healed|prior|resolved|decreas\w*|improv\w*|scar\w*|remote|history)\b",
    re.IGNORECASE,
)


def unsupported(text: str, rng: random.Random) -> Found:
    """Add to the impression a finding of which the report says nothing."""
    report = parse(text)
    if not any(section.name is SectionName.FINDINGS for section in report.sections):
        return None
    found = statements(report)
    if sum(not s.impression for s in found) < 3:
        return None
    spoken = {group for statement in found for group in statement.groups}
    free = [group for group in _ADDED if not spoken & set(_RELATED.get(group, (group,)))]
    if not free:
        return None
    edit = added_to_impression(text, rng.choice(_ADDED[rng.choice(free)]))
    return None if edit is None else ("add", edit)


def omitted(text: str, rng: random.Random) -> Found:
    """Replace the impression by a blanket denial over a described acute finding."""
    report = parse(text)
    found = statements(report)
    acute = [
        s
        for s in found
        if not s.impression
        and not s.negated
        and not s.unsure
        and s.groups & set(_ACUTE)
        and not _OLD.search(s.text)
    ]
    impression = next((s for s in report.sections if s.name is SectionName.IMPRESSION), None)
    below = [s for s in found if s.impression]
    if not acute or impression is None or not below or not any(GROUPS):
        return None
    span = Span(below[0].span.start, below[-1].span.end)
    return "blanket", Injection(span, rng.choice(_QUIET))

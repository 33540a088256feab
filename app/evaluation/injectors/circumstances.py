"""Errors against what is known beside the text: sex, age, order."""

import random
import re

from app.evaluation.items import Injection
from app.proofreading.report import Context
from models.sections import parse
from models.types import SectionName, Span

_SEXED = re.compile(r"\b(male|female|man|woman)\b", re.IGNORECASE)
_MALE = ("male", "man")
_ORGANS = {
    "female": ("The prostate is enlarged.", "He reports no pain.", "Testicular prosthesis noted."),
    "male": ("The uterus is unremarkable.", "She reports no pain.", "Ovarian calcification is partly seen."),
}


def demographic(text: str, rng: random.Random) -> tuple[str, Injection, Context] | None:
    """A sexed word against the order's sex, or an organ of the other sex in the findings."""
    report = parse(text)
    words = {match.group().lower() for match in _SEXED.finditer(text)}
    sexes = {"male" if word in _MALE else "female" for word in words}
    if len(sexes) > 1:
        return None
    if sexes and rng.random() < 0.5:
        match = next(_SEXED.finditer(text))
        sex = sexes.pop()
        other = {"male": "female", "female": "male", "man": "woman", "woman": "man"}[match.group().lower()]
        return "word", Injection(Span(match.start(), match.end()), other), Context(patient_sex=sex)
    sex = sexes.pop() if sexes else rng.choice(("male", "female"))
    last = [
        s.span.end for i, s in enumerate(report.sentences) if report.section_of(i) is SectionName.FINDINGS
    ]
    if not last:
        return None
    return (
        "organ",
        Injection(Span(last[-1], last[-1]), f" {rng.choice(_ORGANS[sex])}"),
        Context(patient_sex=sex),
    )


def order(text: str, rng: random.Random) -> tuple[str, Injection, Context] | None:
    """A title of another modality, or of the other side, than was ordered."""
    title = next((s for s in parse(text).sections if s.name is SectionName.EXAM), None)
    if title is None or not title.body.of(text).strip():
        return None
    body = title.body.of(text)
    start = title.body.start + len(body) - len(body.lstrip())
    span = Span(start, start + len(body.strip()))
    if rng.random() < 0.5:
        return (
            "modality",
            Injection(span, rng.choice(("CT of the chest", "CT chest without contrast"))),
            Context(modality="XR"),
        )
    side, other = rng.choice((("left", "right"), ("right", "left")))
    part = rng.choice(("shoulder", "clavicle", "ribs"))
    return (
        "side",
        Injection(span, f"Radiographs of the {other} {part}"),
        Context(procedure=f"XR {part} {side}", laterality=side, modality="XR"),
    )

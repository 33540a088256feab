"""Thirty lines of plain rules: the least that any detector must beat."""

import re

from app.proofreading.report import SubmittedReport
from models.sections import parse
from models.types import SectionName, Span

KEYS = (
    "effusion", "pneumothorax", "consolidation", "opacity", "atelectasis", "edema", "cardiomegaly", "nodule",
    "pneumonia", "infiltrate", "fracture", "mass",
)  # fmt: skip
_NEGATED = re.compile(r"\b(no|without|negative for|free of)\b", re.IGNORECASE)
_NO_ACUTE = re.compile(r"\bno (evidence of )?acute\b", re.IGNORECASE)


def plain_rules(report: SubmittedReport) -> list[Span]:
    """Sentences that share a key word with opposite negation or side, or deny acute disease over one."""
    parsed = parse(report.text)
    seen: dict[str, list[tuple[Span, bool, str | None, SectionName]]] = {key: [] for key in KEYS}
    flagged: list[Span] = []
    for index, sentence in enumerate(parsed.sentences):
        text = sentence.span.of(report.text).lower()
        sides = [side for side in ("left", "right") if re.search(rf"\b{side}\b", text)]
        negated, section = bool(_NEGATED.search(text)), parsed.section_of(index)
        if section is SectionName.IMPRESSION and _NO_ACUTE.search(text):
            acute = (*KEYS[:3], "edema", "pneumonia")
            if any(not mention[1] for key in acute for mention in seen[key]):
                flagged.append(sentence.span)
        for key in KEYS:
            if key not in text or section not in (SectionName.FINDINGS, SectionName.IMPRESSION):
                continue
            side = sides[0] if len(sides) == 1 else None
            for other, was_negated, was_side, _ in seen[key]:
                opposite_side = side and was_side and side != was_side and not negated and not was_negated
                if negated != was_negated or opposite_side:
                    flagged += [other, sentence.span]
            seen[key].append((sentence.span, negated, side, section))
    return flagged

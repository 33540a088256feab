"""Errors between two statements of one finding: side, negation, level, severity, change."""

import random
import re
from collections.abc import Mapping

from app.evaluation.injectors.vocabulary import GROUPS, Statement, added_to_impression, pairs, statements
from app.evaluation.items import Injection
from models.sections import parse
from models.types import Span

Found = tuple[str, Injection] | None

_SIDES = {"left": "right", "right": "left"}
_LEVELS = {"upper": "lower", "lower": "upper"}
_DEGREES = {
    "trace": "large", "tiny": "large", "minimal": "severe", "mild": "severe", "small": "large",
    "mildly": "severely", "large": "small", "severe": "mild", "massive": "tiny", "marked": "minimal",
}  # fmt: skip
_CHANGES = {
    "stable": "increased", "unchanged": "worsening", "new": "unchanged", "increased": "decreased",
    "increasing": "decreasing", "decreased": "increased", "improved": "worsened", "worsening": "improving",
    "persistent": "new",
}  # fmt: skip
_ASSERTIONS = {
    "effusion": (
        "Small left pleural effusion.",
        "Moderate right pleural effusion.",
        "There are bilateral effusions.",
    ),
    "pneumothorax": (
        "Small right apical pneumothorax.",
        "Left pneumothorax.",
        "There is a small pneumothorax.",
    ),
    "consolidation": ("Left lower lobe consolidation.", "There is right upper lobe consolidation."),
    "nodule": ("7 mm right upper lobe nodule.", "Left lower lobe pulmonary nodule."),
    "edema": ("Moderate pulmonary edema.", "Findings of pulmonary edema."),
    "fracture": ("Acute left rib fracture.", "Displaced right rib fracture."),
    "mass": ("Left hilar mass.", "Right upper lobe mass."),
}


def laterality(text: str, rng: random.Random) -> Found:
    """Turn the side in one of two statements that agree on it."""
    return _turned(text, rng, _SIDES, "flip")


def location(text: str, rng: random.Random) -> Found:
    """Turn upper to lower, or lower to upper, in one of two statements."""
    return _turned(text, rng, _LEVELS, "level")


def severity(text: str, rng: random.Random) -> Found:
    """Turn a severity to a far one in one of two statements."""
    return _turned(text, rng, _DEGREES, "degree")


def change(text: str, rng: random.Random) -> Found:
    """Turn a change over time in one of two statements."""
    return _turned(text, rng, _CHANGES, "change")


def _turned(text: str, rng: random.Random, words: Mapping[str, str], variant: str) -> Found:
    pattern = re.compile(r"\b(" + "|".join(words) + r")\b", re.IGNORECASE)
    options: list[Injection] = []
    for above, below, _ in pairs(text):
        first, second = pattern.findall(above.text), pattern.findall(below.text)
        if len(first) == len(second) == 1 and first[0].lower() == second[0].lower():
            options += [_turn(statement, pattern, words) for statement in (above, below)]
    return (variant, rng.choice(options)) if options else None


def _turn(statement: Statement, pattern: re.Pattern[str], words: Mapping[str, str]) -> Injection:
    match = pattern.search(statement.text)
    start = statement.span.start + (match.start() if match else 0)
    word = match.group() if match else ""
    other = words[word.lower()]
    return Injection(Span(start, start + len(word)), other.capitalize() if word[:1].isupper() else other)


def negation(text: str, rng: random.Random) -> Found:
    """Deny what is affirmed elsewhere, or affirm what is denied elsewhere."""
    ways = [_affirm_denied, _deny_affirmed, _drop_no]
    rng.shuffle(ways)
    return next((found for way in ways if (found := way(text, rng)) is not None), None)


def _affirm_denied(text: str, rng: random.Random) -> Found:
    """Add an impression line that affirms what the findings deny."""
    found = [s for s in statements(parse(text)) if s.negated and not s.unsure and not s.impression]
    denied = [
        group
        for group in _ASSERTIONS
        if any(
            re.search(rf"\bno (?:\w+ ){{0,2}}(?:{'|'.join(GROUPS[group])})", s.text, re.IGNORECASE)
            for s in found
        )
    ]
    if not denied:
        return None
    edit = added_to_impression(text, rng.choice(_ASSERTIONS[rng.choice(denied)]))
    return None if edit is None else ("affirm_denied", edit)


def _deny_affirmed(text: str, rng: random.Random) -> Found:
    """Replace the impression's statement of a finding by its denial."""
    options = [
        Injection(below.span, f"No {GROUPS[group][-1] if group != 'cardiomegaly' else 'cardiomegaly'}.")
        for above, below, group in pairs(text)
        if not above.unsure and not below.unsure and group not in ("catheter", "pacemaker", "hemidiaphragm")
    ]
    return ("deny_affirmed", rng.choice(options)) if options else None


def _drop_no(text: str, rng: random.Random) -> Found:
    """Drop the "no" of one of two denials."""
    found = statements(parse(text))
    options = []
    for statement in found:
        match = re.match(r"(There is )?no (?:evidence of )?(?=[a-z])", statement.text, re.IGNORECASE)
        others = [s for s in found if s is not statement and s.negated and s.groups & statement.groups]
        if (
            match is None
            or len(statement.groups) != 1
            or not others
            or re.search(r"\b(or|and)\b|,", statement.text)
        ):
            continue
        rest = statement.text[match.end() :]
        lead = match.group(1) or ""
        options.append(Injection(statement.span, lead + (rest if lead else rest[0].upper() + rest[1:])))
    return ("drop_no", rng.choice(options)) if options else None

"""Errors within one statement: impossible places, misheard words, sizes, leftovers."""

import random
import re

from app.evaluation.injectors.contradictions import Found
from app.evaluation.injectors.vocabulary import statements
from app.evaluation.items import Injection
from models.sections import parse
from models.types import Span

_IMPOSSIBLE = (
    (r"\bright middle lobe\b", ("left middle lobe",)),
    (r"\bleft lower lobe\b", ("left middle lobe", "left lower leg")),
    (r"\bright lower lobe\b", ("right lower leg", "right lower limb")),
    (r"\bleft upper lobe\b", ("left middle lobe", "left upper arm")),
    (r"\bright upper lobe\b", ("right upper arm",)),
    (r"\blingula\b", ("right lingula",)),
    (r"\bminor fissure\b", ("left minor fissure",)),
)
_CHEST = re.compile(
    r"\b(atelecta\w+|consolidation|pneumonia|infiltrate|airspace|opacit\w+|effusion|nodule|granuloma)",
    re.IGNORECASE,
)
_MISHEARD = {
    "pleural": ("plural", "floral"), "effusion": ("infusion", "a fusion", "confusion"),
    "effusions": ("infusions", "confusions"), "pneumothorax": ("pneumonia thorax", "new motor axe", "numeral thorax"),
    "atelectasis": ("at electricity", "a tell axis"), "hilar": ("higher", "killer"),
    "thoracic": ("Jurassic", "tour sick"), "consolidation": ("consultation", "constellation"),
    "opacity": ("capacity", "a pass city"), "opacities": ("capacities", "oh passes"), "nodule": ("noodle", "model"),
    "cardiomegaly": ("cardio melody", "cardio mega league"), "infiltrate": ("in full trade", "infiltrator"),
    "mediastinal": ("media steel", "midsternal"), "aorta": ("order", "a order"), "carina": ("Corina", "ocarina"),
    "edema": ("enema", "academia"), "granuloma": ("grand aroma", "granola"), "basilar": ("basil are", "bazaar"),
    "interstitial": ("intestinal", "inner stitch"), "lobe": ("globe", "robe"), "ribs": ("rips", "rigs"),
    "rib": ("rip", "grip"), "silhouette": ("cigarette", "silo at"), "unremarkable": ("and remarkable", "on remarkable"),
    "emphysema": ("emphasis", "amphitheater"), "tortuous": ("tortoise", "torturous"), "clavicle": ("classical", "vehicle"),
    "acute": ("a cute", "cute"), "vascularity": ("masculinity", "vascular city"), "apices": ("a pieces", "abscess"),
    "osseous": ("office", "awesome"), "sternotomy": ("stern autonomy", "anatomy"), "hernia": ("her near", "fernia"),
    "scoliosis": ("colossus", "school osis"), "costophrenic": ("cost of phrenic", "caster frantic"),
}  # fmt: skip
_MEDICAL = re.compile(
    r"\b(pneumothorax|consolidation|atelectasis|cardiomegaly|cardiomediastinal|cardiopulmonary|mediastinal|"
    r"silhouette|unremarkable|emphysema|interstitial|degenerative|granulomatous|hemidiaphragm|vasculature|"
    r"costophrenic|effusions?|infiltrates?|abnormalit\w+|thoracic|calcified|bilateral|diaphragm|sternotomy)\b",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)( ?)(mm|cm)\b")
_SIZED = re.compile(r"\b(nodul\w*|granuloma\w*|mass\w*|lesion\w*)", re.IGNORECASE)
_LEFTOVERS = (
    " [side]",
    " []",
    " [left/right]",
    " ***",
    " {findings}",
    " @FINDINGS@",
    " [no/small/moderate]",
    " ???",
)


def impossible(text: str, rng: random.Random) -> Found:
    """Put a chest finding where there is no such place."""
    options = []
    for statement in statements(parse(text)):
        for pattern, places in _IMPOSSIBLE:
            for match in re.finditer(pattern, statement.text, re.IGNORECASE):
                fitting = [
                    p for p in places if _CHEST.search(statement.text) or not re.search("leg|limb|arm", p)
                ]
                start = statement.span.start + match.start()
                options += [Injection(Span(start, start + len(match.group())), place) for place in fitting]
    return ("place", rng.choice(options)) if options else None


def terminology(text: str, rng: random.Random) -> Found:
    """Mishear a word, or mistype a long one."""
    return _mishear(text, rng) if rng.random() < 0.5 else _mistype(text, rng)


def _mishear(text: str, rng: random.Random) -> Found:
    options = [
        (Span(s.span.start + match.start(), s.span.start + match.end()), match.group())
        for s in statements(parse(text))
        for match in re.finditer(r"\b(" + "|".join(_MISHEARD) + r")\b", s.text, re.IGNORECASE)
    ]
    if not options:
        return None
    span, word = rng.choice(options)
    heard = rng.choice(_MISHEARD[word.lower()])
    return "misheard", Injection(span, heard[0].upper() + heard[1:] if word[0].isupper() else heard)


def _mistype(text: str, rng: random.Random) -> Found:
    options = [
        (s.span.start + match.start(), match.group())
        for s in statements(parse(text))
        for match in _MEDICAL.finditer(s.text)
    ]
    if not options:
        return None
    start, word = rng.choice(options)
    at = rng.randrange(2, len(word) - 2)
    wrong = rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + rng.choice("aeiourstln") + word[at + 1 :],
        )
    )
    return None if wrong == word else ("mistyped", Injection(Span(start, start + len(word)), wrong))


def measurement(text: str, rng: random.Random) -> Found:
    """Swap the unit of a lesion's size, or change it in one of two sections."""
    found = [
        (s, m) for s in statements(parse(text)) for m in _LENGTH.finditer(s.text) if _SIZED.search(s.text)
    ]
    options: list[tuple[str, Injection]] = []
    for statement, match in found:
        start = statement.span.start + match.start()
        span = Span(start, start + len(match.group()))
        number, gap, unit = match.groups()
        if unit == "mm" or float(number) <= 3:
            options.append(("unit", Injection(span, f"{number}{gap}{'cm' if unit == 'mm' else 'mm'}")))
        twins = [m for s, m in found if s.impression != statement.impression and m.group() == match.group()]
        if twins:
            options.append(("mismatch", Injection(span, f"{float(number) * 2 + 1:g}{gap}{unit}")))
    return rng.choice(options) if options else None


def template(text: str, rng: random.Random) -> Found:
    """Leave an unfilled field or a repeated word."""
    found = [s for s in statements(parse(text)) if len(s.text.split()) > 2]
    if not found:
        return None
    statement = rng.choice(found)
    if rng.random() < 0.3:
        words = list(re.finditer(r"\b(the|is|of|no|and|are|in)\b ", statement.text, re.IGNORECASE))
        if words:
            end = statement.span.start + rng.choice(words).end()
            word = text[:end].split()[-1]
            return "repeated", Injection(Span(end, end), f"{word.lower()} ")
    spaces = [m.start() for m in re.finditer(r" ", statement.text)]
    at = statement.span.start + rng.choice(spaces)
    return "leftover", Injection(Span(at, at), rng.choice(_LEFTOVERS))

"""One finding put on two sides, or on two levels of the lung."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.claims import Claim, claims, side_of
from app.evaluation.injectors.common.negation import sound
from app.evaluation.injectors.common.page import BODY, Line, Page, swap
from app.evaluation.injectors.common.tables import fill, opposite, phrases
from app.evaluation.injectors.common.ways import Way, anywhere, plain, shuffled
from app.evaluation.items import Placed
from models.types import SectionName

_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_LEVEL = re.compile(r"\b(upper|lower|middle)(?= lobes?\b)", re.IGNORECASE)
_ONE_CLEAR = re.compile(
    r"\b(left|right) lung\b[^.;]{0,25}\bclear\b|\bclear (left|right) lung\b", re.IGNORECASE
)
_NOUN = re.compile(
    r"(?:pleural )?effusions?|pneumothorax|nodules?|mass(?:es)?|granulomas?|atelectasis|opacit(?:y|ies)|infiltrates?"
    r"|pneumonia|consolidations?|densit(?:y|ies)|scar|scars|scarring|fractures?|picc|port|pacemaker|icd|defibrillator|lesions?|fibrosis"
)
_LATERAL = (
    "effusion", "pneumothorax", "airspace", "atelectasis", "nodule", "granuloma", "scar", "fracture", "line", "pacer",
    "diaphragm", "clips",
)  # fmt: skip
_LOBAR = ("airspace", "atelectasis", "nodule", "granuloma", "scar")
_PARENCHYMA = ("airspace", "atelectasis", "nodule", "scar", "effusion")
_VAGUE = re.compile(r"\bXXXX (?:left|right|and)\b|\bboth\b|\bgreater\b", re.IGNORECASE)
_HEART = re.compile(
    r"\b(?:heart|atri\w+|ventric\w+|shoulder|knee|quadrant|aortic|axis|convex\w*)\b", re.IGNORECASE
)


def _one_sided(page: Page, found: list[Claim], finding: str) -> list[Claim]:
    """The claims of a finding that lies on one side only, in a report where nothing lies on the other."""
    about = [claim for claim in found if claim.finding == finding]
    sided = [claim for claim in about if claim.said and claim.side in ("left", "right")]
    sides = {claim.side for claim in sided}
    if len(sides) != 1 or any(claim.said and claim.side == "both" for claim in about):
        return []
    if any(not claim.said for claim in about):
        return []
    away = opposite(next(iter(sides)))
    for line in page.body:
        if re.search(rf"\b{away}\b", line.text, re.IGNORECASE) and not _clear_of(line, away):
            return []
    return [
        claim for claim in sided if not _VAGUE.search(claim.line.text) and not _HEART.search(claim.line.text)
    ]


def _clear_of(line: Line, side: str) -> bool:
    match = _ONE_CLEAR.search(line.text)
    return match is not None and side in match.group().lower() and side_of(line.text) == side


def _findings(found: list[Claim], wanted: tuple[str, ...], rng: random.Random) -> list[str]:
    return shuffled(sorted({claim.finding for claim in found} & set(wanted)), rng)


def _swap_side(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Change the side in one of two sentences that agree."""
    found = claims(page)
    for finding in _findings(found, _LATERAL, rng):
        about = _one_sided(page, found, finding)
        for claim in shuffled(about, rng):
            words = list(_SIDE.finditer(claim.line.text))
            rest = [other.line for other in about if other.line.index != claim.line.index]
            if len(words) == 1 and rest and sound(family, claim.line.text, rest):
                edit = swap(claim.line, words[0], opposite(claim.side))
                return plain(f"side:{finding}", edit)
    return None


def _add_side(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Put the finding on the other side in the section that does not yet speak of its side."""
    found = claims(page)
    for finding in _findings(found, _LATERAL, rng):
        about = _one_sided(page, found, finding)
        if not about:
            continue
        claim = rng.choice(about)
        sentence = _named(family, "sided", claim, opposite(claim.side), "")
        sentence = sentence or _worded(family, "sided", claim, (opposite(claim.side), ""), rng)
        sections = [s for s in BODY if s not in {other.line.section for other in about}]
        if sentence is not None and _conflicts(family, sentence, about):
            return plain(f"added side:{finding}", anywhere(page, sections or BODY, sentence, rng))
    return None


def _conflicts(family: str, sentence: str, about: list[Claim]) -> bool:
    lines = [claim.line for claim in about]
    return family == "keyword" or sound(family, sentence, lines)


def _named(family: str, table: str, claim: Claim, side: str, level: str) -> str | None:
    """A sentence with the finding's own name, for the keyword family."""
    options = phrases(family, table, finding="any")
    if not options or not _NOUN.fullmatch(claim.name):
        return None
    index = (len(claim.line.text) + claim.start) % len(options)
    name = claim.name.upper() if claim.name in ("icd", "picc") else claim.name
    return fill(options[index], side, level, name)


def _worded(family: str, table: str, claim: Claim, place: tuple[str, str], rng: random.Random) -> str | None:
    """A sentence with other words for the finding, for the broad family."""
    side, level = place
    for phrase in shuffled(phrases(family, table, finding=claim.finding), rng):
        sentence = fill(phrase, side, level or claim.level if claim.level != "mixed" else "lower")
        if sentence is not None and sound(family, sentence, [claim.line]):
            return sentence
    return None


def _clear_side(page: Page, rng: random.Random) -> Placed | None:
    """Call the diseased lung clear in the place of the other one."""
    found = claims(page)
    for line in shuffled(page.body, rng):
        match = _ONE_CLEAR.search(line.text)
        words = list(_SIDE.finditer(line.text))
        if match is None or len(words) != 1:
            continue
        clear = words[0].group().lower()
        ill = [c for c in found if c.finding in _PARENCHYMA and c.said and c.line.index != line.index]
        if ill and all(claim.side == opposite(clear) for claim in ill):
            return plain("clear lung", swap(line, words[0], opposite(clear)))
    return None


def _one_level(found: list[Claim], finding: str) -> list[Claim]:
    about = [claim for claim in found if claim.finding == finding]
    placed = [claim for claim in about if claim.level]
    if finding == "nodule" and len(placed) != len(about):
        return []
    levels = {claim.level for claim in placed}
    if len(levels) != 1 or "mixed" in levels or any(not claim.said for claim in about):
        return []
    sides = {claim.side for claim in placed}
    return placed if len(sides) == 1 and sides <= {"left", "right"} else []


def _swap_level(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Change the lobe in one of two sentences that agree."""
    found = claims(page)
    for finding in _findings(found, _LOBAR, rng):
        about = _one_level(found, finding)
        for claim in shuffled(about, rng):
            words = list(_LEVEL.finditer(claim.line.text))
            rest = [other.line for other in about if other.line.index != claim.line.index]
            if len(words) == 1 and rest and sound(family, claim.line.text, rest):
                return plain(f"lobe:{finding}", swap(claim.line, words[0], _away(words[0].group())))
    return None


def _away(level: str) -> str:
    return "lower" if level.lower() == "upper" else "upper"


def _add_level(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Put the finding in another lobe in the section that does not yet place it."""
    found = claims(page)
    for finding in _findings(found, _LOBAR, rng):
        about = _one_level(found, finding)
        busy = {claim.level for claim in found if claim.said and claim.finding in _PARENCHYMA}
        claim = rng.choice(about) if about else None
        if claim is None or _away(claim.level) in busy or "mixed" in busy:
            continue
        place = (claim.side, _away(claim.level))
        sentence = _named(family, "placed", claim, *place) or _worded(family, "placed", claim, place, rng)
        free: list[SectionName] = [s for s in BODY if s not in {other.line.section for other in about}]
        if sentence is not None:
            return plain(f"added lobe:{finding}", anywhere(page, free or BODY, sentence, rng))
    return None


def laterality(family: str) -> list[Way]:
    """The ways of this family to put one finding on two sides."""
    ways: list[Way] = [partial(_swap_side, family), partial(_add_side, family)]
    return ways if family == "keyword" else [*ways, _clear_side]


def location(family: str) -> list[Way]:
    """The ways of this family to put one finding in two lobes."""
    return [partial(_swap_level, family), partial(_add_level, family)]

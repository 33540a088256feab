"""Places named by number or by vessel, and the side of a spinal curve: one value here, another there."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.page import BODY, Line, Page
from app.evaluation.injectors.common.tables import phrases
from app.evaluation.injectors.common.ways import Way, anywhere, plain, shuffled
from app.evaluation.items import Placed

_RIB = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th) ribs?\b|\b(third|fourth|fifth|sixth|seventh|eighth|ninth) ribs?\b",
    re.IGNORECASE,
)
_VERTEBRA = re.compile(r"\b([TL])(\d{1,2})\b")
_BONE = re.compile(r"\b(?:fractur\w*|compress\w*|wedg\w*|deformit\w*|height)\b", re.IGNORECASE)
_TIP = re.compile(r"\btip\b", re.IGNORECASE)
_VESSEL = re.compile(r"\b(?:svc|superior vena cava|cavoatrial)\b", re.IGNORECASE)
_CURVE = re.compile(r"\b(dextro|levo)(?:scoliosis|curvature)\b|\b(right|left)[- ]?convex\w*", re.IGNORECASE)
_ORDINALS = {1: "st", 2: "nd", 3: "rd", 11: "th", 12: "th", 13: "th"}
_WORDS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def _only(
    page: Page, pattern: re.Pattern[str], need: re.Pattern[str] | None
) -> tuple[Line, re.Match[str]] | None:
    """The one mention of a place in findings and impression."""
    hits = [(line, match) for line in page.body for match in pattern.finditer(line.text)]
    if len(hits) != 1 or (need is not None and not need.search(hits[0][0].text)):
        return None
    return None if re.search(r"\b(?:no|not|without)\b", hits[0][0].text, re.IGNORECASE) else hits[0]


def _say(family: str, kind: str, page: Page, place: dict[str, str], rng: random.Random) -> Placed | None:
    for phrase in shuffled(phrases(family, "places", kind=kind), rng):
        sentence = phrase.format_map(place)
        edit = anywhere(page, BODY, sentence[:1].upper() + sentence[1:], rng)
        if edit is not None:
            return plain(f"place:{kind}", edit)
    return None


def _rib(family: str, page: Page, rng: random.Random) -> Placed | None:
    hit = _only(page, _RIB, _BONE)
    if hit is None or re.search(r"nodul|densit", hit[0].text, re.IGNORECASE):
        return None
    number = int(hit[1][1]) if hit[1][1] else _WORDS.index(hit[1][2].lower()) + 3
    other = number + rng.choice((2, 3)) if number < 7 else number - rng.choice((2, 3, 4))
    return _say(family, "rib", page, {"rib": f"{other}{_ORDINALS.get(other, 'th')}"}, rng)


def _vertebra(family: str, page: Page, rng: random.Random) -> Placed | None:
    hit = _only(page, _VERTEBRA, _BONE)
    if hit is None:
        return None
    number = int(hit[1][2])
    other = number - rng.choice((3, 4, 5)) if number > 6 else number + (3 if hit[1][1].upper() == "T" else -1)
    return _say(family, "vertebra", page, {"level": f"{hit[1][1].upper()}{max(1, other)}"}, rng)


def _tip(family: str, page: Page, rng: random.Random) -> Placed | None:
    hit = _only(page, _TIP, _VESSEL)
    return None if hit is None else _say(family, "tip", page, {}, rng)


def _curve(page: Page, rng: random.Random) -> Placed | None:
    """A curve to the one side in one sentence, to the other in another."""
    hit = _only(page, _CURVE, None)
    if hit is None or re.search(r"\b(?:s-shaped|biconvex|and (?:dextro|levo))", hit[0].text, re.IGNORECASE):
        return None
    to_right = (hit[1][1] or hit[1][2]).lower() in ("dextro", "right")
    side = "left" if to_right else "right"
    return _say("broad", "curve", page, {"side": side, "word": "levo" if to_right else "dextro"}, rng)


def more_locations(family: str) -> list[Way]:
    """Ribs, vertebrae and tips in two places."""
    return [partial(_rib, family), partial(_vertebra, family), partial(_tip, family)]


def more_sides() -> list[Way]:
    """Curves to two sides."""
    return [_curve]

"""A finding affirmed here and denied there, or a structure called normal and described abnormal."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.claims import Claim, State, claims, of
from app.evaluation.injectors.common.page import BODY, Line, Page, replace_line
from app.evaluation.injectors.common.tables import fill, kinds, phrases, shares_key
from app.evaluation.injectors.common.ways import Way, anywhere, plain, shuffled
from app.evaluation.items import Injection, Placed
from models.types import Span

_SIMPLE = re.compile(
    r"\A(?P<open>(?:There (?:is|are) )?(?:no|No) (?:evidence of (?:a |an )?)?)"
    r"(?P<first>(?:pleural |focal |pulmonary |acute |rib )?"
    r"(?:effusions?|pneumothorax|consolidations?|edema|pneumonia|infiltrates?|fractures?|nodules?|opacit\w+))"
    r"(?P<second> (?:or|and) (?:pleural |focal |pulmonary )?[a-z]+)?"
    r"(?P<tail>(?: (?:is|are))?(?: (?:seen|identified|present|noted))?\.?)\Z"
)


def denied(found: list[Claim], finding: str) -> list[Line]:
    """The sentences that deny a finding, where nothing else is said of it."""
    about = of(found, finding)
    return [claim.line for claim in about] if all(claim.state is State.NO for claim in about) else []


def affirmed(found: list[Claim], finding: str) -> list[Claim]:
    """The claims that say a finding is surely there, where none denies it or is unsure."""
    about = of(found, finding)
    return about if about and all(claim.state is State.YES for claim in about) else []


def sound(family: str, sentence: str, lines: list[Line]) -> bool:
    """Keyword sentences share a key word with a conflicting sentence, broad ones with none."""
    shared = [shares_key(sentence, line.text) for line in lines]
    return any(shared) if family == "keyword" else not any(shared)


def fit(family: str, table: str, finding: str, against: list[Line], rng: random.Random) -> str | None:
    """A phrase of this finding, filled at random, that conflicts with ``against`` as the family wants."""
    side, level = rng.choice(("left", "right")), rng.choice(("upper", "lower"))
    for phrase in shuffled(phrases(family, table, finding=finding), rng):
        sentence = fill(phrase, side, level)
        if sentence is not None and sound(family, sentence, against):
            return sentence
    return None


def _affirm(family: str, page: Page, rng: random.Random) -> Placed | None:
    found = claims(page)
    for finding in shuffled(kinds(family, "affirm"), rng):
        against = denied(found, finding)
        sentence = fit(family, "affirm", finding, against, rng) if against else None
        if sentence is not None:
            return plain(f"affirmed:{finding}", anywhere(page, BODY, sentence, rng))
    return None


def _deny(family: str, page: Page, rng: random.Random) -> Placed | None:
    found = claims(page)
    for finding in shuffled(kinds(family, "deny"), rng):
        about = affirmed(found, finding)
        sides = {claim.side for claim in about}
        side = next(iter(sides)) if len(sides) == 1 else ""
        for phrase in shuffled(phrases(family, "deny", finding=finding), rng) if about else ():
            sentence = fill(phrase, side if side in ("left", "right") else "")
            if sentence is not None and sound(family, sentence, [claim.line for claim in about]):
                return plain(f"denied:{finding}", anywhere(page, BODY, sentence, rng))
    return None


def _replace(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Affirm in the place of one of two denials."""
    found = claims(page)
    for finding in shuffled(kinds(family, "affirm"), rng):
        against = denied(found, finding)
        if len({line.index for line in against}) < 2:
            continue
        line = rng.choice(against)
        rest = [other for other in against if other.index != line.index]
        sentence = fit(family, "affirm", finding, rest, rng)
        if sentence is not None and len(line.text) < 90:
            return plain(f"replaced:{finding}", replace_line(line, sentence))
    return None


def _flip(page: Page, rng: random.Random) -> Placed | None:
    """Drop the "no" of one of two denials."""
    found = claims(page)
    for claim in shuffled([claim for claim in found if claim.state is State.NO], rng):
        match = _SIMPLE.match(claim.line.text)
        rest = [line for line in denied(found, claim.finding) if line.index != claim.line.index]
        if match is None or not any(shares_key(line.text, match["first"]) for line in rest):
            continue
        if not match.start("first") <= claim.start < match.end("first"):
            continue
        first = match["first"]
        if not match["open"].startswith("There"):
            first = first[:1].upper() + first[1:]
        second = match["second"] or ""
        second = re.sub(r"\A (?:or|and) ", " but no ", second)
        opening = re.sub(r"\b[Nn]o (?:evidence of (?:an? )?)?\Z", "", match["open"])
        span = Span(claim.line.span.start, claim.line.span.start + match.end("second" if second else "first"))
        return plain(f"flipped:{claim.finding}", Injection(span, opening + first + second))
    return None


def negation(family: str) -> list[Way]:
    """The ways of this family."""
    ways: list[Way] = [partial(_affirm, family), partial(_deny, family), partial(_replace, family)]
    return [*ways, _flip] if family == "keyword" else ways

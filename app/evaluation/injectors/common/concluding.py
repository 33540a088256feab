"""Conclusions that the findings do not bear: an acute finding out of nothing, or none over a described one."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.claims import Claim, State, claims, of, state_of
from app.evaluation.injectors.common.negation import fit
from app.evaluation.injectors.common.page import Line, Page, add, replace_line
from app.evaluation.injectors.common.tables import fill, kinds, phrases, rows
from app.evaluation.injectors.common.ways import Way, plain, shuffled
from app.evaluation.items import Injection, Placed
from models.types import SectionName, Span

_ACUTE = ("effusion", "pneumothorax", "airspace", "edema")
_OLD = re.compile(
    r"\b(?:stable|chronic\w*|unchanged|old|heal\w*|scar\w*|improv\w*|resol\w*|calcif\w*|granulom\w*|bone|bony|density|densities"
    r"|nodul\w*|XXXX opacit\w*|streaky|prominen\w*|interstitial|atelecta\w*|overl\w+"
    r"|minimal|crowding|blunt\w*"
    r"|artifact\w*|previous\w*|prior)\b",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    r"\A\W*(?:no (?:evidence of |radiographic evidence of )?(?:any )?(?:acute|active)\b[^.;]{0,70}"
    r"|(?:normal|negative|unremarkable) (?:chest|exam\w*|study|radiograph)[^.;]{0,30}"
    r"|negative for acute[^.;]{0,60})[.\s]*\Z",
    re.IGNORECASE,
)
_MINOR = re.compile(r"\b(?:atelecta|scar|fat\b)")
_ACUTE_WORDED = re.compile(r"\bno (?:evidence of )?acute\b", re.IGNORECASE)


def _unsupported(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Add to the impression, or put in the place of its all-clear, what the findings never show."""
    if len(page.of(SectionName.FINDINGS)) < 3 or not page.of(SectionName.IMPRESSION):
        return None
    if any(claim.said and claim.finding in _ACUTE for claim in claims(page)):
        return None
    rest = page.words(SectionName.INDICATION, SectionName.EXAM, SectionName.COMPARISON)
    for row in shuffled(rows(family, "unsupported"), rng):
        guard = re.compile(rf"\b(?:{row['guard']})", re.IGNORECASE)
        if guard.search(rest):
            continue
        states = [
            state_of(line.text, m.start(), m.end()) for line in page.body for m in guard.finditer(line.text)
        ]
        if any(state is not State.NO for state in states):
            continue
        sentence = (
            fill(row["text"], rng.choice(("left", "right")), rng.choice(("upper", "lower"))) or row["text"]
        )
        return plain("excluded" if states else "absent", _conclude(page, sentence, rng))
    return None


def _conclude(page: Page, sentence: str, rng: random.Random) -> Injection | None:
    clear = [line for line in page.of(SectionName.IMPRESSION) if _NORMAL.match(line.text)]
    if clear and rng.random() < 0.6:
        return replace_line(rng.choice(clear), sentence)
    return add(page, SectionName.IMPRESSION, sentence, rng)


def _all_clear(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Put an all-clear in the place of the impression over acute findings."""
    found = claims(page)
    minor = _MINOR.search(page.words(SectionName.FINDINGS, SectionName.IMPRESSION)) is not None
    acute = [c for c in found if _is_acute(c, found) and not (minor and c.finding == "airspace")]
    lines = page.of(SectionName.IMPRESSION)
    if not acute or not lines or all(_NORMAL.match(line.text) for line in lines):
        return None
    sentence = rng.choice(phrases(family, "normal"))
    span = Span(lines[0].span.start, lines[-1].span.end)
    return plain("all clear", Injection(span, sentence))


def _is_acute(claim: Claim, found: list[Claim]) -> bool:
    there = claim.said and claim.finding in _ACUTE and claim.line.section is SectionName.FINDINGS
    alone = all(other.said for other in of(found, claim.finding))
    return there and alone and not _OLD.search(claim.line.text)


def _described(family: str, page: Page, rng: random.Random) -> Placed | None:
    """Describe an acute finding in the findings of a report that concludes with an all-clear."""
    conclusion, lines = page.of(SectionName.IMPRESSION), page.of(SectionName.FINDINGS)
    if family == "keyword" and rng.random() < 0.9:
        return None
    if not conclusion or len(lines) < 2 or not all(_NORMAL.match(line.text) for line in conclusion):
        return None
    if family == "keyword" and not any(_ACUTE_WORDED.search(line.text) for line in conclusion):
        return None
    found = claims(page)
    for finding in shuffled([f for f in kinds(family, "affirm") if f in _ACUTE or _wider(family, f)], rng):
        about = of(found, finding)
        deniers = {claim.line.index: claim.line for claim in about}
        if len(deniers) > 1 or any(claim.state not in (State.NO, State.VOID) for claim in about):
            continue
        sentence = _fitting(family, finding, list(deniers.values()), rng)
        if sentence is None:
            continue
        if deniers:
            return plain(f"described:{finding}", replace_line(next(iter(deniers.values())), sentence))
        return plain(f"described:{finding}", add(page, SectionName.FINDINGS, sentence, rng))
    return None


def _wider(family: str, finding: str) -> bool:
    return family == "broad" and finding in ("freeair", "fracture")


def _fitting(family: str, finding: str, against: list[Line], rng: random.Random) -> str | None:
    if family == "broad":
        return fit(family, "affirm", finding, against, rng)
    options = shuffled(phrases(family, "affirm", finding=finding), rng)
    return (
        fill(options[0], rng.choice(("left", "right")), rng.choice(("upper", "lower"))) if options else None
    )


def unsupported(family: str) -> list[Way]:
    """The way of this family to conclude what the findings never show."""
    return [partial(_unsupported, family)]


def omitted(family: str) -> list[Way]:
    """The ways of this family to conclude nothing over an acute finding."""
    clear = partial(_all_clear, family)
    return [clear, clear, clear, partial(_described, family)]

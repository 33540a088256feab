"""Wrong words: speech recognition, typing, confusable terms, impossible anatomy, leftovers of templates."""

import random
import re
from functools import partial

from app.evaluation.injectors.common.claims import State, claims
from app.evaluation.injectors.common.page import BODY, Line, Page, swap
from app.evaluation.injectors.common.tables import fill, phrases, rows
from app.evaluation.injectors.common.ways import Way, anywhere, plain, shuffled
from app.evaluation.items import Injection, Placed
from models.types import Span

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: [row[j] for j in (i - 1, i + 1) if 0 <= j < len(row)]
    for row in _ROWS
    for i, letter in enumerate(row)
}
_NOUN = re.compile(
    r"(?<=\w )(?:effusions?|pneumothorax|consolidations?|opacit(?:y|ies)|atelectasis|contours?)\b"
)
_MASK = re.compile(r"XXXX")


def _confusion(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A word heard wrongly."""
    for row in shuffled(rows(family, "confusions"), rng):
        pattern = re.compile(rf"(?<![-\w])(?:{row['right']})(?![-\w])", re.IGNORECASE)
        hits = [(line, match) for line in page.body for match in pattern.finditer(line.text)]
        if hits:
            line, match = rng.choice(hits)
            return plain("heard", swap(line, match, row["wrong"]))
    return None


def _typo(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A medical word typed wrongly."""
    words = {row["word"] for row in rows(family, "words")}
    hits = [
        (line, match)
        for line in page.body
        for match in re.finditer(r"(?<![-\w])[A-Za-z]{6,}(?![-\w])", line.text)
        if match.group().lower() in words
    ]
    if not hits:
        return None
    line, match = rng.choice(hits)
    kind, wrong = _mistyped(match.group().lower(), rng)
    return plain(f"typed:{kind}", swap(line, match, wrong)) if wrong not in words else None


def _mistyped(word: str, rng: random.Random) -> tuple[str, str]:
    """The word with one letter wrong, dropped, doubled or transposed, never at its ends."""
    at = rng.randrange(1, len(word) - 2)
    kind = rng.choice(("neighbour", "dropped", "doubled", "transposed"))
    if kind == "transposed" and word[at] != word[at + 1]:
        return kind, word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "dropped" and word[at] != word[at + 1] and word[at] != word[at - 1]:
        return kind, word[:at] + word[at + 1 :]
    if kind == "doubled" and word[at] != word[at + 1] and word[at] != word[at - 1]:
        return kind, word[:at] + word[at] + word[at:]
    return "neighbour", word[:at] + rng.choice(_NEIGHBOURS[word[at]]) + word[at + 1 :]


def _substitution(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A confusable term in one of two sentences that speak of one finding."""
    found = claims(page)
    for row in shuffled(rows(family, "substitutes"), rng):
        pattern = re.compile(rf"\b(?:{row['right']})\b", re.IGNORECASE)
        lines = {c.line.index: c.line for c in found if c.finding == row["finding"] and c.state is State.YES}
        hits = [(line, m) for line in lines.values() for m in pattern.finditer(line.text)]
        if len(lines) > 1 and hits:
            line, match = rng.choice(hits)
            return plain("substituted", swap(line, match, row["wrong"]))
    return None


def _impossible_sentence(family: str, page: Page, rng: random.Random) -> Placed | None:
    sentence = fill(rng.choice(phrases(family, "impossible")), rng.choice(("left", "right")), "lower")
    return None if sentence is None else plain("stated", anywhere(page, BODY, sentence, rng))


def _impossible_swap(page: Page, rng: random.Random) -> Placed | None:
    """A lobe on the side where it is not, or a vertebra or rib that nobody has."""
    ways = (
        (r"\bright(?= (?:middle lobe|minor fissure))", "left"),
        (r"(?<!left )(?<!right )\blingula\b", "right lingula"),
        (r"\bleft(?= lingula)", "right"),
        (r"\bT(?:[3-9]|1[0-2])\b", "T17"),
        (r"\bL[1-5]\b", "L9"),
        (r"\b(?:[4-9]|1[0-2])th(?= (?:\w+ )?ribs?\b)", "19th"),
        (r"\b(?:third|fourth|fifth|sixth|seventh|eighth)(?= ribs?\b)", "fifteenth"),
    )
    for pattern, word in shuffled(ways, rng):
        hits = [(line, m) for line in page.body for m in re.finditer(pattern, line.text)]
        if hits:
            return plain("swapped", swap(*rng.choice(hits), word))
    return None


def _leftover(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A sentence that a dictation template left behind."""
    return plain(
        "left over", anywhere(page, BODY, rng.choice(phrases(family, "template", kind="sentence")), rng)
    )


def _choice_left(family: str, page: Page, rng: random.Random) -> Placed | None:
    """A pick list or a blank before the noun that it should describe."""
    for line in shuffled(page.body, rng):
        nouns = _NOUN.search(line.text)
        if nouns is not None and not _MASK.search(line.text):
            token = rng.choice(phrases(family, "template", kind="inside"))
            start = line.span.start + nouns.start()
            return plain("field", Injection(Span(start, start), f"{token} "))
    return None


def _spoken(page: Page, rng: random.Random) -> Placed | None:
    """A dictated command that was written down."""
    lines = [line for line in page.body if re.search(r"[a-z]\.\Z", line.text)]
    if not lines:
        return None
    line = rng.choice(lines)
    end = line.span.end
    return plain(
        "spoken", Injection(Span(end - 1, end), rng.choice(phrases("broad", "template", kind="spoken")))
    )


def _repeated(page: Page, rng: random.Random) -> Placed | None:
    """A sentence pasted twice in a row."""
    lines = [
        line for line in page.body if line.text.endswith(".") and len(line.text) > 25 and _once(page, line)
    ]
    if not lines:
        return None
    line = rng.choice(lines)
    return plain("repeated", Injection(Span(line.span.end, line.span.end), f" {line.text}"))


def _once(page: Page, line: Line) -> bool:
    return sum(other.text.lower() == line.text.lower() for other in page.lines) == 1


def terminology(family: str) -> list[Way]:
    """The ways of this family to put a wrong word in."""
    heard, typed = partial(_confusion, family), partial(_typo, family)
    return [heard, heard, typed, *[partial(_substitution, family)] * 4]


def impossible(family: str) -> list[Way]:
    """The ways of this family to say what no body can show."""
    sentence = partial(_impossible_sentence, family)
    return [sentence, *[_impossible_swap] * 3]


def template(family: str) -> list[Way]:
    """The ways of this family to leave something of a template in."""
    ways: list[Way] = [partial(_leftover, family), partial(_choice_left, family)]
    return ways if family == "keyword" else [*ways, *ways, _spoken, _spoken, _repeated]

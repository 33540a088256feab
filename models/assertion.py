"""ConText-style scopes: which words are negated, uncertain, historical, hypothetical or of others.

Method: Chapman et al. 2001 (NegEx) and Harkema et al. 2009 (ConText). A trigger opens a scope
forward or backward that runs to the nearest terminator, the sentence's edge, or its reach.
The rules are data (``rules/assertion.tsv``) with ids that end up on the entities they touched.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_COPULAS = frozenset(("is are was were remains remain appears appear shows show has have ").split())
_LIST_PREDICATES = frozenset(
    (
        "seen identified noted present evident visualized visualised appreciated demonstrated found "
        "detected apparent observed suspected visible excluded not no been absent lacking gone resolved cleared "
        "disappeared vanished negative ruled "
    ).split()
)
_LINKING = (
    "suggest",
    "may ",
    "could ",
    "might ",
    "can ",
    "represent",
    "likely re",
    "reflect",
    "consistent",
    "most consistent",
    "compatible",
    "most compatible",
    "concern",
    "worrisome for",
    "suspicious for",
    "which may",
    "raise",
    "raising",
    "favor",
    "in keeping",
    "thought",
    "felt",
    "believed",
    "potentially",
)
_APPOSED = frozenset(  # links where they follow a comma or a copula: "opacity, likely atelectasis"
    (
        "likely", "most likely", "very likely", "probable", "probably", "most probably", "presumably", "presumed",
        "possible", "possibly", "perhaps", "is likely", "are likely",
    )
)  # fmt: skip
_ASIDES = frozenset({",", ";", ":", "-", "("})
_LIST_BREAKS = frozenset({",", "and"})
_RELATIVE = frozenset({"which", "that", "who"})
_ARTICLES = frozenset({"the", "a", "an", "there"})
_COORDINATING = frozenset({",", "and", "or", "of", "in", "from", "to", "with", "on", "at"})
_ADJECTIVES = frozenset({"resolved", "cleared", "absent", "healed"})
_CLOSING = frozenset(
    ". ; ) by since after following compared now completely entirely as when at during the without".split()
)
_TIMING = frozenset({"in", "on", "at", "during"})
_MONTHS = frozenset(
    (
        "january february march april june july august september october november december last earlier prior "
        "previous initial old former preoperative preoperatively baseline previously yesterday"
    ).split()
)
_TIMED_REACH = 3  # words of a time: "on the prior", "in early 2019"
_ASIDE_REACH = 5  # words from "which" to its verb
_THEN = frozenset({"yesterday", "previously", "earlier", "initially", "formerly", "originally"})
_FRESH, _STANDING = (
    frozenset({"acute", "new", "recent", "active"}),
    frozenset("old healed chronic known remote longstanding residual unchanged stable".split()),
)
_FAULTS = frozenset(  # what is denied of a device or of a fracture, which is there: "no kinking of the tube"
    (
        "abnormality abnormalities fracture fractures break breakage kink kinks kinking displacement migration "
        "malposition malpositioning dislodgement dislodgment complication complications dislocation disruption "
        "discontinuity dehiscence loosening retraction dysfunction malfunction infection fault angulation"
    ).split()
)


_WITHIN, _DEFINITE = (
    frozenset(
        "in within inside at around about beside near to from with behind beyond surrounding along".split()
    ),
    frozenset({"the", "this", "these", "those"}),
)
_PLACE = frozenset(
    "left right upper lower middle mid lobe lung basal basilar apical known large small dense".split()
)
_PLACE_REACH = 5


@dataclass(frozen=True, slots=True)
class Trigger:
    """One rule: ``category`` negated | uncertain | historical | hypothetical | other | terminate | pseudo.

    ``direction`` forward | backward | none; ``reach`` in tokens, 0 for unlimited. ``links``: the words
    say that what precedes suggests what follows; ``apposed``: they do so after a comma or a copula.
    """

    id: str
    category: str
    direction: str
    reach: int
    phrase: str
    links: bool = False
    apposed: bool = False


class Hit(NamedTuple):
    """A trigger found at tokens [start, end)."""

    trigger: Trigger
    start: int
    end: int


def linking(hit: Hit, words: Sequence[str]) -> bool:
    """True where the hit says that what precedes suggests what follows."""
    if hit.trigger.links or not hit.trigger.apposed or hit.start == 0:
        return hit.trigger.links
    return words[hit.start] in _COPULAS or words[hit.start - 1] in _COPULAS | {",", ";", "-", "which", "("}


class Scope(NamedTuple):
    """Tokens [start, end) that a rule covers."""

    category: str
    rule: str
    start: int
    end: int


@cache
def load_triggers() -> tuple[Trigger, ...]:
    """The bundled rules, in file order."""
    with files("models").joinpath("rules/assertion.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(_trigger(row) for row in rows)


def _trigger(row: dict[str, str]) -> Trigger:
    links = (row["category"], row["direction"]) == ("uncertain", "forward") and row["phrase"].startswith(
        _LINKING
    )
    apposed = row["phrase"] in _APPOSED
    reach = int(row["reach"])
    return Trigger(row["id"], row["category"], row["direction"], reach, row["phrase"], links, apposed)


def scopes(words: Sequence[str], hits: Iterable[Hit], start: int, end: int) -> list[Scope]:
    """The scopes that ``hits`` open in the sentence of tokens [start, end)."""
    found = [hit for hit in hits if not _of_the_past(hit, words, end)]
    opening = [hit for hit in found if hit.trigger.direction != "none"]
    if not opening:
        return []
    stops = [hit.start for hit in found if hit.trigger.category == "terminate"]
    stops += _clause_starts(words, start, end)
    result = []
    for hit in opening:
        trigger = hit.trigger
        if _of_the_next(hit, words, end) and trigger.direction == "backward":
            continue
        if trigger.phrase == "?" and hit.end == end:  # "PTX?" asks
            asked = [at + 1 for at in range(start, hit.start) if words[at] in _ASIDES]
            result.append(Scope("hypothetical", trigger.id, max(asked, default=start), hit.start))
        if trigger.direction == "forward":
            limit = min([stop for stop in stops if stop >= hit.end], default=end)
            limit = _before_standing(words, hit.end, limit)
            if trigger.reach:
                limit = min(limit, hit.end + trigger.reach)
            if words[hit.end - 2 : hit.end] == ["removal", "of"]:
                limit = min(limit, _end_of_phrase(words, hit.end, limit))
            result.append(Scope(trigger.category, trigger.id, hit.end, limit))
        else:
            halting = (stop for stop in stops if stop < hit.start and not _is_aside(words, stop, hit.start))
            limit = max([stop + 1 for stop in halting], default=start)
            limit = _own_clause(words, limit, hit.start)
            if trigger.reach:  # a short reach does not look past a comma
                limit = max(limit, hit.start - trigger.reach)
                commas = [at + 1 for at in range(limit, hit.start) if words[at] == ","]
                limit = max(commas, default=limit)
            result.append(Scope(trigger.category, trigger.id, limit, hit.start))
    return result


def _of_the_next(hit: Hit, words: Sequence[str], end: int) -> bool:
    """True for an adjective after a comma: "a small effusion, resolved pneumothorax"."""
    after_comma = hit.start > 0 and words[hit.start - 1] in _ASIDES
    plain = hit.end == hit.start + 1 and hit.trigger.phrase in _ADJECTIVES
    return after_comma and plain and hit.end < end and words[hit.end] not in _COORDINATING | _CLOSING


def _of_the_past(hit: Hit, words: Sequence[str], end: int) -> bool:
    """True for "not present in 2019", "not seen on the prior": what is new is denied of an earlier study only."""
    backward = (hit.trigger.category, hit.trigger.direction) == ("negated", "backward")
    if not backward or hit.end >= end:
        return False
    when = words[hit.end + 1 : min(end, hit.end + 1 + _TIMED_REACH)]
    if words[hit.end] in _THEN or "ago" in when or [words[hit.end], *when[:1]] == ["in", "may"]:
        return True
    return words[hit.end] in _TIMING and any(
        word in _MONTHS or (len(word) == 4 and word[:2] in ("19", "20") and word.isdigit()) for word in when
    )


def _before_standing(words: Sequence[str], start: int, end: int) -> int:
    """Where what is fresh has been denied: "no acute abnormality, | old rib fracture"."""
    fresh = next((at for at in range(start, end) if words[at] in _FRESH), end)
    for at in range(fresh + 2, end - 1):
        if words[at] == "," and words[at + 1] in _STANDING:
            return end if {"or", "nor"} & set(words[at + 1 : end]) else at
    return end


def _in_aside(words: Sequence[str], verb: int) -> bool:
    """True for the verb of a clause within: "the effusion, for which a drain | was | placed, is not seen"."""
    near = words[max(0, verb - _ASIDE_REACH) : verb]
    return "which" in near and "," not in near[near.index("which") :]


def _is_aside(words: Sequence[str], stop: int, verb: int) -> bool:
    """True for a "which" whose own verb stands before that of the denial: "for which it was placed | is not seen"."""
    within = words[stop + 1 : verb]
    closed = words[verb] in _COPULAS or (bool(within) and within[-1] in _COPULAS)
    own = within if words[verb] in _COPULAS else within[:-1]
    return (
        words[stop] == "which"
        and closed
        and not _COPULAS.isdisjoint(own)
        and {"and", "but"}.isdisjoint(within)
    )


def _end_of_phrase(words: Sequence[str], start: int, end: int) -> int:
    """Where the thing that was removed ends: "removal of the tube | the pneumothorax has recurred"."""
    for index in range(start + 1, end):
        if words[index] in _ARTICLES and words[index - 1] not in _COORDINATING:
            return index
    return end


def _clause_starts(words: Sequence[str], start: int, end: int) -> list[int]:
    """Commas and "and" that begin a new clause with a verb of its own.

    "No effusion, the heart is large": the comma ends the negation. "No consolidation, effusion
    or pneumothorax is seen": it does not, because the verb only closes the list.
    """
    result = []
    for index in range(start, end):
        if words[index] not in _COPULAS or (index + 1 < end and words[index + 1] in _LIST_PREDICATES):
            continue
        for back in range(index - 1, start, -1):
            if words[back] in _LIST_BREAKS and _in_aside(words, index):
                break
            if words[back] in _LIST_BREAKS:
                result.append(back)
                break
    return result


def _own_clause(words: Sequence[str], start: int, end: int) -> int:
    """Where the clause begins that ends at ``end``: what stands before it has a verb of its own.

    "The effusion is small, | and pneumothorax is not seen"; not "the effusion, which was large, is not seen".
    A full stop within is one that the splitting of sentences took for that of a number: "by day 3. | It has cleared".
    """
    halts = [at + 1 for at in range(start, end - 1) if words[at] == "." and not words[at + 1].isdigit()]
    start = max(halts, default=start)
    for verb in range(end - 1, start - 1, -1):
        if words[verb] in _COPULAS and words[verb - 1] not in _RELATIVE and not _in_aside(words, verb):
            return next((at + 1 for at in range(verb, end) if words[at] in _LIST_BREAKS), start)
    return start


def inside(words: Sequence[str], start: int) -> bool:
    """True for what something else lies in, or is wrong with: "in the left upper lobe | opacity"."""
    at = start - 1
    while at > max(0, start - _PLACE_REACH) and words[at] in _PLACE:
        at -= 1
    of = at - (words[at] in _DEFINITE)
    if of > 0 and words[of] == "of" and words[of - 1] in _FAULTS:
        return True
    return at > 0 and words[at] in _DEFINITE and words[at - 1] in _WITHIN

"""Names that share their last words: "no pleural or pericardial effusion" speaks of two effusions."""

from collections.abc import Callable, Sequence

from models.terms import Found, Term
from models.types import EntityKind

_JOINING = frozenset({"or", "and", "nor", "/"})
_LISTED = _JOINING | {","}
_ADJECTIVES = (
    "al",
    "ar",
    "ic",
    "ary",
    "ous",
    "ine",
    "cuffed",
)  # "heart and respiratory failure" shares nothing
_NOUNS = frozenset({"rib", "ribs", "lung", "airway", "clavicle", "clavicular"})
_WORDS_OF = frozenset({EntityKind.ANATOMY, EntityKind.DESCRIPTOR})
_MOST = 4  # members of a list


def with_elided(words: Sequence[str], terms: list[Found], named: Callable[[str], Term | None]) -> list[Found]:
    """The terms, and each adjective that a list joins to a name as the name that the two share words of.

    ``named`` gives the term of a folded phrase. The adjective alone is the entity; its value is the whole name.
    """
    added: dict[int, Found] = {}
    for index, found in enumerate(terms):
        several = found.end - found.start > 1 and found.start > 1
        if not several or found.term.kind is not EntityKind.OBSERVATION or found.term.concept is None:
            continue
        if words[found.start - 1] not in _JOINING:
            continue
        current = found
        for back in range(index - 1, max(-1, index - 1 - _MOST), -1):
            previous = terms[back]
            between = words[previous.end : current.start]
            whole = _whole(words, previous, found, named)
            if not between or not _LISTED.issuperset(between) or whole is None:
                break
            if whole.concept != found.term.concept:
                added[back] = previous._replace(term=whole)
            current = previous
    return [added.get(index, found) for index, found in enumerate(terms)] if added else terms


def _whole(
    words: Sequence[str], first: Found, last: Found, named: Callable[[str], Term | None]
) -> Term | None:
    """The name that the first takes from the words of the last: "pleural" and "pericardial effusion"."""
    own = words[first.start : first.end]
    if first.term.kind not in _WORDS_OF or not (own[-1].endswith(_ADJECTIVES) or own[-1] in _NOUNS):
        return None
    for start in range(last.start + 1, last.end):
        name = " ".join([*own, *words[start : last.end]])
        term = named(name)
        if term is not None and term.kind is EntityKind.OBSERVATION and term.concept is not None:
            return Term(term.kind, term.concept, name)
    return None

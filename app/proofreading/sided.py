"""The sides that a finding's words, its sites and its own name tell."""

import re
from collections.abc import Iterable

from kg_ingest.schema import Facts, Sidedness
from models.types import Entity

_SIDE_IN_NAME = re.compile(
    r"\b(left|right) (?:of (?:the )?midline|heart border|cardiac border|(?:hemi-?)?diaphragm|dome|chest|lung|hemithorax|"
    r"base|apex|costophrenic)"
)
_BY_SIDE = re.compile(r"\s+(?:than\s+(?:(?:on\s+)?the\s+)?|on\s+(?:the\s+)?)(?:left|right)\b", re.IGNORECASE)
_SIZES = frozenset({"larger", "smaller", "bigger", "greater", "worse"})
SIDES = {
    "left": frozenset({"left"}),
    "right": frozenset({"right"}),
    "bilateral": frozenset({"left", "right"}),
}


def sides_said(said: Iterable[Entity], sites: Iterable[Entity], facts: Facts) -> frozenset[str]:
    """The sides of side words, and of sites that exist on one side only."""
    sides = frozenset[str]().union(*(SIDES.get(modifier.value or "", frozenset()) for modifier in said))
    for site in sites:
        node = facts.nodes.get(site.concept or "")
        if node is not None and node.sidedness in (Sidedness.LEFT, Sidedness.RIGHT):
            sides |= {str(node.sidedness)}
    return sides


def side_named(entity: Entity) -> frozenset[str]:
    """The side that a finding's own name tells: levoscoliosis, "loss of the left heart border"."""
    word = entity.quote.lower()
    sides = {match[1] for match in _SIDE_IN_NAME.finditer(word)}
    if len(sides) == 1:
        return frozenset(sides)
    if word.startswith("dextro"):
        return frozenset({"right"})
    return frozenset({"left"}) if word.startswith("levo") else frozenset()


def compares_sides(change: Entity, text: str) -> bool:
    """True for a word that compares the sides, no times: "bilateral, larger on the right"."""
    return change.quote.lower() in _SIZES and _BY_SIDE.match(text, change.span.end) is not None

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
_OF_LUNG = frozenset(
    f"RP:{name}"
    for name in "opacity airspace-opacity consolidation infiltrate pneumonia nodule mass nonspecific-lesion atelectasis "
    "pleural-effusion".split()
)
_BESIDE = (
    (
        "left",
        re.compile(
            r"aortic (?:arch|knob|knuckle)|descending (?:thoracic )?aorta|(?:ap|aorto-?pulmonary) window|"
            r"(?:gastric|stomach)(?: air)? bubble|cardiac apex",
            re.IGNORECASE,
        ),
    ),
    ("right", re.compile(r"azygos arch|(?:right )?paratracheal stripe|azygous arch", re.IGNORECASE)),
)
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


def side_beside(entity: Entity, sites: tuple[Entity, ...]) -> frozenset[str]:
    """The side of a shadow of the lung by the one structure that it lies beside: "adjacent to the aortic knob"."""
    if entity.concept not in _OF_LUNG or len(sites) != 1:
        return frozenset()
    return frozenset(side for side, words in _BESIDE if words.fullmatch(sites[0].quote))


def compares_sides(change: Entity, text: str) -> bool:
    """True for a word that compares the sides, no times: "bilateral, larger on the right"."""
    return change.quote.lower() in _SIZES and _BY_SIDE.match(text, change.span.end) is not None

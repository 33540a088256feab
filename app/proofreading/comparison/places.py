"""Where a statement places its finding, and how far two places are apart."""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, fields
from enum import IntEnum

from app.proofreading.case import Case
from app.proofreading.comparing import levels
from app.proofreading.detectors.bone_level import ribs, vertebrae
from app.proofreading.detectors.tip import VEINS
from app.proofreading.findings import Finding
from kg_ingest.schema import EdgeKind, Facts

_LUNG, _HEART = "RP:lung", "RP:heart"
_DEPTHS = frozenset(  # beside the level
    {"anterior", "posterior", "medial", "lateral", "central", "peripheral", "perihilar", "retrocardiac"}
)
_LOBE = re.compile(r"\blobe|\b[RL][UML]L\b|lingula", re.IGNORECASE)
_ORDER = ("upper", "middle", "lower")
_WHOLES = frozenset({"RP:thorax", "RP:hemithorax", "RP:chest-study"})  # so wide that they tell no place


class Nearness(IntEnum):
    """How two places lie to each other."""

    ONE = 0  # the same, or one says less
    NEAR = 1  # side by side: two readers may name one place so
    FAR = 2


@dataclass(frozen=True, slots=True)
class Place:
    """All that a report says of a finding's place; an empty set says nothing.

    ``levels``: of the lung; ``lobes``: those that were named as lobes. ``depths``: anterior, lateral, … .
    ``sites``: concepts of structures that are no part of the lung. ``bones``: numbered ribs or vertebrae.
    """

    sides: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    lobes: frozenset[str] = frozenset()
    depths: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    bones: frozenset[int] = frozenset()

    def within(self, other: "Place") -> bool:
        """True when this says nothing that the other does not."""
        return all(getattr(self, item.name) <= getattr(other, item.name) for item in fields(self))


def place_of(finding: Finding, case: Case) -> Place:
    """The place of one finding; what it shares with another is told, and compared, there."""
    if finding.shared:
        return Place()
    at = levels(finding)
    lobe = any(_LOBE.search(site.quote) for site in finding.sites)
    numbered = frozenset[int]()
    if len(case.told_in[finding.sentence]) == 1:
        numbered = ribs(case, finding.sentence).numbers or vertebrae(case, finding.sentence).numbers
    named = {site.concept for site in finding.sites if site.concept is not None} - _WHOLES
    return Place(
        sides=_sides(finding, case.facts),
        levels=at,
        lobes=at if lobe else frozenset(),
        depths=frozenset(zone.value for zone in finding.zones if zone.value in _DEPTHS),
        sites=frozenset(site for site in named if not _in_lung(site, case.facts)),
        bones=numbered,
    )


def _sides(finding: Finding, facts: Facts) -> frozenset[str]:
    """The sides that are said; "right" in "right atrium" is part of the name of a chamber and says none."""
    chambers = [site for site in finding.sites if site.concept and _HEART in around(site.concept, facts)]
    if not chambers:
        return finding.sides
    starts = {site.span.start for site in chambers}
    words = {e.value for e in finding.side_entities if e.span.end + 1 not in starts}
    return finding.sides & (words if "bilateral" not in words else {"left", "right"})


def nearness(first: Place, second: Place, facts: Facts) -> Nearness:
    """How two places lie to each other; the worst of sides, levels, depths, structures and numbered bones."""
    if first.sides and second.sides and not first.sides & second.sides:
        return Nearness.FAR
    return max(
        _of_levels(first, second),
        _of_depths(first, second),
        _of_bones(first.bones, second.bones),
        _of_sites(first.sites, second.sites, facts),
    )


def _of_levels(first: Place, second: Place) -> Nearness:
    if not first.levels or not second.levels or first.levels & second.levels:
        return Nearness.ONE
    if first.lobes and second.lobes:
        return Nearness.FAR
    steps = (abs(_ORDER.index(a) - _ORDER.index(b)) for a in first.levels for b in second.levels)
    return Nearness.NEAR if min(steps) == 1 else Nearness.FAR


def _of_depths(first: Place, second: Place) -> Nearness:
    """Far where, at one level, each says where within it and they say it differently."""
    one, other = first.levels | first.depths, second.levels | second.depths
    shared = one & other
    apart = bool(one - other and other - one) and bool(first.depths | second.depths)
    return Nearness.FAR if apart and shared else Nearness.ONE


def _of_bones(first: Set[int], second: Set[int]) -> Nearness:
    if not first or not second or first & second:
        return Nearness.ONE
    return Nearness.NEAR if min(abs(a - b) for a in first for b in second) == 1 else Nearness.FAR


def _of_sites(first: Iterable[str], second: Iterable[str], facts: Facts) -> Nearness:
    """Far where no structure of one is, holds or lies in one of the other; veins that follow are near."""
    pairs = [(a, b) for a in first for b in second]
    if not pairs or any(a in around(b, facts) or b in around(a, facts) for a, b in pairs):
        return Nearness.ONE
    return Nearness.NEAR if any(_follow(a, b, facts) for a, b in pairs) else Nearness.FAR


def around(site: str, facts: Facts) -> frozenset[str]:
    """The structure, without its side, and what it is part of."""
    plain = facts.leaving.get((site, EdgeKind.UNSIDED), ())
    return frozenset({site, *plain, *facts.wholes.get(site, ())}) - _WHOLES


def _follow(first: str, second: str, facts: Facts) -> bool:
    at = [[VEINS.index(vein) for vein in VEINS if vein in around(site, facts)] for site in (first, second)]
    return any(abs(a - b) == 1 for a in at[0] for b in at[1])


def _in_lung(site: str, facts: Facts) -> bool:
    return _LUNG in around(site, facts)

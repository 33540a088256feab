"""The side at which a shadow lies because of what it obscures: "an opacity obscures the left hemidiaphragm"."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from app.proofreading.findings import Finding, Status
from kg_ingest.schema import EdgeKind, Facts, Sidedness
from models.types import Entity, EntityKind, Report, ReportGraph

_Item = TypeVar("_Item", Entity, Finding)
_EFFECT = re.compile(
    r"\b(?:obscur|silhouett|effac|obliterat|tether)\w*|\bloss of (?:definition of )?(?=the )", re.IGNORECASE
)
_LEADS = re.compile(  # from the shadow to the word of effect
    r"\s*(?:,|which|that|with|and|is|are|has|have|now|again|partially|partly|completely|largely|mildly|slightly|"
    r"in this region|there|resulting|causing|in|\s)*",
    re.IGNORECASE,
)
_OF = re.compile(  # from the word of effect to the structure
    r"\s*(?:of|the|a|portion|part|aspect|margin|contour|medial|lateral|posterior|anterior|adjacent|left|right|definition"
    r"|much|most|partially|\s)*",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\bleft\b.*\bright\b|\bright\b.*\bleft\b|\bboth\b|\bbilateral", re.IGNORECASE)
_BY = re.compile(r"[\w\s]{0,40}?\bby (?:an?|the|some)?\s*(?:\w+\s+){0,3}", re.IGNORECASE)
_HOMES = frozenset({"RP:lung", "RP:pleura", "RP:pleural-space"})
_SIDED = {Sidedness.LEFT: "left", Sidedness.RIGHT: "right"}


def by_effect(
    report: Report, graph: ReportGraph, findings: tuple[Finding, ...], facts: Facts
) -> tuple[Finding, ...]:
    """Each finding of lung or pleura without a place takes the side of the structure that it obscures."""
    sides: dict[int, str] = {}
    entities, told = _by_sentence(graph.entities), _by_sentence(findings)
    for number in sorted({one.sentence for one in findings if _unplaced(one, facts)}):
        words = report.sentences[number].span
        effect = _EFFECT.search(report.text, words.start, words.end)
        if effect is not None and not _BOTH.search(report.text, words.start, words.end):
            sides |= _sides(report.text, effect, entities[number], told[number], facts)
    return tuple(
        replace(one, sides=frozenset({sides[one.index]}))
        if one.index in sides and _unplaced(one, facts)
        else one
        for one in findings
    )


def _by_sentence(items: Iterable[_Item]) -> dict[int, list[_Item]]:
    found: defaultdict[int, list[_Item]] = defaultdict(list)
    for item in items:
        found[item.sentence].append(item)
    return found


def _unplaced(finding: Finding, facts: Facts) -> bool:
    placed = finding.sides or finding.sites or finding.status is Status.ABSENT or finding.concept is None
    homes = facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ())
    return not placed and not _HOMES.isdisjoint(homes)


def _sides(
    text: str, effect: re.Match[str], here: list[Entity], told: list[Finding], facts: Facts
) -> dict[int, str]:
    """The side of the shadow before the word of effect, or of the one that "by" brings up."""
    obscured = list(_obscured(text, effect, here, facts))
    if len({side for _, side in obscured}) != 1:
        return {}
    site, side = obscured[0]
    for finding in told:
        span = finding.entity.span
        active = span.end <= effect.start() and _LEADS.fullmatch(text, span.end, effect.start())
        after = max(site.span.end, effect.end())
        passive = span.start >= after and _BY.fullmatch(text, after, span.start)
        if active or passive:
            return {finding.index: side}
    return {}


def _obscured(
    text: str, effect: re.Match[str], here: list[Entity], facts: Facts
) -> Iterator[tuple[Entity, str]]:
    for entity in here:
        node = facts.nodes.get(entity.concept or "") if entity.kind is EntityKind.ANATOMY else None
        side = _SIDED.get(node.sidedness) if node is not None and node.sidedness is not None else None
        if side is None:
            continue
        follows = entity.span.start >= effect.end() and _OF.fullmatch(text, effect.end(), entity.span.start)
        leads = entity.span.end <= effect.start() and _LEADS.fullmatch(text, entity.span.end, effect.start())
        if follows or leads:
            yield entity, side

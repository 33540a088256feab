"""Words of kind and age that limit no denial: "no new or residual collapse", "no overt failure" over plain failure."""

import re
from collections import Counter

from app.proofreading.case import Case
from app.proofreading.comparing import (
    IMPRESSION,
    Likeness,
    is_device,
    levels,
    likeness,
    subsumes,
)
from app.proofreading.findings import Finding, Status
from app.proofreading.gone import tells_gone
from kg_ingest.schema import EdgeKind
from models.types import EntityKind

_CONSOLIDATION = "RP:consolidation"
_OF_ONE_PLACE = frozenset({"focal", "lobar", "segmental", "confluent"})
_SEVERAL = re.compile(
    r"\b(?:multi\w*|patch\w*|diffuse\w*|scattered|widespread|bilateral\w*|both|several|ground|hazy|nodular|round\w*|"
    r"peripheral|subpleural|perihilar|sub-?segmental|small|minor|interstitial|developing|early|possible|focal|consolidations)\b",
    re.IGNORECASE,
)
_BROUGHT_UP = re.compile(
    r"\b(?:follow-?\s?up|history|hx|known|previous\w*|prior|recent\w*|post|s/p|treat\w+|for)\b", re.IGNORECASE
)
_OF_LOBE = re.compile(r"(?:lobar|\bsegmental)\b", re.IGNORECASE)
_BANDS = re.compile(
    r"\b(?:linear|discoid|plate\w*|band\w*|streak\w*|strand\w*|sub-?segmental|minimal|mild|slight|trace|subtle|minor|"
    r"dependent|compressive|bi-?bas\w+)\b",
    re.IGNORECASE,
)
_OPEN = frozenset({"overt", "frank"})
_FAILURE = re.compile(
    r"(?:(?:pulmonary|alveolar|acute|lung|pulm) )?o?edema|(?:(?:congestive|acute|decompensated) )*"
    r"(?:(?:heart|cardiac|left ventricular) )?failure|chf|ccf|lvf",
    re.IGNORECASE,
)
_YOUNG = frozenset({"new", "acute"})
_AGES, _TWO = _YOUNG | {"old", "chronic"}, 2
_EITHER = re.compile(r"\b(?:or|nor|and)\b", re.IGNORECASE)


def kinds_of_any(described: Finding, case: Case) -> frozenset[str]:
    """Words before a denied finding that deny what is described just as well."""
    if described.status is not Status.PRESENT:
        return frozenset()
    words = _OF_ONE_PLACE if _is_plain_consolidation(described, case) else frozenset[str]()
    return words | _OPEN if _is_plain_failure(described) else words


def of_every_age(denial: Finding, case: Case) -> bool:
    """True for "no new or residual", "neither acute nor chronic", "old or new": there is none of any age."""
    ages = [entity for entity in (*denial.changes, *denial.acuities) if entity.value in _AGES]
    if len({entity.value in _YOUNG for entity in ages}) < _TWO:
        return False
    first, last = min(e.span.end for e in ages), max(e.span.start for e in ages)
    return bool(_EITHER.search(case.report.text, first, last))


def is_of_part(denial: Finding, described: Finding, case: Case) -> bool:
    """True for "no lobar collapse", "no segmental consolidation" beside a band, a patch, or several."""
    if not _OF_LOBE.search(denial.entity.quote) or _OF_LOBE.search(described.entity.quote):
        return False
    told = case.report.quote(case.report.sentences[described.sentence].span)
    return bool(_SEVERAL.search(told) or _BANDS.search(told))


def _is_plain_consolidation(described: Finding, case: Case) -> bool:
    """True for a consolidation that is not told to be small, of several places, or of one part of a lobe."""
    if described.sites or described.zones or described.severities:
        return False
    told = case.report.quote(case.report.sentences[described.sentence].span)
    return subsumes(_CONSOLIDATION, described.concept or "", case.facts) and not _SEVERAL.search(told)


def _is_plain_failure(described: Finding) -> bool:
    """True for edema or heart failure that nothing tells to be slight or hidden: what "no overt edema" denies."""
    slight = described.severities or described.acuities or described.descriptors or described.changes
    return not slight and bool(_FAILURE.fullmatch(described.entity.quote))


def is_told_bare(denial: Finding, described: Finding, case: Case) -> bool:
    """True for a bare conclusion whose only ground is a denial of one place: bare "atelectasis" after "no basal collapse".

    Where nothing else of the same organ is told, there is no other place that it could be meant of. The other way
    round it is so of what is gone, and of both bases.
    """
    of_bases = levels(denial) and len(denial.sides) != 1
    across = (denial.section in IMPRESSION) != (described.section in IMPRESSION)
    if not across or (denial.section in IMPRESSION and not (tells_gone(denial) or of_bases)):
        return False
    placed = described.sides or described.sites or described.zones or levels(described)
    if placed or described.status is not Status.PRESENT or is_device(described):
        return False
    if _BROUGHT_UP.search(case.report.quote(case.report.sentences[described.sentence].span)):
        return False  # "follow-up of pneumonia"
    key = "told bare", described.concept
    if key not in case.memo:
        case.memo[key] = _alone(described.concept or "", case)
    return bool(case.memo[key])


def _alone(concept: str, case: Case) -> bool:
    """True for a finding that is told once, where nothing else of its organ or tied to it is."""
    homes, (told, unread) = _homes(concept, case), _told(case)
    others = (one for one, number in told.items() if number > (one == concept))
    if any(
        one in homes or homes & _homes(one, case) or likeness(concept, one, case.facts) is not Likeness.NONE
        for one in others
    ):
        return False
    return not any(homes & {place, *case.facts.wholes.get(place, ())} for place in unread)


def _told(case: Case) -> tuple[Counter[str], frozenset[str]]:
    """How often each finding, or a finding of each structure, is told; and structures of which no word is understood."""
    if "told places" not in case.memo:
        there = [f for f in case.findings if f.status is not Status.ABSENT and not f.normal]
        told = Counter(f.concept for f in there if f.concept is not None)
        told.update({site.concept for f in there for site in f.sites if site.concept is not None})
        unread = frozenset(
            entity.concept
            for entity in case.graph.entities
            if entity.kind is EntityKind.ANATOMY and entity.concept and not case.told_in.get(entity.sentence)
        )
        case.memo["told places"] = told, unread
    found: tuple[Counter[str], frozenset[str]] = case.memo["told places"]
    return found


def _homes(concept: str, case: Case) -> frozenset[str]:
    return frozenset(case.facts.leaving.get((concept, EdgeKind.HAS_FINDING_SITE), ()))

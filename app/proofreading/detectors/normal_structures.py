"""What a normal statement says of which structure: "no hilar abnormality", "normal in size", "has re-expanded"."""

import re
from collections.abc import Iterator
from dataclasses import replace

from app.proofreading.case import Case
from app.proofreading.comparing import is_generic, levels, phrase
from app.proofreading.detectors.kinds import is_told_bare
from app.proofreading.findings import Finding, Status
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind

# "pulmonary XXXX are normal": an adjective whose noun was masked names no structure
_ADJECTIVES = frozenset(
    "pulmonary pleural cardiac aortic hilar mediastinal bony osseous skeletal costal".split()
)
_STRUCTURES = {
    "hilar": "RP:hilum",
    "mediastinal": "RP:mediastinum",
    "pleural": "RP:pleura",
    "cardiac": "RP:heart",
    "aortic": "RP:aorta",
    "diaphragmatic": "RP:diaphragm",
    "hemidiaphragmatic": "RP:hemidiaphragm",
}
_OF_STRUCTURE = re.compile(
    r"\b(?:hilar|mediastinal|pleural|cardiac|aortic|diaphragmatic|hemidiaphragmatic)\b(?! (?:or|and|,))",
    re.IGNORECASE,
)
_FRONTAL = re.compile(r"\bfrontal\b", re.IGNORECASE)
_ONE_VIEW = re.compile(
    r"\b(?:posterior|lateral (?:view|projection|film|image)|on the lateral|decubitus|subpulmon|infrapulmon)",
    re.IGNORECASE,
)
_SHIFT, _WIDE, _STRIPE = "RP:mediastinal-shift", "RP:widened-mediastinum", "RP:paratracheal-stripe"
_A_PART = re.compile(  # of the mediastinum, of which another may be shifted
    r"\b(?:lower|upper|inferior|superior|middle|distal|proximal|rest of the|remaining)\s(?:mediastin\w+|trachea)",
    re.IGNORECASE,
)
_PART = 16  # code points of such a word
_HARMLESS = re.compile(
    r"\b(?:fat\w*|lipomat\w+|rotat\w+|supine|portable|semi-?erect|projection\w*|magnif\w+|inspirat\w+|under-?inflat\w+|"
    r"low (?:lung )?volumes?|thym\w+|unfold\w+|tortuous|ectatic|positio\w+|kypho\w+)\b",
    re.IGNORECASE,
)
_CENTRAL = frozenset(
    f"RP:{name}"
    for name in "heart aorta aortic-arch descending-aorta mediastinum hilum pulmonary-artery trachea".split()
)
_LUNG, _ABNORMAL, _ALL_LEVELS = "RP:lung", "abnormal", 3
EXPANDED = (
    "RP:atelectasis",
    "RP:pneumothorax",
    "RP:hydropneumothorax",
)  # what a lung or lobe that has filled again does not have
_REFILLED = re.compile(r"\bre-?\s?(?:expan|infl|aer)|\bnow (?:\w+ )?aerated", re.IGNORECASE)
_FILLED = re.compile(r"\b(?:fully|completely) (?:expanded|inflated|aerated)", re.IGNORECASE)
# what of a structure is called normal: its size says nothing of its calcification
_FACETS = (
    ("size", re.compile(r"\b(?:size[ds]?|calib(?:er|re)|diameter|width|dimensions?)\b", re.IGNORECASE)),
    (
        "contour",
        re.compile(r"\b(?:contours?|outline[sd]?|shaped?|configuration|domed|course)\b", re.IGNORECASE),
    ),
    ("dome", re.compile(r"\b(?:dome(?:d|-shaped| shaped)|convex\w*|rounded|flat\w*)\b", re.IGNORECASE)),
    ("patency", re.compile(r"\b(?:patent|patency|open|clear|midline|central)\b", re.IGNORECASE)),
    (
        "position",
        re.compile(
            r"\b(?:position\w*|situated|sited|placed|located|location|level|displaced|where expected|"
            r"elevated|raised|high\w*)\b",
            re.IGNORECASE,
        ),
    ),
    ("thickness", re.compile(r"\b(?:thin|thick\w*|delicate|smooth\w*|regular|uniform)\b", re.IGNORECASE)),
    ("alignment", re.compile(r"\b(?:align\w*|curvature|straight|anatomic)\b", re.IGNORECASE)),
    ("height", re.compile(r"\b(?:heights?|stature)\b", re.IGNORECASE)),
    ("margin", re.compile(r"\b(?:sharp\w*|crisp\w*|well[ -]defined|delineated|margins?)\b", re.IGNORECASE)),
    ("density", re.compile(r"\b(?:densit(?:y|ies)|minerali[sz]\w+|trabecul\w+)\b", re.IGNORECASE)),
    (
        "whole",
        re.compile(
            r"\b(?:intact|unbroken|uninjured|maintained|preserved|whole|continuous|undisturbed|undisrupted|equal|uniform)\b",
            re.IGNORECASE,
        ),
    ),
)
_DENIED = re.compile(
    r"\b(?:not|n['\u2019]t|no longer|never|far from|hardly)\s+(?:\w+ly\s+)?\Z", re.IGNORECASE
)
_BACK = 30  # code points before "intact": "not completely"
_AFTER = re.compile(
    r"(?:\s+(?:(?:and|or|in)\s+\w+|density|minerali[sz]ation|heights?|alignment|contours?|size))*"
)  # "normal height and alignment"


def as_normal(finding: Finding, case: Case) -> Finding | None:
    """A normal structure; "no hilar abnormality" says of the hila that they are normal."""
    if finding.normal:
        return None if _DENIED.search(case.report.text[: finding.entity.span.start][-_BACK:]) else finding
    general = is_generic(finding) or finding.entity.value == _ABNORMAL
    if not general or finding.status is not Status.ABSENT:
        return None
    if finding.acuities or finding.descriptors or finding.changes or finding.severities:
        return None
    if finding.entity.value == _ABNORMAL:  # "no abnormality of the aorta"
        return replace(finding, normal=True, concept=None) if finding.sites else None
    named = _OF_STRUCTURE.search(case.report.quote(phrase(finding, case)))
    if "acute" in finding.entity.quote.lower():
        return None
    if named is None:  # "the aorta shows no abnormality"
        central = {site.concept for site in finding.sites} <= _CENTRAL
        return replace(finding, normal=True, concept=None) if finding.sites and central else None
    structure = replace(
        finding.entity,
        kind=EntityKind.ANATOMY,
        concept=_STRUCTURES[named.group().lower()],
        quote=named.group(),
    )
    return replace(finding, normal=True, sites=(structure,))


def beside(normal: Finding, described: Finding, case: Case) -> bool:
    """True for what goes with the normal structure: it lies behind it, above it, or has a harmless ground."""
    if described.concept == _SHIFT:
        return any(
            _A_PART.search(case.report.text[max(0, s.span.start - _PART) : s.span.end]) for s in normal.sites
        )
    if described.concept == _WIDE and all(site.concept == _STRIPE for site in normal.sites):
        return bool(_HARMLESS.search(case.report.quote(case.report.sentences[described.sentence].span)))
    return behind(normal, described, case)


def behind(normal: Finding, described: Finding, case: Case) -> bool:
    """True for fluid that one view shows and another does not: the frontal angles are sharp."""
    if not any("costophrenic" in (site.concept or "") for site in normal.sites):
        return False
    said, told = (case.report.quote(case.report.sentences[one.sentence].span) for one in (normal, described))
    return bool(_ONE_VIEW.search(told) or _FRONTAL.search(said))


def named(normal: Finding) -> Iterator[Entity]:
    """The structures that are named; an adjective names one with the noun after it: "hilar and mediastinal contours"."""
    sites = normal.sites
    for site, following in zip(sites, (*sites[1:], None), strict=False):
        adjective = site.quote.lower() in _ADJECTIVES and normal.concept is None
        if not adjective or (following is not None and following.quote.lower() not in _ADJECTIVES):
            yield site


def is_refilled(normal: Finding) -> bool:
    """True for a lung or lobe that is told to hold air again."""
    return _REFILLED.search(normal.entity.quote) is not None


def is_wholly_filled(normal: Finding) -> bool:
    """True for one that holds air in all its parts, or again."""
    return is_refilled(normal) or _FILLED.search(normal.entity.quote) is not None


def filled(normal: Finding, described: Finding) -> bool:
    """True for "the left lung has re-expanded" against a collapse or pneumothorax there."""
    said, told = levels(normal), levels(described)
    several = any(site.quote.lower().endswith("s") for site in normal.sites)
    if not normal.sites or (described.sides and not normal.sides and not several):
        return False
    if described.concept in EXPANDED[1:]:
        return not said
    return "re" in normal.entity.quote.lower() and not (said and told and not said & told)


def structures(site: str | None, normal: Finding, described: Finding, case: Case) -> tuple[str, ...]:
    """The structure that is called normal; for a part of a lung the lung too, where something lies in that part."""
    here = unsided(site, case)
    mixed = any(not one.normal and one.status is Status.PRESENT for one in case.told_in[normal.sentence])
    at, whole = levels(normal), len(levels(normal)) == _ALL_LEVELS or is_told_bare(normal, described, case)
    within = at and (whole or at <= levels(described)) and not mixed
    return (*here, _LUNG) if within and _LUNG in case.facts.wholes.get(site or "", ()) else here


def unsided(concept: str | None, case: Case) -> tuple[str, ...]:
    """The structure itself and the one that has no side."""
    if concept is None:
        return ()
    plain = case.facts.leaving.get((concept, EdgeKind.UNSIDED), ())
    return (concept, *plain)


def facets(normal: Finding, case: Case) -> frozenset[str]:
    """What of the structure is called normal: its size, contour, alignment; "general" when nothing is named."""
    said = phrase(normal, case)
    more = _AFTER.match(case.report.text, said.end)
    words = case.report.text[said.start : more.end() if more is not None else said.end]
    for other in case.told_in[normal.sentence]:  # "smooth and undepressed": each says its own
        if other.normal and other.index != normal.index and said.contains(other.entity.span):
            words = words.replace(other.entity.quote, " ")
    return frozenset(facet for facet, pattern in _FACETS if pattern.search(words)) or frozenset({"general"})

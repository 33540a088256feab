"""The levels of the lung that findings, or words, are at: upper, middle, lower."""

import re

from app.proofreading.findings import Finding

_ZONES = (
    ("upper", re.compile(r"\b(upper|apex|apices|apical|biapical|rul|lul|suprahilar)\b", re.IGNORECASE)),
    ("middle", re.compile(r"\b(mid|middle|midlungs?|mid-?zones?|rml|lingula|lingular)\b", re.IGNORECASE)),
    (
        "lower",
        re.compile(
            r"\b(lower|base|bases|\w*basal|basilar|bibasilar|rll|lll|infrahilar|retrocardiac|behind)\b",
            re.IGNORECASE,
        ),
    ),
)
# what lies beside one level of the lung only
_BESIDE = (
    (
        "upper",
        re.compile(
            r"\b(?:clavicle|(?:1st|2nd|first|second) (?:anterior )?rib|aortic (?:arch|knob|knuckle))$",
            re.IGNORECASE,
        ),
    ),
    (
        "lower",
        re.compile(r"hemidiaphragm$|costophrenic|retrocardiac|\b(?:gastric|stomach) bubble$", re.IGNORECASE),
    ),
)
_OF_LUNG = frozenset(
    f"RP:{name}"
    for name in (
        "opacity airspace-opacity consolidation infiltrate pneumonia aspiration nodule mass granuloma "
        "cavity nonspecific-lesion atelectasis scar calcification"
    ).split()
)
_FIELD = (
    r"(?=(?:\s+(?:and|or)\s+\w+)?[\s-]+(?:lobes?|zones?|lungs?|lung fields?|fields?|hemithorax|thirds?)\b)"
)
_NAMED = (
    (
        "upper",
        re.compile(rf"\b(?:upper{_FIELD}|apex|apices|apical|apico\w+|biapical|[RL]UL)\b", re.IGNORECASE),
    ),
    ("middle", re.compile(rf"\b(?:mid(?:dle)?{_FIELD}|RML|lingular?)\b", re.IGNORECASE)),
    (
        "lower",
        re.compile(rf"\b(?:lower{_FIELD}|bases?|basal|basilar|bibasilar|bibasal|[RL]LL)\b", re.IGNORECASE),
    ),
)
_OF_ZONE = {"upper": "upper", "apical": "upper", "middle": "middle", "lower": "lower", "basal": "lower"}
_CONGESTION = "RP:vascular-congestion"
_SEGMENT = re.compile(r"\bsegments?$", re.IGNORECASE)
_LOBE = re.compile(r"\blobe|\b[RL][UML]L\b|lingula", re.IGNORECASE)
_LUNG = re.compile(
    r"lung|pleura|lobe|lingula|segment|bas[ei]|basal|apex|apic|zone|hemithorax|chest|thorax|\b[RL][UML]L\b",
    re.IGNORECASE,
)


def levels(finding: Finding) -> frozenset[str]:
    """The lung levels a finding is said to be at: upper, middle, lower; empty when none is said.

    A level of another structure (the upper mediastinum, a lower rib) is none of the lung.
    """
    if finding.concept == _CONGESTION:
        return frozenset()  # the veins of the upper lobes are a sign in both lungs
    if any(not _LUNG.search(site.quote) for site in finding.sites):
        return _beside(finding) if finding.concept in _OF_LUNG else frozenset()
    words = [entity.quote for entity in (*finding.sites, *finding.zones, finding.entity)]
    if not any(pattern.search(word) for _, pattern in _ZONES for word in words):
        return frozenset(_OF_ZONE[zone.value] for zone in finding.zones if zone.value in _OF_ZONE)
    if len(finding.sites) > 1 and any(_LOBE.search(site.quote) for site in finding.sites):
        words = [word for word in words if not _SEGMENT.search(word)]  # of the lobe, whatever its own name
    return frozenset(level for level, pattern in _ZONES if any(pattern.search(word) for word in words))


def _beside(finding: Finding) -> frozenset[str]:
    """The level of a shadow of the lung by the structure that it lies beside: "above the gastric bubble"."""
    found = {level for site in finding.sites for level, words in _BESIDE if words.search(site.quote)}
    return frozenset(found) if len(finding.sites) == 1 else frozenset()


def levels_named(text: str) -> frozenset[str]:
    """The lung levels that words name, whatever is said of them."""
    return frozenset(level for level, pattern in _NAMED if pattern.search(text))

"""Findings in organs that cannot have them, and devices in organs that they cannot reach."""

import re
from collections.abc import Iterator
from itertools import pairwise

from app.proofreading.case import Case
from app.proofreading.comparing import ANYWHERE, REPORTED, asserted, is_chest, is_device, name, sentences
from app.proofreading.findings import Finding
from app.proofreading.leaving_out import without_place, without_sentence
from app.proofreading.report import Candidate, ErrorType, Evidence, EvidenceKind
from kg_ingest.schema import EdgeKind
from models.types import Entity, EntityKind, Span

_INSIDE = re.compile(
    r"\W*(?:(?:is|are|was|were|be|seen|noted|present|located|identified|involving|tip|now|projects?|projecting|terminat\w+|"
    r"lies|lie|lying|ends?|ending|positioned|placed|resides|sits|appears|courses|found|again|"
    r"appreciated|visible|visuali[sz]ed|evident)\W+)*"
    r"(?:of|in|within|inside|throughout)\W+(?:the\W+|(?:aspect|shaft|portion|part|body|tip|wall|half|third|end) of\W+|"
    r"mid\W+|middle\W+|"
    r"lateral\W+|medial\W+|anterior\W+|posterior\W+|proximal\W+|distal\W+|superior\W+|inferior\W+|thoracic\W+|"
    r"both\W+|left\W+|right\W+|bilateral\W+|lower\W+|upper\W+|sigmoid\W+|urinary\W+|\d+\w*\W+)*",
    re.IGNORECASE,
)
_OF_DEVICE = re.compile(
    r"\b(?:leads?|wires?|catheters?|stents?|lines?|electrodes?|screws?|rods?)\s\Z", re.IGNORECASE
)
_LEAD = 12  # code points before a finding
_SHOWS = re.compile(
    r"\W*(?:shows?|demonstrates?|exhibits?|contains?|reveals?|has|have)\W+(?:(?:a|an|some|mild|moderate|severe|minimal|small|"
    r"large|focal|diffuse|patchy)\W+)*",
    re.IGNORECASE,
)
_LUNG = frozenset(
    {"RP:lung", "RP:pulmonary-vasculature", "RP:bronchus", "RP:airway", "RP:trachea", "RP:interstitium"}
)
_PLEURA = frozenset({"RP:pleura", "RP:pleural-space"})
_HEART = frozenset({"RP:heart", "RP:pericardium"})
_BONE = frozenset(
    {"RP:bony-thorax", "RP:spine", "RP:vertebra", "RP:rib", "RP:clavicle", "RP:sternum", "RP:scapula"}
)
_SPINE = frozenset({"RP:spine", "RP:vertebra"})
_NOT_SPINE = frozenset({"RP:rib", "RP:clavicle", "RP:sternum", "RP:scapula"})
_SOFT = frozenset(
    {"RP:lung", "RP:heart", "RP:liver", "RP:kidney", "RP:spleen", "RP:trachea", "RP:esophagus", "RP:aorta"}
)
_DIAPHRAGM = frozenset({"RP:diaphragm", "RP:hemidiaphragm"})
_ABDOMEN = frozenset({"abdomen", "pelvis"})
_OF = re.compile(r"\W+of\W+(?:the\W+)?(?:(?P<side>left|right)\W+)?", re.IGNORECASE)
_OPPOSED = {"left": "right", "right": "left"}
_REGIONS = frozenset({"chest", "abdomen", "pelvis", "limb", "head"})
_CURATED = "RP:"
_SHARED = frozenset(
    "lobe lobes base bases apex apices segment segments hilum hila wall border margin zone".split()
)
_INNER = (
    _LUNG | _PLEURA | _HEART | {"RP:mediastinum", "RP:hilum", "RP:costophrenic-angle", "RP:hemidiaphragm"}
)
_OSSEOUS = "RP:osseous-finding"
_ORGANS = frozenset(
    f"RP:{organ}"
    for organ in (
        "bladder gallbladder stomach kidney spleen pancreas bowel colon small-bowel brain uterus prostate liver"
    ).split()
)
# device -> organs that no such device ends in
_OUT_OF_REACH: dict[str, frozenset[str]] = {
    "RP:endotracheal-tube": _ORGANS | {"RP:heart", "RP:aorta"},
    "RP:tracheostomy": _ORGANS | {"RP:heart", "RP:aorta"},
    "RP:central-line": _ORGANS - {"RP:liver"} | {"RP:trachea", "RP:esophagus"},
    "RP:picc": _ORGANS - {"RP:liver"} | {"RP:trachea", "RP:esophagus"},
    "RP:port": _ORGANS - {"RP:liver"} | {"RP:trachea", "RP:esophagus"},
    "RP:swan-ganz": _ORGANS | {"RP:trachea", "RP:esophagus"},
    "RP:pacemaker": _ORGANS | {"RP:trachea", "RP:esophagus", "RP:lung"},
    "RP:icd": _ORGANS | {"RP:trachea", "RP:esophagus"},
    "RP:enteric-tube": frozenset({"RP:bladder", "RP:kidney", "RP:spleen", "RP:brain", "RP:heart", "RP:aorta", "RP:uterus"}),
    "RP:chest-tube": _ORGANS - {"RP:liver", "RP:spleen", "RP:pancreas"},
}  # fmt: skip


class Misplaced:
    """Compares where each finding and device is said to be with where the knowledge graph has its home."""

    types = frozenset({ErrorType.IMPOSSIBLE_ANATOMY})

    def detect(self, case: Case) -> Iterator[Candidate]:
        """Candidates in text order, one a finding."""
        if not is_chest(case):
            return
        for finding in asserted(case, REPORTED):
            for site in finding.sites:
                if _impossible(case, finding, site) and _said_inside(case, finding, site):
                    yield _candidate(case, finding, site)
                    break
        yield from _parts_of_others(case)


def _parts_of_others(case: Case) -> Iterator[Candidate]:
    """A structure told to be of one that it is no part of: "the lingula of the right lung"."""
    entities = case.graph.entities
    for first, second in pairwise([e for e in entities if e.kind is EntityKind.ANATOMY]):
        between = case.report.text[first.span.end : second.span.start]
        match = _OF.fullmatch(between)
        if match is None or first.sentence != second.sentence or first.quote.lower() in _SHARED:
            continue
        part, whole = (case.facts.nodes.get(entity.concept or "") for entity in (first, second))
        if (
            part is None
            or whole is None
            or not part.id.startswith(_CURATED)
            or not whole.id.startswith(_CURATED)
        ):
            continue
        side = (match["side"] or (str(whole.sidedness) if whole.sidedness else "")).lower()
        if not _INNER & {part.id, *case.facts.wholes.get(part.id, ())}:
            continue
        opposed = _OPPOSED.get(str(part.sidedness)) == side
        regions = {part.region, whole.region}
        if opposed or (None not in regions and len(regions) == 2 and regions <= _REGIONS):
            yield _of(case, first, second)


def _of(case: Case, first: Entity, second: Entity) -> Candidate:
    span = Span(first.span.start, second.span.end)
    return Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=span,
        message=f"{first.quote.lower()} is no part of the {second.quote.lower()} named.",
        rule="impossible_anatomy.part",
        confidence=0.88,
        evidence=(
            Evidence(EvidenceKind.TEXT, span=case.report.sentences[first.sentence].span),
            Evidence(
                EvidenceKind.GRAPH_PATH,
                path=(first.quote.lower(), "NOT_PART_OF", second.quote.lower()),
                source="RadProof core",
            ),
        ),
        correction=without_place(case, span),
    )


def _said_inside(case: Case, finding: Finding, site: Entity) -> bool:
    """True for "X of the Y", "X is in the Y", "the Y shows X": not for what lies beside, above or along it."""
    if site.sentence != finding.sentence:
        return False
    if site.span.end <= finding.entity.span.start:
        return _SHOWS.fullmatch(case.report.text[site.span.end : finding.entity.span.start]) is not None
    if site.span.start < finding.entity.span.end:
        return False
    lead = case.report.text[max(0, finding.entity.span.start - _LEAD) : finding.entity.span.start]
    if _OF_DEVICE.search(lead):
        return False
    between = case.report.text[finding.entity.span.end : site.span.start]
    return _INSIDE.fullmatch(between) is not None


def _impossible(case: Case, finding: Finding, site: Entity) -> bool:
    place = {site.concept or "", *case.facts.wholes.get(site.concept or "", ())}
    if is_device(finding):
        return bool(place & _OUT_OF_REACH.get(finding.concept or "", frozenset()))
    kinds = {finding.concept or "", *case.facts.ancestors.get(finding.concept or "", ())}
    if kinds & ANYWHERE:
        return False
    homes = _homes(case, finding)
    node = case.facts.nodes.get(site.concept or "")
    if homes and homes <= _SPINE:
        return bool(place & (_SOFT | _NOT_SPINE)) and not place & _SPINE
    if _OSSEOUS in kinds:
        return bool(place & _SOFT)
    if not homes or not homes <= _LUNG | _PLEURA | _HEART:
        return False
    elsewhere = bool(place & _BONE) or (node is not None and node.region in _ABDOMEN)
    if homes <= _LUNG and place & _DIAPHRAGM:
        return True
    if homes <= _HEART:
        return elsewhere or bool(place & (_LUNG | _PLEURA))
    return elsewhere or bool(place & _HEART)


def _homes(case: Case, finding: Finding) -> frozenset[str]:
    return frozenset(case.facts.leaving.get((finding.concept or "", EdgeKind.HAS_FINDING_SITE), ()))


def _candidate(case: Case, finding: Finding, site: Entity) -> Candidate:
    what = name(finding.concept, case.facts)
    homes = sorted(name(home, case.facts) for home in _homes(case, finding))
    path = (what, "HAS_FINDING_SITE", homes[0]) if homes else (what, "OUT_OF_REACH", site.quote.lower())
    return Candidate(
        type=ErrorType.IMPOSSIBLE_ANATOMY,
        span=site.span,
        message=f"{what} does not occur in the {site.quote.lower()}.",
        rule="impossible_anatomy.organ",
        confidence=0.88,
        evidence=(
            *sentences(case, finding),
            Evidence(EvidenceKind.GRAPH_PATH, path=path, source="RadProof core"),
        ),
        correction=without_sentence(case, finding),
    )

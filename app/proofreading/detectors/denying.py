"""What else a denial denies: another name of the sign, its cause, its consequence; and when it does not."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from app.proofreading.case import Case
from app.proofreading.comparing import (
    ANYWHERE,
    IMPRESSION,
    REPORTED,
    asserted,
    subsumes,
    told_name,
)
from app.proofreading.detectors.covering import covers
from app.proofreading.detectors.reading import is_firm
from app.proofreading.findings import Finding, Status
from kg_ingest.schema import EdgeKind

_AIRSPACE = "RP:airspace-opacity"  # with consolidation and infiltrate: names of one sign
_KNOWN = re.compile(
    r"\b(?:known|history|hx|treated|treatment|radiation|irradiated|resect\w*|post|status|versus|vs|or)\b",
    re.IGNORECASE,
)
_WORRYING = re.compile(
    r"\b(?:suspicious|suspect\w*|destruct\w+|destroy\w*|permeat\w+|moth-?\s?eaten|concern\w*|worrisome|worrying|malignan\w*|cancer|carcinoma|metasta\w*|spiculat\w*|"
    r"cavit\w*|erod\w+|erosion|osteolysis|aggressive|enlarging|lobulated|biopsy|pet)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"calcif|granulom|hamartom|nipple|lipom", re.IGNORECASE)
_GONE = frozenset({"resolved"})
_SHADOWS = frozenset({"RP:opacity", "RP:abnormality", "RP:nonspecific-lesion"})
_SOLID = _SHADOWS | {
    "RP:nodule",
    "RP:mass",
    "RP:consolidation",
    "RP:airspace-opacity",
    "RP:infiltrate",
    "RP:lung-lesion",
}
_SHOWN = (  # (word of kind, what it is said of, what the two name)
    ("round", _SHADOWS, "RP:nodule"),
    ("rounded", _SHADOWS, "RP:nodule"),
    ("nodular", _SHADOWS, "RP:nodule"),
    ("miliary", _SHADOWS, "RP:nodule"),
    ("cavitary", _SOLID, "RP:cavity"),
    ("calcified", _SOLID, "RP:granuloma"),
    ("densely-calcified", _SOLID, "RP:granuloma"),
    ("reticular", _SHADOWS, "RP:interstitial-markings"),
)
_AGAIN = re.compile(
    r"\b(?:new|newly|recurr\w*|developing|developed|development|now|another|again|different|separate|other)\b",
    re.IGNORECASE,
)
_WITH = re.compile(r"\s+with\s+(?:(?:any|an?|the|some)\s+)?", re.IGNORECASE)
_LOOK_FURTHER = re.compile(
    r"\b(?:ct|biopsy|pet|further (?:evaluation|imaging|characteri[sz]ation|work-?up))\b[^.;]{0,30}\b(?:advised|recommended|"
    r"suggested|warranted|indicated)|\brecommend\w* (?:a |chest |further |non-?contrast )*(?:ct|biopsy|pet)\b",
    re.IGNORECASE,
)
_TINY_MM = 6
_LARGE_MM = 8
_MASS = "RP:mass"
_LUNG, _NODULE = "RP:lung", "RP:nodule"
_PULMONARY = re.compile(
    r"(?:lung|pulmonary(?! (?:arter|trunk|conus|outflow|hypert))|parenchymal|intrapulmonary)\b", re.IGNORECASE
)
_IN_LUNGS = re.compile(  # what a finding says of the lungs by its own name
    r"\b(?:lungs?|pulmonary|intrapulmonary|cannon ?-?balls?|lymphangit\w*|miliary|nod(?:ules?|ular\w*))\b",
    re.IGNORECASE,
)
_PROJECTED = re.compile(r"\b(?:overl(?:ies|y|ying)|project\w*|superimpos\w+)\b", re.IGNORECASE)
_SEEN_THROUGH = frozenset({"RP:thorax", "RP:hemithorax", "RP:resection-bed", "RP:fissure", "RP:chest-study"})


@cache
def _denied_with() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """What a denial in one section denies in the other, and where or how grave it must be (``denials.tsv``)."""
    rows: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    table = files("app").joinpath("proofreading/detectors/denials.tsv")
    with table.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            rows[row["denied"]].append((row["described"], row["described_in"]))
    return {denied: tuple(described) for denied, described in rows.items()}


def by_another_name(denial: Finding, described: Finding, case: Case) -> bool:
    """True when findings and impression call one sign by two names, or one denies what the other is the cause of.

    A consolidation told, no infiltrate concluded; pneumonia told, no consolidation concluded.
    """
    across = (denial.section in IMPRESSION) != (described.section in IMPRESSION)
    if not across or not is_firm(described, case):
        return False
    kind, other = denial.concept or "", described.concept or ""
    if subsumes(_AIRSPACE, kind, case.facts) and subsumes(_AIRSPACE, other, case.facts):
        return described.status is Status.PRESENT
    if any(grade.value == "trace" for grade in described.severities):
        return False
    if kind in _as_shown(described) or other in _as_shown(denial):
        return True
    told = [
        one
        for general, ones in _denied_with().items()
        if subsumes(general, kind, case.facts)
        for one, where in ones
        if subsumes(one, other, case.facts) and covers(where, one, described, case)
    ]
    return (
        bool(told) and not _KNOWN.search(_sentence(described, case)) and not _read_otherwise(described, case)
    )


def _as_shown(finding: Finding) -> frozenset[str]:
    """What a word of kind makes of a shadow: a round one is a nodule, a cavitating mass a cavity."""
    kinds = {word.value for word in finding.descriptors}
    shown = {sign for kind, shadows, sign in _SHOWN if kind in kinds and finding.concept in shadows}
    return frozenset(shown)


def _read_otherwise(described: Finding, case: Case) -> bool:
    """True when its own sentence offers a reading of it: "consolidation, likely infarct"."""
    return any(
        one.index != described.index and one.status is Status.UNCERTAIN
        for one in case.told_in[described.sentence]
    )


def _sentence(finding: Finding, case: Case) -> str:
    return case.report.quote(case.report.sentences[finding.sentence].span)


def excluded(case: Case) -> Iterator[tuple[Finding, Finding]]:
    """Findings of one section and of the other that cannot both be, each of the whole: large lungs, low volumes."""
    told = [f for f in asserted(case, REPORTED) if f.status is Status.PRESENT and _of_the_whole(f)]
    concluded = {f.concept: f for f in told if f.section in IMPRESSION}
    for finding in told if concluded else ():
        others = case.facts.leaving.get((finding.concept or "", EdgeKind.EXCLUDES), ())
        if finding.section not in IMPRESSION:
            yield from ((finding, concluded[other]) for other in others if other in concluded)


def _of_the_whole(finding: Finding) -> bool:
    gone = any(change.value in _GONE for change in finding.changes)
    return not (finding.sides or finding.zones or gone)


def of_lungs_only(denial: Finding, described: Finding, case: Case) -> bool:
    """True for "no lung mass" against one of the mediastinum, pleura or chest wall."""
    if not denial.entity.rules or not _PULMONARY.match(denial.entity.quote):
        return False
    if not subsumes(denial.concept or "", described.concept or "", case.facts):
        return False
    leaving, kind = case.facts.leaving, EdgeKind.HAS_FINDING_SITE
    if _LUNG not in leaving.get((denial.concept or "", kind), (_LUNG,)):
        return False  # "pulmonary venous congestion": the word only names the vessels
    homes = leaving.get((described.concept or "", kind), ())
    told = [site.concept for site in described.sites if site.concept]
    if not told and not homes:  # a metastasis may lie anywhere
        besides = any(one.concept == _NODULE for one in case.told_in.get(described.sentence, ()))
        return not (described.sides or besides or _IN_LUNGS.search(told_name(described)))
    seen_through = any(_plain(place) in _SEEN_THROUGH for place in told)
    if described.concept in ANYWHERE and (seen_through or _PROJECTED.search(_sentence(described, case))):
        return False
    places = told or list(homes)
    return not any(_LUNG in {_plain(place), *case.facts.wholes.get(place, ())} for place in places)


def _plain(place: str) -> str:
    return place.replace("RP:left-", "RP:").replace("RP:right-", "RP:")


def gone_then_new(denial: Finding, described: Finding, case: Case) -> bool:
    """True when something went, and something came or is told beside it: "the effusion has resolved", "new effusion"."""
    gone = (
        denial.entity.historical or denial.normal or any(change.value in _GONE for change in denial.changes)
    )
    if gone and _AGAIN.search(_sentence(described, case)):
        return True
    return gone and any(
        other.section is denial.section
        and subsumes(denial.concept or "", other.concept or "", case.facts)
        and (denial.entity.historical or other.index != described.index)
        for other in (() if denial.normal else asserted(case, REPORTED))
    )


def denied_with_it(described: Finding, case: Case) -> bool:
    """True for what is named with a denied thing of its kind: "do not suggest perforation with extraluminal air"."""
    return any(
        other.concept == described.concept
        and other.status is Status.ABSENT
        and other.entity.span.end < described.entity.span.start
        and _WITH.fullmatch(case.report.text, other.entity.span.end, described.entity.span.start)
        for other in case.told_in.get(described.sentence, ())
    )


def is_worrying(described: Finding, case: Case) -> bool:
    """True for what "no suspicious nodule" denies: large, a mass, or suspicious by its words, and not calcified."""
    told = _sentence(described, case)
    if _HARMLESS.search(told):
        return False
    large = any(measured.mm >= _LARGE_MM for measured in described.measurements)
    tiny = any(measured.mm < _TINY_MM for measured in described.measurements)
    large = large or (not tiny and bool(_LOOK_FURTHER.search(told)))
    return large or subsumes(_MASS, described.concept or "", case.facts) or bool(_WORRYING.search(told))

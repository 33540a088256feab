"""Which descriptions a denial of another name covers: the third column of ``denials.tsv``."""

import re
from collections.abc import Callable

from app.proofreading.case import Case
from app.proofreading.comparing import IMPRESSION, REPORTED, Likeness, asserted, likeness, subsumes
from app.proofreading.findings import Finding
from kg_ingest.schema import EdgeKind

_GROSS = frozenset({"moderate", "moderate-severe", "severe"})
_SLIGHT = frozenset({"trace", "mild"})
_OF_A_PART = re.compile(
    r"\b(?:partial|focal|locali[sz]ed|small|slight|minor|scallop\w*|hump|lobulat\w*)", re.IGNORECASE
)
_BENIGN = tuple(
    f"RP:{name}"
    for name in "silicosis asbestosis sarcoidosis lung-abscess cyst infarct granulomatous-disease hiatal-hernia "
    "pneumonia tuberculosis".split()
)
_CALCIFIED = frozenset({"RP:calcified-lymph-node", "RP:splenic-calcification", "RP:calcification"})
_CAUSES = tuple(
    f"RP:{name}"
    for name in "pulmonary-edema heart-failure vascular-congestion pneumonia bronchitis asthma low-lung-volumes".split()
)
_CENTRAL = frozenset(
    f"RP:{name}"
    for name in "heart hilum left-hilum right-hilum mediastinum aorta aortic-arch ascending-aorta descending-aorta "
    "pulmonary-artery pulmonary-vasculature pulmonary-vein left-atrium left-ventricle right-atrium pericardium thymus "
    "thyroid lymph-node hilar-nodes mediastinal-nodes trachea esophagus diaphragm lung-volumes spine".split()
)
_EXPLAINED = re.compile(
    r"\b(?:rotat\w+|supine|portable|semi-?erect|projection\w*|magnif\w+|inspirat\w+|low (?:lung )?volumes?|fat\w*|"
    r"lipomat\w+|"
    r"vascular\w*|vessel\w*|vein\w*|arter\w+|aort\w+|thym\w+|thyroid\w*|goit\w+|haematoma|hematoma|bleed\w*|trauma\w*|"
    r"post-?op\w*|surg\w+|known|history|previous\w*|CT)\b",
    re.IGNORECASE,
)


def covers(where: str, one: str, described: Finding, case: Case) -> bool:
    """True where the denial is one of what is described, as ``where`` says; ``one`` is the concept that its row names.

    ``any``: wherever it is described; ``findings``: there. ``gross``: as more than mild; ``uncaused``: as no slight, with no
    cause told; ``malignant``: with no benign disease told; ``itself``: under this name and with nothing else calcified;
    ``whole``: of no part, not slight; ``alone``, ``bare``: as those functions say.
    """
    special: dict[str, Callable[[], bool]] = {
        "gross": lambda: any(grade.value in _GROSS for grade in described.severities),
        "uncaused": lambda: not _slight(described) and not _told_any(_CAUSES, case),
        "malignant": lambda: not _told_any(_BENIGN, case),
        "itself": lambda: one == described.concept and not _calcified_elsewhere(case),
        "whole": lambda: _of_the_whole(described),
        "alone": lambda: _alone(described, case),
        "bare": lambda: _bare(described, case),
        "any": lambda: True,
    }
    return special[where]() if where in special else described.section not in IMPRESSION


def _slight(described: Finding) -> bool:
    return any(grade.value in _SLIGHT for grade in described.severities)


def _of_the_whole(described: Finding) -> bool:
    said = " ".join(e.quote for e in (described.entity, *described.descriptors))
    return not (described.severities or described.zones or _OF_A_PART.search(said))


def _alone(described: Finding, case: Case) -> bool:
    """True in the findings, not slight or chronic, while the impression concludes nothing of it.

    So that the denial is no part of a fuller conclusion.
    """
    slight = described.severities or {age.value for age in described.acuities} == {"chronic"}
    tied = (likeness(described.concept, other.concept, case.facts) for other in asserted(case, IMPRESSION))
    return described.section not in IMPRESSION and not slight and all(t is Likeness.NONE for t in tied)


def _told_any(kinds: tuple[str, ...], case: Case) -> bool:
    """True where the report tells of one of these: of edema, by which the interstitium thickens for a while."""
    return any(
        subsumes(kind, one.concept or "", case.facts) for one in asserted(case, REPORTED) for kind in kinds
    )


def _calcified_elsewhere(case: Case) -> bool:
    """True where nodes or the spleen show what is left of an old infection, without a granuloma of the lung."""
    return any(one.concept in _CALCIFIED for one in asserted(case, REPORTED))


def _bare(described: Finding, case: Case) -> bool:
    """True for a wide contour that only one section tells of, where the other denies nodes or a mass there.

    Nothing else of heart, vessels and mediastinum may be told that would explain it, nor position or volumes.
    """
    slight = described.severities and {grade.value for grade in described.severities} <= {"trace", "mild"}
    if slight or "prominen" in described.entity.quote.lower() or _EXPLAINED.search(case.report.text):
        return False
    others = [f for f in asserted(case, REPORTED) if f.index != described.index]
    central = (
        site
        for f in others
        for site in (
            *(site.concept or "" for site in f.sites),
            *case.facts.leaving.get((f.concept or "", EdgeKind.HAS_FINDING_SITE), ()),
        )
    )
    return _CENTRAL.isdisjoint(central)

"""Which fractures are told as fresh."""

import re

from app.proofreading.case import Case
from app.proofreading.comparing import FINDINGS, IMPRESSION, REPORTED, asserted, subsumes
from app.proofreading.findings import Finding, Status

_BREAKS, _OSSEOUS = "RP:fracture", "RP:osseous-finding"
_IN_PLACE = re.compile(
    r"\b(?:non-?|un|minimally |barely |not )displaced|\b(?:hairline|incomplete|buckle|stress|occult|subtle)\b",
    re.IGNORECASE,
)
_FRESH = re.compile(
    r"\b(?:acute|recent|new|(?:non-?|un|minimally |mildly )?displace(?:d|ment)|comminut\w+|angulat\w+|overrid\w+|"
    r"step-?\s?off|flail|segmental|cpr|resuscitation|chest compressions|trauma view|trauma series|"
    r"(?:after|following|from|in|due to) (?:an? |the |recent )?"
    r"(?:fall|accident|assault|collision|crash|mvc|mva|rta|blunt trauma)|"
    r"patholog(?:ic|ical) fractures?|lytic|burst|transverse|oblique|spiral|hairline|buckl\w+)\b",
    re.IGNORECASE,
)
_AGED = re.compile(
    r"\b(?:old|remote|prior|previous\w*|chronic\w*|heal\w*|unit(?:ed|ing|ion)|malunion|nonunion|callus|stable|unchanged|"
    r"known|again|residual|post-?\s?traumatic|indeterminate|status post|s/p|fixation|plate|screws?|subacute|fixed|"
    r"deformit(?:y|ies)|no longer|sequelae? of|ago|years|in (?:19|20)\d\d|history)\b",
    re.IGNORECASE,
)


def is_fresh(finding: Finding, case: Case) -> bool:
    """True for a fracture told as fresh by its words: acute, displaced, comminuted, and not as old or healing."""
    if finding.status is not Status.PRESENT or not subsumes(_BREAKS, finding.concept or "", case.facts):
        return False
    told = case.report.sentences[finding.sentence].span.of(case.report.text)
    return bool(_FRESH.search(told)) and not _AGED.search(told)


def is_bare_break(denial: Finding, described: Finding, case: Case) -> bool:
    """True for a fracture concluded without a word of its age or kind, where the findings deny one and tell of none.

    "No displaced rib fracture." and "Rib fracture.": what the findings denied is a kind only, and yet they have none.
    """
    across = denial.section in FINDINGS and described.section in IMPRESSION
    if not across or not subsumes(_BREAKS, described.concept or "", case.facts):
        return False
    plain = described.status is Status.PRESENT and not (
        described.acuities or described.changes or described.descriptors
    )
    told = case.report.sentences[described.sentence].span.of(case.report.text)
    return plain and not _AGED.search(told) and not _IN_PLACE.search(told) and not _has_bones(case)


def _has_bones(case: Case) -> bool:
    """True where the findings tell of anything of a bone; asked once a report."""
    if "bones told" not in case.memo:
        case.memo["bones told"] = any(
            finding.section in FINDINGS and subsumes(_OSSEOUS, finding.concept or "", case.facts)
            for finding in asserted(case, REPORTED)
        )
    return bool(case.memo["bones told"])

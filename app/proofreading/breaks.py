"""Which fractures are told as fresh."""

import re

from app.proofreading.case import Case
from app.proofreading.comparing import subsumes
from app.proofreading.findings import Finding, Status

_BREAKS = "RP:fracture"
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

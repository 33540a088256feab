"""What a report says that a shadow is, without doubting it; and what it says should be followed up."""

import re
from functools import cache

from app.proofreading.case import Case
from app.proofreading.findings import Finding, Status
from models.assertion import load_triggers

_FIRM = re.compile(
    r"(?:most |highly |very |felt |thought |favou?red |strongly )*(?:consistent with|compatible with|in keeping with|"
    r"suggest(?:ing|ive of)|(?:likely |probably )?represent(?:ing|s)|suspicious for|concerning for|worrisome for|likely|"
    r"probably|probable|favou?red|favou?rs?|suspected|presumed|(?:typical|characteristic|diagnostic) of|"
    r"likely reflect(?:s|ing))"
)
_RATHER = re.compile(r"\b(?:over|than|instead of|as opposed to)\s+(?:\w+\s+){0,2}\Z", re.IGNORECASE)
_FOLLOW_UP = re.compile(
    r"\b(?:recommend\w*|advis(?:e|ed|able)|suggest(?:ed)? (?:ct|follow|correlat|further)|follow[- ]?up|"
    r"further (?:evaluation|assessment|imaging|workup|work-up)|biopsy|pet|(?:ct|repeat|upright|expiratory)[^.;]{0,40}"
    r"(?:is|are|recommended|advised|suggested|warranted)|"
    r"called to|communicated|critical|urgent\w*|suspicious|worrisome|concerning|malignan\w*|spiculat\w*|cavitat\w*|"
    r"destroy\w*|destruct\w*|enlarging|growing|has (?:grown|enlarged|increased))\b",
    re.IGNORECASE,
)


def is_firm(finding: Finding, case: Case) -> bool:
    """True for what is there, and for what something else is read as, when no alternative is named."""
    if finding.status is Status.PRESENT:
        return True
    start = case.report.sentences[finding.sentence].span.start
    if finding.status is not Status.UNCERTAIN or _RATHER.search(
        case.report.text, start, finding.entity.span.start
    ):
        return False
    return bool(finding.entity.rules) and _firm_rules().issuperset(finding.entity.rules)


@cache
def _firm_rules() -> frozenset[str]:
    return frozenset(t.id for t in load_triggers() if t.category == "uncertain" and _FIRM.fullmatch(t.phrase))


def needs_follow_up(finding: Finding, case: Case) -> bool:
    """True when its own sentence calls it suspicious, growing or urgent, or asks for more imaging."""
    return bool(_FOLLOW_UP.search(case.report.quote(case.report.sentences[finding.sentence].span)))

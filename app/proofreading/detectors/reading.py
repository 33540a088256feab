"""What a report says that a shadow is, without doubting it; and what it says should be followed up."""

import re
from functools import cache

from app.proofreading.case import Case
from app.proofreading.comparing import subsumes
from app.proofreading.findings import Finding, Status
from models.assertion import load_triggers

_SIGN_OF = re.compile(
    r"(?:most |highly |very |strongly )*(?:consistent with|compatible with|in keeping with|suggest(?:s|ing|ive of)?|"
    r"represent(?:ing|s)|suspicious for|concerning for|worrisome for|(?:typical|characteristic|diagnostic) of)"
)
_LIKELY = re.compile(
    r"(?:most |highly |very |felt |thought )*(?:likely|probably|probable|favou?red|favou?rs?|suspected|presumed)"
    r"(?: represent(?:s|ing)| reflect(?:s|ing))?"
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
_JAGGED, _NONCALCIFIED = frozenset({"spiculated", "lobulated"}), "noncalcified"
_GROWTHS = ("RP:neoplasm", "RP:lung-cancer")
_LESIONS = tuple(
    f"RP:{name}" for name in "nodule mass lung-lesion nonspecific-lesion neoplasm opacity".split()
)
_VARIANT = re.compile(
    r"\b(?:normal|anatomic(?:al)?|developmental|physiologic(?:al)?|common|benign) (?:anatomic(?:al)? )?varia(?:nt|tion)s?\b",
    re.IGNORECASE,
)


def is_firm(finding: Finding, case: Case) -> bool:
    """True for what is there, and for what something else is likely to be, when no alternative is named."""
    return _is_read(finding, case, _firm_rules())


def is_sign_of(finding: Finding, case: Case) -> bool:
    """True for what is there, and for what something else is a sign of: no mere likelihood."""
    return _is_read(finding, case, _sign_rules())


def _is_read(finding: Finding, case: Case, rules: frozenset[str]) -> bool:
    if finding.status is Status.PRESENT:
        return True
    start = case.report.sentences[finding.sentence].span.start
    if finding.status is not Status.UNCERTAIN or _RATHER.search(
        case.report.text, start, finding.entity.span.start
    ):
        return False
    return bool(finding.entity.rules) and rules.issuperset(finding.entity.rules)


def is_suspect(finding: Finding, case: Case) -> bool:
    """True for a spiculated or lobulated lesion: no lung with one is called clear, and no findings section leaves it out.

    A growth that is not calcified is one, too.
    """
    looks = {word.value for word in finding.descriptors}
    kinds = _LESIONS if looks & _JAGGED else _GROWTHS if _NONCALCIFIED in looks else ()
    return any(subsumes(kind, finding.concept or "", case.facts) for kind in kinds)


def is_variant(finding: Finding, case: Case) -> bool:
    """True for what its own sentence calls a normal variant: no normal statement denies it."""
    return bool(_VARIANT.search(case.report.quote(case.report.sentences[finding.sentence].span)))


@cache
def _sign_rules() -> frozenset[str]:
    return frozenset(
        t.id for t in load_triggers() if t.category == "uncertain" and _SIGN_OF.fullmatch(t.phrase)
    )


@cache
def _firm_rules() -> frozenset[str]:
    likely = (t.id for t in load_triggers() if t.category == "uncertain" and _LIKELY.fullmatch(t.phrase))
    return _sign_rules().union(likely)


def needs_follow_up(finding: Finding, case: Case) -> bool:
    """True when its own sentence calls it suspicious, growing or urgent, or asks for more imaging."""
    return bool(_FOLLOW_UP.search(case.report.quote(case.report.sentences[finding.sentence].span)))

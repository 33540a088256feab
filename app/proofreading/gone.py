"""What was there, and is said to be gone: as good as a denial."""

import re
from functools import cache

from app.proofreading.findings import Finding, Status
from models.assertion import load_triggers

_GOING = re.compile(
    r"no longer|resolved|cleared|gone|disappear|vanish|regress|resorb|reabsorb|resolution|not (?:re|conf|pers)"
)


def is_gone(finding: Finding) -> bool:
    """True for what was there and is said to be gone: "the previously seen effusion is no longer present"."""
    entity = finding.entity
    if not entity.historical or entity.hypothetical or entity.other or finding.aside or finding.normal:
        return False
    return finding.status is Status.ABSENT and tells_gone(finding)


def tells_gone(finding: Finding) -> bool:
    """True for what is denied as gone: "is no longer present", "has resolved"."""
    resolved = any(change.value == "resolved" for change in finding.changes)
    return resolved or not gone_rules().isdisjoint(finding.entity.rules)


@cache
def gone_rules() -> frozenset[str]:
    """The rules of denials that say that something was there before."""
    return frozenset(
        trigger.id
        for trigger in load_triggers()
        if trigger.category == "negated" and _GOING.search(trigger.phrase)
    )

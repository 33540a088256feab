"""What every lung has, called normal: "interstitial markings are normal" tells of no interstitial sign."""

import re
from dataclasses import replace

from app.proofreading.findings import Finding, Status
from models.types import Report

_NEUTRAL = re.compile(
    r"(?:(?:pulmonary|lung|parenchymal) )?(?:interstitial|reticular|peribronchial|bronchial|bronchovascular) "
    r"(?:(?:lung|pulmonary) )?(?:markings?|patterns?|architecture|texture|structures?)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:normal|unremarkable|physiologic(?:al)?|delicate|age[- ]appropriate)\s+(?:fine\s+|background\s+)?\Z",
    re.IGNORECASE,
)
_REACH = 40
_AFTER = re.compile(
    r"\s*(?:(?:of|in|throughout|within) (?:the |both )?(?:lungs?|lung fields|parenchyma)\s*)?,?\s*"
    r"(?:(?:is|are|was|were|appears?|looks?|remains?|seems?|has|have|to be|been|now|still|all)\s+)*"
    r"(?:(?:entirely|grossly|essentially|radiographically|otherwise|overall|quite|well|completely|perfectly)\s+)?"
    r"(?:normal|unremarkable|within (?:the )?(?:normal|expected|physiologic\w*)|appropriate (?:for|to)|age[- ]appropriate|"
    r"as expected|physiologic\w*|(?:returned|reverted|gone|back) (?:back )?to normal|normali[sz]ed|delicate|"
    r"not (?:(?:abnormally|significantly|overly|unduly|pathologically|visibly|obviously|particularly|at all) )?"
    r"(?:increased|accentuated|exaggerated|coarse\w*|prominent|thickened|conspicuous|abnormal|augmented|heavy|"
    r"reticulated|excessive|pronounced)|"
    r"(?:neither|no more) )",
    re.IGNORECASE,
)


def called_normal(finding: Finding, report: Report) -> Finding:
    """The finding as absent, where its name is of a thing that every lung has and its sentence calls that normal."""
    span = finding.entity.span
    if finding.status is not Status.PRESENT or not _NEUTRAL.fullmatch(finding.entity.quote):
        return finding
    sentence = report.sentences[finding.sentence].span
    ahead = report.text[max(sentence.start, span.start - _REACH) : span.start]
    if _BEFORE.search(ahead) or _AFTER.match(report.text, span.end, sentence.end):
        return replace(finding, status=Status.ABSENT, changes=())
    return finding

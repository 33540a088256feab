"""How each error type maps to the coarser schemes of the field.

FP, MF, TC: false positive, missed finding, terminology confusion (arXiv 2312.13103). GREEN's letters
(arXiv 2405.03595): a false report of a finding, b missing finding, c wrong location, d wrong severity,
e spurious comparison, f omitted comparison; "-" where GREEN has none.
"""

from typing import Literal

from app.proofreading.report import ErrorType

Category = Literal["FP", "MF", "TC"]

CATEGORIES: dict[ErrorType, Category] = {
    ErrorType.LATERALITY_MISMATCH: "TC",
    ErrorType.NEGATION_CONTRADICTION: "FP",
    ErrorType.UNSUPPORTED_FINDING: "FP",
    ErrorType.OMITTED_FINDING: "MF",
    ErrorType.LOCATION_MISMATCH: "TC",
    ErrorType.IMPOSSIBLE_ANATOMY: "TC",
    ErrorType.TERMINOLOGY: "TC",
    ErrorType.MEASUREMENT: "TC",
    ErrorType.SEVERITY_MISMATCH: "TC",
    ErrorType.INTERVAL_CHANGE_MISMATCH: "TC",
    ErrorType.DEMOGRAPHIC_MISMATCH: "FP",
    ErrorType.ORDER_MISMATCH: "TC",
    ErrorType.TEMPLATE_ARTIFACT: "FP",
}
GREEN: dict[ErrorType, str] = {
    ErrorType.LATERALITY_MISMATCH: "c",
    ErrorType.NEGATION_CONTRADICTION: "a",
    ErrorType.UNSUPPORTED_FINDING: "a",
    ErrorType.OMITTED_FINDING: "b",
    ErrorType.LOCATION_MISMATCH: "c",
    ErrorType.IMPOSSIBLE_ANATOMY: "c",
    ErrorType.TERMINOLOGY: "-",
    ErrorType.MEASUREMENT: "d",
    ErrorType.SEVERITY_MISMATCH: "d",
    ErrorType.INTERVAL_CHANGE_MISMATCH: "e",
    ErrorType.DEMOGRAPHIC_MISMATCH: "-",
    ErrorType.ORDER_MISMATCH: "-",
    ErrorType.TEMPLATE_ARTIFACT: "-",
}
TABLE = "\n".join(
    ["| type | category | GREEN |", "|---|---|---|"]
    + [f"| `{error}` | {category} | {GREEN[error]} |" for error, category in CATEGORIES.items()]
)

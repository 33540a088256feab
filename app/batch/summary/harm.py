"""Expected harm: in which order a person should look at flags."""

from app.api.schemas import ErrorOut
from app.proofreading.report import ErrorType, Tier

# What could follow if the report were acted on as it is written, from 1 (a blemish) to 5 (the wrong side is
# treated). Our judgement, measured nowhere.
WEIGHTS: dict[ErrorType, int] = {
    ErrorType.LATERALITY_MISMATCH: 5,
    ErrorType.NEGATION_CONTRADICTION: 5,
    ErrorType.OMITTED_FINDING: 4,
    ErrorType.UNSUPPORTED_FINDING: 4,
    ErrorType.LOCATION_MISMATCH: 4,
    ErrorType.MEASUREMENT: 4,
    ErrorType.DEMOGRAPHIC_MISMATCH: 4,
    ErrorType.ORDER_MISMATCH: 4,
    ErrorType.SEVERITY_MISMATCH: 3,
    ErrorType.INTERVAL_CHANGE_MISMATCH: 3,
    ErrorType.IMPOSSIBLE_ANATOMY: 2,
    ErrorType.TERMINOLOGY: 2,
    ErrorType.TEMPLATE_ARTIFACT: 1,
}
# How much the site believes a flag of the tier; remarks are no flags.
TIERS: dict[Tier, float] = {Tier.HIGH: 1.0, Tier.MEDIUM: 0.5, Tier.LOW: 0.0}


def expected_harm(error: ErrorOut) -> float:
    """Weight of the type times confidence times factor of the tier: 0 to 5."""
    return WEIGHTS[error.type] * error.confidence * TIERS[error.tier]

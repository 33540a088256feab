"""Injectors: one error a report, for every text-detectable type; None where the report gives no place."""

import random
from collections.abc import Callable

from app.evaluation.injectors import circumstances, conclusions, contradictions, wording
from app.evaluation.items import Injection, Placed
from app.proofreading.report import Context, ErrorType


def _plain(
    injector: Callable[[str, random.Random], tuple[str, Injection] | None],
) -> Callable[[str, random.Random], Placed | None]:
    def placed(text: str, rng: random.Random) -> Placed | None:
        found = injector(text, rng)
        return None if found is None else (*found, Context())

    return placed


INJECTORS: dict[ErrorType, Callable[[str, random.Random], Placed | None]] = {
    ErrorType.LATERALITY_MISMATCH: _plain(contradictions.laterality),
    ErrorType.NEGATION_CONTRADICTION: _plain(contradictions.negation),
    ErrorType.UNSUPPORTED_FINDING: _plain(conclusions.unsupported),
    ErrorType.OMITTED_FINDING: _plain(conclusions.omitted),
    ErrorType.LOCATION_MISMATCH: _plain(contradictions.location),
    ErrorType.IMPOSSIBLE_ANATOMY: _plain(wording.impossible),
    ErrorType.TERMINOLOGY: _plain(wording.terminology),
    ErrorType.MEASUREMENT: _plain(wording.measurement),
    ErrorType.SEVERITY_MISMATCH: _plain(contradictions.severity),
    ErrorType.INTERVAL_CHANGE_MISMATCH: _plain(contradictions.change),
    ErrorType.DEMOGRAPHIC_MISMATCH: circumstances.demographic,
    ErrorType.ORDER_MISMATCH: circumstances.order,
    ErrorType.TEMPLATE_ARTIFACT: _plain(wording.template),
}

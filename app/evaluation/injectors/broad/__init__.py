"""The broad family: errors in broader words, whose conflicting statements share no key word."""

from collections.abc import Callable, Mapping
from random import Random

from app.evaluation.injectors.common.concluding import omitted, unsupported
from app.evaluation.injectors.common.grading import change, severity
from app.evaluation.injectors.common.measuring import measurement
from app.evaluation.injectors.common.negation import negation
from app.evaluation.injectors.common.places import more_locations, more_sides
from app.evaluation.injectors.common.siding import laterality, location
from app.evaluation.injectors.common.standing import demographic, order
from app.evaluation.injectors.common.ways import injector
from app.evaluation.injectors.common.wording import impossible, template, terminology
from app.evaluation.items import Placed
from app.proofreading.report import ErrorType

_FAMILY = "broad"

BROAD: Mapping[ErrorType, Callable[[str, Random], Placed | None]] = {
    ErrorType.LATERALITY_MISMATCH: injector(*laterality(_FAMILY), *more_sides()),
    ErrorType.NEGATION_CONTRADICTION: injector(*negation(_FAMILY)),
    ErrorType.UNSUPPORTED_FINDING: injector(*unsupported(_FAMILY)),
    ErrorType.OMITTED_FINDING: injector(*omitted(_FAMILY)),
    ErrorType.LOCATION_MISMATCH: injector(*location(_FAMILY), *more_locations(_FAMILY)),
    ErrorType.IMPOSSIBLE_ANATOMY: injector(*impossible(_FAMILY)),
    ErrorType.TERMINOLOGY: injector(*terminology(_FAMILY)),
    ErrorType.MEASUREMENT: injector(*measurement(_FAMILY)),
    ErrorType.SEVERITY_MISMATCH: injector(*severity(_FAMILY)),
    ErrorType.INTERVAL_CHANGE_MISMATCH: injector(*change(_FAMILY)),
    ErrorType.DEMOGRAPHIC_MISMATCH: injector(*demographic(_FAMILY)),
    ErrorType.ORDER_MISMATCH: injector(*order(_FAMILY)),
    ErrorType.TEMPLATE_ARTIFACT: injector(*template(_FAMILY)),
}

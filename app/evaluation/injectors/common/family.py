"""One family of injectors: every type of error, in the words of the family's tables."""

from collections.abc import Callable, Mapping
from random import Random

from app.evaluation.injectors.common.concluding import omitted, unsupported
from app.evaluation.injectors.common.grading import change, severity
from app.evaluation.injectors.common.measuring import measurement
from app.evaluation.injectors.common.negation import negation
from app.evaluation.injectors.common.places import more_locations
from app.evaluation.injectors.common.siding import laterality, location
from app.evaluation.injectors.common.standing import demographic, order
from app.evaluation.injectors.common.ways import Way, injector
from app.evaluation.injectors.common.wording import impossible, template, terminology
from app.evaluation.items import Placed
from app.proofreading.report import ErrorType


def family(name: str, *more_sides: Way) -> Mapping[ErrorType, Callable[[str, Random], Placed | None]]:
    """The injectors of the family whose tables lie in the folder ``name``, and further ways to err on the side."""
    return {
        ErrorType.LATERALITY_MISMATCH: injector(*laterality(name), *more_sides),
        ErrorType.NEGATION_CONTRADICTION: injector(*negation(name)),
        ErrorType.UNSUPPORTED_FINDING: injector(*unsupported(name)),
        ErrorType.OMITTED_FINDING: injector(*omitted(name)),
        ErrorType.LOCATION_MISMATCH: injector(*location(name), *more_locations(name)),
        ErrorType.IMPOSSIBLE_ANATOMY: injector(*impossible(name)),
        ErrorType.TERMINOLOGY: injector(*terminology(name)),
        ErrorType.MEASUREMENT: injector(*measurement(name)),
        ErrorType.SEVERITY_MISMATCH: injector(*severity(name)),
        ErrorType.INTERVAL_CHANGE_MISMATCH: injector(*change(name)),
        ErrorType.DEMOGRAPHIC_MISMATCH: injector(*demographic(name)),
        ErrorType.ORDER_MISMATCH: injector(*order(name)),
        ErrorType.TEMPLATE_ARTIFACT: injector(*template(name)),
    }

"""The broad family: errors in broader words, whose conflicting statements share no key word."""

from app.evaluation.injectors.common.family import family
from app.evaluation.injectors.common.places import more_sides

BROAD = family("broad", *more_sides())

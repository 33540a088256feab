"""The keyword family: errors whose conflicting statements share the plain key word."""

from app.evaluation.injectors.common.family import family

KEYWORD = family("keyword")

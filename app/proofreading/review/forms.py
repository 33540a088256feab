"""The forms that the model fills in. Flat and bounded, so that an answer fits its token limit.

No field asks for offsets: the model quotes, and code looks for the quote.
"""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

ErrorName = Literal[
    "laterality_mismatch",
    "negation_contradiction",
    "unsupported_finding",
    "omitted_finding",
    "location_mismatch",
    "impossible_anatomy",
    "terminology",
    "measurement",
    "severity_mismatch",
    "interval_change_mismatch",
    "demographic_mismatch",
    "order_mismatch",
    "template_artifact",
]
ERROR_NAMES: tuple[str, ...] = get_args(ErrorName)

MOST_ERRORS = 4
_Quote = Annotated[str, Field(max_length=160)]
_Reason = Annotated[str, Field(max_length=160)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Detection(_Form):
    """Whether the report has an error."""

    reason: _Reason
    has_error: bool


class Place(_Form):
    """One error: the wrong words, and the words that they contradict, if any."""

    type: ErrorName
    quote: _Quote
    contradicts: _Quote


class Localization(_Form):
    """Where the errors are."""

    errors: Annotated[list[Place], Field(max_length=MOST_ERRORS)]


class Fix(_Form):
    """What replaces the quote of this number."""

    number: Annotated[int, Field(ge=1, le=MOST_ERRORS)]
    replacement: _Quote


class Fixes(_Form):
    """A replacement for each quote."""

    corrections: Annotated[list[Fix], Field(max_length=MOST_ERRORS)]


class FoundAndFixed(Place):
    """One error with its replacement, all at once."""

    replacement: _Quote


class Proofread(_Form):
    """End to end: every error with its fix in one answer."""

    errors: Annotated[list[FoundAndFixed], Field(max_length=MOST_ERRORS)]


class Verification(_Form):
    """Whether a candidate is an error."""

    answer: Literal["yes", "no"]

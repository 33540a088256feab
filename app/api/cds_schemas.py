"""The wire of CDS Hooks 2.0: what is asked, what is said back of cards."""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from app.api.schemas import PLAIN

_Words = Annotated[str, Field(max_length=2_000, pattern=PLAIN)]
_Uuid = Annotated[uuid.UUID, Field(strict=False)]


class _Lenient(BaseModel):
    """Fields that we do not know may stand beside: extensions, and what later versions add."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=False)


class CdsRequest(_Lenient):
    """One call of the hook; the access token for the client's own server is neither needed nor read."""

    hook: Annotated[str, Field(max_length=200)]
    hook_instance: _Uuid
    context: dict[str, Any]
    prefetch: dict[str, Any] | None = None


class AcceptedSuggestion(_Lenient):
    """The suggestion that was taken."""

    id: _Uuid


class ReasonCoding(_Lenient):
    """A Coding: ours, or one of the client."""

    code: Annotated[str, Field(max_length=200)]
    system: Annotated[str, Field(max_length=1_000)] | None = None


class OverrideReason(_Lenient):
    """Why the card was overridden."""

    reason: ReasonCoding | None = None
    user_comment: _Words | None = None


class Feedback(_Lenient):
    """What a person did with one card."""

    card: _Uuid
    outcome: Literal["accepted", "overridden"]
    accepted_suggestions: Annotated[tuple[AcceptedSuggestion, ...], Field(max_length=20)] = ()
    override_reason: OverrideReason | None = None
    outcome_timestamp: AwareDatetime = Field(default_factory=lambda: dt.datetime.now(dt.UTC))


class FeedbackRequest(_Lenient):
    """What people did with some cards."""

    feedback: Annotated[tuple[Feedback, ...], Field(min_length=1, max_length=100)]


class ServicesOut(BaseModel):
    """The services that there are; none where none is configured."""

    services: tuple[dict[str, Any], ...]


class CardsOut(BaseModel):
    """The cards of an answer."""

    cards: tuple[dict[str, Any], ...]

"""The wire forms of endpoints and deliveries. No secret is in what goes out, except a fresh one, once."""

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.storage.types import Delivery, Endpoint, EndpointKind, EventName

_LINE = r"^[^\x00-\x1f\x7f\u0085\u2028\u2029]*$"  # one line: some of it goes into headers and HL7 segments
_WHOLE = BeforeValidator(
    lambda given: int(given) if isinstance(given, float) and given.is_integer() else given
)  # 5.0 is an integer of JSON Schema
_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
_Url = Annotated[str, Field(min_length=1, max_length=2_000, pattern=_LINE)]
_Secret = Annotated[str, Field(min_length=1, max_length=4_000, pattern=_LINE)]
_Token = Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"^[\x21-\x7e]+$")]  # of a header
_System = Annotated[
    str, Field(max_length=200, pattern=r"^(urn|https?):[A-Za-z0-9._:/-]+$")
]  # of a search too
_Field = Annotated[str, Field(max_length=180, pattern=_LINE)]
_Time = Annotated[AwareDatetime, Field(strict=False)]
Wanted = Literal[
    "report.check.completed",
    "report.check.failed",
    "report.replaced",
    "report.withdrawn",
    "report.decision.recorded",
]
_Events = Annotated[tuple[Wanted, ...], Field(max_length=10, description="Empty for all", strict=False)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WebhookSettings(_In):
    """Standard Webhooks 1.0.0: a signed POST of JSON. The secret is ours and shown once."""

    secret_fields: ClassVar[tuple[str, ...]] = ("secrets",)
    url: _Url
    detail: Literal["thin", "full"] = Field(
        default="thin", description="thin: numbers and counts; full: the result with words of the report"
    )


class MllpSettings(_In):
    """HL7 v2 over MLLP: an ORU^R01 of its own for each result."""

    secret_fields: ClassVar[tuple[str, ...]] = ()
    host: Annotated[str, Field(min_length=1, max_length=253, pattern=_LINE)]
    port: Annotated[int, Field(ge=1, le=65_535), _WHOLE]
    tls: bool = True
    application: _Field = Field(default="RADPROOF", description="MSH-3")
    facility: _Field = Field(default="", description="MSH-4")
    receiving_application: _Field = Field(default="", description="MSH-5")
    receiving_facility: _Field = Field(default="", description="MSH-6")


class FhirSettings(_In):
    """A FHIR R4 server: a transaction Bundle for each result."""

    secret_fields: ClassVar[tuple[str, ...]] = ("token",)
    url: _Url = Field(description="Base of the server")
    token: _Token | None = Field(default=None, description="Bearer token; never shown again")
    system: _System | None = Field(
        default=None,
        description="What identifiers begin with; null: urn:radproof. Another where two write to one server",
    )


class OrthancSettings(_In):
    """An Orthanc server: results as metadata and, where wanted, structured reports."""

    secret_fields: ClassVar[tuple[str, ...]] = ("password",)
    url: _Url
    user: _Name | None = None
    password: _Secret | None = Field(default=None, description="Never shown again")
    sr: bool = Field(default=False, description="Store a DICOM structured report too")


EndpointSettings = WebhookSettings | MllpSettings | FhirSettings | OrthancSettings
SETTINGS: dict[EndpointKind, type[EndpointSettings]] = {
    "webhook": WebhookSettings,
    "mllp": MllpSettings,
    "fhir": FhirSettings,
    "orthanc": OrthancSettings,
}


class _EndpointIn(_In):
    name: _Name = Field(description="Yours, and unlike all others")
    events: _Events = ()
    source: _Name | None = Field(default=None, description="Only of reports of this feed; null for all")
    test: bool = Field(default=False, description="Told of test messages, and of nothing else")
    enabled: bool = True


class WebhookIn(_EndpointIn):
    """Told by signed webhooks; of batches and feeds."""

    kind: Literal["webhook"]
    settings: WebhookSettings


class MllpIn(_EndpointIn):
    """Told by HL7 v2 messages; of feeds only."""

    kind: Literal["mllp"]
    settings: MllpSettings


class FhirIn(_EndpointIn):
    """Told by FHIR resources; of feeds only."""

    kind: Literal["fhir"]
    settings: FhirSettings


class OrthancIn(_EndpointIn):
    """Told by way of Orthanc's REST interface; of feeds only."""

    kind: Literal["orthanc"]
    settings: OrthancSettings


EndpointIn = Annotated[WebhookIn | MllpIn | FhirIn | OrthancIn, Field(discriminator="kind")]


class EndpointChange(_In):
    """What is to be another; what is left out stays. Of ``settings`` too."""

    name: _Name = Field(default_factory=str)
    events: _Events = Field(default_factory=tuple)
    source: _Name | None = Field(default=None, description="null for all feeds")
    test: bool = Field(default_factory=bool)
    enabled: bool = Field(default_factory=bool, description="true also goes on with what waits, at once")
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="Those of its kind. With another address its credentials have to be given anew",
    )


class RotationIn(_In):
    """How long the secret before signs too, beside the fresh one."""

    both_hours: Annotated[int, Field(ge=0, le=168), _WHOLE] = 24


class SpanIn(_In):
    """What was announced from ``from`` to before ``to``."""

    since: _Time = Field(alias="from")
    to: _Time


class DeadIn(_In):
    """What could not be told."""

    dead: Literal[True]


class ReplayedOut(BaseModel):
    """How many deliveries wait again."""

    replayed: int


class EndpointOut(BaseModel):
    """Who is told, and how. ``problem``: why the last attempt failed, or why it is not enabled."""

    id: str
    kind: EndpointKind
    name: str
    events: tuple[str, ...]
    source: str | None
    test: bool
    enabled: bool
    problem: str | None
    created_at: dt.datetime | None
    settings: dict[str, Any] = Field(description="Those of its kind, without secrets")

    @classmethod
    def of(cls, said: Endpoint) -> Self:
        """The wire form of an endpoint."""
        shown = SETTINGS[said.kind]
        fields = shown.model_fields.keys() - set(shown.secret_fields)
        return cls(
            id=said.public_id,
            kind=said.kind,
            name=said.name,
            events=said.events,
            source=said.source,
            test=said.test,
            enabled=said.enabled,
            problem=said.problem,
            created_at=said.created_at,
            settings={name: said.settings.get(name) for name in shown.model_fields if name in fields},
        )


class NewEndpointOut(EndpointOut):
    """An endpoint with its fresh secret."""

    secret: str | None = Field(description="Of a webhook, in the specification's form; shown this once")


class EndpointsOut(BaseModel):
    """Every endpoint, the oldest first."""

    endpoints: tuple[EndpointOut, ...]
    sealed: tuple[str, ...] = Field(
        description="Ids of those that no configured key opens: nothing is sent to them; they can be deleted"
    )


class SecretOut(BaseModel):
    """A fresh secret."""

    secret: str = Field(description="Shown this once")
    before_until: dt.datetime = Field(description="Until then the secret before signs too")


class DeliveryOut(BaseModel):
    """One event on its way to one endpoint; ``id`` is the ``webhook-id`` of all its attempts."""

    id: str
    endpoint: str
    event: EventName
    state: Literal["waiting", "delivered", "dead"]
    report_id: int | None
    created_at: dt.datetime
    attempts: int
    due_at: dt.datetime | None = Field(description="Of the next attempt; null when there is none")
    finished_at: dt.datetime | None
    problem: str | None = Field(description="Of the last attempt")
    status: int | None = Field(description="HTTP status of the last attempt")

    @classmethod
    def of(cls, said: Delivery) -> Self:
        """The wire form of a delivery."""
        return cls(
            id=said.public_id,
            endpoint=said.endpoint,
            event=said.event,
            state=said.state,
            report_id=said.report,
            created_at=said.created_at,
            attempts=said.attempts,
            due_at=said.due_at if said.state == "waiting" else None,
            finished_at=said.finished_at,
            problem=said.problem,
            status=said.status,
        )


class DeliveriesOut(BaseModel):
    """A page of deliveries, the latest first."""

    deliveries: tuple[DeliveryOut, ...]
    next_cursor: str | None

"""What there is to say of one report in FHIR."""

import datetime as dt
from dataclasses import dataclass, field

from app.api.schemas import CheckedReportOut, ErrorOut
from app.batch.results import DecisionOut
from app.integrations.fhir.outbound.original import Original

SYSTEM = "urn:radproof"


@dataclass(frozen=True, slots=True)
class Told:
    """One report with its check, as it stands now.

    ``number``: ours of the report. ``checked``: None where there is no check, or its words were purged. ``at``: when it was
    checked, where known. ``over``: a later version replaced the report, or its source took it back: then nothing said of it
    stands. ``before``: ids of errors that earlier checks found and this one does not. ``system``: what
    identifiers begin with; one installation a server needs no other.
    """

    number: int
    checked: CheckedReportOut | None
    at: dt.datetime | None
    original: Original
    decisions: tuple[DecisionOut, ...] = ()
    text_sha256: str | None = None
    over: bool = False
    test: bool = False
    before: tuple[str, ...] = ()
    system: str = field(default=SYSTEM)

    @property
    def flags(self) -> tuple[ErrorOut, ...]:
        """The errors of tier high and medium; remarks are not told."""
        errors = self.checked.errors if self.checked else ()
        return tuple(error for error in errors if error.tier.value != "low")

    def decided(self, error_id: str) -> DecisionOut | None:
        """The last decision on an error."""
        return next((made for made in reversed(self.decisions) if made.error_id == error_id), None)

"""A DiagnosticReport as a message of a feed: what names it, what sorts its versions, what tells a resend."""

import json
from dataclasses import dataclass

from app.integrations.fhir.read import for_trial, name_of, report_of, said_at
from app.integrations.fhir.resources import Resource
from app.integrations.hl7.answer import Fault, NotTakenError
from app.integrations.incoming import IncomingError, digest
from app.integrations.sources import Source
from app.limits import LONGEST_ID, InadmissibleError, admit
from app.proofreading.report import SubmittedReport
from app.storage.types import FeedMessage, Version

KIND = "FHIR"
_NONE = Fault("no_identifier", "101")


def key_of(resource: Resource, source: Source) -> str:
    """What tells a resend: the same content with the same version, whichever way it came.

    Raises:
        NotTakenError: it has neither id nor identifier.
    """
    name = name_of(resource)
    if name is None:
        raise NotTakenError(_NONE)
    content = {key: value for key, value in resource.items() if key not in ("meta", "text")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    test = source.test or for_trial(resource)
    return digest(KIND, source.name, str(test), name, said_at(resource), canonical)


@dataclass(frozen=True, slots=True)
class Sent:
    """A DiagnosticReport with what its references lead to, by name; ``raw`` as it came."""

    resource: Resource
    raw: bytes
    named: dict[str, Resource]


def message_of(sent: Sent, source: Source, max_text_bytes: int) -> FeedMessage:
    """The message as it is kept.

    A report is named by its source and its identifier (accession or filler number), else its id.

    Raises:
        NotTakenError: it is none that can be checked; the code says why.
    """
    key = key_of(sent.resource, source)
    try:
        report = report_of(sent.resource, sent.named)
    except IncomingError as error:
        raise NotTakenError(Fault(error.code, "102", transient=error.code == "reader_unavailable")) from error
    name = name_of(sent.resource) or ""
    test = source.test or report.processing_id == "T"
    # the kind stands first: what HL7 v2 calls a facility may be the name of a source
    named = digest(KIND, source.name, report.filler_id or f"DiagnosticReport/{name}", str(test))
    if report.withdrawn:
        version = Version(None, named, report.said_at, _status(report.status))
    else:
        submitted = SubmittedReport(report.text, name[:LONGEST_ID], report.context)
        try:
            admit(submitted, max_text_bytes)
        except InadmissibleError as error:
            raise NotTakenError(Fault(error.code, "102")) from error
        version = Version(
            submitted, named, report.said_at, _status(report.status), report.study_date, source.name
        )
    return FeedMessage(
        source=source.name,
        control_id=name[:LONGEST_ID],
        key=key,
        kind=KIND,
        raw=sent.raw,
        versions=(version,),
        test=test,
    )


def deletion_of(source: Source, name: str, named: tuple[str | None, int]) -> FeedMessage:
    """The message that a resource was deleted: its report is withdrawn. ``named``: see ``Messages.current_of``."""
    filler_key, number = named
    return FeedMessage(
        source=source.name,
        control_id=name[:LONGEST_ID],
        key=digest(KIND, source.name, str(source.test), name, "deleted", str(number)),
        kind=KIND,
        raw=b"",
        versions=(Version(None, filler_key, status="deleted"),),
        test=source.test,
    )


def _status(status: str | None) -> str | None:
    return status[:20] if status else None

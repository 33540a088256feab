"""What a webhook brings, by the kind of its source: how it is kept, and what is answered.

Nothing is answered as taken before it is durable. What cannot be taken now is 503 with Retry-After.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog
from anyio import CapacityLimiter
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app.api.schemas import CheckRequest
from app.batch.feed import Feed
from app.errors import Problem
from app.integrations.dicom.message import dicom_message_of
from app.integrations.fhir.inbound import FhirInbound, Taken
from app.integrations.fhir.resources import parsed
from app.integrations.hl7.answer import NotTakenError, answer
from app.integrations.hl7.header import header_of
from app.integrations.hl7.inbound import Hl7Inbound
from app.integrations.incoming import IncomingError, digest
from app.integrations.sources import Source, SourceKind
from app.limits import InadmissibleError, admit
from app.storage.types import FeedMessage, Version

RETRY = {"Retry-After": "10"}
_ER7 = "x-application/hl7-v2+er7"
_FHIR = "application/fhir+json"
_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"  # of 27 characters, so that they sort
_PROBLEMS = {
    400: "structure",
    401: "login",
    404: "not-found",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    503: "transient",
}  # codes of issue-type
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of a source that was verified.

    ``path`` is the ``Type/id`` behind the address, where there is one; ``webhook_id`` names it over all attempts.
    """

    source: Source
    raw: bytes
    path: str | None = None
    webhook_id: str | None = None


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What receives: the sources by name, where messages go, what takes FHIR by source, how many are read at one time.

    ``max_text_bytes``: of a report's text.
    """

    sources: Mapping[str, Source]
    feed: Feed
    fhir: Mapping[str, FhirInbound]
    max_text_bytes: int
    reading: CapacityLimiter


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class TakenOut(BaseModel):
    """What was kept; from now on it is checked whatever happens."""

    reports: int
    again: bool


class _Envelope(BaseModel):
    """A body of Standard Webhooks: what is sent is ``data``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: str
    timestamp: AwareDatetime
    data: CheckRequest


_REPORT: TypeAdapter[CheckRequest] = TypeAdapter(CheckRequest)


def take(arrival: Arrival, webhooks: Webhooks) -> Reply:
    """Keep what came.

    Raises:
        Problem: it is not taken; for FHIR and HL7 v2 the reply says so itself.
    """
    try:
        return _KINDS[arrival.source.kind](arrival, webhooks)
    except Problem as problem:
        webhooks.feed.reject(arrival.source.name, problem.code)
        raise


def _hl7(arrival: Arrival, webhooks: Webhooks) -> Reply:
    """The acknowledgment as over MLLP; 200 accepted, 400 never, 503 not now."""
    feed, source = webhooks.feed, arrival.source
    inbound = Hl7Inbound(
        feed.keep_all, feed.reject, webhooks.max_text_bytes, source.charset, source.name, source.feed
    )
    fault = inbound.take(arrival.raw)
    status = 200 if fault is None else 503 if fault.transient else 400
    reply = answer(header_of(arrival.raw), fault) or b""
    return Reply(status, reply, _ER7, RETRY if status == 503 else {})


def _report(arrival: Arrival, webhooks: Webhooks) -> Reply:
    request, at = _request_of(arrival.raw)
    source = arrival.source
    named = request.report_id or arrival.webhook_id
    submitted = request.to_domain((named or digest(arrival.raw.decode("utf-8", "replace"))[:32])[:200])
    try:
        admit(submitted, webhooks.max_text_bytes)
    except InadmissibleError as error:
        status = 413 if error.code == "text_too_large" else 422
        raise Problem(status, error.code, str(error)) from error
    filler = digest("REPORT", source.name, request.report_id, str(source.test)) if request.report_id else None
    version = Version(submitted, filler, at, site=source.name)
    body = arrival.raw.decode("utf-8", "replace")
    return _kept(
        arrival,
        webhooks,
        FeedMessage(
            source=source.name,
            control_id=submitted.report_id,
            key=digest("REPORT", source.name, str(source.test), arrival.webhook_id or "", body),
            kind="REPORT",
            raw=arrival.raw,
            versions=(version,),
            test=source.test,
        ),
    )


def _request_of(raw: bytes) -> tuple[CheckRequest, str]:
    """The report, bare or in an envelope, and what sorts its versions."""
    try:
        value = parsed(raw, len(raw))
        if {"type", "timestamp", "data"} <= value.keys():
            envelope = _Envelope.model_validate_json(json.dumps(value))
            return envelope.data, envelope.timestamp.astimezone(dt.UTC).strftime(_INSTANT).rjust(27, "0")
        return _REPORT.validate_json(json.dumps(value)), ""
    except IncomingError as error:
        raise Problem(400, "malformed_json", "The body is not JSON that can be read.") from error
    except ValidationError as error:
        raise Problem(422, "invalid_request", "The body is no report to check.") from error
    except OverflowError as error:
        raise Problem(422, "invalid_request", "The timestamp is none.") from error


def _dicom(arrival: Arrival, webhooks: Webhooks) -> Reply:
    try:
        message = dicom_message_of(arrival.raw, arrival.source.name, webhooks.max_text_bytes)
    except IncomingError as error:
        if error.code == "reader_unavailable":
            raise not_now(error.code) from error
        raise Problem(422, error.code, "The object holds no report that can be checked.") from error
    return _kept(arrival, webhooks, replace(message, test=arrival.source.test))


def _kept(arrival: Arrival, webhooks: Webhooks, message: FeedMessage) -> Reply:
    try:
        jobs = webhooks.feed.keep(message)
    except NotTakenError as error:
        raise not_now(error.fault.code) from error
    _log.info("message_taken", source=arrival.source.name, again=jobs is None, bytes=len(arrival.raw))
    out = TakenOut(reports=len(message.versions), again=jobs is None)
    return Reply(202, out.model_dump_json().encode(), "application/json")


def _fhir(arrival: Arrival, webhooks: Webhooks) -> Reply:
    """An OperationOutcome: HAPI's client wants a resource for an answer."""
    inbound = webhooks.fhir[arrival.source.name]
    try:
        taken = inbound.take(arrival.raw, arrival.path)
    except NotTakenError as error:
        _refused(arrival, webhooks, error.fault.code)
        return outcome(503 if error.fault.transient else 422, error.fault.code)
    except IncomingError as error:
        _refused(arrival, webhooks, error.code)
        return outcome(413 if error.code == "document_too_large" else 400, error.code)
    except SQLAlchemyError as error:
        _log.error("store_unavailable", exc_info=error)
        return outcome(503, "store_unavailable")
    for code in taken.notes:
        webhooks.feed.reject(arrival.source.name, code)
    return taken_outcome(taken)


def delete_fhir(arrival: Arrival, webhooks: Webhooks) -> Reply:
    """A resource is no more at its source."""
    kind, _, name = (arrival.path or "").partition("/")
    if arrival.source.kind != "fhir":
        raise Problem(404, "not_found", "Not found.")
    try:
        if kind != "DiagnosticReport":
            return outcome(422, "not_a_report")
        return taken_outcome(webhooks.fhir[arrival.source.name].deleted(name))
    except NotTakenError as error:
        return outcome(503, error.fault.code)
    except SQLAlchemyError as error:
        _log.error("store_unavailable", exc_info=error)
        return outcome(503, "store_unavailable")


def taken_outcome(taken: Taken) -> Reply:
    """What was taken, and what of it was not, in codes."""
    issues = [
        _issue("information", "informational", f"reports kept: {taken.kept}; to fetch: {taken.errands}")
    ]
    issues += [_issue("warning", "processing", note) for note in dict.fromkeys(taken.notes)]
    return Reply(200, _outcome(issues), _FHIR)


def outcome(status: int, code: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A refusal as OperationOutcome; ``code`` is ours and holds no words of the request."""
    given = dict(headers or {}) | (RETRY if status == 503 else {})
    return Reply(status, _outcome([_issue("error", _PROBLEMS.get(status, "processing"), code)]), _FHIR, given)


def not_now(code: str) -> Problem:
    """A refusal that ends: the same may be taken later."""
    problem = Problem(503, code, "It cannot be kept now; nothing was kept. Send it again later.")
    problem.headers = dict(RETRY)
    return problem


def _outcome(issues: list[dict[str, str]]) -> bytes:
    return json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()


def _issue(severity: str, code: str, words: str) -> dict[str, str]:
    return {"severity": severity, "code": code, "diagnostics": words}


def _refused(arrival: Arrival, webhooks: Webhooks, code: str) -> None:
    webhooks.feed.reject(arrival.source.name, code)
    _log.warning("message_not_taken", source=arrival.source.name, code=code, bytes=len(arrival.raw))


_KINDS: Mapping[SourceKind, Callable[[Arrival, Webhooks], Reply]] = {
    "fhir": _fhir,
    "hl7": _hl7,
    "report": _report,
    "dicom": _dicom,
}

"""Tells an Orthanc of results: beside the report in question, as its attachment, its metadata, and on request a SR.

Settings of the endpoint: ``url``, ``user``, ``password``, ``sr`` (true writes a structured report of its own).
"""

import json
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal

from app import DISCLAIMER
from app.integrations.dicom.classes import series_uid
from app.integrations.dicom.message import KIND
from app.integrations.guard import Guard
from app.integrations.orthanc.client import Orthanc, OrthancError
from app.integrations.outgoing import Outcome, Outgoing
from app.storage.types import Check, Endpoint

SLOT = 4200
"""Number of the attachment and of the metadata; sites name it in UserContentType and UserMetadata."""
_SECONDS = 40.0  # of an attempt: several calls, and less than a process holds an endpoint
_FLAGS = ("high", "medium")
_FINAL = frozenset({400, 404, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class OrthancSender:
    """Writes to the servers that ``guard`` lets be called. Whatever is sent twice is there once."""

    guard: Guard

    def send(self, to: Endpoint, what: Outgoing) -> Outcome:
        """See ``Sender``.

        Codes: not_from_dicom (a report that came some other way), not_there (the server holds it no more), those of
        OrthancError.
        """
        given = to.settings
        user, password = given.get("user") or None, given.get("password") or None
        until = monotonic() + _SECONDS
        orthanc = Orthanc(str(given.get("url", "")), self.guard, user, password, until=until)
        try:
            return self._told(orthanc, what, sr=bool(given.get("sr")))
        except OrthancError as error:
            return Outcome(_state(error), error.code, error.status)

    def _told(self, orthanc: Orthanc, what: Outgoing, *, sr: bool) -> Outcome:
        if what.event == "endpoint.trial":
            orthanc.last()
            return Outcome("delivered")
        uid = _document(what)
        if uid is None:
            return Outcome("refused", "not_from_dicom")
        found = orthanc.lookup(uid, "Instance")
        if not found:
            return Outcome("refused", "not_there")
        place = f"/instances/{found[0]}"
        if what.event in ("report.replaced", "report.withdrawn"):
            orthanc.remove(f"{place}/attachments/{SLOT}")
            _clear(orthanc, uid, None)
            orthanc.put(f"{place}/metadata/{SLOT}", what.event.removeprefix("report.").encode())
            return Outcome("delivered")
        orthanc.put(f"{place}/attachments/{SLOT}", _attachment(what))
        orthanc.put(f"{place}/metadata/{SLOT}", _summary(what.check).encode())
        result = _result(what.check)
        if sr and result is not None and what.message is not None and what.check is not None:
            _document_beside(orthanc, uid, what.message, what.check)
        return Outcome("delivered")


def _document(what: Outgoing) -> str | None:
    """The SOP Instance UID of the report; None for one that is no DICOM object."""
    if what.message_kind != KIND:
        return None
    if what.submitted is not None:
        return what.submitted.report_id
    return what.custom_id.split(" ")[0] if what.custom_id else None


def _document_beside(orthanc: Orthanc, uid: str, original: bytes, check: Check) -> None:
    """The SR of the newest result, and no other; none where there are no flags."""
    from app.integrations.dicom.write import result_document  # the library is loaded where it is used

    result = _result(check) or {"errors": []}
    if not any(error["tier"] in _FLAGS for error in result["errors"]):
        _clear(orthanc, uid, None)
        return
    instance, file = result_document(original, result, check.created_at)
    _clear(orthanc, uid, instance)
    orthanc.store(file)


def _clear(orthanc: Orthanc, uid: str, kept: str | None) -> None:
    """Remove the SRs that we wrote on a document, but the one that is still true."""
    stays = set(orthanc.lookup(kept, "Instance")) if kept else set()
    for series in orthanc.lookup(series_uid(uid), "Series"):
        for instance in orthanc.instances_of(series):
            if instance not in stays:
                orthanc.remove(f"/instances/{instance}")


def _result(check: Check | None) -> dict[str, Any] | None:
    return json.loads(check.result) if check is not None and check.result else None


def _attachment(what: Outgoing) -> bytes:
    """What the API says of the check, with what people decided of it."""
    check = what.check
    decisions = [
        {"error_id": d.error_id, "outcome": d.outcome, "at": d.at.isoformat(), "reason": d.reason}
        for d in (check.decisions if check else ())
    ]
    said = {
        "event": what.event,
        "at": what.at.isoformat(),
        "notice": DISCLAIMER,
        "report": what.report,
        "check": check.id if check else None,
        "coverage": dict(check.coverage) if check else None,
        "result": _result(check),
        "decisions": decisions,
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _summary(check: Check | None) -> str:
    """A line without words of the report, for a column of a viewer."""
    result = _result(check)
    if check is None or result is None:
        return "not checked" if check is None else "checked; words were removed"
    counts = {tier: sum(error["tier"] == tier for error in result["errors"]) for tier in _FLAGS}
    flags = ", ".join(f"{count} {tier}" for tier, count in counts.items() if count)
    whole = "" if check.complete else "; not complete"
    decided = f"; {len(check.decisions)} decided" if check.decisions else ""
    return f"{flags or 'no errors found'}{whole}{decided}"


def _state(error: OrthancError) -> Literal["again", "refused"]:
    return "refused" if error.status in _FINAL else "again"

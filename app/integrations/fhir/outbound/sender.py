"""Tells a FHIR server: one transaction a report, to the endpoint's base."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import httpx2

from app.api.schemas import CheckedReportOut
from app.batch.export import decision_out
from app.integrations.attempt import attempt
from app.integrations.fhir.outbound.bundle import transaction
from app.integrations.fhir.outbound.original import original_of
from app.integrations.fhir.outbound.told import SYSTEM, Told
from app.integrations.guard import Guard
from app.integrations.outgoing import Outcome, Outgoing
from app.proofreading.report import SubmittedReport
from app.storage.types import Check, Endpoint

SECONDS = 20.0
_MOST_BYTES = 4 * 1_048_576  # a server may answer with what it has kept
_FHIR = "application/fhir+json"
_UNAUTHORISED = frozenset({401, 403})  # a token that is changed: it is tried again
_OVER = frozenset({"report.replaced", "report.withdrawn"})
_CAPABILITIES = "/metadata"


class FhirSender:
    """Sends to endpoints of kind ``fhir``: settings ``url`` (the base), ``token`` and ``system``, both if any."""

    def __init__(
        self, guard: Guard, seconds: float = SECONDS, bases: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Take what may be called; ``bases``: the FHIR server of each source, whose ids mean nothing elsewhere."""
        self._guard = guard
        self._bases = bases
        self._seconds = seconds

    def send(self, to: Endpoint, what: Outgoing) -> Outcome:
        """POST the Bundle; a trial asks for the server's CapabilityStatement and stores nothing."""
        base = str(to.settings.get("url", "")).rstrip("/")
        token = to.settings.get("token")
        headers = {"Accept": _FHIR, "Content-Type": _FHIR}
        if token:
            headers["Authorization"] = f"Bearer {token}"

        def call() -> httpx2.Response:
            with self._guard.client(self._seconds, most_bytes=_MOST_BYTES) as client:
                if what.event == "endpoint.trial":
                    return client.get(base + _CAPABILITIES, headers=headers)
                content = json.dumps(self._bundle(to, what), ensure_ascii=False).encode()
                return client.post(base, content=content, headers=headers)

        return attempt(call, _UNAUTHORISED)

    def _bundle(self, to: Endpoint, what: Outgoing) -> dict[str, object]:
        if what.report is None:
            raise ValueError("an event without a report")
        over = what.event in _OVER or (what.version is not None and what.version.state != "current")
        original = original_of(what.custom_id or str(what.report), what.message_kind, what.message)
        base = self._bases.get(what.source or "")
        if base is not None and base != str(to.settings.get("url", "")).rstrip("/"):
            original = original.elsewhere(base)
        checks = [what.check] if what.check is not None else []
        told = told_of(what.report, [*checks, *what.earlier], what.submitted)
        system = str(to.settings.get("system") or SYSTEM)
        return transaction(
            replace(told, original=original, at=told.at or what.at, over=over, test=what.test, system=system)
        )


def told_of(number: int, checks: Sequence[Check], submitted: SubmittedReport | None) -> Told:
    """What checks of a report, the latest first, say of it; the latest counts, also where it is history by now."""
    current = checks[0] if checks else None
    checked = None if current is None or current.result is None else _checked(current.result)
    text = None if submitted is None else submitted.text
    now = set() if checked is None else {error.id for error in checked.errors if error.tier.value != "low"}
    earlier = [
        _checked(check.result) for check in checks if check is not current and check.result is not None
    ]
    before = {error.id for old in earlier for error in old.errors if error.tier.value != "low"} - now
    return Told(
        number,
        checked,
        None if current is None else current.created_at,
        original_of(str(number)),
        () if current is None else tuple(map(decision_out, current.decisions)),
        None if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        before=tuple(sorted(before)),
    )


def _checked(result: str) -> CheckedReportOut:
    return CheckedReportOut.model_validate_json(result)

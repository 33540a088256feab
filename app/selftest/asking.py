"""Sends the conformance set, and says of each message what was expected and what came."""

import json
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx2

from app.selftest.messages import WRONG, fhir_report, handshake, hl7_cases

_SECONDS = 20.0
_RESULT_SECONDS = 120.0
_ER7, _FHIR = "x-application/hl7-v2+er7", "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of the table."""

    way: str
    what: str
    expected: str
    came: str

    @property
    def passed(self) -> bool:
        """Whether it came as it was expected."""
        return self.expected == self.came


class Peer:
    """One connection that speaks MLLP; use as a context manager."""

    def __init__(self, host: str, port: int) -> None:
        """Connect.

        Raises:
            OSError: when nobody listens there.
        """
        self._socket = socket.create_connection((host, port), _SECONDS)
        self._rest = b""

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, message: bytes) -> str:
        """MSA-1, with the code that ERR-5 says behind it; ``closed`` or ``no answer`` where there is none."""
        try:
            self._socket.sendall(b"\x0b" + message + b"\x1c\r")
            while b"\x1c\r" not in self._rest:
                data = self._socket.recv(65_536)
                if not data:
                    return "closed"
                self._rest += data
        except TimeoutError:
            return "no answer"
        except OSError:
            return "closed"
        whole, _, self._rest = self._rest.partition(b"\x1c\r")
        return _said(whole)


def _said(answer: bytes) -> str:
    segments = [line.split("|") for line in answer.decode("latin-1").lstrip("\x0b").split("\r") if line]
    named = {fields[0]: fields for fields in segments}
    acknowledged, error = named.get("MSA", []), named.get("ERR", [])
    code = acknowledged[1] if len(acknowledged) > 1 else "no MSA"
    return f"{code} {error[5].partition('^')[0]}" if len(error) > 5 else code


def ask_mllp(address: tuple[str, int], run: str, *, own: bool) -> Iterator[Asked]:
    """The set of HL7 v2 over one connection; of somebody else's installation only messages for trial (MSH-11 T)."""
    cases = [case for case in hl7_cases(run) if own or b"|T|" in case.message.partition(b"\r")[0]]
    with Peer(*address) as peer:
        for case in cases:
            yield Asked("MLLP", case.what, case.expected, peer.ask(case.message))


@dataclass(frozen=True, slots=True)
class Site:
    """An installation over HTTP; ``secret`` of the sources of our own one."""

    url: str
    secret: str | None = None
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=_SECONDS, trust_env=False))

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON (else text) of an answer; status 0 where there is none."""
        content = body if isinstance(body, bytes) else (None if body is None else json.dumps(body).encode())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            answer = self.client.request(method, self.url + path, content=content, headers=named)
        except httpx2.HTTPError:
            return 0, None
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, answer.text


def ask_http(site: Site) -> Iterator[Asked]:
    """What every installation answers, whoever it is of: nothing is kept of it.

    Raises:
        ConnectionError: when nobody answers there.
    """
    if site.ask("GET", "/health")[0] == 0:
        raise ConnectionError
    for path in ("/health", "/ready", "/v1/integrations/status", "/cds-services"):
        status, _ = site.ask("GET", path)
        yield Asked("HTTP", f"GET {path}", "200", str(status))
    status, answer = site.ask("POST", "/v1/reports/check", {"text": WRONG}, Content_Type="application/json")
    found = [error["type"] for error in answer["errors"]] if status == 200 else []
    yield Asked(
        "HTTP",
        "check of a report with a planted error",
        "laterality_mismatch",
        ", ".join(found) or str(status),
    )


def ask_webhooks(site: Site, run: str) -> Iterator[Asked]:
    """Notifications and messages by webhook, to our own sources."""
    secret = {"Authorization": site.secret or ""}
    report = json.dumps(fhir_report(run)).encode()
    path = f"/v1/webhooks/selftest-fhir/DiagnosticReport/selftest-{run.lower()}"
    case = next(case for case in hl7_cases(f"{run}W") if case.what == "report with a planted error")
    sent: Iterable[tuple[str, str, str, bytes, str, Mapping[str, str], str]] = (
        (
            "FHIR",
            "POST",
            "/v1/webhooks/selftest-fhir",
            handshake(),
            _FHIR,
            secret,
            "handshake of a subscription",
        ),
        ("FHIR", "PUT", path, report, _FHIR, secret, "report by PUT with its id"),
        ("FHIR", "POST", "/v1/webhooks/selftest-fhir", report, _FHIR, secret, "the same by POST"),
        ("webhook", "POST", "/v1/webhooks/selftest-hl7", case.message, _ER7, secret, "message of HL7 v2"),
    )
    for way, method, to, body, kind, headers, what in sent:
        status, _ = site.ask(method, to, body, Content_Type=kind, **headers)
        yield Asked(way, what, "200", str(status))
    status, _ = site.ask(
        "POST", "/v1/webhooks/selftest-fhir", report, Content_Type=_FHIR, Authorization="Bearer other"
    )
    yield Asked("FHIR", "report with a wrong secret", "401", str(status))
    status, _ = site.ask("POST", "/v1/webhooks/selftest-fhir", b"{", Content_Type=_FHIR, **secret)
    yield Asked("FHIR", "broken JSON", "400", str(status))


def ask_results(site: Site, run: str) -> Iterator[Asked]:
    """What became of what was sent, once nothing waits any more."""
    lines = {line["custom_id"]: line for line in _lines(site, f"{run}-LAST", f"selftest-{run.lower()}")}
    for name, what, expected in (
        (f"{run}-ONE", "the report that was corrected", "cancelled replaced"),
        (f"{run}-TWO", "the report that was taken back", "cancelled withdrawn"),
        (f"{run}-LAST", "the report with a planted error", "checked laterality_mismatch"),
        (f"selftest-{run.lower()}", "the same by FHIR", "checked laterality_mismatch"),
    ):
        yield Asked("result", what, expected, _became(lines.get(name)))
    trial = [name for name, line in lines.items() if not line.get("test")]
    yield Asked("result", "counted in statistics", "none", ", ".join(trial) or "none")


def _became(line: Mapping[str, Any] | None) -> str:
    if line is None:
        return "not there"
    errors = [error["type"] for error in (line.get("checked") or {}).get("errors", ())]
    return (
        " ".join([line["state"], line.get("problem", {}).get("code", ""), *errors]).strip().replace("  ", " ")
    )


def _lines(site: Site, *awaited: str) -> list[dict[str, Any]]:
    end = time.monotonic() + _RESULT_SECONDS
    while True:
        _, page = site.ask("GET", "/v1/batches")
        batches = page["batches"] if isinstance(page, dict) else []
        found = [line for batch in batches for line in _of_batch(site, batch["id"])]
        states = {line["custom_id"]: line["state"] for line in found}
        if all(states.get(name) == "checked" for name in awaited) or time.monotonic() > end:
            return found
        time.sleep(0.5)


def _of_batch(site: Site, batch: str) -> list[dict[str, Any]]:
    answer = site.client.get(
        f"{site.url}/v1/batches/{batch}/results", headers={"Accept": "application/x-ndjson"}
    )
    return [json.loads(line) for line in answer.text.splitlines()]

"""A small FHIR server on a real port: read, search with pages, $events, and a subscription that can skip an event."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local_http import Answer, Asked, listening

TOKEN = "a-token-of-the-tests"  # noqa: S105  # of this server only
SUBSCRIPTION = "Subscription/reports"


class FhirServer:
    """Resources by ``Type/id``; ``events`` are names in the order in which they changed."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.events: list[str] = []
        self.gone: set[str] = set()
        self.asked: list[str] = []
        self.down = False
        self.knows_events = True
        self.knows_includes = True
        self.page_size = 50
        self.next_base: str | None = None
        self.port = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def put(self, resource: dict[str, Any], *, event: bool = True) -> dict[str, Any]:
        """Keep a resource as its next version; an event of the subscription, where it is a report."""
        name = f"{resource['resourceType']}/{resource['id']}"
        number = int(self.resources.get(name, {}).get("meta", {}).get("versionId", 0)) + 1
        moment = f"2099-01-05T12:{len(self.events):02}:{number:02}.000Z"
        kept = {**resource, "meta": {"versionId": str(number), "lastUpdated": moment}}
        self.resources[name] = kept
        if event:
            self.events.append(name)
        return kept

    def notification(
        self, *numbers: int, content: str = "id-only", total: int | None = None
    ) -> dict[str, Any]:
        """An event notification in R4 (Parameters) for these events."""
        events = []
        entries: list[dict[str, Any]] = []
        for number in numbers:
            name = self.events[number - 1]
            parts: list[dict[str, Any]] = [{"name": "event-number", "valueString": str(number)}]
            if content != "empty":
                parts.append({"name": "focus", "valueReference": {"reference": f"{self.base}/{name}"}})
                entry: dict[str, Any] = {"fullUrl": f"{self.base}/{name}"}
                if content == "full-resource":
                    entry["resource"] = self.resources[name]
                entries.append({**entry, "request": {"method": "PUT", "url": name}})
            events.append({"name": "notification-event", "part": parts})
        kind = "event-notification"
        return self.bundle(kind, total or max(numbers, default=0), events, entries)

    def bundle(
        self, kind: str, total: int, events: list[dict[str, Any]], entries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        status = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "subscription", "valueReference": {"reference": f"{self.base}/{SUBSCRIPTION}"}},
                {"name": "topic", "valueCanonical": "urn:topic:reports"},
                {"name": "status", "valueCode": "active"},
                {"name": "type", "valueCode": kind},
                {"name": "events-since-subscription-start", "valueString": str(total)},
                *events,
            ],
        }
        return {
            "resourceType": "Bundle",
            "type": "history",
            "entry": [{"resource": status, "request": {"method": "GET", "url": SUBSCRIPTION}}, *entries],
        }

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
        if self.down:
            return 503, failed
        if authorization != f"Bearer {TOKEN}":
            return 401, failed
        parts = urlsplit(path)
        name = parts.path.removeprefix("/fhir/")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if name == "DiagnosticReport":
            if "_include" in query and not self.knows_includes:
                return 400, failed
            return 200, self._search(query)
        if name == f"{SUBSCRIPTION}/$events":
            if not self.knows_events:
                return 404, failed
            first, last = int(query["eventsSinceNumber"]), int(query["eventsUntilNumber"])
            return 200, self.notification(*range(first, last + 1), content="full-resource")
        if name in self.gone:
            return 410, failed
        found = self.resources.get(name)
        return (200, found) if found is not None else (404, failed)

    def _search(self, query: dict[str, str]) -> dict[str, Any]:
        since = query["_lastUpdated"].removeprefix("ge")[:19]
        found = sorted(
            (
                resource
                for name, resource in self.resources.items()
                if name.startswith("DiagnosticReport/") and resource["meta"]["lastUpdated"][:19] >= since
            ),
            key=lambda resource: str(resource["meta"]["lastUpdated"]),
        )
        start = int(query.get("start", 0))
        size = min(self.page_size, int(query.get("_count", self.page_size)))
        kept = {"resourceType", *query["_elements"].split(",")} if "_elements" in query else None
        entries = [
            {"resource": {key: value for key, value in resource.items() if kept is None or key in kept}}
            for resource in found[start : start + size]
        ]
        page: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        if start + size < len(found):
            base = self.next_base or self.base
            following = f"{base}/DiagnosticReport?_lastUpdated=ge{since}&_count={size}&start={start + size}"
            following += f"&_elements={query['_elements']}" if "_elements" in query else ""
            page["link"] = [{"relation": "next", "url": following}]
        return page


@contextmanager
def running() -> Iterator[FhirServer]:
    """Answers until the end of the block."""
    server = FhirServer()

    def answer(asked: Asked) -> Answer:
        status, said = server.answer(asked.path, asked.headers.get("Authorization"))
        return Answer(status, json.dumps(said).encode(), {"Content-Type": "application/fhir+json"})

    with listening(answer) as server.port:
        yield server

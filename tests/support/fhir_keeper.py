"""A small FHIR server: takes transactions with conditional updates and creates, and validates what it keeps."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from local_http import Answer, Asked, listening


class FhirKeeper:
    """Keeps resources by kind and id; ``writes`` counts what was created or changed. Thread-safe enough for tests."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.asked: list[tuple[str, str, str | None]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []  # given before it works again
        self.port = 0

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a kind."""
        return [kept for kept in self.kept.values() if kept["resourceType"] == kind]

    def take(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """Apply a transaction.

        Raises:
            ValueError: when it or a resource is not sound.
        """
        get_fhir_model_class("Bundle").model_validate(bundle)
        if bundle["type"] != "transaction":
            raise ValueError("not a transaction")
        named: dict[str, str] = {}
        for entry in bundle["entry"]:
            kind, search = entry["resource"]["resourceType"], self._search(entry["request"])
            found = [name for name in self.kept if name.startswith(f"{kind}/") and self._fits(name, search)]
            if len(found) > 1:
                raise ValueError("several fit")
            named[entry["fullUrl"]] = found[0] if found else f"{kind}/{uuid.uuid4()}"
        for entry in bundle["entry"]:
            self._keep(entry, named)
        return {"resourceType": "Bundle", "type": "transaction-response"}

    def _keep(self, entry: dict[str, Any], named: dict[str, str]) -> None:
        text = json.dumps(entry["resource"])
        for url, name in named.items():
            text = text.replace(url, name)
        resource = json.loads(text)
        name = named[entry["fullUrl"]]
        resource["id"] = name.partition("/")[2]
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        there = self.kept.get(name)
        if there is not None and (entry["request"]["method"] == "POST" or there == resource):
            return
        self.kept[name] = resource
        self.writes += 1

    @staticmethod
    def _search(request: dict[str, Any]) -> str:
        if request["method"] == "POST":
            return str(request["ifNoneExist"])
        return str(request["url"]).partition("?")[2]

    def _fits(self, name: str, search: str) -> bool:
        key, _, value = search.partition("=")
        system, _, code = value.partition("|")
        resource = self.kept[name]
        if key == "_tag":
            return any(
                (tag["system"], tag["code"]) == (system, code) for tag in resource["meta"].get("tag", [])
            )
        return any((own["system"], own["value"]) == (system, code) for own in resource.get("identifier", []))


@contextmanager
def serving() -> Iterator[FhirKeeper]:
    """A server on a free port of this machine until the end of the block."""
    server = FhirKeeper()

    def answer(asked: Asked) -> Answer:
        server.asked.append((asked.method, asked.path, asked.headers.get("Authorization")))
        if asked.method == "GET":
            return _answer(200, {"resourceType": "CapabilityStatement"})
        if server.answers:
            status, headers = server.answers.pop(0)
            return _answer(status, {"resourceType": "OperationOutcome"}, headers)
        try:
            return _answer(200, server.take(json.loads(asked.body)))
        except ValueError:
            return _answer(422, {"resourceType": "OperationOutcome"})

    with listening(answer) as server.port:
        yield server


def _answer(status: int, value: dict[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    named = {"Content-Type": "application/fhir+json", **(headers or {})}
    return Answer(status, json.dumps(value).encode(), named)

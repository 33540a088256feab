"""A small FHIR server: takes transactions with conditional updates and creates, and validates what it keeps."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fhir.resources.R4B import get_fhir_model_class


class FhirServer:
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
def serving() -> Iterator[FhirServer]:
    """A server on a free port of this machine until the end of the block."""
    server = FhirServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(("GET", self.path, self.headers.get("Authorization")))
            self._answer(200, {"resourceType": "CapabilityStatement"}, {})

        def do_POST(self) -> None:
            server.asked.append(("POST", self.path, self.headers.get("Authorization")))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if server.answers:
                status, headers = server.answers.pop(0)
                self._answer(status, {"resourceType": "OperationOutcome"}, headers)
                return
            try:
                self._answer(200, server.take(json.loads(body)), {})
            except ValueError:
                self._answer(422, {"resourceType": "OperationOutcome"}, {})

        def _answer(self, status: int, value: dict[str, Any], headers: dict[str, str]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            for name, said in {"Content-Type": "application/fhir+json", **headers}.items():
                self.send_header(name, said)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()

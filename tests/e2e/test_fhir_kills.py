"""The service is killed while a FHIR server tells of reports: each that was told of ends as one current result."""

import base64
import json
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from batch_cluster import Cluster
from fhir_server import TOKEN, FhirServer, running
from local_servers import UnavailableError
from sqlalchemy import update

from app.storage.exchange import errand
from app.storage.store import open_store

_SECRET = "Bearer a-long-enough-token"  # noqa: S105  # of this test only
_EVENTS, _SECONDS = 40, 120


def report(number: int) -> dict[str, Any]:
    text = f"FINDINGS: No pleural effusion. Invented {number}.\nIMPRESSION: Small left pleural effusion."
    form = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    return {
        "resourceType": "DiagnosticReport",
        "id": f"r{number}",
        "status": "final",
        "presentedForm": [form],
    }


def send(cluster: Cluster, body: dict[str, Any]) -> int:
    raw = json.dumps(body).encode()
    kind = "application/fhir+json"
    return cluster.call("POST", "/v1/webhooks/ehr", raw, Authorization=_SECRET, Content_Type=kind)[0]


def lines(cluster: Cluster) -> list[dict[str, Any]]:
    status, answer = cluster.call("GET", "/v1/batches")
    days = json.loads(answer)["batches"] if status == 200 else []
    return [line for day in days for line in cluster.results(day["id"])]


def tell(cluster: Cluster, server: FhirServer, chosen: random.Random) -> None:
    """Tell of new reports, skipping some, until the service does not answer; what was not answered is sent again."""
    while len(server.events) < _EVENTS:
        number = len(server.events) + 1
        server.put(report(number))
        if chosen.random() < 0.3:
            continue  # nobody is told: the next one shows the gap
        content = chosen.choice(["empty", "id-only", "full-resource"])
        while send(cluster, server.notification(number, content=content)) != 200:
            time.sleep(0.05)


def let_go(cluster: Cluster) -> None:
    """The three minutes of errands that a killed process had in hand are over."""
    store = open_store(cluster.environment["RADPROOF_STORE_URL"])
    with store.engine.begin() as connection:
        connection.execute(update(errand).values(due_at=0))
    store.close()


@pytest.mark.parametrize("embedded", [True, False])
def test_nothing_told_of_is_lost_or_doubled(embedded: bool, tmp_path: Path) -> None:
    chosen = random.Random(7)
    with running() as server:
        sources = tmp_path / "sources.toml"
        sources.write_text(
            f'[sources.ehr]\nkind = "fhir"\nauth = {{ type = "header", values = ["{_SECRET}"] }}\n'
            f'fhir = {{ base = "{server.base}", token = "{TOKEN}" }}\n'
        )
        settings = {
            "RADPROOF_SOURCES": str(sources),
            "RADPROOF_CALLBACK_NETWORKS": "127.0.0.1",
            "RADPROOF_CALLBACK_HTTP": "true",
            "RADPROOF_CALLBACK_PORTS": str(server.port),
            **({"RADPROOF_BATCH_PROCESSES": "1"} if embedded else {}),
        }
        try:
            cluster = Cluster(tmp_path, embedded=embedded, **settings)
        except UnavailableError as error:
            pytest.skip(str(error))
        with cluster:
            telling = threading.Thread(target=tell, args=(cluster, server, chosen))
            telling.start()
            for _ in range(4):
                time.sleep(chosen.uniform(0.1, 1.0))
                cluster.api.kill()
                server.down = not server.down
                cluster.api.start()
                cluster.wait_until_ready()
            server.down = False
            telling.join(_SECONDS)
            assert not telling.is_alive()
            let_go(cluster)
            while send(cluster, server.bundle("heartbeat", _EVENTS, [], [])) != 200:
                time.sleep(0.05)
            end = time.monotonic() + _SECONDS
            wanted = Counter({f"r{number}": 1 for number in range(1, _EVENTS + 1)})
            while (
                Counter(line["custom_id"] for line in lines(cluster) if line["state"] == "checked") != wanted
            ):
                assert time.monotonic() < end, [(line["custom_id"], line["state"]) for line in lines(cluster)]
                time.sleep(0.2)
            assert len(lines(cluster)) == _EVENTS

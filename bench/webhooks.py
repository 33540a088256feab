"""How fast FHIR reports are acknowledged over HTTP, each after an fsync, beside an answer that keeps nothing.

PYTHONPATH=tests/support:tools/servers .venv/bin/python bench/webhooks.py --reports 2000 --connections 10
"""

import argparse
import base64
import json
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

import httpx2
from batch_cluster import Cluster

_VALUE = "Bearer of-this-measurement"
_HEADERS = {"Authorization": _VALUE, "Content-Type": "application/fhir+json"}
_BOMBS = {
    "10,000 levels": b"[" * 10_000,
    "16 MiB of empty lists": b'{"a":[' + b"[]," * 5_500_000 + b"1]}",
    "16 MiB of one string": b'{"a":"' + b"a" * 16_000_000 + b'"}',
    "17 MiB": b" " * (17 * 1_048_576),
}


def report(number: int) -> bytes:
    text = f"FINDINGS: The lungs are clear. Measured {number}.\nIMPRESSION: No acute disease."
    form = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    sent = {
        "resourceType": "DiagnosticReport",
        "id": f"r{number}",
        "status": "final",
        "presentedForm": [form],
    }
    return json.dumps(sent).encode()


def measured(name: str, call: Callable[[int], httpx2.Response], count: int, connections: int) -> None:
    def one(number: int) -> float:
        begun = time.perf_counter()
        call(number).raise_for_status()
        return 1000 * (time.perf_counter() - begun)

    begun = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        times = list(threads.map(one, range(count)))
    rate = count / (time.perf_counter() - begun)
    cuts = quantiles(times, n=100)
    print(f"{name}: {count} over {connections}: {rate:.0f}/s, p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=10)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "sources.toml"
        sources.write_text(
            f'[sources.ehr]\nkind = "fhir"\nauth = {{ type = "header", values = ["{_VALUE}"] }}\n'
        )
        settings = {"RADPROOF_SOURCES": str(sources), "RADPROOF_BATCH_PROCESSES": "0"}
        with Cluster(Path(folder), embedded=True, **settings) as cluster:
            base = f"http://127.0.0.1:{cluster.port}"
            with httpx2.Client(trust_env=False, timeout=60) as client:
                where = f"{base}/v1/webhooks/ehr"
                counts = (chosen.reports, chosen.connections)
                measured("answer that keeps nothing", lambda _: client.get(f"{base}/health"), *counts)
                measured(
                    "FHIR report, kept",
                    lambda number: client.put(where, content=report(number), headers=_HEADERS),
                    *counts,
                )
                status = Path(f"/proc/{cluster.api.process.pid if cluster.api.process else 0}/status")
                print("memory before bombs:", _peak(status))
                for name, bomb in _BOMBS.items():
                    begun = time.perf_counter()
                    answer = client.post(where, content=bomb, headers=_HEADERS)
                    print(f"{name}: {answer.status_code} in {1000 * (time.perf_counter() - begun):.0f} ms")
                print(
                    "memory after bombs:",
                    _peak(status),
                    "of this program:",
                    resource.getrusage(0).ru_maxrss // 1024,
                )


def _peak(status: Path) -> str:
    return next(
        line.split(":")[1].strip() for line in status.read_text().splitlines() if line.startswith("VmHWM")
    )


if __name__ == "__main__":
    main()

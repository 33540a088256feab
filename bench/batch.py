"""``make bench-batch``: reports a second of batches, storage included, beside single requests in the same run.

For 1 and 2 processes, with and without references: a batch over HTTP to a service over SQLite, or with
``--apart`` to workers over Redis and PostgreSQL. The peer is a plain loop over POST /v1/reports/check on
one kept connection. Every text is its own: reports are repeated with another number in them.
"""

import argparse
import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from batch_cluster import Cluster

from app.reading import read_reports
from app.services import bundled_reports

OUT = Path("var/bench")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, help="CSV or JSONL (default: the invented reports)")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--single", type=int, default=500, help="requests of the plain loop")
    parser.add_argument("--apart", action="store_true", help="workers over Redis and PostgreSQL")
    args = parser.parse_args()
    lines = list(islice(texts(args.reports), args.count))
    rows = [
        [
            "references",
            "processes",
            "batch, reports/s",
            "plain loop, reports/s",
            "ratio",
            "RSS of the largest process, MB",
        ]
    ]
    for references in (0, 4):
        for processes in (1, 2):
            rows.append(measured(lines, args, references, processes))
    table = "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [rows[0], ["---"] * 6, *rows[1:]])
    print(f"{args.count} reports, {'Redis and PostgreSQL' if args.apart else 'SQLite'}\n\n{table}")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"batch-{'apart' if args.apart else 'embedded'}.md").write_text(table + "\n", encoding="utf-8")


def texts(path: Path | None) -> Iterator[dict[str, str]]:
    given = list(bundled_reports() if path is None else read_reports(path))
    for number, report in enumerate(cycle(given)):
        text = f"{report.text.rstrip()}\nAccession {number}."
        yield {"custom_id": f"r{number}", "text": text}


def measured(
    lines: list[dict[str, str]], args: argparse.Namespace, references: int, processes: int
) -> list[object]:
    settings = {"RADPROOF_REFERENCES_K": str(references), "RADPROOF_LOG_LEVEL": "warning"}
    if not args.apart:
        settings["RADPROOF_BATCH_PROCESSES"] = str(processes)
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder), embedded=not args.apart, workers=processes, **settings) as cluster,
    ):
        loop = single(cluster, lines[: args.single])
        _, warm = cluster.send(lines[:64], "warm")  # processes start with the first reports
        cluster.wait_until_done(warm)
        begun = time.perf_counter()
        _, batch = cluster.send(lines, "measured")
        found = cluster.wait_until_done(batch, seconds=3600)
        rate = len(lines) / (time.perf_counter() - begun)
        if found["counts"]["checked"] != len(lines):
            raise RuntimeError(f"not every report was checked: {found['counts']}")
        memory = max(
            largest(program.process.pid) for program in (cluster.api, *cluster.workers) if program.process
        )
    return [references, processes, f"{rate:.0f}", f"{loop:.0f}", f"{rate / loop:.2f}", f"{memory:.0f}"]


def single(cluster: Cluster, lines: list[dict[str, str]]) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", cluster.port)
    begun = time.perf_counter()
    for line in lines:
        body = json.dumps({"text": line["text"]})
        connection.request("POST", "/v1/reports/check", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
    return len(lines) / (time.perf_counter() - begun)


def largest(process: int) -> float:
    """Peak memory of a process or of the largest one below it, in MB."""
    peaks = [_peak(process)]
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        peaks += [largest(int(child)) for child in path.read_text().split()]
    return max(peaks)


def _peak(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()

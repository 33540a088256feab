"""``make bench``: extraction beside medspaCy in the same run, and the service through HTTP.

Prints Markdown and writes it, with the raw figures, to var/bench/. Times are wall clock on this
machine; only the ratio to the peer carries over to another.
"""

import argparse
import gc
import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app.knowledge import lexicon
from app.reading import read_reports
from app.services import bundled_reports
from kg_ingest.schema import Group
from kg_ingest.sources.core import open_bundled
from models.lexical import LexicalExtractor
from models.sections import parse
from models.types import EntityKind

HERE = Path(__file__).parent
OUT = Path("var/bench")
PEER_PINS = ("medspacy==1.3.1", "spacy==3.7.5", "numpy==1.26.4")
PEER_TARGETS = 2_000
PORT = 18_765


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, help="CSV or JSONL (default: the invented reports)")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    source = bundled_reports() if options.reports is None else read_reports(options.reports)
    texts = [report.text for report in source][: options.limit]
    figures: dict[str, Any] = {
        "reports": len(texts),
        "words_per_report": statistics.mean(len(text.split()) for text in texts),
        "extraction": extraction(texts, options.rounds, peer=not options.no_peer),
        "service": {
            name: service(texts, k) for name, k in (("with references", 4), ("without references", 0))
        },
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "bench.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = markdown(figures)
    (OUT / "bench.md").write_text(table, encoding="utf-8")
    sys.stdout.write(table)


def extraction(texts: list[str], rounds: int, *, peer: bool) -> dict[str, Any]:
    """Reports a second of both sides, rounds interleaved, medians."""
    store = open_bundled()
    names = list(lexicon(store.names(tuple(Group))))
    extractor = LexicalExtractor(names)
    targets = [entry.name for entry in names if entry.kind is EntityKind.OBSERVATION][:PEER_TARGETS]
    gc.collect()
    gc.freeze()  # as the service does with what lives as long as it does
    other = start_peer(texts, targets) if peer else None
    ours, theirs, entities = [], [], 0
    for _ in range(rounds):
        start = time.perf_counter()
        entities = sum(len(extractor.extract(parse(text)).entities) for text in texts)
        ours.append(time.perf_counter() - start)
        if other is not None:
            assert other.stdin is not None  # noqa: S101
            assert other.stdout is not None  # noqa: S101
            other.stdin.write("round\n")
            other.stdin.flush()
            theirs.append(json.loads(other.stdout.readline())["seconds"])
    if other is not None:
        other.terminate()
        other.wait()
    result: dict[str, Any] = {
        "names": len(names),
        "entities_per_report": entities / len(texts),
        "reports_per_s": len(texts) / statistics.median(ours),
    }
    if theirs:
        result |= {"peer_targets": len(targets), "peer_reports_per_s": len(texts) / statistics.median(theirs)}
        result["ratio"] = result["reports_per_s"] / result["peer_reports_per_s"]
    return result


def start_peer(texts: list[str], targets: list[str]) -> subprocess.Popen[str]:
    """The peer in its own environment, made on first use; given its texts."""
    home = Path("var/bench-venv")
    python = home / "bin" / "python"
    if not python.exists():
        sys.stderr.write("installing medspaCy into var/bench-venv ...\n")
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEER_PINS], check=True)
    peer = subprocess.Popen(
        [str(python), str(HERE / "peer_medspacy.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert peer.stdin  # noqa: S101
    peer.stdin.write(json.dumps({"texts": texts, "targets": targets}) + "\n")
    peer.stdin.flush()
    return peer


def service(texts: list[str], references: int) -> dict[str, float]:
    """Start the real service, wait until ready, post every report one by one, then two at a time."""
    environment = {**os.environ, "RADPROOF_PORT": str(PORT), "RADPROOF_REFERENCES_K": str(references)}
    environment["RADPROOF_LOG_LEVEL"] = "warning"
    start = time.perf_counter()
    running = subprocess.Popen([str(Path(sys.executable).parent / "radproof"), "serve"], env=environment)
    try:
        while not ready():
            time.sleep(0.02)
        until_ready = time.perf_counter() - start
        for text in texts[:20]:
            post(text)
        single = sorted(post(text) for text in texts)
        begin = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(post, texts))
        rate = len(texts) / (time.perf_counter() - begin)
        status = Path(f"/proc/{running.pid}/status").read_text(encoding="utf-8")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
        return {
            "ready_s": until_ready,
            "p50_ms": 1000 * statistics.median(single),
            "p99_ms": 1000 * single[min(len(single) - 1, int(0.99 * len(single)))],
            "reports_per_s": rate,
            "peak_rss_mb": int(peak) / 1024,
        }
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=20)


def ready() -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=1)
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False


def post(text: str) -> float:
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    connection.request(
        "POST", "/v1/reports/check", json.dumps({"text": text}), {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"the service answered {answer.status}")
    return time.perf_counter() - start


def markdown(figures: dict[str, Any]) -> str:
    found = figures["extraction"]
    lines = [
        f"{figures['reports']} reports of {figures['words_per_report']:.0f} words",
        "",
        "| extraction alone | reports/s |",
        "|---|---|",
        f"| RadProof: sections, sentences, {found['names']} names, assertion, relations | {found['reports_per_s']:.0f} |",
    ]
    if "ratio" in found:
        lines += [
            f"| medspaCy 1.3.1: sentencizer, {found['peer_targets']} targets, ConText | {found['peer_reports_per_s']:.0f} |",
            f"| ratio | {found['ratio']:.1f} |",
        ]
    lines += [
        "",
        "| whole check over HTTP | p50 ms | p99 ms | reports/s (2 clients) | peak RSS MB | ready s |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for name, got in figures["service"].items():
        lines.append(
            f"| {name} | {got['p50_ms']:.1f} | {got['p99_ms']:.1f} | {got['reports_per_s']:.0f} "
            f"| {got['peak_rss_mb']:.0f} | {got['ready_s']:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

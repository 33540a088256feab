"""Kills parts of an installation at random moments, and counts what became of every accepted report.

    make kill-rounds ROUNDS=200

Ends with 1 where a report that was accepted has not exactly one current result, or another than a
plain check gives.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from batch_cluster import Cluster
from sqlalchemy import func, select

from app.api.schemas import CheckedReportOut
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import build_services
from app.settings import Settings
from app.storage.store import open_store
from app.storage.tables import check, job

_REPORTS = 12  # of one batch
_SIDES = ("left", "right")


@dataclass(slots=True)
class Outcome:
    """What was seen over all rounds."""

    rounds: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)  # custom_id -> text
    batches: list[str] = field(default_factory=list)
    slowest_start: float = 0.0


def run(cluster: Cluster, rounds: int, seconds: float, seed: int) -> Outcome:
    """Send a batch, kill something at a random moment, start it again; as often as asked, or for so long."""
    dice = random.Random(seed)
    outcome = Outcome()
    begun = time.monotonic()
    while outcome.rounds < rounds and time.monotonic() - begun < seconds:
        outcome.rounds += 1
        reports = [_report(f"{seed}-{outcome.rounds}-{number}", dice) for number in range(_REPORTS)]
        victim = dice.choice(["api"] if cluster.redis is None else ["api", "worker", "worker", "redis"])
        outcome.kills[victim] = outcome.kills.get(victim, 0) + 1
        _send(cluster, reports, f"{seed}-{outcome.rounds}", outcome)
        time.sleep(dice.uniform(0, 0.6))
        _kill(cluster, victim, dice)
        if victim == "api":
            outcome.slowest_start = max(outcome.slowest_start, cluster.wait_until_ready())
    for batch in outcome.batches:
        cluster.wait_until_done(batch)
    return outcome


def _send(cluster: Cluster, reports: list[dict[str, str]], key: str, outcome: Outcome) -> None:
    for _ in range(200):
        status, batch = cluster.send(reports, key)
        if status == 202:
            outcome.batches.append(batch)
            outcome.accepted |= {report["custom_id"]: report["text"] for report in reports}
            return
        time.sleep(0.1)
    raise TimeoutError("no batch is accepted")


def _report(name: str, dice: random.Random) -> dict[str, str]:
    first, second = dice.choice(_SIDES), dice.choice(_SIDES)
    text = (
        f"FINDINGS: There is a {dice.randint(4, 29)} mm nodule in the {first} upper lobe. No effusion.\n"
        f"IMPRESSION: Nodule of the {second} upper lobe."
    )
    return {"custom_id": name, "text": text}


def _kill(cluster: Cluster, victim: str, dice: random.Random) -> None:
    if victim == "redis" and cluster.redis is not None:
        cluster.redis.kill()
        time.sleep(dice.uniform(0, 0.5))
        cluster.redis.start()
        return
    program = cluster.api if victim == "api" else dice.choice(cluster.workers)
    program.kill()
    program.start()


def faults(cluster: Cluster, outcome: Outcome) -> list[str]:
    """What is wrong with the results of every accepted report; empty where nothing is."""
    found = []
    services = build_services(Settings(references_k=0))
    seen: dict[str, dict[str, object]] = {}
    for batch in outcome.batches:
        for line in cluster.results(batch):
            name = line["custom_id"]
            if name in seen:
                found.append(f"{name}: twice")
            seen[name] = line
    for name, text in outcome.accepted.items():
        line = seen.get(name)
        if line is None or line["state"] != "checked":
            found.append(f"{name}: {line['state'] if line else 'lost'}")
            continue
        plain = CheckedReportOut.of(check_report(SubmittedReport(text, name), services))
        told = json.loads(plain.model_dump_json())
        if any(line["checked"][part] != told[part] for part in ("errors", "corrected_text", "coverage")):  # type: ignore[index]
            found.append(f"{name}: another result than a plain check")
    services.close()
    store = open_store(cluster.environment["RADPROOF_STORE_URL"])
    with store.engine.begin() as connection:
        current = connection.execute(select(func.count()).select_from(check).where(check.c.current)).scalar()
        checks = connection.execute(select(func.count()).select_from(check)).scalar()
        jobs = connection.execute(select(func.count()).select_from(job)).scalar()
    if not current == checks == jobs == len(outcome.accepted):
        found.append(f"{jobs} jobs, {checks} checks, {current} current, {len(outcome.accepted)} accepted")
    if store.audit_broken_at() is not None:
        found.append("the audit trail is broken")
    store.close()
    return found


def main() -> int:
    """Run and print what was counted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--embedded", action="store_true")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder), embedded=args.embedded, workers=2) as all_,
    ):
        outcome = run(all_, args.rounds, args.seconds, args.seed)
        wrong = faults(all_, outcome)
    print(  # noqa: T201
        f"{outcome.rounds} rounds, killed {outcome.kills}, {len(outcome.accepted)} reports accepted, "
        f"slowest start {outcome.slowest_start:.1f} s, {len(wrong)} faults"
    )
    print("\n".join(wrong[:20]))  # noqa: T201
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

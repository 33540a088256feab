"""Kills the receiver, the service, workers, Redis and PostgreSQL while messages come in; counts every acknowledged one.

    make mllp-rounds ROUNDS=200

Several senders at one time, so that groups of messages are in flight when something dies. Every message that was
acknowledged has exactly one current result, whatever was resent meanwhile.
Ends with 1 where that is not so.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from batch_cluster import Cluster, Program
from hl7_support import Invented, Peer
from local_servers import free_port
from sqlalchemy import func, select

from app.storage.store import Store, open_store
from app.storage.tables import check, job, message, report, version

_MESSAGES = 4  # of one sender in one round
_SENDERS = 4
_KILL_SECONDS = 0.1
_SIDES = ("left", "right")
_SECONDS = 240


@dataclass
class Outcome:
    """What was seen over all rounds."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, str] = field(default_factory=dict)  # control id -> filler id
    resent: int = 0


@dataclass
class Sender:
    """Sends like a RIS: a message again and again until it is acknowledged."""

    port: int
    dice: random.Random
    outcome: Outcome
    peer: Peer | None = None

    def send_all(self, name: str) -> None:
        """Messages of one round: one in four is a newer version of the report before, one in ten is sent twice."""
        for number in range(_MESSAGES):
            filler = f"{name}-{number - number % 4 // 3}"
            text = f"FINDINGS: There is a {self.dice.randint(4, 29)} mm nodule in the {self.dice.choice(_SIDES)} upper lobe."
            sent = Invented(f"{name}-{number}", filler, text, sent=f"2026010512{number:02}00")
            for _ in range(2 if self.dice.random() < 0.1 else 1):
                self.send(sent)

    def send(self, sent: Invented) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                if self.peer is None:
                    self.peer = Peer(self.port, seconds=20)
                if self.peer.ask(sent.encode()) == "AA":
                    self.outcome.acknowledged[sent.control_id] = sent.filler
                    return
            except OSError:
                self.peer = None
            self.outcome.resent += 1
            time.sleep(0.1)
        raise TimeoutError("no message is acknowledged")


def run(cluster: Cluster, receiver: Program, port: int, limits: tuple[int, float], seed: int) -> Outcome:
    """``limits``: so many rounds, begun within so many seconds. Each sends messages and kills something amid."""
    dice = random.Random(seed)
    outcome = Outcome()
    senders = [Sender(port, random.Random(f"{seed}-{number}"), outcome) for number in range(_SENDERS)]
    begun = time.monotonic()
    with ThreadPoolExecutor(_SENDERS) as pool:
        while outcome.rounds < limits[0] and time.monotonic() - begun < limits[1]:
            outcome.rounds += 1
            name = f"{seed}-{outcome.rounds}"
            sent = [pool.submit(sender.send_all, f"{name}-{place}") for place, sender in enumerate(senders)]
            time.sleep(dice.random() * _KILL_SECONDS)
            _kill(cluster, receiver, outcome, dice)
            while wait(sent, 1).not_done:
                receiver.revive()
            for each in sent:
                each.result()
    return outcome


def _kill(cluster: Cluster, receiver: Program, outcome: Outcome, dice: random.Random) -> None:
    victim = dice.choice(
        ["mllp", "mllp", "api"] + ([] if cluster.redis is None else ["worker", "redis", "postgres"])
    )
    outcome.kills[victim] += 1
    server = {"redis": cluster.redis, "postgres": cluster.postgres}.get(victim)
    if server is not None:
        server.kill()
        server.start()
        return
    program = (
        receiver if victim == "mllp" else cluster.api if victim == "api" else dice.choice(cluster.workers)
    )
    program.kill()
    program.start()


def faults(cluster: Cluster, outcome: Outcome) -> list[str]:
    """What is wrong with the results of every acknowledged message; empty where nothing is."""
    store = open_store(cluster.environment["RADPROOF_STORE_URL"])
    try:
        _wait(store)
        with store.engine.begin() as connection:
            kept = Counter(connection.execute(select(message.c.control_id)).scalars())
            current = connection.execute(
                select(message.c.control_id, func.count(check.c.id))
                .join(version, version.c.message_id == message.c.id)
                .join(report, report.c.id == version.c.report_id)
                .outerjoin(check, (check.c.report_id == report.c.id) & check.c.current)
                .where(version.c.current)
                .group_by(message.c.control_id)
            ).all()
            replaced = connection.execute(
                select(func.count()).select_from(version).where(~version.c.current)
            ).scalar_one()
        found = [f"{name}: kept {kept[name]} times" for name in outcome.acknowledged if kept[name] != 1]
        found += [f"{name}: {checks} current checks" for name, checks in current if checks != 1]
        if len(current) + replaced != len(kept):
            found.append(f"{len(kept)} messages, {len(current)} current, {replaced} replaced")
        if len(current) != len(set(outcome.acknowledged.values())):
            found.append(f"{len(current)} current, {len(set(outcome.acknowledged.values()))} reports")
        if store.audit_broken_at() is not None:
            found.append("the audit trail is broken")
        return found
    finally:
        store.close()


def _wait(store: Store) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with store.engine.begin() as connection:
            waiting = job.c.state.in_(("waiting", "claimed"))
            if not connection.execute(select(func.count()).select_from(job).where(waiting)).scalar():
                return
        time.sleep(0.2)
    raise TimeoutError("not all is checked")


def receiver_of(cluster: Cluster, folder: Path) -> tuple[Program, int]:
    """A receiver that is part of the installation, and its port."""
    port = free_port()
    return Program(["mllp", "--port", str(port)], cluster.environment, folder / "mllp.log"), port


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
    settings = {"RADPROOF_BATCH_PROCESSES": "1"} if args.embedded else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Cluster(folder, embedded=args.embedded, **settings) as cluster:
            receiver, port = receiver_of(cluster, folder)
            receiver.start()
            try:
                outcome = run(cluster, receiver, port, (args.rounds, args.seconds), args.seed)
                wrong = faults(cluster, outcome)
            finally:
                receiver.kill()
    print(  # noqa: T201
        f"{outcome.rounds} rounds, killed {dict(outcome.kills)}, {len(outcome.acknowledged)} messages acknowledged, "
        f"{outcome.resent} resent without an answer, {len(wrong)} faults"
    )
    print("\n".join(wrong[:20]))  # noqa: T201
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

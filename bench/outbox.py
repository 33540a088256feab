"""How fast the outbox is: keeping results with endpoints and without, and sending them as signed webhooks.

    PYTHONPATH=tests/support .venv/bin/python bench/outbox.py --reports 1000 [--store postgresql://…]

Receivers are on local sockets; every delivery is a connection of its own and a transaction of its own. Ends with 1 where
one was lost, doubled or out of order.
"""

import argparse
import sys
import tempfile
import threading
import time
from ipaddress import ip_network
from pathlib import Path

from web_support import OK, Listener, request_of

from app.batch.delivering import Deliverer
from app.batch.items import Accepted
from app.integrations.guard import Guard
from app.integrations.webhooks.secrets import new_secret
from app.integrations.webhooks.sender import WebhookSender
from app.logging import configure
from app.proofreading.report import SubmittedReport
from app.storage.sealing import new_key
from app.storage.store import Store, open_store
from app.storage.types import Endpoint, Finished, Result

_AT_ONCE = 16  # reports that one transaction keeps, as a worker's task


def kept(store: Store, reports: int) -> float:
    """Seconds to keep the results of so many reports."""
    public_id, _ = store.batches.begin("f" * 64)
    sent = [Accepted(f"c{n}", SubmittedReport("x" * 1_000, f"r{n}"), None, None, n) for n in range(reports)]
    store.batches.add(public_id, sent)
    store.batches.open(public_id, "bench")
    jobs = store.jobs.waiting(public_id)
    result = Result(False, True, {"rules": "done"}, {"radproof": "1"}, (), store.seal.seal({"errors": []}))
    spent = 0.0
    for start in range(0, len(jobs), _AT_ONCE):
        claims = store.jobs.claim(jobs[start : start + _AT_ONCE], "worker")
        begun = time.perf_counter()
        store.jobs.finish([Finished(claim, result) for claim in claims], "worker")
        spent += time.perf_counter() - begun
    return spent


class _Receiver:
    def __init__(self, expected: int) -> None:
        self.ids: list[str] = []
        self.done = threading.Event()
        self._expected = expected

    def serve(self, connection: object) -> None:
        _, headers, _ = request_of(connection)  # type: ignore[arg-type]
        self.ids.append(headers["webhook-id"])
        connection.sendall(OK)  # type: ignore[attr-defined]
        if len(self.ids) == self._expected:
            self.done.set()


def sent(store: Store, reports: int, endpoints: int) -> tuple[float, float, bool]:
    """Seconds to keep so many results for so many endpoints, to send them, and whether all came once and in order."""
    receivers = [_Receiver(reports) for _ in range(endpoints)]
    listeners = [Listener(receiver.serve) for receiver in receivers]
    made = []
    for number, listener in enumerate(listeners):
        url = f"http://127.0.0.1:{listener.port}/"
        settings = {"url": url, "secrets": [{"key": new_secret(), "until": None}]}
        made.append(store.endpoints.create(Endpoint("", "webhook", f"{number}", settings), "bench"))
    keeping = kept(store, reports)
    guard = Guard((ip_network("127.0.0.1/32"),), ports=[one.port for one in listeners], plain=True)
    begun = time.perf_counter()
    deliverer = Deliverer(store, {"webhook": WebhookSender(guard)})
    for receiver in receivers:
        receiver.done.wait(600)
    spent = time.perf_counter() - begun
    deliverer.stop()
    right = True
    for endpoint, receiver, listener in zip(made, receivers, listeners, strict=True):
        announced = [each.public_id for each in store.outbox.page(None, reports + 1, endpoint.public_id)]
        right = right and receiver.ids == announced[::-1]
        store.endpoints.delete(endpoint.public_id, "bench")
        listener.close()
    return keeping, spent, right


def main() -> int:
    parser = argparse.ArgumentParser(description="How fast the outbox is.")
    parser.add_argument("--reports", type=int, default=1_000)
    parser.add_argument("--store", help="an empty PostgreSQL database; else a SQLite file")
    args = parser.parse_args()
    configure("warning")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(args.store or f"sqlite:///{Path(folder) / 'store.db'}", [new_key()])
        kept(store, _AT_ONCE)  # statements are compiled on first use
        alone = 1_000 * kept(store, args.reports) / args.reports
        print(f"no endpoint: {alone:.2f} ms a result")
        right = True
        for endpoints in (1, 4):
            keeping, spent, all_came = sent(store, args.reports, endpoints)
            rate = args.reports * endpoints / spent
            each = 1_000 * keeping / args.reports
            print(
                f"{endpoints} endpoints: {each:.2f} ms a result, {rate:.0f} deliveries a second, in order {all_came}"
            )
            right = right and all_came
        store.close()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

"""The deliverer over real sockets: receivers that fail in every way, killed processes, lost databases."""

import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import text, update
from standardwebhooks import Webhook
from web_support import OK, Listener, request_of

from app.batch import delivering
from app.batch.delivering import Deliverer
from app.batch.items import Accepted
from app.integrations.guard import Guard
from app.integrations.outgoing import Outcome, Outgoing
from app.integrations.webhooks.secrets import new_secret
from app.integrations.webhooks.sender import WebhookSender
from app.proofreading.report import SubmittedReport
from app.storage.exchange import delivery as delivery_table
from app.storage.exchange import endpoint as endpoint_table
from app.storage.sealing import Seal, new_key
from app.storage.store import Store, open_store
from app.storage.tables import report as report_table
from app.storage.types import Delivery, Endpoint, Finished, Result

SECRET = new_secret()
PATIENCE = 60.0


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'outbox.db'}"


@pytest.fixture
def kept(address: str) -> Iterator[Store]:
    opened = open_store(address)
    yield opened
    opened.close()


def hook(store: Store, port: int, name: str = "hook") -> Endpoint:
    settings = {"url": f"http://127.0.0.1:{port}/", "secrets": [{"key": SECRET, "until": None}]}
    return store.endpoints.create(Endpoint("", "webhook", name, settings), "tester")


def checked(store: Store, count: int) -> None:
    public_id, _ = store.batches.begin("f" * 64)
    sent = [Accepted(f"c{n}", SubmittedReport("x", f"r{n}"), None, None, n) for n in range(count)]
    store.batches.add(public_id, sent)
    store.batches.open(public_id, "tester")
    claims = store.jobs.claim(store.jobs.waiting(public_id), "worker")
    result = Result(False, True, {"rules": "done"}, {"radproof": "1"}, (), store.seal.seal({"errors": []}))
    store.jobs.finish([Finished(claim, result) for claim in claims], "worker")


def hasten(store: Store, *, killed: bool = False) -> None:
    """The time until the next attempts is over; of killed processes their hold as well."""
    with store.engine.begin() as connection:
        connection.execute(update(delivery_table).values(due_at=0))
        free = {"held_by": None, "held_until": None} if killed else {}
        connection.execute(update(endpoint_table).values(rests_until=0, **free))


def until(done: Callable[[], bool], between: Callable[[], object] = lambda: None) -> None:
    end = monotonic() + PATIENCE
    while not done():
        assert monotonic() < end, "nothing comes any more"
        between()
        sleep(0.1)


def deliveries(store: Store, endpoint: Endpoint | None = None) -> list[Delivery]:
    """In the order of announcing."""
    return store.outbox.page(None, 1_000, endpoint.public_id if endpoint else None)[::-1]


def over(store: Store) -> bool:
    return all(each.state != "waiting" for each in deliveries(store))


class Receiver:
    """Verifies what comes and keeps which ids it took, in order; before that fails a few times in some way."""

    def __init__(
        self, failing: Callable[[socket.socket, int], bool] = lambda _connection, _seen: False
    ) -> None:
        self.seen: Counter[str] = Counter()
        self.bodies: dict[str, set[bytes]] = defaultdict(set)
        self.order: list[str] = []
        self._failing = failing
        self._lock = threading.Lock()
        self.listener = Listener(self._serve)

    def _serve(self, connection: socket.socket) -> None:
        _, headers, raw = request_of(connection)
        Webhook(SECRET).verify(raw, headers)
        id_ = headers["webhook-id"]
        with self._lock:
            self.seen[id_] += 1
            self.bodies[id_].add(raw)
        if self._failing(connection, self.seen[id_]):
            return
        with self._lock:
            if id_ not in self.order:  # what a receiver has to do: the same id is the same event
                self.order.append(id_)
        connection.sendall(OK)

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_error: object) -> None:
        self.listener.close()


def deliverer(store: Store, *ports: int, seconds: float = 1.0) -> Deliverer:
    guard = Guard((ip_network("127.0.0.1/32"),), ports=ports, plain=True)
    return Deliverer(store, {"webhook": WebhookSender(guard, seconds=seconds)})


def faults(seed: int, redirected: int) -> Callable[[socket.socket, int], bool]:
    """Fails up to four times for each id, each time in another way; sometimes after it has taken the event."""
    chance = random.Random(seed)
    replies = [
        b"HTTP/1.1 500 Error\r\n\r\n",
        b"HTTP/1.1 502 Error\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000,
        b"HTTP/1.1 503 Error\r\nRetry-After: 7200\r\n\r\n",
        b"HTTP/1.1 429 Error\r\nRetry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:%d/\r\n\r\n" % redirected,
        b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/\r\n\r\n" % redirected,
        b"",
        b"\x00\x01\x02 nonsense\r\n\r\n",
        b"HTTP/1.1 2",
    ]

    def fail(connection: socket.socket, seen: int) -> bool:
        if seen > 4 or chance.random() < 0.3:
            return False
        how = chance.randrange(len(replies) + 3)
        if how < len(replies):
            connection.sendall(replies[how])
        elif how == len(replies):
            threading.Event().wait(1.3)  # too slow
        elif how == len(replies) + 1:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            for _ in range(15):  # drips
                connection.sendall(b"HTTP/1.1 200 OK\r\n"[:1])
                threading.Event().wait(0.1)
        return True

    return fail


@pytest.mark.parametrize("seed", [1, 2])
def test_receivers_that_fail_in_every_way_get_every_event_in_order(kept: Store, seed: int) -> None:
    with (
        Listener() as never,
        Receiver(faults(seed, never.port)) as first,
        Receiver(faults(seed + 10, never.port)) as second,
        Receiver() as sound,
    ):
        receivers = [first, second, sound]
        ports = [receiver.listener.port for receiver in receivers]
        hooks = [hook(kept, port, f"hook {number}") for number, port in enumerate(ports)]
        checked(kept, 8)
        sending = [deliverer(kept, *ports, never.port) for _ in range(2)]
        until(lambda: over(kept), lambda: hasten(kept))
        for each in sending:
            each.stop()
        for endpoint, receiver in zip(hooks, receivers, strict=True):
            announced = [each.public_id for each in deliveries(kept, endpoint)]
            assert receiver.order == announced
            assert set(receiver.seen) == set(announced)
        assert max(first.seen.values()) > 1
        assert set(sound.seen.values()) == {1}
        assert {each.state for each in deliveries(kept)} == {"delivered"}
        assert never.connected == 0
        assert kept.audit_broken_at() is None


def test_one_that_hangs_does_not_hold_the_others(kept: Store) -> None:
    def hangs(connection: socket.socket, _seen: int) -> bool:
        return connection.recv(1) == b""

    with Receiver(hangs) as hanging, Receiver() as sound:
        hook(kept, hanging.listener.port, "hanging")
        well = hook(kept, sound.listener.port, "sound")
        checked(kept, 20)
        sending = deliverer(kept, hanging.listener.port, sound.listener.port, seconds=20.0)
        until(lambda: len(sound.order) == 20 and bool(hanging.seen))
        assert {each.state for each in deliveries(kept, well)[:19]} == {"delivered"}
        begun = monotonic()
        sending.stop()
        assert monotonic() - begun < 5  # also while a receiver hangs
        with kept.engine.begin() as connection:
            held = connection.execute(text("SELECT count(*) FROM endpoint WHERE held_by IS NOT NULL"))
            assert held.scalar_one() == 0


def test_one_with_much_to_be_told_lets_the_others_have_their_turn(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_AT_ONCE", 1)
    monkeypatch.setattr(delivering, "_IN_A_ROW", 5)
    with Receiver() as receiver:
        busy = hook(kept, receiver.listener.port, "busy")
        checked(kept, 40)
        quiet = hook(kept, receiver.listener.port, "quiet")
        checked(kept, 1)
        sending = deliverer(kept, receiver.listener.port)
        until(lambda: over(kept))
        sending.stop()
    (mine,) = [each.public_id for each in deliveries(kept, quiet)]
    assert receiver.order.index(mine) <= 2 * 5
    others = [each.public_id for each in deliveries(kept, busy)]
    assert [one for one in receiver.order if one != mine] == others


def test_what_is_refused_lets_the_others_pass_and_is_dead(kept: Store) -> None:
    refused: list[str] = []

    def picky(connection: socket.socket, _seen: int) -> bool:
        if len(receiver.seen) == 1:
            refused.append(next(iter(receiver.seen)))
            connection.sendall(b"HTTP/1.1 422 No\r\n\r\n")
            return True
        return False

    with Receiver(picky) as receiver:
        hook(kept, receiver.listener.port)
        checked(kept, 3)
        sending = deliverer(kept, receiver.listener.port)
        until(lambda: over(kept), lambda: hasten(kept))
        sending.stop()
        assert [each.state for each in deliveries(kept)] == ["dead", "delivered", "delivered"]
        assert receiver.seen[refused[0]] == 3
        first = deliveries(kept)[0]
        assert (first.problem, first.status, first.attempts) == ("status_422", 422, 3)


def test_gone_disables_and_enabling_goes_on_with_what_waits(kept: Store) -> None:
    gone = [True]

    def leaving(connection: socket.socket, _seen: int) -> bool:
        if gone[0]:
            connection.sendall(b"HTTP/1.1 410 Gone\r\n\r\n")
        return gone[0]

    with Receiver(leaving) as receiver:
        made = hook(kept, receiver.listener.port)
        checked(kept, 3)
        sending = deliverer(kept, receiver.listener.port)
        until(lambda: not (kept.endpoints.get(made.public_id) or made).enabled)
        sleep(1.5)
        assert sum(receiver.seen.values()) == 1
        gone[0] = False
        assert kept.endpoints.change(made, "tester")
        until(lambda: over(kept))
        sending.stop()
        assert receiver.order == [each.public_id for each in deliveries(kept)]


class Broken:
    """A sender with a fault of ours."""

    def send(self, _to: Endpoint, _what: Outgoing) -> Outcome:
        return {}["Zebulon"]  # type: ignore[no-any-return]


def test_a_fault_of_ours_is_an_attempt_and_ends_nothing(kept: Store) -> None:
    with Receiver() as receiver:
        settings = {"host": "127.0.0.1", "port": 1}
        kept.endpoints.create(Endpoint("", "mllp", "broken", settings), "tester")
        kept.endpoints.create(Endpoint("", "fhir", "without a sender", settings), "tester")
        hook(kept, receiver.listener.port)
        for endpoint in kept.endpoints.all()[0]:
            kept.endpoints.try_out(endpoint.public_id, "tester")
        guard = Guard((ip_network("127.0.0.1/32"),), ports=(receiver.listener.port,), plain=True)
        sending = Deliverer(kept, {"mllp": Broken(), "webhook": WebhookSender(guard)})
        until(lambda: [each.problem for each in deliveries(kept)] == ["internal", "no_sender", None])
        until(lambda: len(receiver.order) == 1)
        sending.stop()
        assert [each.state for each in deliveries(kept)] == ["waiting", "waiting", "delivered"]


def test_a_lost_database_is_waited_for(kept: Store, tmp_path: Path) -> None:
    with Receiver() as receiver:
        hook(kept, receiver.listener.port)
        sending = deliverer(kept, receiver.listener.port)
        with kept.engine.begin() as connection:
            connection.execute(text("ALTER TABLE delivery RENAME TO away"))
        sleep(2.5)
        with kept.engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO delivery"))
        checked(kept, 2)
        until(lambda: over(kept))
        sending.stop()
        assert len(receiver.order) == 2


def test_a_process_killed_between_sending_and_saying_so_sends_again_under_the_same_id(
    kept: Store, address: str
) -> None:
    arrived = threading.Event()
    answers = iter(
        [False, True, False, True]
    )  # killed before it reads the answer, or right after it was sent

    def deadly(connection: socket.socket, _seen: int) -> bool:
        answer = next(answers, None)
        if answer is None:
            return False
        if answer:
            connection.sendall(OK)
        os.kill(process.pid, signal.SIGKILL)
        arrived.set()
        return True

    with Receiver(deadly) as receiver:
        hook(kept, receiver.listener.port)
        checked(kept, 3)
        script = Path(__file__).parents[1] / "support" / "sending_process.py"
        for _ in range(4):
            process = subprocess.Popen([sys.executable, str(script), address, str(receiver.listener.port)])
            assert arrived.wait(PATIENCE)
            process.wait(PATIENCE)
            arrived.clear()
            hasten(kept, killed=True)
        sending = deliverer(kept, receiver.listener.port)
        until(lambda: over(kept))
        sending.stop()
        announced = [each.public_id for each in deliveries(kept)]
        assert receiver.order == announced
        assert receiver.seen[announced[0]] >= 2
        assert 5 <= sum(receiver.seen.values()) <= 7  # an answer may be kept before the signal comes
        assert all(len(bodies) == 1 for bodies in receiver.bodies.values())
        (raw,) = receiver.bodies[announced[0]]
        assert json.loads(raw)["data"]["report_id"] == 1


def test_what_cannot_be_opened_holds_its_own_endpoint_only(kept: Store) -> None:
    """A report that no key opens, and an endpoint alike: others are told, and the deliverer lives on."""
    with Receiver() as receiver:
        port = receiver.listener.port
        sealed, good = hook(kept, port, "sealed"), hook(kept, port, "good")
        checked(kept, 1)
        lost = Seal([new_key()])
        with kept.engine.begin() as connection:
            mine = endpoint_table.c.public_id == sealed.public_id
            connection.execute(update(endpoint_table).where(mine).values(settings=lost.seal({})))
        running = deliverer(kept, port)
        try:
            until(lambda: deliveries(kept, good)[0].state == "delivered")
            assert deliveries(kept, sealed)[0].attempts == 0
            with kept.engine.begin() as connection:
                connection.execute(update(report_table).values(content=lost.seal({})))
            kept.outbox.replay(deliveries(kept, good)[0].public_id, "tester")
            until(lambda: deliveries(kept, good)[0].problem == "sealed")
        finally:
            running.stop()

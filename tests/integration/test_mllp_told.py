"""From a report that comes in over a feed to the message about it at the receiver, through the outbox."""

import ipaddress
import socket
import threading
import time
from pathlib import Path

from hl7_support import Invented
from mllp_running import take_in

from app.batch.checking import result_of
from app.batch.delivering import Deliverer
from app.integrations.guard import Guard
from app.integrations.hl7.header import header_of
from app.integrations.hl7.segments import Segment, segments_of
from app.integrations.mllp.client import MllpSender
from app.proofreading.check import check_report
from app.services import Services
from app.storage.content import from_json
from app.storage.store import Store, open_store
from app.storage.types import Endpoint, Finished


def checked(store: Store, services: Services, sent: Invented) -> None:
    for claim in store.jobs.claim(take_in(store, sent.encode()), "worker"):
        found = check_report(from_json(store.seal.unseal(claim.content)), services)
        store.jobs.finish([Finished(claim, result_of(found, store.seal))], "worker")


class Receiver:
    """Acknowledges every message."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.messages: list[bytes] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                data = b""
                while not data.endswith(b"\x1c\r"):
                    data += peer.recv(65_536)
                self.messages.append(data[1:-2])
                name = header_of(data).raw(10).encode("latin-1")
                peer.sendall(
                    b"\x0b" + rb"MSH|^~\&|RIS|N|R|Q|2026||ACK|1|P|2.5.1" + b"\rMSA|AA|" + name + b"\r\x1c\r"
                )


def lines(message: bytes, name: str) -> list[Segment]:
    return [segment for segment in segments_of(message) if segment.name == name]


def test_flags_come_and_are_taken_back_in_order(all_services: Services, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    receiver = Receiver()
    settings = {"host": "127.0.0.1", "port": receiver.port, "tls": False, "receiving_application": "RIS"}
    store.endpoints.create(Endpoint("", "mllp", "RIS", settings), "tester")
    guard = Guard([ipaddress.ip_network("127.0.0.0/8")], ports=[receiver.port])
    deliverer = Deliverer(store, {"mllp": MllpSender(guard)})
    try:
        checked(store, all_services, Invented())
        checked(store, all_services, Invented("C2", status="X", text="", sent="20260105130000"))
        deadline = time.monotonic() + 30
        while len(receiver.messages) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        deliverer.stop()
        receiver.socket.close()
        store.close()
    flagged, withdrawn = receiver.messages
    (line,) = lines(flagged, "OBX")
    assert (line.part(3), line.raw(8), line.raw(11)) == ("laterality_mismatch", "A", "P")
    assert lines(flagged, "OBR")[0].raw(29) == "PL-1^ACC-1"
    assert {line.raw(11) for line in lines(withdrawn, "OBX")} == {"D"}
    assert flagged.split(b"|")[9] != withdrawn.split(b"|")[9]

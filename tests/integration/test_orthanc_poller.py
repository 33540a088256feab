"""The reader of an Orthanc's changes over a real socket: what one object costs the others."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from time import monotonic

import pytest
from dicom_support import Invented
from web_support import Listener, request_of

from app.integrations.dicom.classes import BASIC_TEXT
from app.integrations.dicom.read import MOST_BYTES
from app.integrations.guard import Guard
from app.integrations.orthanc.client import Orthanc, OrthancError
from app.integrations.orthanc.poller import Poller
from app.integrations.sources import Source
from app.storage.store import open_store
from app.storage.types import FeedMessage


def _answered(path: str) -> bytes:
    if path.startswith("/changes"):
        changes = [
            {"Seq": number, "ChangeType": "NewInstance", "ID": name, "Date": "20260105T120000"}
            for number, name in ((1, "large"), (2, "small"))
        ]
        if "last" in path:
            changes = changes[-1:]
        return json.dumps({"Changes": changes, "Last": 2, "Done": True}).encode()
    if path.endswith("/metadata/SopClassUid"):
        return BASIC_TEXT.encode()
    return bytes(MOST_BYTES + 1_000_000) if "large" in path else Invented().encode()


def _serve(connection: socket.socket) -> None:
    line, _, _ = request_of(connection)
    body = _answered(line.split(" ")[1])
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


@pytest.fixture
def orthanc() -> Iterator[Orthanc]:
    with Listener(_serve) as listener:
        guard = Guard([ip_network("127.0.0.1/32")], ports=[listener.port], plain=True)
        yield Orthanc(f"http://127.0.0.1:{listener.port}", guard)


def test_object_that_is_too_large_holds_no_other(orthanc: Orthanc, tmp_path: Path) -> None:
    kept: list[FeedMessage] = []
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        store.errands.move("orthanc/pacs", "0")
        poller = Poller(Source("pacs", "dicom"), orthanc, store.errands, kept.append, 262_144)
        assert poller.poll() == 1
        assert len(kept) == 1
        assert (store.errands.position("orthanc/pacs") or "").startswith("2 ")


def test_all_calls_together_have_an_end(orthanc: Orthanc) -> None:
    late = Orthanc(orthanc.url, orthanc.guard, until=monotonic())
    with pytest.raises(OrthancError) as caught:
        late.last()
    assert caught.value.code == "timeout"

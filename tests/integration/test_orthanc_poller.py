"""The reader of an Orthanc's changes over a real socket: what one object costs the others."""

import json
import socket
from collections.abc import Iterator
from ipaddress import ip_network
from time import monotonic

import pytest
from dicom_support import Invented
from web_support import Listener, request_of

from app.integrations.dicom.classes import BASIC_TEXT
from app.integrations.dicom.read import MOST_BYTES
from app.integrations.guard import Guard
from app.integrations.orthanc.client import Orthanc, OrthancError
from app.integrations.orthanc.poller import Poller
from app.storage.types import FeedMessage


class _Positions:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {"orthanc/pacs": "0"}

    def position(self, name: str) -> str | None:
        return self.kept.get(name)

    def move(self, name: str, value: str) -> None:
        self.kept[name] = value


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


def test_object_that_is_too_large_holds_no_other(orthanc: Orthanc) -> None:
    kept: list[FeedMessage] = []
    positions = _Positions()
    assert Poller("pacs", orthanc, positions, kept.append).poll() == 1
    assert len(kept) == 1
    assert positions.kept["orthanc/pacs"].startswith("2 ")


def test_all_calls_together_have_an_end(orthanc: Orthanc) -> None:
    late = Orthanc(orthanc.url, orthanc.guard, until=monotonic())
    with pytest.raises(OrthancError) as caught:
        late.last()
    assert caught.value.code == "timeout"

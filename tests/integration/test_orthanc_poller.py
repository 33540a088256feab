"""The reader of an Orthanc's changes over a real socket: what one object costs the others."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from dicom_support import Invented
from sqlalchemy import update
from web_support import Listener, request_of

from app.integrations.dicom.classes import BASIC_TEXT
from app.integrations.dicom.read import MOST_BYTES
from app.integrations.guard import Guard
from app.integrations.incoming import IncomingError
from app.integrations.orthanc import poller as poller_module
from app.integrations.orthanc.client import Orthanc, OrthancError
from app.integrations.orthanc.poller import Poller
from app.integrations.sources import Source
from app.storage.exchange import errand
from app.storage.store import Store, open_store
from app.storage.types import FeedMessage

_LARGE = bytes(MOST_BYTES + 1_000_000)


@dataclass
class Objects:
    """What the server stores by name; None: its file is damaged. ``down``: it answers nothing."""

    files: dict[str, bytes | None]
    down: bool = False

    def answer(self, path: str) -> bytes | None:
        if path.startswith("/changes"):
            changes = [
                {"Seq": number, "ChangeType": "NewInstance", "ID": name, "Date": "20260105T120000"}
                for number, name in enumerate(self.files, 1)
            ]
            last = len(changes)
            since = last - 1 if "last" in path else int(path.partition("since=")[2].partition("&")[0])
            return json.dumps({"Changes": changes[since:], "Last": last, "Done": True}).encode()
        if path.endswith("/metadata/SopClassUid"):
            return BASIC_TEXT.encode()
        return self.files[path.split("/")[2]]

    def serve(self, connection: socket.socket) -> None:
        line, _, _ = request_of(connection)
        if self.down:
            return
        body = self.answer(line.split(" ")[1])
        status = b"200 OK" if body is not None else b"500 Internal Server Error"
        head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body or b""))
        connection.sendall(head + (body or b""))


@pytest.fixture
def objects() -> Objects:
    return Objects({"first": _LARGE, "second": Invented().encode()})


@pytest.fixture
def orthanc(objects: Objects) -> Iterator[Orthanc]:
    with Listener(objects.serve) as listener:
        guard = Guard([ip_network("127.0.0.1/32")], ports=[listener.port], plain=True)
        yield Orthanc(f"http://127.0.0.1:{listener.port}", guard)


@dataclass
class Site:
    """The reader, and what became of the reports."""

    poller: Poller
    store: Store
    kept: list[FeedMessage]
    rejected: list[tuple[str, str]]

    @property
    def position(self) -> str | None:
        return (self.store.errands.position("orthanc/pacs") or "").partition(" ")[0]

    def make_due(self) -> None:
        with self.store.engine.begin() as connection:
            connection.execute(update(errand).values(due_at=0))


@pytest.fixture
def site(orthanc: Orthanc, tmp_path: Path) -> Iterator[Site]:
    kept: list[FeedMessage] = []
    rejected: list[tuple[str, str]] = []
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        store.errands.move("orthanc/pacs", "0")
        source = Source("pacs", "dicom")
        poller = Poller(
            source, orthanc, store.errands, kept.append, lambda *said: rejected.append(said), 262_144
        )
        yield Site(poller, store, kept, rejected)


def test_object_that_is_too_large_holds_no_other(site: Site) -> None:
    assert site.poller.poll() == 1
    assert len(site.kept) == 1
    assert site.position == "2"
    assert site.rejected == [("pacs", "document_too_large")]


def test_object_that_cannot_be_had_holds_no_other_and_is_asked_for_again(
    site: Site, objects: Objects
) -> None:
    objects.files["first"] = None
    assert site.poller.poll() == 1
    assert site.position == "2"
    assert site.store.errands.waiting("pacs") == 1
    assert site.poller.poll() == 0  # not due yet
    objects.files["first"] = Invented().encode()
    site.make_due()
    assert site.poller.poll() == 1
    assert site.store.errands.waiting("pacs") == 0
    assert len({message.key for message in site.kept}) == 2


def test_document_that_cannot_be_read_now_holds_no_other(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read = poller_module.dicom_message_of
    failing = iter([IncomingError("reader_unavailable")] * 2)

    def sometimes(*given: Any) -> FeedMessage:
        if (error := next(failing, None)) is not None:
            raise error
        return read(*given)

    monkeypatch.setattr(poller_module, "dicom_message_of", sometimes)
    assert site.poller.poll() == 0
    assert site.position == "2"
    site.make_due()
    assert site.poller.poll() == 1
    assert site.rejected == [("pacs", "document_too_large")]


def test_server_that_is_gone_is_no_fault_of_an_object(site: Site, objects: Objects) -> None:
    objects.down = True
    with pytest.raises(OrthancError):
        site.poller.poll()
    assert site.position == "0"
    assert site.store.errands.waiting("pacs") == 0
    objects.down = False
    assert site.poller.poll() == 1


def test_server_that_goes_while_it_is_read_is_read_again_from_there(
    site: Site, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Objects.answer

    def gone(self: Objects, path: str) -> bytes | None:
        self.down = path.endswith("/metadata/SopClassUid")
        return asked(self, path)

    with monkeypatch.context() as patched:
        patched.setattr(Objects, "answer", gone)
        with pytest.raises(OrthancError):
            site.poller.poll()
    assert site.store.errands.waiting("pacs") == 0
    objects.down = False
    assert site.poller.poll() == 1


def test_all_calls_together_have_an_end(orthanc: Orthanc) -> None:
    late = Orthanc(orthanc.url, orthanc.guard, until=monotonic())
    with pytest.raises(OrthancError) as caught:
        late.last()
    assert caught.value.code == "timeout"

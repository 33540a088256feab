"""An installation of its own for the conformance set: everything on free ports, in a folder that goes away."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from pydantic import SecretStr

from app.batch.starting import open_feed
from app.integrations.hl7.inbound import Hl7Inbound
from app.integrations.hl7.threads import InboundThreads
from app.integrations.mllp.server import Listening, MllpServer
from app.main import create_app
from app.services import open_configured_queue, open_configured_store
from app.settings import Settings

SECRET = "Bearer selftest-0123456789abcdef"  # noqa: S105  # of an installation that lives for seconds and listens here only
_SOURCES = f"""
[sources.selftest-fhir]
kind = "fhir"
auth = {{ type = "header", values = ["{SECRET}"] }}
test = true
[sources.selftest-hl7]
kind = "hl7"
auth = {{ type = "header", values = ["{SECRET}"] }}
"""
_START_SECONDS = 60.0


class NotStartedError(Exception):
    """The installation does not come up."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where it listens."""

    url: str
    mllp: tuple[str, int]


@contextmanager
def installation() -> Iterator[Installation]:
    """A running installation until the end of the block.

    Raises:
        NotStartedError: when it does not come up.
    """
    with TemporaryDirectory() as folder:
        sources = Path(folder) / "sources.toml"
        sources.write_text(_SOURCES, encoding="utf-8")
        settings = Settings(
            store_url=SecretStr(f"sqlite:///{folder}/store.db"),
            store_keys=None,
            sources=sources,
            redis_url=None,
            llm_base_url=None,
            cds=None,
            batch_processes=1,
            host="127.0.0.1",
            log_level="error",
        )
        with _http(settings) as url, _mllp(settings) as mllp:
            yield Installation(url, mllp)


@contextmanager
def _http(settings: Settings) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings), log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="selftest-http")
    thread.start()
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            server.should_exit = True
            raise NotStartedError
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _mllp(settings: Settings) -> Iterator[tuple[str, int]]:
    with (
        closing(open_configured_store(settings)) as store,
        closing(open_configured_queue(settings)) as queue,
        open_feed(store, queue, settings) as feed,
    ):
        inbound = Hl7Inbound(feed.keep_all, feed.reject, settings.max_text_bytes)
        server = MllpServer(Listening("127.0.0.1", 0), InboundThreads(inbound))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="selftest-mllp")
        thread.start()
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(_START_SECONDS)
        try:
            yield "127.0.0.1", server.port
        finally:
            asyncio.run_coroutine_threadsafe(server.close(5), loop).result(20)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

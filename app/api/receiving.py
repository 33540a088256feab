"""What receives webhooks and fetches what was only announced, as long as the service runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from anyio import CapacityLimiter

from app.api.webhook_kinds import Way
from app.api.webhooks import Webhooks
from app.batch.bell import Bell
from app.batch.feed import Feed
from app.batch.queue import TaskQueue
from app.batch.tally import Tally
from app.integrations.fhir.fetching import Fetcher
from app.integrations.fhir.inbound import FhirInbound
from app.services import open_fhir_clients, open_sources
from app.settings import Settings
from app.storage.store import Store

_MOST_READING = 4  # messages in memory at one time


@contextmanager
def open_webhooks(store: Store, queue: TaskQueue, settings: Settings) -> Iterator[Webhooks]:
    """Receives what the configured sources send, until the end of the block.

    Raises:
        ConfigurationError: when the file of sources, or what it names, is wrong.
    """
    sources = open_sources(settings)
    with ExitStack() as opened:
        clients = open_fhir_clients(settings, sources)
        for client in clients.values():
            opened.callback(client.close)
        tally = Tally(store)
        opened.callback(tally.stop)
        feed = Feed(store, settings.max_text_bytes, settings.max_waiting, settings.mllp_charset, tally)
        inbound = {
            name: FhirInbound(source, store, feed.keep, settings.max_text_bytes, clients.get(name))
            for name, source in sources.items()
            if source.kind == "fhir"
        }
        bell = Bell(queue)
        opened.callback(bell.stop)
        fetcher = Fetcher(inbound, store.errands, bell)
        opened.callback(fetcher.stop)
        way = Way(feed, inbound, settings.max_text_bytes)
        yield Webhooks(sources, way, bell.ring, CapacityLimiter(_MOST_READING))

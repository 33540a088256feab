"""The HTTP service: routes, errors, start and stop. Nothing else."""

import gc
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, TypedDict

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI

from app import __version__, errors, logging, openapi
from app.api import (
    batch_results,
    batches,
    cds,
    compare,
    deliveries,
    endpoints,
    fhir_results,
    health,
    integrations,
    knowledge,
    reports,
    stored,
    webhooks,
)
from app.api.webhook_kinds import Webhooks
from app.api.webhooks import open_webhooks
from app.batch.checking import end_with_parent
from app.batch.feed import Feed
from app.batch.listening import Listener
from app.batch.queue import TaskQueue
from app.batch.starting import open_feed, start_worker
from app.integrations.cds.config import CdsConfig
from app.middleware import CdsOrigins, RequestContext
from app.proofreading.check import check_report
from app.proofreading.report import SubmittedReport
from app.services import (
    Services,
    build_services,
    open_cds,
    open_configured_queue,
    open_configured_store,
    open_sources,
)
from app.settings import Settings
from app.storage.store import Store

_WARM_UP = SubmittedReport("FINDINGS: The lungs are clear.", "warm-up")
_log = structlog.get_logger()


class State(TypedDict):
    """What every request finds in ``request.state``."""

    services: Services
    checks: CapacityLimiter  # who may check a report now
    store: Store
    queue: TaskQueue
    feed: Feed
    cds: CdsConfig | None
    listener: Listener  # for silence
    webhooks: Webhooks  # what other systems send


def create_app(settings: Settings | None = None, services: Services | None = None) -> FastAPI:
    """The application; its parts are built when it starts.

    Args:
        settings: None reads the environment.
        services: ready parts to use instead of building them; the caller closes them.
    """
    settings = settings or Settings()
    cds_config = open_cds(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        with ExitStack() as opened:
            built = services
            if built is None:
                built = build_services(settings)
                opened.callback(built.close)
            store = open_configured_store(settings)
            opened.callback(store.close)
            queue = open_configured_queue(settings)
            opened.callback(queue.close)
            await to_thread.run_sync(
                check_report, _WARM_UP, replace(built, reviewer=None)
            )  # models load on first use
            gc.collect()
            gc.freeze()  # what was just built lives as long as the service: no collection need visit it
            worker = start_worker(store, queue, settings, serving=True)
            opened.callback(worker.stop)
            sources = open_sources(settings)
            listener = Listener(store, sources)
            opened.callback(listener.stop)
            feed = opened.enter_context(open_feed(store, queue, settings))
            webhooks = opened.enter_context(open_webhooks(feed, sources, settings))
            _log.info("ready", **built.versions)
            yield {
                "services": built,
                "checks": CapacityLimiter(settings.threads),
                "store": store,
                "queue": queue,
                "feed": feed,
                "cds": cds_config,
                "listener": listener,
                "webhooks": webhooks,
            }
        _log.info("stopped")

    app = FastAPI(
        title="RadProof",
        version=__version__,
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry=_NO_TELEMETRY,
    )
    app.state.settings = settings
    routers = [
        module.router
        for module in (
            reports,
            compare,
            batches,
            batch_results,
            stored,
            webhooks,
            fhir_results,
            cds,
            integrations,
            endpoints,
            deliveries,
            knowledge,
            health,
        )
    ]
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    if cds_config is not None and cds_config.origins:
        app.add_middleware(CdsOrigins, origins=cds_config.origins)
    app.add_middleware(RequestContext)
    errors.install(app)
    openapi.install(app)
    return app


# The framework's own traces could carry request bodies: report text stays out of them.
_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def serve() -> FastAPI:
    """The application as a server starts it: settings of the environment, logs as JSON."""
    settings = Settings()
    logging.configure(settings.log_level)
    end_with_parent()  # of RADPROOF_WORKERS one whose supervisor was killed could never be stopped
    return create_app(settings)

"""GET /health (the process lives) and GET /ready (it can check reports, and with what)."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError

from app import DISCLAIMER
from app.api.problems import described
from app.api.schemas import VersionsOut
from app.batch.listening import Listener
from app.batch.queue import QueueError, TaskQueue
from app.services import Services
from app.storage.store import Store

router = APIRouter(tags=["health"])


BatchesState = Literal["done", "failed: store_unavailable", "failed: queue_unavailable"]
IntegrationsState = Literal["done", "degraded: source_silent"]


class HealthOut(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class SourceOut(BaseModel):
    """One source of the knowledge graph."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    version: str
    licence: str
    nodes: int
    edges: int


class ManifestOut(BaseModel):
    """What the knowledge graph holds."""

    model_config = ConfigDict(from_attributes=True)

    schema_version: str
    sources: tuple[SourceOut, ...]
    concepts: int
    names: int
    edges: int
    checksum: str


class ReadyOut(BaseModel):
    """What the service works with."""

    status: Literal["ready"] = "ready"
    versions: VersionsOut
    knowledge_graph: ManifestOut
    references: Literal["done", "not_configured"]
    batches: BatchesState = Field(
        description="Whether batches can be taken in; single checks need neither store nor queue"
    )
    integrations: IntegrationsState = Field(
        description="Whether a source is silent that should send; `/v1/integrations/status` says which"
    )
    disclaimer: str = DISCLAIMER


@router.get("/health", summary="Is the process alive?", responses=described())
async def health() -> HealthOut:
    """Answers as long as the process serves requests; says nothing of its parts."""
    return HealthOut()


@router.get("/ready", summary="Can reports be checked?", responses=described((503, "graph_unavailable")))
def ready(request: Request) -> ReadyOut:
    """Asks the knowledge graph and names every version; 503 while it cannot answer."""
    services: Services = request.state.services
    listener: Listener = request.state.listener
    return ReadyOut(
        versions=VersionsOut(**services.versions),
        knowledge_graph=ManifestOut.model_validate(services.knowledge.manifest()),
        references="not_configured" if services.references is None else "done",
        batches=_batches(request.state.store, request.state.queue),
        integrations="degraded: source_silent" if listener.silent else "done",
    )


def _batches(store: Store, queue: TaskQueue) -> BatchesState:
    try:
        store.jobs.count_open(1)
    except SQLAlchemyError:
        return "failed: store_unavailable"
    try:
        queue.outstanding()
    except QueueError:
        return "failed: queue_unavailable"
    return "done"

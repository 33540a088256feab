"""GET /v1/knowledge: look into the graph that grounds the answers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.problems import described
from app.errors import FieldProblem, Problem
from kg_ingest.schema import EdgeKind, Group, Node, Sidedness
from kg_ingest.store import GraphStore

router = APIRouter(prefix="/v1/knowledge", tags=["knowledge"])

_Term = Annotated[str, Query(min_length=1, max_length=200)]
_INVALID = ((422, "invalid_request"), (503, "graph_unavailable"))


class ConceptOut(BaseModel):
    """One concept of the graph, with its names, cross references (CURIEs) and source."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["RID1327"])
    name: str = Field(examples=["left upper lobe of lung"])
    group: Group
    names: tuple[str, ...] = Field(examples=[["left upper lobe", "LUL"]])
    xrefs: tuple[str, ...] = Field(examples=[["RADLEX:RID1327"]])
    region: str | None
    sidedness: Sidedness | None
    source: str
    source_version: str


class ConceptsOut(BaseModel):
    """Concepts with the asked name, best source first."""

    concepts: tuple[ConceptOut, ...]


class HopOut(BaseModel):
    """One edge of a path as the graph holds it; a path may walk it backwards."""

    model_config = ConfigDict(from_attributes=True)

    source_id: str
    kind: EdgeKind
    target_id: str
    source: str = Field(description="Where the edge comes from")
    source_version: str


class PathOut(BaseModel):
    """A shortest path between two concepts; null when there is none within four hops."""

    start: ConceptOut
    end: ConceptOut
    path: tuple[HopOut, ...] | None


@router.get("/concepts", summary="Concepts by name", responses=described(*_INVALID))
def concepts(name: _Term, request: Request) -> ConceptsOut:
    """Concepts with this name or abbreviation, case and spaces folded; an empty list when there is none."""
    store: GraphStore = request.state.services.knowledge
    found = store.concepts_by_name([name])[name]
    return ConceptsOut(concepts=tuple(ConceptOut.model_validate(node) for node in found))


@router.get(
    "/path", summary="Path between two concepts", responses=described((404, "concept_not_found"), *_INVALID)
)
def path(
    start: Annotated[_Term, Query(alias="from")], end: Annotated[_Term, Query(alias="to")], request: Request
) -> PathOut:
    """How the graph connects two concepts, each given by id or name."""
    store: GraphStore = request.state.services.knowledge
    first, last = _resolve(start, "from", store), _resolve(end, "to", store)
    edges = store.path(first.id, last.id)
    return PathOut(
        start=ConceptOut.model_validate(first),
        end=ConceptOut.model_validate(last),
        path=None if edges is None else tuple(HopOut.model_validate(edge) for edge in edges),
    )


def _resolve(term: str, parameter: str, store: GraphStore) -> Node:
    node = store.facts([term]).nodes.get(term)
    if node is not None:
        return node
    named = store.concepts_by_name([term])[term]
    if not named:
        place = FieldProblem(parameter=parameter, code="concept_not_found")
        raise Problem(404, "concept_not_found", "No concept has this id or name.", [place])
    return named[0]

"""The bundled core graph: our curated chest radiology, joined with facts distilled from open sources.

Curated rows say a structure or finding once; its plural, and the left and right twin of a paired
structure, are made here. A distilled concept that shares a name with a curated one adds its
identifiers and names to it instead of standing beside it; the relations of a curated concept stay ours.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

from kg_ingest.embedded_store import EmbeddedStore
from kg_ingest.pipeline import Bounds, Options, Plain, load
from kg_ingest.schema import Edge, EdgeKind, Group, Node, Sidedness
from models.tokens import fold

NAME = "RadProof core"
VERSION = "1"
_PREFIX = "RP:"
BOUNDS = Bounds(nodes=(3_000, 100_000), edges=(3_000, 1_000_000))
_FINDING_COLUMNS = (
    (3, EdgeKind.HAS_FINDING_SITE),
    (4, EdgeKind.IS_A),
    (5, EdgeKind.SUGGESTS),
    (6, EdgeKind.EXCLUDES),
)
_SIDES = (Sidedness.LEFT, Sidedness.RIGHT)


def read() -> Iterator[Node | Edge]:
    """Every node and edge of the bundled graph, curated first, in a stable order."""
    curated = {node.id: node for node in _curated_nodes()}
    edges = list(_curated_edges(curated))
    distilled, alias = _distilled(curated)
    yield from curated.values()
    yield from distilled
    known = curated.keys() | {node.id for node in distilled}
    yield from edges
    for edge in _distilled_edges():
        source, target = alias.get(edge.source_id, edge.source_id), alias.get(edge.target_id, edge.target_id)
        if source in known and target in known and source != target and not source.startswith(_PREFIX):
            yield replace(edge, source_id=source, target_id=target)


def reader() -> Plain:
    """The bundled graph as a source."""
    return Plain(read(), "core", "core")


def open_bundled() -> EmbeddedStore:
    """The bundled core graph in memory."""
    return load([reader()], None, Options(BOUNDS))[0]


def _rows(filename: str, columns: int) -> Iterator[list[str]]:
    with files("kg_ingest").joinpath(f"core/{filename}").open(encoding="utf-8") as lines:
        for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row and not row[0].startswith("#"):
                yield row + [""] * (columns - len(row))


def _list(cell: str) -> list[str]:
    return [item for item in cell.split("|") if item]


def _names(cell: str) -> tuple[str, ...]:
    names: list[str] = []
    for item in _list(cell):
        names += [item[:-3], _plural(item[:-3])] if item.endswith("(s)") else [item]
    return tuple(dict.fromkeys(names))


def _plural(name: str) -> str:
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2] not in "aeiou" else f"{name}s"


@dataclass(frozen=True, slots=True)
class _Anatomy:
    """One curated row of anatomy.tsv."""

    node: Node
    part_of: str
    abbreviations: dict[Sidedness, tuple[str, ...]]

    def twin(self, side: Sidedness) -> Node:
        """The left or right one of a paired structure."""
        names = tuple(f"{side} {name}" for name in self.node.names) + self.abbreviations[side]
        identifier = f"{_PREFIX}{side}-{self.node.id.removeprefix(_PREFIX)}"
        return replace(self.node, id=identifier, name=names[0], names=names, sidedness=side)


def _range(cell: str) -> tuple[float, float] | None:
    low, _, high = cell.partition("-")
    return (float(low), float(high)) if high else None


def _anatomy() -> Iterator[_Anatomy]:
    sizes = {key: _range(cell) for key, cell in _rows("sizes.tsv", 2)}
    for key, names, sidedness, part_of, region, sex, left, right in _rows("anatomy.tsv", 8):
        every = _names(names)
        node = Node(
            id=_PREFIX + key,
            name=every[0],
            group=Group.ANATOMY,
            source=NAME,
            source_version=VERSION,
            names=every,
            region=region or None,
            sidedness=Sidedness(sidedness),
            sex=sex or None,
            plausible_mm=sizes.get(key),
        )
        yield _Anatomy(node, part_of, {Sidedness.LEFT: _names(left), Sidedness.RIGHT: _names(right)})


def _curated_nodes() -> Iterator[Node]:
    for structure in _anatomy():
        yield structure.node
        if structure.node.sidedness is Sidedness.PAIRED:
            yield from (structure.twin(side) for side in _SIDES)
    for row in _rows("findings.tsv", 10):
        every = _names(row[2])
        yield Node(
            id=_PREFIX + row[0],
            name=every[0],
            group=Group(row[1]),
            source=NAME,
            source_version=VERSION,
            names=every,
            acuity=row[9] or None,
            plausible_mm=_range(row[8]),
            severities=tuple(_list(row[7])),
        )


def _curated_edges(known: dict[str, Node]) -> Iterator[Edge]:
    def edge(source: str, kind: EdgeKind, target: str) -> Iterator[Edge]:
        if source in known and target in known:
            yield Edge(source, kind, target, NAME, VERSION)

    for row in _anatomy():
        whole = _PREFIX + row.part_of
        yield from edge(row.node.id, EdgeKind.PART_OF, whole)
        if row.node.sidedness is Sidedness.PAIRED:
            left, right = (row.twin(side).id for side in _SIDES)
            yield from edge(left, EdgeKind.LATERAL_TWIN, right)
            yield from edge(right, EdgeKind.LATERAL_TWIN, left)
            for side, twin in zip(_SIDES, (left, right), strict=True):
                yield from edge(twin, EdgeKind.UNSIDED, row.node.id)
                sided_whole = f"{_PREFIX}{side}-{row.part_of}"
                yield from edge(twin, EdgeKind.PART_OF, sided_whole if sided_whole in known else whole)
    for cells in _rows("findings.tsv", 10):
        for column, kind in _FINDING_COLUMNS:
            for target in _list(cells[column]):
                yield from edge(_PREFIX + cells[0], kind, _PREFIX + target)


def _distilled(curated: dict[str, Node]) -> tuple[list[Node], dict[str, str]]:
    """Distilled nodes that stand alone, and the curated id of each that joined one.

    Joining changes ``curated`` in place: the curated node gains identifiers and names. It joins one
    concept of a source, the one of the very name where there is one.
    """
    by_name = {fold(name): node.id for node in reversed(curated.values()) for name in node.names}
    alone: list[Node] = []
    alias: dict[str, str] = {}
    joined: set[tuple[str, str]] = set()
    for row in sorted(
        _rows("distilled_concepts.tsv", 8), key=lambda row: not _very_name(row, curated, by_name)
    ):
        record = _record(row)
        home = next((by_name[fold(name)] for name in record.names if fold(name) in by_name), None)
        structure = record.group is Group.ANATOMY
        if (
            home is None
            or (curated[home].group is Group.ANATOMY) != structure
            or ((home, record.source) in joined and not structure)
        ):
            alone.append(record)
        else:
            joined.add((home, record.source))
            alias[record.id] = home
            curated[home] = _with(curated[home], record, by_name)
    return alone, alias


def _very_name(row: list[str], curated: dict[str, Node], by_name: dict[str, str]) -> bool:
    """True when the row's preferred name is that of the curated node that it would join."""
    first = fold(_list(row[2])[0])
    return first in by_name and fold(curated[by_name[first]].name) == first


def _record(row: list[str]) -> Node:
    identifier, group, names, region, sidedness, xrefs, source, version = row
    every = tuple(_list(names))
    return Node(
        id=identifier,
        name=every[0],
        group=Group(group),
        source=source,
        source_version=version,
        names=every,
        xrefs=tuple(_list(xrefs)),
        region=region or None,
        sidedness=Sidedness(sidedness) if sidedness else None,
    )


def _with(node: Node, record: Node, by_name: dict[str, str]) -> Node:
    """The curated node with a record's identifiers and, of a finding, its names."""
    fresh = tuple(name for name in record.names if fold(name) not in by_name)
    return replace(
        node,
        names=node.names + (fresh if record.group is not Group.ANATOMY else ()),
        xrefs=tuple(dict.fromkeys((*node.xrefs, record.id, *record.xrefs))),
    )


def _distilled_edges() -> Iterator[Edge]:
    for source_id, kind, target_id, source, version in _rows("distilled_edges.tsv", 5):
        yield Edge(source_id, EdgeKind(kind), target_id, source, version)

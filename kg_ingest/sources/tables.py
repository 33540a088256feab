"""Open vocabularies that come as tables or JSON: RadLex CSV, OIDM, DOID TSV, SSSOM mappings."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_ingest.identifiers import curie
from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Link, Node, Reject, Sidedness
from kg_ingest.sources.fields import document_of, entries, entry, text, texts
from kg_ingest.sources.ontology import RADLEX_ROOTS, below
from kg_ingest.sources.rows import Line, cells, lines, skips, whole


@dataclass(frozen=True, slots=True)
class RadlexCsv:
    """RadLex as rows of name, RID, parent RID."""

    path: Path
    version: str
    kind: str = "radlex"
    licence: str = "RadLex"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return (self.path,)

    def read(self) -> Iterator[Item]:
        """Every term with its is-a; its group by the subtree it stands in."""
        rows: dict[str, tuple[str, str, int]] = {}
        children: dict[str, list[str]] = {}
        for line in lines([self.path]):
            if isinstance(line, Reject):
                yield line
                continue
            row = cells(line, self.path.name, separator=",", quoted=True)
            if isinstance(row, Reject):
                yield row
                continue
            reason = _radlex_fault(row, rows)
            if reason is not None:
                yield Reject(self.path.name, line.number, reason)
                continue
            name, identifier, parent = (cell.strip() for cell in row[:3])
            rows[f"RADLEX:{identifier}"] = (name, f"RADLEX:{parent}", line.number)
            children.setdefault(f"RADLEX:{parent}", []).append(f"RADLEX:{identifier}")
        groups = below(RADLEX_ROOTS, children)
        for identifier, (name, parent, number) in rows.items():
            group = groups.get(identifier, Group.OTHER)
            stated: list[Item] = [Node(identifier, name, group, "RadLex", self.version, (name,))]
            if parent in rows:
                stated.append(Edge(identifier, EdgeKind.IS_A, parent, "RadLex", self.version))
            yield from whole(stated, self.path.name, number)


def _radlex_fault(row: list[str], known: dict[str, tuple[str, str, int]]) -> str | None:
    if len(row) < 3:
        return f"{len(row)} columns where 3 are expected"
    if not row[0].strip() or not row[1].strip().startswith("RID"):
        return "no name, or no RID in the second column"
    return "this RID was there before" if f"RADLEX:{row[1].strip()}" in known else None


@dataclass(frozen=True, slots=True)
class Oidm:
    """Open Imaging Data Model: a JSON file of anatomic locations, or a folder of finding models."""

    path: Path
    version: str
    kind: str = "oidm"
    licence: str = "OIDM"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return sorted(self.path.rglob("*.fm.json")) if self.path.is_dir() else (self.path,)

    def read(self) -> Iterator[Item]:
        """Locations with sides, twins and part-of; or findings with synonyms and codes."""
        if not self.files:
            raise SourceError(
                "no *.fm.json here: --source oidm= names a locations file or a folder of models"
            )
        for path in self.files:
            document = document_of(path)
            items = document if isinstance(document, list) else [document]
            for number, item in enumerate(items, start=1):
                yield from whole(self._entry(item), path.name, number)

    def _entry(self, item: object) -> Iterator[Item]:
        row = entry(item)
        yield from self._location(row) if "_id" in row else self._finding(row)

    def _location(self, item: dict[str, Any]) -> Iterator[Item]:
        name = "OIDM anatomic locations"
        identifier = f"RADLEX:{text(item, '_id')}"
        xrefs = [f"SCTID:{text(item, 'snomedId')}"] if item.get("snomedId") else []
        xrefs += _codes(item, "codes")
        side = _sidedness(item)
        region = text(item, "region") if item.get("region") else ""
        names = tuple(dict.fromkeys([text(item, "description"), *texts(item, "synonyms")]))
        yield Node(
            identifier,
            names[0],
            Group.ANATOMY,
            name,
            self.version,
            names,
            tuple(sorted(set(xrefs))),
            {"Thorax": "chest"}.get(region, region.lower()) or None,
            side,
        )
        twin = {Sidedness.RIGHT: "leftRef", Sidedness.LEFT: "rightRef"}.get(side) if side else None
        for key, kind in (
            ("partOfRef", EdgeKind.PART_OF),
            ("containedByRef", EdgeKind.PART_OF),
            ("unsidedRef", EdgeKind.UNSIDED),
            (twin, EdgeKind.LATERAL_TWIN),
        ):
            if key in item:
                yield Edge(identifier, kind, f"RADLEX:{text(entry(item[key]), 'id')}", name, self.version)

    def _finding(self, item: dict[str, Any]) -> Iterator[Item]:
        tags = {tag.lower() for tag in texts(item, "tags")}
        names = tuple(dict.fromkeys([text(item, "name"), *texts(item, "synonyms")]))
        yield Node(
            f"OIFM:{text(item, 'oifm_id')}",
            names[0],
            Group.DISEASE if "diagnosis" in tags else Group.FINDING,
            "OIDM finding models",
            self.version,
            names,
            tuple(dict.fromkeys(_codes(item, "index_codes"))),
            "chest" if "chest" in tags else None,
        )


def _codes(item: dict[str, Any], key: str) -> list[str]:
    return [curie(f"{text(code, 'system')}:{text(code, 'code')}") for code in entries(item, key)]


def _sidedness(item: dict[str, Any]) -> Sidedness | None:
    if "leftRef" in item and "rightRef" in item:
        return Sidedness.PAIRED
    if "unsidedRef" in item:
        return Sidedness.LEFT if "rightRef" in item else Sidedness.RIGHT
    return None


@dataclass(frozen=True, slots=True)
class DoidTsv:
    """The Human Disease Ontology as tables: HumanDO.tsv (id, label, parent) and allXREFinDO.tsv."""

    folder: Path
    version: str
    kind: str = "doid"
    licence: str = "DOID"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        named = (self.folder / "HumanDO.tsv", self.folder / "allXREFinDO.tsv")
        return [path for path in named if path.is_file()]

    def read(self) -> Iterator[Item]:
        """Diseases with is-a by the parent's label, and their cross references."""
        if len(self.files) < 2:
            raise SourceError("no HumanDO.tsv and allXREFinDO.tsv here: --source doid= names their folder")
        terms, xrefs = self.files
        cited: dict[str, list[str]] = {}
        for _, row in _records(xrefs, "id", "xref"):
            if isinstance(row, Reject):
                yield row
            else:
                cited.setdefault(row["id"], []).append(curie(row["xref"]))
        ids: dict[str, str] = {}
        parents: list[tuple[str, str]] = []
        for number, row in _records(terms, "id", "label", "subClassOf"):
            if isinstance(row, Reject):
                yield row
                continue
            identifier, label = row["id"], row["label"]
            parents.append((identifier, row["subClassOf"]))  # a row per parent
            if label not in ids:
                ids[label] = identifier
                known = tuple(dict.fromkeys(cited.get(identifier, ())))
                node = Node(identifier, label, Group.DISEASE, "DOID", self.version, (label,), known)
                yield from whole([node], terms.name, number)
        for child, parent in parents:
            if parent in ids:
                yield Edge(child, EdgeKind.IS_A, ids[parent], "DOID", self.version)


@dataclass(frozen=True, slots=True)
class Sssom:
    """A mapping set (SSSOM 1.0, TSV): exact matches join concepts, others are left out."""

    path: Path
    name: str
    version: str
    kind: str = "sssom"
    licence: str = "unknown"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return (self.path,)

    def read(self) -> Iterator[Item]:
        """One Link per exact match."""
        left_out: Counter[str] = Counter()
        for number, row in _records(self.path, "subject_id", "predicate_id", "object_id"):
            if isinstance(row, Reject):
                yield row
            elif row["predicate_id"] in ("skos:exactMatch", "owl:equivalentClass", "owl:sameAs"):
                link = Link(curie(row["subject_id"]), curie(row["object_id"]), self.name, self.version)
                yield from whole([link], self.path.name, number)
            else:
                left_out["mapping that is not exact"] += 1
        yield from skips(left_out)


def _records(path: Path, *needed: str) -> Iterator[tuple[int, dict[str, str] | Reject]]:
    """Numbered rows of a TSV file by the names in its header row; ``#`` lines before it are metadata.

    Raises:
        SourceError: when there is no header row, or it lacks a column that is needed.
    """
    header: list[str] | None = None
    for line in lines([path]):
        if isinstance(line, Reject):
            yield line.line, line
        elif header is None:
            if not line.text.startswith("#"):
                header = _cells(line)
                if missing := set(needed) - set(header):
                    raise SourceError(f"{path.name} has no column {', '.join(sorted(missing))}")
        elif len(row := _cells(line)) != len(header):
            reason = f"{len(row)} columns where {len(header)} are expected"
            yield line.number, Reject(path.name, line.number, reason)
        else:
            yield line.number, dict(zip(header, row, strict=True))
    if header is None:
        raise SourceError(f"{path.name} has no header row")


def _cells(line: Line) -> list[str]:
    return [cell.strip('"') for cell in line.text.split("\t")]

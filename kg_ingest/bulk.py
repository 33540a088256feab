"""Files for ``neo4j-admin database import full``: the way to load a whole UMLS for the first time.

Writes gzip-free CSV with headers in files of their own, and the command that imports them. The result
is the same graph, with the same checksum, as an online load of the same embedded graph.
"""

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kg_ingest import queries
from kg_ingest.checksum import KINDS
from kg_ingest.coding import decode
from kg_ingest.embedded_store import EmbeddedStore
from kg_ingest.output import whole_file
from kg_ingest.staging import Progress, silent

_HEADERS = {
    "concepts": "id:ID(Concept),n:long,name,group,source,source_version,region,sidedness,xrefs:string[],body,load,:LABEL",
    "names": "folded:ID(Name),:LABEL",
    "reports": "id:ID(Report),:LABEL",
    "manifest": "schema_version,checksum,json,:LABEL",
    "has_name": ":START_ID(Concept),text,place:long,source,source_version,load,:END_ID(Name),:TYPE",
    "edges": ":START_ID(Concept),source,source_version,count:long,load,:END_ID(Concept),:TYPE",
    "mentions": ":START_ID(Report),label,source,source_version,load,:END_ID(Concept),:TYPE",
}
_ARRAY = "\x1f"  # no identifier holds it
_FILES = {
    "concepts": "SELECT n, body FROM node ORDER BY n",
    "names": "SELECT DISTINCT folded FROM name ORDER BY folded",
    "reports": "SELECT DISTINCT report FROM mention ORDER BY report",
    "has_name": "SELECT DISTINCT node.id, text, place, origin.name, origin.version, folded FROM name "
    "JOIN node ON node.n = name.node JOIN origin ON origin.n = name.origin",
    "edges": "SELECT a.id, origin.name, origin.version, edge.count, b.id, edge.kind FROM edge "
    "JOIN node AS a ON a.n = edge.source JOIN node AS b ON b.n = edge.target JOIN origin ON origin.n = edge.origin",
    "mentions": "SELECT report, label, origin.name, origin.version, node.id FROM mention "
    "JOIN node ON node.n = mention.node JOIN origin ON origin.n = mention.origin",
}


def write(store: EmbeddedStore, folder: Path, progress: Progress = silent) -> Path:
    """Write all files into ``folder`` and return the script that imports them.

    Raises:
        OSError: when they cannot be written; the script comes last, so without it nothing is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "import.sh"
    script.unlink(missing_ok=True)
    manifest = store.manifest()
    load = manifest.checksum
    for name, header in _HEADERS.items():
        _text(folder / f"{name}-header.csv", header + "\n")
    document = [manifest.schema_version, load, json.dumps(asdict(manifest), sort_keys=True), "Manifest"]
    _csv(folder / "manifest.csv", [document])
    for name, query in _FILES.items():
        rows = _rows(name, store.connection.execute(query), load)
        _csv(folder / f"{name}.csv", _counted(rows, f"write {name}.csv", progress))
    schema = ";\n".join([*queries.CONSTRAINTS, queries.FULLTEXT])
    _text(folder / "schema.cypher", schema + ";\n")
    _text(script, _SCRIPT)
    script.chmod(0o755)
    return script


def arguments(folder: Path, database: str = "neo4j") -> list[str]:
    """What to give to neo4j-admin; ``import.sh`` gives the same."""
    nodes = [f"--nodes={folder}/{name}-header.csv,{folder}/{name}.csv" for name in _NODES]
    edges = [f"--relationships={folder}/{name}-header.csv,{folder}/{name}.csv" for name in _RELATIONSHIPS]
    return ["database", "import", "full", database, *nodes, *edges, *_OPTIONS]


_NODES = ("concepts", "names", "reports", "manifest")
_RELATIONSHIPS = ("has_name", "edges", "mentions")
_OPTIONS = ("--array-delimiter=U+001F", "--multiline-fields=true", "--overwrite-destination=true")
_SCRIPT = f"""#!/bin/sh
# First load of an empty, stopped database: ./import.sh [database]; then start Neo4j and run schema.cypher.
set -eu
cd "$(dirname "$0")"
exec neo4j-admin database import full "${{1:-neo4j}}" \\
  {" ".join(f"--nodes={name}-header.csv,{name}.csv" for name in _NODES)} \\
  {" ".join(f"--relationships={name}-header.csv,{name}.csv" for name in _RELATIONSHIPS)} \\
  {" ".join(_OPTIONS)}
"""


def _rows(name: str, rows: sqlite3.Cursor, load: str) -> Iterator[list[Any]]:
    if name == "concepts":
        for number, body in rows:
            yield _concept(number, body, load)
    elif name == "names":
        yield from ([folded, "Name"] for (folded,) in rows)
    elif name == "reports":
        yield from ([report, "Report"] for (report,) in rows)
    elif name == "has_name":
        for concept, text, place, source, version, folded in rows:
            yield [concept, text, place, source, version, load, folded, "HAS_NAME"]
    elif name == "edges":
        kinds = [kind.value for kind in KINDS]
        for start, source, version, count, end, kind in rows:
            yield [start, source, version, count, load, end, kinds[kind]]
    else:
        for report, label, source, version, concept in rows:
            yield [report, label, source, version, load, concept, "MENTIONS"]


def _concept(number: int, body: str, load: str) -> list[Any]:
    node = decode(body)
    return [
        node.id,
        number,
        node.name,
        node.group.value,
        node.source,
        node.source_version,
        node.region,
        node.sidedness and node.sidedness.value,
        _ARRAY.join(node.xrefs),
        body,
        load,
        "Concept",
    ]


def _text(path: Path, text: str) -> None:
    with whole_file(path) as stream:
        stream.write(text)


def _csv(path: Path, rows: Iterable[list[Any]]) -> None:
    with whole_file(path) as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def _counted(rows: Iterable[list[Any]], phase: str, progress: Progress) -> Iterator[list[Any]]:
    done = 0
    for done, row in enumerate(rows, start=1):
        if done % 10_000 == 0:
            progress(phase, done, None)
        yield row
    progress(phase, done, done)

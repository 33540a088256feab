"""The peer: BioCypher writing import files for the first rows of a graph file. Runs in an environment of its own.

Offline, with a three-class ontology of our own in place of Biolink, which it would fetch.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

from biocypher import BioCypher

ONTOLOGY = """@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <http://example.org/> .
:entity a owl:Class ; rdfs:label "entity" .
:concept a owl:Class ; rdfs:subClassOf :entity ; rdfs:label "concept" .
:relation a owl:Class ; rdfs:subClassOf :entity ; rdfs:label "relation" .
"""
SCHEMA = """concept:
  represented_as: node
  preferred_id: id
  input_label: concept
  properties: {body: str}
relation:
  represented_as: edge
  input_label: relation
  properties: {source: str, count: int}
"""


def main() -> None:
    folder, limit, graph = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    folder.mkdir(parents=True)
    (folder / "ontology.ttl").write_text(ONTOLOGY)
    (folder / "schema.yaml").write_text(SCHEMA)
    rows = sqlite3.connect(f"file:{graph}?mode=ro", uri=True)
    writer = BioCypher(
        dbms="neo4j",
        offline=True,
        head_ontology={"url": str(folder / "ontology.ttl"), "root_node": "entity"},
        schema_config_path=str(folder / "schema.yaml"),
        output_directory=str(folder / "out"),
    )
    nodes = rows.execute("SELECT id, body FROM node LIMIT ?", (limit,)).fetchall()
    query = "SELECT a.id, b.id, count FROM edge JOIN node AS a ON a.n = source JOIN node AS b ON b.n = target LIMIT ?"
    edges = rows.execute(query, (limit,)).fetchall()
    start = time.perf_counter()
    writer.write_nodes((identifier, "concept", {"body": body}) for identifier, body in nodes)
    middle = time.perf_counter()
    writer.write_edges((None, a, b, "relation", {"source": "UMLS", "count": count}) for a, b, count in edges)
    end = time.perf_counter()
    figures = {
        "nodes": len(nodes),
        "edges": len(edges),
        "node_seconds": middle - start,
        "edge_seconds": end - middle,
    }
    sys.stdout.write("\n" + json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()

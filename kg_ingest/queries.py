"""All Cypher of RadProof, each query named by what it answers or writes.

Values are always parameters. Only relationship types and path lengths are written into a query's
text, and both come from constants of this file.
"""

from kg_ingest.schema import EdgeKind

_TBOX = "|".join(kind.value for kind in EdgeKind if kind is not EdgeKind.OBSERVED)
_OUTGOING = "|".join(kind.value for kind in EdgeKind)
LONGEST_PATH = 8

# -- schema ---------------------------------------------------------------------------------------

CONSTRAINTS = (
    "CREATE CONSTRAINT concept_id IF NOT EXISTS FOR (c:Concept) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT name_folded IF NOT EXISTS FOR (n:Name) REQUIRE n.folded IS UNIQUE",
    "CREATE CONSTRAINT report_id IF NOT EXISTS FOR (r:Report) REQUIRE r.id IS UNIQUE",
    "CREATE CONSTRAINT batch_key IF NOT EXISTS FOR (b:Batch) REQUIRE b.key IS UNIQUE",
)
FULLTEXT = """CREATE FULLTEXT INDEX name_text IF NOT EXISTS FOR (n:Name) ON EACH [n.folded]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-no-stop-words'}}"""
INDEXES_ONLINE = "CALL db.awaitIndexes(600)"

# -- load: every row carries the load's stamp, so what another load left behind can be found ---------

WRITE_CONCEPTS = """
UNWIND $rows AS row
MERGE (c:Concept {id: row.id})
WITH c, row WHERE c.load IS NULL OR c.load <> row.load
SET c = row
"""
WRITE_NAMES = """
UNWIND $rows AS row
MATCH (c:Concept {id: row.concept})
MERGE (n:Name {folded: row.folded})
MERGE (c)-[h:HAS_NAME {text: row.text}]->(n)
WITH h, row WHERE h.load IS NULL OR h.load <> $load
SET h.load = $load, h.place = row.place, h.source = row.source, h.source_version = row.source_version
"""
WRITE_EDGES = {
    kind: f"""
UNWIND $rows AS row
MATCH (a:Concept {{id: row.source_id}})
MATCH (b:Concept {{id: row.target_id}})
MERGE (a)-[r:{kind.value} {{source: row.source, source_version: row.source_version}}]->(b)
WITH r, row WHERE r.load IS NULL OR r.load <> $load
SET r.load = $load, r.count = row.count
"""
    for kind in EdgeKind
}
WRITE_MENTIONS = """
UNWIND $rows AS row
MATCH (c:Concept {id: row.concept})
MERGE (r:Report {id: row.report})
MERGE (r)-[m:MENTIONS {label: row.label}]->(c)
WITH m, row WHERE m.load IS NULL OR m.load <> $load
SET m.load = $load, m.source = row.source, m.source_version = row.source_version
"""
MARK_BATCH = "MERGE (b:Batch {key: $key}) SET b.load = $load"
BATCHES_DONE = "MATCH (b:Batch {load: $load}) RETURN b.key AS key"
REMOVE_MANIFEST = "MATCH (m:Manifest) WHERE m.checksum <> $load DETACH DELETE m"
WRITE_MANIFEST = """
MERGE (m:Manifest)
WITH m WHERE m.json IS NULL OR m.json <> $json
SET m.schema_version = $schema_version, m.checksum = $load, m.json = $json
"""
FORGET_BATCHES = "MATCH (b:Batch) CALL (b) { DELETE b } IN TRANSACTIONS OF 10000 ROWS"
SWEEP = (
    f"""MATCH (:Concept)-[r:{_OUTGOING}|HAS_NAME]->() WHERE r.load <> $load
CALL (r) {{ DELETE r }} IN TRANSACTIONS OF 10000 ROWS""",
    "MATCH (:Report)-[m:MENTIONS]->() WHERE m.load <> $load CALL (m) { DELETE m } IN TRANSACTIONS OF 10000 ROWS",
    "MATCH (c:Concept) WHERE c.load <> $load CALL (c) { DETACH DELETE c } IN TRANSACTIONS OF 10000 ROWS",
    "MATCH (n:Name) WHERE NOT EXISTS { (n)<-[:HAS_NAME]-() } CALL (n) { DELETE n } IN TRANSACTIONS OF 10000 ROWS",
    "MATCH (r:Report) WHERE NOT EXISTS { (r)-[:MENTIONS]->() } CALL (r) { DELETE r } IN TRANSACTIONS OF 10000 ROWS",
)

# -- verify -----------------------------------------------------------------------------------------

ALL_CONCEPTS = "MATCH (c:Concept) RETURN c.n AS n, c.id AS id, c.body AS body"
ALL_EDGES = (
    f"MATCH (a:Concept)-[r:{_OUTGOING}]->(b:Concept) RETURN a.n AS a, type(r) AS kind, b.n AS b, "
    "r.source AS source, r.source_version AS version, r.count AS count"
)
ALL_MENTIONS = (
    "MATCH (r:Report)-[m:MENTIONS]->(c:Concept) RETURN c.id AS concept, r.id AS report, m.label AS label"
)
COUNT_NAMES = "MATCH (:Concept)-[h:HAS_NAME]->(:Name) RETURN count(h) AS count"

# -- read -------------------------------------------------------------------------------------------
# ways of any length end in WITH DISTINCT of their far end, so that the server looks at every concept once,
# also on a circle; without it, it follows every way there is

MANIFEST = "MATCH (m:Manifest) RETURN m.json AS json LIMIT 1"
NAMES = """
MATCH (c:Concept)-[h:HAS_NAME]->(:Name) WHERE c.group IN $groups
RETURN h.text AS text, c.id AS concept, c.group AS grp, h.source AS source ORDER BY c.n, h.place
"""
CONCEPTS_BY_NAME = """
UNWIND $names AS folded
MATCH (:Name {folded: folded})<-[:HAS_NAME]-(c:Concept)
WITH DISTINCT folded, c
RETURN folded, c.body AS body ORDER BY folded, c.n
"""
SEARCH = """
CALL db.index.fulltext.queryNodes('name_text', $words, {limit: 1000}) YIELD node AS name
MATCH (name)<-[:HAS_NAME]-(c:Concept)
WITH c, min(size(name.folded)) AS size
RETURN c.body AS body ORDER BY size, c.n LIMIT $limit
"""
FACTS = f"""
MATCH (c:Concept) WHERE c.id IN $ids
CALL (c) {{
  OPTIONAL MATCH (c)-[r:{_OUTGOING}]->(t:Concept)
  WITH r, t ORDER BY t.n, r.source
  RETURN collect([type(r), t.id, r.source, r.source_version, r.count, t.body]) AS edges
}}
CALL (c) {{ OPTIONAL MATCH (c)-[:IS_A*1..]->(a:Concept) WITH DISTINCT a RETURN collect(a.id) AS above }}
CALL (c) {{ OPTIONAL MATCH (c)-[:IS_A|PART_OF|UNSIDED*1..]->(w:Concept) WITH DISTINCT w RETURN collect(w.id) AS wholes }}
RETURN c.id AS id, c.body AS body, edges, above, wholes
"""
PATH = {
    hops: f"""
MATCH (a:Concept {{id: $source}}), (b:Concept {{id: $target}})
MATCH p = shortestPath((a)-[:{_TBOX}*..{hops}]-(b))
UNWIND relationships(p) AS r
RETURN startNode(r).id AS source_id, type(r) AS kind, endNode(r).id AS target_id,
       r.source AS source, r.source_version AS version
"""
    for hops in range(1, LONGEST_PATH + 1)
}
KINDS_OF = """
MATCH (c:Concept {id: $id})
OPTIONAL MATCH (k:Concept)-[:IS_A*1..]->(c)
WITH c, collect(DISTINCT k.id) AS below
RETURN c.id AS id, below
"""
POSSIBLE_CAUSES = """
MATCH (c:Concept {id: $id})
CALL (c) { OPTIONAL MATCH (k:Concept)-[:IS_A*1..]->(c) WITH DISTINCT k RETURN collect(k) AS below }
UNWIND [c] + below AS kind
CALL (kind) {
  MATCH (x:Concept)-[r:CAUSES]->(kind) RETURN x AS start, r, kind AS end
  UNION
  MATCH (kind)-[r:SUGGESTS]->(x:Concept) RETURN kind AS start, r, x AS end
}
RETURN DISTINCT start.id AS source_id, type(r) AS kind, end.id AS target_id, r.source AS source,
       r.source_version AS version ORDER BY kind, source_id, target_id, source, version
"""
RULE_TREATED = """
MATCH (r:Report)-[:MENTIONS {label: $present}]->(x:Concept)-[:TREATS]->(c:Concept)
RETURN DISTINCT r.id AS report, c.id AS concept, [x.id] AS because ORDER BY report, concept, because
"""
RULE_SPECIFIC = """
MATCH (:Report)-[:MENTIONS {label: $present}]->(g:Concept)-[:SUGGESTS]->(s:Concept)
WITH DISTINCT g, s
CALL (s) { MATCH (s)-[:IS_A*1..]->(f:Concept) WITH DISTINCT f RETURN f }
WITH g, s, f WHERE f <> g AND f <> s
MATCH (f)<-[:MENTIONS {label: $present}]-(r:Report)-[:MENTIONS {label: $present}]->(g)
RETURN DISTINCT r.id AS report, s.id AS concept, [f.id, g.id] AS because ORDER BY report, concept, because
"""
REPORTS_MENTIONING = """
MATCH (c:Concept {id: $id})
CALL (c) { OPTIONAL MATCH (k:Concept)-[:IS_A*1..]->(c) WITH DISTINCT k RETURN collect(k) AS below }
UNWIND [c] + below AS kind
MATCH (r:Report)-[m:MENTIONS]->(kind)
RETURN r.id AS report, kind.id AS concept, m.label AS label ORDER BY report, concept, label
"""

"""SNOMED CT in Release Format 2 (SNOMED International, Release File Specification, section 4).

Snapshot or full files, the international edition and any extensions together: of each component the
row with the latest effectiveTime counts, and it counts only when it is active. Rows are kept in a
temporary database, so memory stays constant.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Node, Reject, Sidedness
from kg_ingest.soundness import unnamed
from kg_ingest.sources.rows import lines, skips, temporary_database

NAME = "SNOMED CT"
_FSN = 900000000000003001
_PREFERRED = 900000000000548007
US_ENGLISH = 900000000000509007
_LATERALITY = 272741003
_SIDES = {7771000: Sidedness.LEFT, 24028007: Sidedness.RIGHT}
# typeId -> (kind, True when the edge runs from source to destination)
_RELATIONS = {
    116680003: (EdgeKind.IS_A, True),
    123005000: (EdgeKind.PART_OF, True),
    363698007: (EdgeKind.HAS_FINDING_SITE, True),
    116676008: (EdgeKind.HAS_MORPHOLOGY, True),
    42752001: (EdgeKind.CAUSES, False),  # due to
    246075003: (EdgeKind.CAUSES, False),  # causative agent
    47429007: (EdgeKind.RELATED_TO, True),  # associated with
}
_TAGS = {
    "body structure": Group.ANATOMY,
    "cell structure": Group.ANATOMY,
    "morphologic abnormality": Group.FINDING,
    "finding": Group.FINDING,
    "disorder": Group.DISEASE,
    "physical object": Group.DEVICE,
    "procedure": Group.PROCEDURE,
    "regime/therapy": Group.PROCEDURE,
}
# file -> columns of the specification; the first ones of every file are id, effectiveTime, active
_FILES = {
    "Concept": "id effectiveTime active moduleId definitionStatusId",
    "Description": "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
    "Relationship": "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId "
    "characteristicTypeId modifierId",
    "Language": "id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId",
}
# columns that are kept, with their type
_KEPT: dict[str, dict[int, str]] = {
    "Concept": {},
    "Description": {4: "INTEGER", 5: "TEXT", 6: "INTEGER", 7: "TEXT"},
    "Relationship": {4: "INTEGER", 5: "INTEGER", 7: "INTEGER"},
    "Language": {4: "INTEGER", 5: "INTEGER", 6: "INTEGER"},
}
_NUMBERS = frozenset(
    "id conceptId typeId sourceId destinationId refsetId referencedComponentId acceptabilityId".split()
)
_DIGITS = 18  # of an identifier, at most
_PATTERNS = {
    "Concept": "sct2_Concept_*{form}*.txt*",
    "Description": "sct2_Description_*{form}*.txt*",
    "Relationship": "sct2_Relationship_*{form}*.txt*",
    "Language": "der2_cRefset_*Language*{form}*.txt*",
}
_TERMS = """
SELECT c.id, d.k2, d.k3, max(CASE WHEN l.k2 = {preferred} AND l.k0 = {refset} THEN 1 ELSE 0 END)
FROM Concept AS c JOIN Description AS d ON d.k0 = c.id AND d.active = 1 AND d.k1 = '{language}'
LEFT JOIN Language AS l ON l.k1 = d.id AND l.active = 1
WHERE c.active = 1 GROUP BY c.id, d.id ORDER BY c.id, d.id
"""


@dataclass(frozen=True, slots=True)
class Snomed:
    """A release folder, searched with all folders below it; ``form``: Snapshot or Full."""

    folder: Path
    version: str
    form: str = "Snapshot"
    language: str = "en"
    refset: int = US_ENGLISH
    kind: str = "snomed"
    licence: str = "SNOMED CT"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader."""
        return [path for table in _FILES for path in self._of(table)]

    def read(self) -> Iterator[Item]:
        """Active concepts as SCTID:id with the names of one language, and their inferred relations."""
        for table in ("Concept", "Description", "Relationship"):
            if not self._of(table):
                raise SourceError(
                    f"no sct2_{table}_*{self.form}* file here: --source snomed= names the folder of an RF2 release"
                )
        with temporary_database() as database:
            for table in _FILES:
                yield from self._spool(table, database)
            database.execute("CREATE INDEX description_of ON Description(k0)")
            database.execute("CREATE INDEX language_of ON Language(k1)")
            yield from self._concepts(database)
            yield from self._relations(database)

    def _of(self, table: str) -> list[Path]:
        return sorted(self.folder.rglob(_PATTERNS[table].format(form=self.form)))

    def _spool(self, table: str, database: sqlite3.Connection) -> Iterator[Reject]:
        """Keep the latest row of each component of all files."""
        kept = _KEPT[table]
        extra = "".join(f", k{number} {form}" for number, form in enumerate(kept.values()))
        key = "TEXT" if table == "Language" else "INTEGER"  # refset members have UUIDs
        database.execute(f"CREATE TABLE {table}(id {key} PRIMARY KEY, time INTEGER, active INTEGER{extra})")
        marks = ", ".join("?" * (3 + len(kept)))
        changes = "".join(f", k{number} = excluded.k{number}" for number in range(len(kept)))
        upsert = (
            f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT(id) DO UPDATE SET time = excluded.time, "
            f"active = excluded.active{changes} WHERE excluded.time >= time"
        )
        batch: list[tuple[object, ...]] = []
        for path in self._of(table):
            for row in _rows(path, _FILES[table].split()):
                if isinstance(row, Reject):
                    yield row
                    continue
                batch.append((row[0], row[1], row[2], *(row[column] for column in kept)))
                if len(batch) >= 10_000:
                    database.executemany(upsert, batch)
                    batch.clear()
        database.executemany(upsert, batch)

    def _concepts(self, database: sqlite3.Connection) -> Iterator[Item]:
        left_out: Counter[str] = Counter()
        left_out["inactive concept"], left_out["concept without a name in this language"] = database.execute(
            "SELECT total(active = 0), total(active = 1 AND NOT EXISTS (SELECT 1 FROM Description AS d "
            "WHERE d.k0 = Concept.id AND d.active = 1 AND d.k1 = ?)) FROM Concept",
            (self.language,),
        ).fetchone()
        yield from skips(Counter({reason: int(count) for reason, count in left_out.items() if count}))
        sides = dict(
            database.execute(
                "SELECT k0, min(k1) FROM Relationship WHERE active = 1 AND k2 = ? GROUP BY k0 HAVING count(*) = 1",
                (_LATERALITY,),
            )
        )
        query = _TERMS.format(
            preferred=_PREFERRED, refset=self.refset, language=self.language.replace("'", "")
        )
        for concept, rows in groupby(database.execute(query), key=itemgetter(0)):
            descriptions = [(int(kind), term, bool(preferred)) for _, kind, term, preferred in rows]
            full = next((term for kind, term, _ in descriptions if kind == _FSN), "")
            stem, tag = _untagged(full)
            synonyms = sorted((not preferred, term) for kind, term, preferred in descriptions if kind != _FSN)
            names = tuple(dict.fromkeys([*(term for _, term in synonyms), *([stem] if stem else [])]))
            side = _SIDES.get(int(sides.get(concept, 0)))
            group = _TAGS.get(tag, Group.OTHER)
            yield Node(f"SCTID:{concept}", names[0], group, NAME, self.version, names, sidedness=side)

    def _relations(self, database: sqlite3.Connection) -> Iterator[Item]:
        left_out: Counter[str] = Counter()
        for source, target, kind in database.execute("SELECT k0, k1, k2 FROM Relationship WHERE active = 1"):
            relation = _RELATIONS.get(int(kind))
            if relation is None:
                left_out["relation that is not used"] += 1
                continue
            start, end = (source, target) if relation[1] else (target, source)
            yield Edge(f"SCTID:{start}", relation[0], f"SCTID:{end}", NAME, self.version)
        yield from skips(left_out)


def _rows(path: Path, columns: list[str]) -> Iterator[list[str] | Reject]:
    """Rows below the header row; empty lines and comments (``#``) are passed over.

    Raises:
        SourceError: when the header is not that of the specification.
    """
    headed = False
    for line in lines([path]):
        if isinstance(line, Reject):
            yield line
        elif headed:
            cells = line.text.split("\t")
            if not line.text.startswith("#"):
                reason = _fault(cells, columns)
                yield cells if reason is None else Reject(path.name, line.number, reason)
        elif line.text.split("\t") == columns:
            headed = True
        elif not line.text.startswith("#"):
            raise SourceError(f"{path.name} has no header row of RF2 ({columns[0]}, {columns[1]}, …)")
    if not headed:
        raise SourceError(f"{path.name} has no header row of RF2 ({columns[0]}, {columns[1]}, …)")


def _fault(cells: list[str], columns: list[str]) -> str | None:
    if len(cells) != len(columns):
        return f"{len(cells)} columns where {len(columns)} are expected"
    for name, cell in zip(columns, cells, strict=True):
        member = name == "id" and "refsetId" in columns  # refset members have UUIDs
        if name in _NUMBERS and not member and not (_digits(cell) and len(cell) <= _DIGITS):
            return f"{name} is not a number of at most {_DIGITS} digits"
    if not (_digits(cells[1]) and len(cells[1]) == 8):
        return "effectiveTime is not a date (YYYYMMDD)"
    if "term" in columns and (reason := unnamed(_untagged(cells[columns.index("term")])[0])):
        return reason
    return None if cells[2] in ("0", "1") else "active is neither 0 nor 1"


def _digits(cell: str) -> bool:
    return cell.isascii() and cell.isdigit()


def _untagged(full: str) -> tuple[str, str]:
    """A fully specified name without its semantic tag, and the tag."""
    if not full.endswith(")") or " (" not in full:
        return full, ""
    stem, _, tag = full[:-1].rpartition(" (")
    return stem, tag

"""Distil names, ids and relations of open sources into ``kg_ingest/core/distilled_*.tsv``.

Only facts are carried over (names, identifiers, is-a and part-of relations); definitions and
descriptions are not. Run: ``python tools/distil_core.py --data DIR`` where DIR holds the folders
oidm_anatomic_locations, oidm_findingmodels, ontologies_open and radlex.
"""

import argparse
import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kg_ingest.naming import trusted
from kg_ingest.schema import Group

CORE = Path(__file__).parent.parent / "kg_ingest" / "core"
OIDM_ANATOMY = ("OIDM anatomic locations", "75afd39")
OIDM_FINDINGS = ("OIDM finding models", "4475ac1")
HPO = ("HPO", "2025-01-16")
RADLEX = ("RadLex", "2017")
HPO_ROOTS = ("HP:0002086", "HP:0001626", "HP:0000765", "HP:0000924")
RADLEX_ROOTS = {"RID5": "finding", "RID34785": "finding", "RID34861": "device"}


@dataclass
class Row:
    """One distilled concept."""

    id: str
    group: str
    names: list[str]
    source: tuple[str, str]
    region: str = ""
    sidedness: str = ""
    xrefs: list[str] = field(default_factory=list)


def main() -> None:
    """Write distilled_concepts.tsv and distilled_edges.tsv beside the curated files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    rows: list[Row] = []
    edges: list[tuple[str, str, str, str, str]] = []
    for reader in (oidm_anatomy, oidm_findings, hpo, radlex):
        for item in reader(data):
            if isinstance(item, Row):
                rows.append(item)
            else:
                edges.append(item)
    rows = [row for row in rows if clean(row)]
    known = {row.id for row in rows}
    with (CORE / "distilled_concepts.tsv").open("w", encoding="utf-8") as out:
        for row in sorted(rows, key=lambda row: row.id):
            cells = (row.id, row.group, "|".join(row.names), row.region, row.sidedness, "|".join(row.xrefs))
            out.write("\t".join((*cells, *row.source)) + "\n")
    with (CORE / "distilled_edges.tsv").open("w", encoding="utf-8") as out:
        for edge in sorted(set(edges)):
            if edge[0] in known and edge[2] in known and edge[0] != edge[2]:
                out.write("\t".join(edge) + "\n")


def clean(row: Row) -> bool:
    """Keep names that a matcher may trust: no modifiers, not short, not one plain short word."""
    kept = [name for name in dict.fromkeys(row.names) if trusted(name, Group(row.group))]
    row.names = kept
    return bool(kept)


def oidm_anatomy(data: Path) -> Iterator[Row | tuple[str, str, str, str, str]]:
    """Anatomic locations: names, sides, part-of."""
    path = data / "oidm_anatomic_locations" / "anatomic_locations_noembed.json"
    for item in json.loads(path.read_text(encoding="utf-8")):
        identifier = f"RADLEX:{item['_id']}"
        sidedness = _sidedness(item)
        xrefs = [f"SCTID:{item['snomedId']}"] if item.get("snomedId") else []
        xrefs += [f"{code['system']}:{code['code']}" for code in item.get("codes", [])]
        names = [item["description"], *item.get("synonyms", [])]
        named = str(item["description"]).lower().split(" ")[0]
        if sidedness and named in ("left", "right"):
            sidedness = named  # two renal veins have each other's side there
        region = {"Thorax": "chest"}.get(item.get("region", ""), str(item.get("region", "")).lower())
        yield Row(identifier, "anatomy", names, OIDM_ANATOMY, region, sidedness, sorted(set(xrefs)))
        for key, kind in (("partOfRef", "PART_OF"), ("containedByRef", "PART_OF"), ("unsidedRef", "UNSIDED")):
            if key in item:
                yield (identifier, kind, f"RADLEX:{item[key]['id']}", *OIDM_ANATOMY)
        twin = item.get("leftRef") if sidedness == "right" else item.get("rightRef")
        if twin and sidedness in ("left", "right"):
            yield (identifier, "LATERAL_TWIN", f"RADLEX:{twin['id']}", *OIDM_ANATOMY)


def _sidedness(item: dict[str, object]) -> str:
    if "leftRef" in item and "rightRef" in item:
        return "paired"
    if "unsidedRef" in item:
        return "left" if "rightRef" in item else "right"
    return ""


def oidm_findings(data: Path) -> Iterator[Row]:
    """Finding models: names and codes."""
    folder = data / "oidm_findingmodels" / "defs"
    for path in sorted(folder.glob("*.fm.json")):
        item = json.loads(path.read_text(encoding="utf-8"))
        tags = {str(tag).lower() for tag in item.get("tags") or []}
        xrefs = [
            f"{code['system']}:{code['code']}"
            for code in item.get("index_codes") or []
            if code["system"] in ("RADLEX", "SNOMEDCT", "GAMUTS")
        ]
        group = "disease" if "diagnosis" in tags else "finding"
        names = [item["name"], *(item.get("synonyms") or [])]
        yield Row(
            f"OIFM:{item['oifm_id']}",
            group,
            names,
            OIDM_FINDINGS,
            "chest" if "chest" in tags else "",
            "",
            xrefs,
        )


def hpo(data: Path) -> Iterator[Row | tuple[str, str, str, str, str]]:
    """Respiratory, cardiovascular, thoracic and skeletal terms with their is-a."""
    terms = list(_obo(data / "ontologies_open" / "hpo" / "hp.obo"))
    children: dict[str, list[str]] = {}
    for term in terms:
        for parent in term.get("is_a", []):
            children.setdefault(parent.split(" ")[0], []).append(term["id"][0])
    wanted = _below(HPO_ROOTS, children)
    for term in terms:
        identifier = term["id"][0]
        if identifier not in wanted:
            continue
        synonyms = [
            match[1] for line in term.get("synonym", []) if (match := re.match(r'"(.*?)" EXACT', line))
        ]
        xrefs = [
            x.replace("SNOMEDCT_US:", "SCTID:")
            for x in term.get("xref", [])
            if x.startswith(("UMLS:", "SNOMEDCT_US:"))
        ]
        yield Row(identifier, "finding", [term["name"][0], *synonyms], HPO, "", "", xrefs)
        for parent in term.get("is_a", []):
            yield (identifier, "IS_A", parent.split(" ")[0], *HPO)


def _obo(path: Path) -> Iterator[dict[str, list[str]]]:
    for block in path.read_text(encoding="utf-8").split("\n[Term]\n")[1:]:
        term: dict[str, list[str]] = {}
        for line in block.split("\n[", 1)[0].splitlines():
            key, _, value = line.partition(": ")
            term.setdefault(key, []).append(value)
        if "is_obsolete" not in term:
            yield term


def radlex(data: Path) -> Iterator[Row | tuple[str, str, str, str, str]]:
    """Imaging observations, clinical findings, anatomy names and implantable devices, with is-a."""
    with (data / "radlex" / "Radlex_tekram2017.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines) if len(row) >= 3]
    children: dict[str, list[str]] = {}
    for _, identifier, parent, *_ in rows:
        children.setdefault(parent, []).append(identifier)
    group_of = {
        identifier: group for root, group in RADLEX_ROOTS.items() for identifier in _below((root,), children)
    }
    for name, identifier, parent, *_ in rows:
        if identifier in group_of:
            yield Row(f"RADLEX:{identifier}", group_of[identifier], [name], RADLEX)
            yield (f"RADLEX:{identifier}", "IS_A", f"RADLEX:{parent}", *RADLEX)


def _below(roots: Iterable[str], children: dict[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting += children.get(current, [])
    return reached


if __name__ == "__main__":
    main()

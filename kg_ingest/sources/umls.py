"""UMLS Metathesaurus in Rich Release Format (NLM, UMLS Reference Manual, chapter 3).

MRCONSO, MRSTY and MRREL, and MRRANK where it is there. Files are pipe-separated without quotes, each
row ending in a pipe. The trap: in MRREL, RELA is the relation that CUI2 has **to** CUI1.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from kg_ingest.pipeline import SourceError
from kg_ingest.schema import Edge, EdgeKind, Group, Item, Node, Reject
from kg_ingest.soundness import unnamed
from kg_ingest.sources.rows import find, skips, table

NAME = "UMLS"
_NO_CUI = "not a concept identifier (C and seven digits)"
_CUIS = 10_000_000  # C0000000 to C9999999
_GROUPS = (Group.ANATOMY, Group.DISEASE, Group.FINDING, Group.DEVICE, Group.PROCEDURE, Group.OTHER)
# semantic types by our groups; a concept of several types takes the first group here that it has
_TYPES = {
    Group.ANATOMY: "T017 T018 T021 T022 T023 T024 T029 T030 T031",
    Group.DISEASE: "T047 T191 T019 T048 T049",
    Group.FINDING: "T033 T034 T184 T046 T020 T037 T190",
    Group.DEVICE: "T074 T075 T203",
    Group.PROCEDURE: "T058 T059 T060 T061 T063",
}
_GROUP_OF_TYPE = {tui: group for group, tuis in _TYPES.items() for tui in tuis.split()}
RADIOLOGY_TYPES = frozenset(_GROUP_OF_TYPE)
# RELA -> (kind, True when the edge runs from CUI2 to CUI1, as the row says it)
_RELATIONS = {
    "isa": (EdgeKind.IS_A, True),
    "inverse_isa": (EdgeKind.IS_A, False),
    "part_of": (EdgeKind.PART_OF, True),
    "has_part": (EdgeKind.PART_OF, False),
    "has_finding_site": (EdgeKind.HAS_FINDING_SITE, True),
    "finding_site_of": (EdgeKind.HAS_FINDING_SITE, False),
    "has_associated_morphology": (EdgeKind.HAS_MORPHOLOGY, True),
    "associated_morphology_of": (EdgeKind.HAS_MORPHOLOGY, False),
    "cause_of": (EdgeKind.CAUSES, True),
    "causative_agent_of": (EdgeKind.CAUSES, True),
    "due_to": (EdgeKind.CAUSES, False),
    "has_causative_agent": (EdgeKind.CAUSES, False),
    "may_treat": (EdgeKind.TREATS, True),
    "may_be_treated_by": (EdgeKind.TREATS, False),
    "manifestation_of": (EdgeKind.SUGGESTS, True),
    "has_manifestation": (EdgeKind.SUGGESTS, False),
    "is_finding_of_disease": (EdgeKind.SUGGESTS, True),
    "disease_has_finding": (EdgeKind.SUGGESTS, False),
}
# vocabularies whose own codes we know as cross references: SAB -> prefix, column of the code
_XREFS = {"SNOMEDCT_US": ("SCTID:", 9), "FMA": ("FMA:", 13), "HPO": ("", 9), "MSH": ("MESH:", 10)}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are taken. ``sources`` and ``types`` (semantic types, TUI): None takes all."""

    languages: frozenset[str] = frozenset({"ENG"})
    sources: frozenset[str] | None = None
    suppress: frozenset[str] = frozenset({"N"})
    types: frozenset[str] | None = None


RADIOLOGY = Filter(types=RADIOLOGY_TYPES)


class _Atom(NamedTuple):
    """One kept row of MRCONSO: its place in the order of preference, its string and cross reference."""

    preference: tuple[int, int]
    text: str
    xref: str


@dataclass(frozen=True, slots=True)
class Umls:
    """A release folder (META), a subset of it, or files split or gzipped for transport."""

    folder: Path
    version: str
    filter: Filter = field(default_factory=Filter)
    kind: str = "umls"
    licence: str = "UMLS"

    @property
    def files(self) -> Sequence[Path]:
        """See Reader. MRCONSO is required; the others add what they have."""
        names = ("MRCONSO.RRF", "MRSTY.RRF", "MRREL.RRF", "MRRANK.RRF")
        return [path for name in names for path in find(self.folder, name)]

    def read(self) -> Iterator[Item]:
        """Concepts as UMLS:CUI, and relations between kept concepts. Memory: 20 MB of flags."""
        concepts = find(self.folder, "MRCONSO.RRF")
        if not concepts:
            raise SourceError("no MRCONSO.RRF here: --source umls= names the META folder of a release")
        if self.filter.types is not None and not find(self.folder, "MRSTY.RRF"):
            raise SourceError(
                "no MRSTY.RRF here, by which --umls-types chooses: add it, or take --umls-types all"
            )
        groups = bytearray(_CUIS)
        yield from self._types(groups)
        kept = bytearray(_CUIS)
        yield from self._concepts(concepts, groups, kept)
        yield from self._relations(kept)

    def _types(self, groups: bytearray) -> Iterator[Item]:
        """Mark each CUI with the number of its group, plus one; 0 means no type of the filter."""
        for row in table(find(self.folder, "MRSTY.RRF"), "|", 6, ended=True):
            if isinstance(row, Reject):
                yield row
            elif (number := _number(row.cells[0])) is None:
                yield Reject("MRSTY.RRF", row.number, _NO_CUI)
            elif self.filter.types is None or row.cells[1] in self.filter.types:
                rank = _GROUPS.index(_GROUP_OF_TYPE.get(row.cells[1], Group.OTHER)) + 1
                groups[number] = min(groups[number], rank) if groups[number] else rank

    def _concepts(self, files: list[Path], groups: bytearray, kept: bytearray) -> Iterator[Item]:
        ranks = self._ranks()
        left_out: Counter[str] = Counter()
        rejects: list[Reject] = []
        rows = self._atoms(files, left_out, rejects)
        for cui, atoms in groupby(rows, key=lambda row: row[0]):
            yield from rejects
            rejects.clear()
            number = int(cui[1:])
            if not groups[number] and self.filter.types is not None:
                left_out["concept of a semantic type outside the filter"] += 1
                continue
            ordered = sorted((_atom(row, ranks) for row in atoms), key=lambda atom: atom.preference)
            names = tuple(dict.fromkeys(atom.text for atom in ordered))
            xrefs = tuple(sorted({atom.xref for atom in ordered if atom.xref}))
            group = _GROUPS[groups[number] - 1] if groups[number] else Group.OTHER
            kept[number] = 1
            yield Node(f"UMLS:{cui}", names[0], group, NAME, self.version, names, xrefs)
        yield from rejects
        yield from skips(left_out)

    def _atoms(self, files: list[Path], left_out: Counter[str], rejects: list[Reject]) -> Iterator[list[str]]:
        test = self.filter
        for found in table(files, "|", 18, ended=True):
            if isinstance(found, Reject):
                rejects.append(found)
                continue
            row = found.cells
            if _number(row[0]) is None:
                rejects.append(Reject("MRCONSO.RRF", found.number, _NO_CUI))
            elif row[1] not in test.languages:
                left_out["name in another language"] += 1
            elif row[16] not in test.suppress:
                left_out["name that UMLS suppresses"] += 1
            elif test.sources is not None and row[11] not in test.sources:
                left_out["name of a vocabulary outside the filter"] += 1
            elif reason := unnamed(row[14]):
                rejects.append(Reject("MRCONSO.RRF", found.number, reason))
            else:
                yield row

    def _ranks(self) -> dict[tuple[str, str], int]:
        """(SAB, TTY) -> precedence of MRRANK, highest first in UMLS; empty without the file."""
        rows = table(find(self.folder, "MRRANK.RRF"), "|", 4, ended=True)
        return {
            (row.cells[1], row.cells[2]): int(row.cells[0])
            for row in rows
            if not isinstance(row, Reject) and re.fullmatch("[0-9]{1,9}", row.cells[0])
        }

    def _relations(self, kept: bytearray) -> Iterator[Item]:
        left_out: Counter[str] = Counter()
        for found in table(find(self.folder, "MRREL.RRF"), "|", 16, ended=True):
            if isinstance(found, Reject):
                yield found
                continue
            row = found.cells
            relation = _RELATIONS.get(row[7])
            if relation is None:
                left_out["relation that is not used"] += 1
                continue
            first, second = _number(row[0]), _number(row[4])
            if first is None or second is None:
                yield Reject("MRREL.RRF", found.number, _NO_CUI)
            elif row[14] not in self.filter.suppress:
                left_out["relation that UMLS suppresses"] += 1
            elif not kept[first] or not kept[second]:
                left_out["relation of a concept outside the filter"] += 1
            elif first != second:
                kind, forward = relation
                source, target = (row[4], row[0]) if forward else (row[0], row[4])
                yield Edge(f"UMLS:{source}", kind, f"UMLS:{target}", NAME, self.version)
        yield from skips(left_out)


def _number(cui: str) -> int | None:
    digits = cui[1:]
    return (
        int(digits) if cui[:1] == "C" and len(digits) == 7 and digits.isascii() and digits.isdigit() else None
    )


def _atom(row: list[str], ranks: dict[tuple[str, str], int]) -> _Atom:
    """Preferred by MRRANK; else the preferred form (TS=P, STT=PF, ISPREF=Y) goes first."""
    plain = (row[2] != "P") + (row[4] != "PF") + (row[6] != "Y")
    prefix, column = _XREFS.get(row[11], ("", -1))
    xref = f"{prefix}{row[column]}" if column >= 0 and row[column] else ""
    return _Atom((-ranks.get((row[11], row[12]), 0), plain), row[14], xref)

"""Invented, error-free chest reports composed from the grammar, each with the graph it was made of.

Findings and impression are rendered from one case, so that side, place, severity and change always
agree: these are the "correct reports" that a checked one is compared with.
"""

import random
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from models.sections import parse
from models.types import Entity, EntityKind, EntityLabel, Relation, RelationKind, ReportGraph, Span

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_MARK = re.compile(r"<(\w+)(?::([^>]+))?>")
_KINDS = {
    "obs": EntityKind.OBSERVATION,
    "neg": EntityKind.OBSERVATION,
    "dev": EntityKind.DEVICE,
    "site": EntityKind.ANATOMY,
    "normal": EntityKind.NORMAL,
    "side": EntityKind.SIDE,
    "severity": EntityKind.SEVERITY,
    "change": EntityKind.CHANGE,
    "size": EntityKind.MEASUREMENT,
}
_HEADS = frozenset({EntityKind.OBSERVATION, EntityKind.DEVICE, EntityKind.NORMAL})
_CHANGES = {"new": "new", "increased": "increased", "decreased": "decreased", "stable": "unchanged"}
_SPOKEN = 0.85  # share of the organs without a finding that are called normal
_GROUPS = ("heart", "mediastinum", "lungs", "pleura", "bones")


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented report."""

    id: str
    modality: str
    text: str
    graph: ReportGraph


@dataclass(slots=True)
class _Draft:
    """A report being written: its text, and entities with their exact places."""

    text: str = ""
    entities: list[Entity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    def heading(self, title: str, style: str) -> None:
        """Start a section."""
        gap = "\n\n" if self.text and style == "spaced" else "\n" if self.text else ""
        self.text += f"{gap}{title}:" + ("\n" if style == "spaced" else " ")

    def write(self, template: str, values: dict[str, str], rng: random.Random) -> None:
        """Append one statement and the entities and relations that its marks stand for."""
        template = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template)
        if self.text and not self.text[-1].isspace():
            self.text += " "
        first = len(self.entities)
        position = 0
        for mark in _MARK.finditer(template):
            self.text += template[position : mark.start()]
            self._entity(mark.group(1), mark.group(2), values)
            position = mark.end()
        self.text += template[position:]
        self._relate(first)

    def _entity(self, mark: str, words: str | None, values: dict[str, str]) -> None:
        key = mark.lower()
        said = words if words is not None else values[key]
        said = said[0].upper() + said[1:] if mark[0].isupper() else said
        start = len(self.text)
        self.text += said
        kind = _KINDS[key]
        label = EntityLabel.ABSENT if key == "neg" else EntityLabel.PRESENT
        self.entities.append(
            Entity(
                span=Span(start, len(self.text)),
                quote=said,
                label=EntityLabel.ANATOMY if kind is EntityKind.ANATOMY else label,
                kind=kind,
                sentence=0,
                value=values.get(f"{key}-value") if words is None else None,
            )
        )

    def _relate(self, first: int) -> None:
        """Modifiers belong to the statement's first observation, sites hold every one of it."""
        fresh = range(first, len(self.entities))
        heads = [index for index in fresh if self.entities[index].kind in _HEADS]
        for index in fresh:
            kind = self.entities[index].kind
            if not heads or kind in _HEADS:
                continue
            if kind is EntityKind.ANATOMY:
                self.relations += [Relation(RelationKind.LOCATED_AT, head, index) for head in heads]
            else:
                self.relations.append(Relation(RelationKind.MODIFY, index, heads[0]))


@cache
def _grammar() -> dict[str, Any]:
    grammar: dict[str, Any] = yaml.safe_load(
        files("app").joinpath("synthesis/grammar.yaml").read_text("utf-8")
    )
    return grammar


def generate(seed: int, count: int) -> Iterator[Invented]:
    """``count`` distinct reports; the same seed gives the same reports."""
    rng = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        modality = "ct" if rng.random() < 0.25 else "xr"
        draft = _compose(modality, rng)
        if draft.text not in seen:
            seen.add(draft.text)
            yield Invented(f"invented-{len(seen):04d}", modality, draft.text, _graph(draft))


def _graph(draft: _Draft) -> ReportGraph:
    """The draft's graph, each entity with the index of the sentence it fell into."""
    begins = [sentence.span.start for sentence in parse(draft.text).sentences]
    entities = (
        replace(entity, sentence=bisect_right(begins, entity.span.start) - 1) for entity in draft.entities
    )
    return ReportGraph(tuple(entities), tuple(draft.relations))


def _compose(modality: str, rng: random.Random) -> _Draft:
    grammar = _grammar()
    study = rng.choice(grammar["studies"][modality])
    cases = [_case(item, rng) for item in _chosen(modality, rng)]
    changed = any("change" in case for _, case in cases)
    style = rng.choice(("inline", "inline", "spaced"))
    draft = _Draft()
    for title, pool, share in (
        ("EXAM", study["exam"], 0.7),
        ("INDICATION", grammar["indications"], 0.9),
        ("TECHNIQUE", study["technique"], 0.5),
        ("COMPARISON", grammar["comparisons"]["prior" if changed or rng.random() < 0.4 else "none"], 1.0),
    ):
        if rng.random() < share:
            draft.heading(title, style)
            draft.write(rng.choice(pool), {}, rng)
    draft.heading("FINDINGS", style)
    for template, values in _statements(modality, cases, rng):
        draft.write(template, values, rng)
    draft.heading("IMPRESSION", style)
    _conclude(draft, cases, rng)
    return draft


def _chosen(modality: str, rng: random.Random) -> list[dict[str, Any]]:
    wanted = 0 if rng.random() < 0.42 else rng.choice((1, 1, 2, 2, 3, 4))
    items = [item for item in _grammar()["findings"] if item.get("modality", modality) == modality]
    rng.shuffle(items)
    chosen: list[dict[str, Any]] = []
    taken: set[str] = set()
    for item in items:
        if len(chosen) < wanted and not taken & set(item["groups"]):
            chosen.append(item)
            taken |= set(item["groups"])
    return chosen


def _case(item: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, str] = {}
    if "sides" in item:
        values["side"] = values["side-value"] = rng.choice(item["sides"])
    if "severities" in item:
        values["severity"] = rng.choice(item["severities"])
    if "sites" in item:
        values["site"] = rng.choice(item["sites"])
    if "size" in item:
        mm = rng.randint(*item["size"])
        values["size"] = f"{mm} mm" if mm < 10 or rng.random() < 0.4 else f"{mm / 10:.1f} cm"
        values["size-value"] = f"{mm:.1f}"
    if "changed" in item and rng.random() < 0.35:
        change = rng.choice(item["changes"])
        values |= {"change": _CHANGES[change], "change-value": change}
    return item, values


def _statements(
    modality: str, cases: list[tuple[dict[str, Any], dict[str, str]]], rng: random.Random
) -> list[tuple[str, dict[str, str]]]:
    """What is found, and the normal statements that no finding speaks against, organ by organ."""
    taken = {group for item, _ in cases for group in item["groups"]}
    normals = _grammar()["normals"][modality]
    said = [(rng.choice(item["changed" if "change" in v else "findings"]), v) for item, v in cases]
    free = [group for group in _GROUPS if group not in taken and rng.random() < _SPOKEN]
    quiet: list[tuple[str, dict[str, str]]] = [(rng.choice(normals[group]), {}) for group in free]
    statements = said + quiet if rng.random() < 0.6 else quiet + said
    if rng.random() < 0.2:
        rng.shuffle(statements)
    return statements


def _conclude(draft: _Draft, cases: list[tuple[dict[str, Any], dict[str, str]]], rng: random.Random) -> None:
    chosen = [(rng.choice(item["impression"]), values) for item, values in cases if item["impression"]]
    conclusions = [(template, values) for template, values in chosen if template]
    if not any(item.get("acute") for item, _ in cases) and (not conclusions or rng.random() < 0.5):
        conclusions.append((rng.choice(_grammar()["summaries"]), {}))
    if not conclusions:
        conclusions.append((rng.choice(_grammar()["summaries"]), {}))
    numbered = len(conclusions) > 1 and rng.random() < 0.6
    for number, (template, values) in enumerate(conclusions, start=1):
        draft.write(f"{number}. {template}" if numbered else template, values, rng)

"""``python -m app.evaluation.extraction``: the extractor against hand labels.

Needs data that is not shipped: a folder with ``negex``, ``openi_indiana``, ``negbio`` and
``radgraph_format``; a part whose folder is missing is skipped and said so.
"""

import argparse
import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from app.knowledge import ground, lexicon
from app.proofreading.effects import by_effect
from app.proofreading.findings import Finding, Status, fold
from app.proofreading.framing import framed
from app.proofreading.sharing import shared
from app.reading import read_reports
from kg_ingest.schema import Facts, Group
from kg_ingest.sources.core import open_bundled
from kg_ingest.store import GraphStore
from models.lexical import LexicalExtractor
from models.radgraph_format import graph_from_radgraph
from models.sections import parse
from models.types import EntityLabel, ReportGraph, SectionName, Span

_REPORTED = frozenset({SectionName.FINDINGS, SectionName.IMPRESSION})
_SIDES = {"left": {"left"}, "right": {"right"}, "bilateral": {"left", "right"}}
_SITES = {
    "lower lobe": "lower|base|basilar|basal", "upper lobe": "upper|apex|apical", "middle lobe": "middle",
    "base": "base|basilar|basal|lower", "apex": "apex|apical|apices|upper", "lingula": "lingul",
    "hilum": "hil", "costophrenic angle": "costophrenic",
}  # fmt: skip


@dataclass(slots=True)
class Counts:
    """True positives, false positives and false negatives."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def add(self, *, said: bool, true: bool) -> None:
        """Count one decision."""
        self.tp += said and true
        self.fp += said and not true
        self.fn += true and not said

    def row(self) -> str:
        """Precision, recall and F1 as table cells."""
        precision = self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0
        recall = self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return f"{self.tp + self.fn} | {precision:.3f} | {recall:.3f} | {f1:.3f}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads a text into findings."""

    extractor: LexicalExtractor
    store: GraphStore

    def findings(self, text: str) -> tuple[tuple[Finding, ...], Facts]:
        """What is said to be, or perhaps to be, there now."""
        report = parse(text)
        grounded = ground(self.extractor.extract(report), self.store)
        told = framed(report, fold(report, grounded.graph, grounded.facts))
        placed = shared(report, grounded.graph, told, grounded.facts)
        every = by_effect(report, grounded.graph, placed, grounded.facts)
        return tuple(f for f in every if _is_current(f)), grounded.facts


def _is_current(finding: Finding) -> bool:
    entity = finding.entity
    past = entity.historical or entity.hypothetical or entity.other
    return finding.section in _REPORTED and not past and finding.status is not Status.ABSENT


def main() -> int:
    """Print one Markdown table a part."""
    parser = argparse.ArgumentParser(prog="python -m app.evaluation.extraction", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    store = open_bundled()
    reader = Reader(LexicalExtractor(lexicon(store.names(tuple(Group)))), store)
    parts: tuple[tuple[str, Callable[[Reader, Path], Iterator[str]]], ...] = (
        ("negex/rsAnnotations-half.txt", negex),
        ("openi_indiana/reports.csv", mesh),
        ("negbio/openi_gld_std14.csv", labels),
        ("radgraph_format/radgraph_xl_test_annotations.json", radgraph),
    )
    for name, part in parts:
        if (data / name).is_file():
            sys.stdout.writelines(f"{line}\n" for line in part(reader, data))
        else:
            sys.stdout.write(f"\n{name}: not there, skipped\n")
    return 0


def negex(reader: Reader, data: Path) -> Iterator[str]:
    """Negation, history and experiencer of the concept that each NegEx sentence marks in capitals."""
    negation, history, other = Counts(), Counts(), Counts()
    lines = (data / "negex/rsAnnotations-half.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines[1:]:
        cells = line.split("\t")
        place = _marked(cells) if len(cells) >= 6 else None
        if place is None:
            continue
        entity = reader.extractor.asserted(cells[2], place)
        negation.add(said=entity.label is EntityLabel.ABSENT, true=cells[3] == "Negated")
        history.add(said=entity.historical, true=cells[4] == "Historical")
        other.add(said=entity.other, true=cells[5].strip() != "Patient")
    yield from ("", "| NegEx half | n | precision | recall | F1 |", "|---|---|---|---|---|")
    yield f"| negated | {negation.row()} |"
    yield f"| historical | {history.row()} |"
    yield f"| experiencer not the patient | {other.row()} |"


def _marked(cells: list[str]) -> Span | None:
    for sentence, concept in ((cells[2], cells[1].upper()), (cells[2].lower(), cells[1].lower())):
        start = sentence.find(concept)
        if start >= 0:
            return Span(start, start + len(concept))
    return None


def mesh(reader: Reader, data: Path) -> Iterator[str]:
    """Side and site of the hand-coded headings against the findings that express them."""
    concepts = _table("mesh.tsv")
    sides: dict[str, Counter[bool]] = defaultdict(Counter)
    sites: Counter[bool] = Counter()
    path = data / "openi_indiana/reports.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        coded = {row["uid"]: row["MeSH"] for row in csv.DictReader(lines)}
    for report in read_reports(path):
        found, _ = reader.findings(report.text)
        for heading, *details in (code.split("/") for code in coded[report.report_id].split(";")):
            fitting = [f for f in found if f.concept in concepts.get(heading.strip(), ())]
            side = next((detail for detail in details if detail in _SIDES), None)
            sided = [f for f in fitting if f.sides]
            if side is not None and sided:
                sides[side][any(f.sides >= _SIDES[side] for f in sided)] += 1
            for detail in details:
                if detail in _SITES and fitting:
                    sites[any(_at(f, _SITES[detail]) for f in fitting)] += 1
    yield from ("", "| Open-i codes | comparable | agree |", "|---|---|---|")
    for side, counts in sorted(sides.items()):
        yield f"| side {side} | {counts.total()} | {counts[True] / counts.total():.3f} |"
    yield f"| site | {sites.total()} | {sites[True] / sites.total():.3f} |"


def _at(finding: Finding, words: str) -> bool:
    said = (finding.entity, *finding.sites, *finding.zones)
    return any(re.search(words, entity.quote, re.IGNORECASE) for entity in said)


def labels(reader: Reader, data: Path) -> Iterator[str]:
    """The 14 findings of each report against the hand coding."""
    concepts = _table("labels.tsv")
    with (data / "negbio/openi_gld_std14.csv").open(encoding="utf-8", newline="") as lines:
        gold = {row["filename"].removeprefix("CXR"): row for row in csv.DictReader(lines)}
    counts = {label: Counts() for label in concepts}
    for report in read_reports(data / "openi_indiana/reports.csv"):
        found, facts = reader.findings(report.text)
        said = {f.concept for f in found} | {
            a for f in found for a in facts.ancestors.get(f.concept or "", ())
        }
        for label, wanted in concepts.items():
            counts[label].add(said=bool(said & wanted), true=gold[report.report_id][label] == "1")
    yield from ("", "| 14 labels | n | precision | recall | F1 |", "|---|---|---|---|---|")
    for label, count in counts.items():
        yield f"| {label} | {count.row()} |"


def radgraph(reader: Reader, data: Path) -> Iterator[str]:
    """Word by word, our labels against RadGraph-XL's output on its own samples."""
    same = total = 0
    relations = Counts()
    for text, annotation in _samples(data / "radgraph_format"):
        report = parse(text)
        theirs = graph_from_radgraph(report, annotation).graph
        ours = reader.extractor.extract(report)
        words = [(match.start(), match.end()) for match in re.finditer(r"\w+", text)]
        for start, end in words:
            first, second = _label_at(theirs, start, end), _label_at(ours, start, end)
            total += first is not None
            same += first is not None and first == second
        mine, wanted = _linked(ours), _linked(theirs)
        relations.tp += len(mine & wanted)
        relations.fp += len(mine - wanted)
        relations.fn += len(wanted - mine)
    yield from ("", "| RadGraph samples | value |", "|---|---|")
    yield f"| words with RadGraph's label | {same}/{total} = {same / total:.3f} |"
    yield f"| related word pairs: n, precision, recall, F1 | {relations.row().replace(' | ', ', ')} |"


def _samples(folder: Path) -> Iterator[tuple[str, dict[str, object]]]:
    for sample in json.loads((folder / "radgraph_xl_test_annotations.json").read_text(encoding="utf-8")):
        for annotation in sample["radgraph_annotations"].values():
            yield annotation["text"], annotation
    path = folder / "expected_processed_annotations_5reports.json"
    for sample in json.loads(path.read_text(encoding="utf-8")):
        yield sample["report_text"], sample["processed_annotations"]["radgraph_annotations"]["0"]


def _label_at(graph: ReportGraph, start: int, end: int) -> EntityLabel | None:
    return next((e.label for e in graph.entities if e.span.start <= start and end <= e.span.end), None)


def _linked(graph: ReportGraph) -> set[frozenset[int]]:
    """Pairs of last-word ends that a relation joins, whatever its kind."""
    return {
        frozenset((graph.entities[r.source].span.end, graph.entities[r.target].span.end))
        for r in graph.relations
    }


def _table(name: str) -> dict[str, frozenset[str]]:
    lines: Iterable[str] = (
        files("app").joinpath(f"evaluation/{name}").read_text(encoding="utf-8").splitlines()
    )
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {key: frozenset(concepts.split("|")) for key, concepts in rows}


if __name__ == "__main__":
    sys.exit(main())

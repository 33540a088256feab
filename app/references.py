"""Similar correct reports for one report, and what the corpus behind them observes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.knowledge import ground
from app.proofreading.report import ReferenceHit, SubmittedReport
from app.proofreading.speech import Speech, write_speech
from kg_ingest.store import GraphStore
from models.extractor import GraphExtractor
from models.reference_index import ReferenceIndex, ReferenceRecord
from models.sections import parse
from models.types import RelationKind

OBSERVED_FILE = "observed.tsv"


@dataclass(frozen=True, slots=True)
class IndexedReferences:
    """References over a FAISS index. Thread-safe."""

    index: ReferenceIndex

    def search(self, text: str, k: int) -> tuple[ReferenceHit, ...]:
        """The ``k`` nearest reports, best first.

        Raises:
            EmbedderError, ReferenceIndexError: when they cannot be found.
        """
        return tuple(
            ReferenceHit(hit.record.id, hit.score, hit.record.text, hit.record.graph)
            for hit in self.index.search(text, k)
        )


def records(
    reports: Iterable[SubmittedReport], extractor: GraphExtractor, knowledge: GraphStore
) -> Iterator[ReferenceRecord]:
    """Each report with the graph that the extractor reads from it, ready for an index."""
    for report in reports:
        graph = ground(extractor.extract(parse(report.text)), knowledge).graph
        yield ReferenceRecord(report.report_id, report.text, graph)


def observed(stored: Iterable[ReferenceRecord]) -> list[tuple[str, str, int]]:
    """Counted (finding concept, site concept) pairs of located_at relations over these reports."""
    counts: Counter[tuple[str, str]] = Counter()
    for record in stored:
        for relation in record.graph.relations:
            finding = record.graph.entities[relation.source].concept
            site = record.graph.entities[relation.target].concept
            if relation.kind is RelationKind.LOCATED_AT and finding is not None and site is not None:
                counts[finding, site] += 1
    return [(finding, site, count) for (finding, site), count in sorted(counts.items())]


def write_archive(folder: Path, index: ReferenceIndex) -> None:
    """Keep beside a saved index what its reports observe and how they speak."""
    write_observed(folder, observed(index.records()))
    write_speech(folder, Speech.of(record.text for record in index.records()))


def write_observed(folder: Path, counts: Iterable[tuple[str, str, int]]) -> None:
    """Keep the counts beside the index, so that a service need not count again."""
    lines = (f"{finding}\t{site}\t{count}\n" for finding, site, count in counts)
    (folder / OBSERVED_FILE).write_text("".join(lines), encoding="utf-8")


def read_observed(folder: Path) -> dict[tuple[str, str], int]:
    """(finding, site) counts that ``write_observed`` kept; none where it kept none."""
    path = folder / OBSERVED_FILE
    if not path.is_file():
        return {}
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {(finding, site): int(count) for finding, site, count in rows}

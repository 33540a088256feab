"""What every graph extractor does."""

from typing import Protocol

from models.types import Report, ReportGraph


class GraphExtractor(Protocol):
    """Turns a parsed report into a RadGraph-schema graph. Thread-safe and deterministic."""

    name: str

    def extract(self, report: Report) -> ReportGraph:
        """The report's graph: entities in text order, spans exact, relations by entity index."""

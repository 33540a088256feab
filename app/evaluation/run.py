"""Checking every item with both checkers, in one process or in several."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from app.evaluation.baseline import plain_rules
from app.evaluation.items import Item
from app.evaluation.score import Outcome, score, score_spans
from app.proofreading.check import check_report
from app.proofreading.report import CheckedReport, SubmittedReport
from app.references import IndexedReferences
from app.services import Services, build_services
from app.settings import Settings
from models.onnx_embedder import OnnxEmbedder, bundled_model
from models.reference_index import ReferenceIndex

Check = Callable[[SubmittedReport], CheckedReport]
Both = tuple[Outcome, Outcome]

MOST_JOBS = 4
_WORTH_A_PROCESS = 100  # items: opening the services takes as long as checking so many
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to open the services: settings, and the folder of an index made for this run."""

    settings: Settings
    index: Path | None = None

    def open(self, jobs: int = 1) -> Services:
        """The services, with an embedder that takes its part of the cores.

        Raises:
            ConfigurationError, EmbedderError, ReferenceIndexError: when a part cannot be opened.
        """
        if self.index is None:
            return build_services(self.settings)
        services = build_services(
            self.settings.model_copy(update={"references_k": 0, "index_dir": self.index})
        )
        if not self.settings.references_k:
            return services
        threads = max(1, min(2, cores() // jobs))
        embedder = OnnxEmbedder(self.settings.embedder_dir or bundled_model(), threads)
        references = IndexedReferences(ReferenceIndex.open(self.index, embedder))
        return replace(services, references=references, references_k=self.settings.references_k)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(items: Iterable[Item], check: Check) -> Iterator[Both]:
    """(the checker's, the plain rules') outcome of each item, in order."""
    for item in items:
        yield score(item, check(item.report)), score_spans(item, plain_rules(item.report))


def measure_all(items: Sequence[Item], setup: Setup, jobs: int) -> Iterator[Both]:
    """The same with up to ``jobs`` processes, in the same order; one where more would not pay."""
    jobs = max(1, min(jobs, len(items) // _WORTH_A_PROCESS))
    if jobs == 1:
        services = setup.open()
        try:
            yield from measure(items, partial(check_report, services=services))
        finally:
            services.close()
        return
    workers = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (setup, jobs))
    try:
        yield from workers.map(_measured, items, chunksize=_BATCH)
    finally:
        workers.shutdown(cancel_futures=True)


_check: Check | None = None


def _start(setup: Setup, jobs: int) -> None:
    """Open the services once in a process of the pool; they end with it."""
    global _check  # the pool gives a process no other place for it
    _check = partial(check_report, services=setup.open(jobs))


def _measured(item: Item) -> Both:
    assert _check is not None  # noqa: S101  # _start ran
    return next(measure((item,), _check))

"""Checks in processes of their own: one interpreter checks about as many reports a second as one core allows.

Each process builds its own parts once. It takes sealed reports and gives back sealed results, so that
the process that talks to the database does nothing but talk to it.
"""

import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

import structlog

from app import logging
from app.api.schemas import CheckedReportOut
from app.limits import InadmissibleError, admit
from app.proofreading.check import check_report
from app.proofreading.report import CheckedReport
from app.services import Services, build_services
from app.settings import Settings
from app.storage.content import from_json
from app.storage.sealing import Seal, SealError
from app.storage.types import Claim, Finished, FoundError, Result

_log = structlog.get_logger()


class CrashedError(Exception):
    """The check of one of the reports ended its process or failed with a fault of ours."""


class CheckProcesses:
    """``count`` processes that check reports; started with the first report. Thread-safe."""

    def __init__(self, settings: Settings, count: int) -> None:
        """Take what the processes are built from."""
        self._settings = settings.model_copy(
            update={"embedder_threads": max(1, (os.cpu_count() or 1) // count)}
        )
        self.count = count
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def check(self, claims: Sequence[Claim]) -> list[Finished]:
        """What became of each claim, in order; waits for a process that is free.

        Raises:
            CrashedError: when there is no answer. The next call has processes that live.
        """
        pool = self._started()
        asked = pool.submit(_check_all, list(claims))
        error = asked.exception()  # of any kind: its words may be those of a report, so it goes no further
        if error is None:
            return asked.result()
        _log.error("check_crashed", exc_info=error)
        if isinstance(error, BrokenProcessPool):
            self._forget(pool)
        raise CrashedError

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self.count, get_context("spawn"), initializer=_start, initargs=(self._settings,)
                )
            return self._pool

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False)

    def close(self) -> None:
        """End the processes; what they check now is finished first."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
                self._pool = None


_parts: tuple[Services, Seal, Settings] | None = None  # of this process, once it has started


def _start(settings: Settings) -> None:
    global _parts  # a process pool has no other place for what its processes hold
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process of the terminal: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.configure(settings.log_level)
    _parts = build_services(settings), Seal(settings.seal_keys), settings


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)  # killed: nobody will take what is checked here


def _check_all(claims: list[Claim]) -> list[Finished]:
    if _parts is None:
        raise RuntimeError("this process was not started by CheckProcesses")
    return [_check(claim, *_parts) for claim in claims]


def _check(claim: Claim, services: Services, seal: Seal, settings: Settings) -> Finished:
    try:
        submitted = from_json(seal.unseal(claim.content))
        admit(submitted, settings.max_text_bytes)
    except SealError:
        return Finished(claim, problem="cannot_unseal")
    except InadmissibleError as error:  # the limits have changed since it came in
        return Finished(claim, problem=error.code)
    return Finished(claim, result_of(check_report(submitted, services), seal))


def result_of(checked: CheckedReport, seal: Seal) -> Result:
    """A checked report as it is stored."""
    return Result(
        has_errors=checked.has_errors,
        complete=checked.coverage.complete,
        coverage=asdict(checked.coverage),
        versions=dict(checked.versions),
        errors=tuple(
            FoundError(
                error.id,
                error.candidate.type.value,
                error.tier.value,
                error.candidate.confidence,
            )
            for error in checked.errors
        ),
        sealed=seal.seal_text(CheckedReportOut.of(checked).model_dump_json()),
    )

"""Checks in processes of their own: one interpreter checks about as many reports a second as one core allows.

Each process builds its own parts once. It takes sealed reports and gives back sealed results, so that
the process that talks to the database does nothing but talk to it.
"""

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

import structlog

from app import logging
from app.api.schemas import CheckedReportOut
from app.limits import InadmissibleError, admit
from app.proofreading.check import check_report
from app.proofreading.report import CheckedReport
from app.services import ConfigurationError, Services, build_services
from app.settings import Settings
from app.storage.content import from_json
from app.storage.sealing import Seal, SealError
from app.storage.types import Claim, Finished, FoundError, Result

_NICE = 10  # whoever waits for an answer, or an acknowledgment, goes first
_log = structlog.get_logger()


class CrashedError(Exception):
    """The check of one of the reports ended its process, hung or failed with a fault of ours."""


class CheckProcesses:
    """``count`` processes that check reports; started with the first report. Thread-safe.

    One more, started when it is needed, checks one report at a time: what crashes there is at fault itself.
    """

    def __init__(self, settings: Settings, count: int) -> None:
        """Take what the processes are built from."""
        self._settings = settings.model_copy(
            update={"embedder_threads": max(1, (os.cpu_count() or 1) // count)}
        )
        self.count = count
        self._lock = threading.Lock()
        self._lonely = threading.Lock()
        self._pools: dict[bool, ProcessPoolExecutor] = {}  # for those checked alone, and for the others

    def start(self) -> None:
        """Start the processes before there is a report.

        Raises:
            ConfigurationError: when they cannot be built as they are configured; none is left then.
        """
        error = self._started(alone=False).submit(_built).exception()
        if isinstance(error, ConfigurationError):
            self.close()
            raise error

    def check(self, claims: Sequence[Claim], *, alone: bool = False) -> list[Finished]:
        """What became of each claim, in order; waits for a process that is free.

        A crash costs whatever is checked beside it, and with ``alone`` nothing is.

        Raises:
            CrashedError: when there is no answer. The next call has processes that live.
            ConfigurationError: when what checks cannot be built now; no report is at fault.
        """
        with self._lonely if alone else nullcontext():
            pool, asked = self._asked(claims, alone=alone)
            error = asked.exception()  # of any kind; its words may be a report's: they go no further
        if error is None:
            return asked.result()
        if isinstance(error, ConfigurationError):
            raise error
        _log.error("check_crashed", exc_info=error)
        if isinstance(error, BrokenProcessPool):
            self._forget(pool)
        raise CrashedError

    def _asked(
        self, claims: Sequence[Claim], *, alone: bool
    ) -> tuple[ProcessPoolExecutor, Future[list[Finished]]]:
        while True:
            pool = self._started(alone=alone)
            try:
                return pool, pool.submit(_check_all, list(claims))
            except BrokenProcessPool:  # a process ended while it had nothing to do: no report is at fault
                self._forget(pool)

    def _started(self, *, alone: bool) -> ProcessPoolExecutor:
        with self._lock:
            if alone not in self._pools:
                count = 1 if alone else self.count
                self._pools[alone] = ProcessPoolExecutor(
                    count, get_context("spawn"), initializer=_start, initargs=(self._settings,)
                )
            return self._pools[alone]

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            self._pools = {alone: kept for alone, kept in self._pools.items() if kept is not pool}
        pool.shutdown(wait=False)

    def close(self) -> None:
        """End the processes; what they check now is finished first."""
        with self._lock:
            for pool in self._pools.values():
                pool.shutdown(cancel_futures=True)
            self._pools.clear()


_settings: Settings | None = None  # of this process
_parts: tuple[Services, Seal, Settings] | None = None  # built from them for its first report


def _start(settings: Settings) -> None:
    global _settings  # a process pool has no other place for what its processes hold
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process of the terminal: the parent decides
    end_with_parent()
    os.nice(_NICE)
    logging.configure(settings.log_level)
    _settings = settings


def end_with_parent() -> None:
    """End this process when the one that spawned it has gone: nobody takes what it does, or could stop it."""
    parent = parent_process()
    if parent is None:
        return

    def wait_for_end() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait_for_end, daemon=True).start()


def _built() -> None:
    """Build the parts; here and not at the start of the process, where a failure would look like a crash."""
    global _parts
    if _settings is None:
        raise RuntimeError("this process was not started by CheckProcesses")
    if _parts is None:
        _parts = build_services(_settings), Seal(_settings.seal_keys), _settings


def _check_all(claims: list[Claim]) -> list[Finished]:
    _built()
    return [_check(claim, *_parts) for claim in claims] if _parts is not None else []


def _check(claim: Claim, services: Services, seal: Seal, settings: Settings) -> Finished:
    try:
        submitted = from_json(seal.unseal(claim.content))
        admit(submitted, settings.max_text_bytes)
    except SealError:
        return Finished(claim, problem="cannot_unseal")
    except InadmissibleError as error:  # the limits have changed since it came in
        return Finished(claim, problem=error.code)
    with _ended_when_hung(settings):
        return Finished(claim, result_of(check_report(submitted, services), seal))


@contextmanager
def _ended_when_hung(settings: Settings) -> Iterator[None]:
    """End this process where the block takes too long, whatever it does; standard error then says where it was."""
    seconds = settings.batch_check_seconds
    if settings.llm_base_url is not None:
        seconds += settings.llm_deadline_seconds
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


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

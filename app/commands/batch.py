"""``radproof batch``: a day's reports to results and a summary, here or by a server.

Run again with the same files and folder, it goes on where it stopped.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError

from app.batch.export import ndjson, result_lines
from app.batch.intake import form_of, read_batch
from app.batch.items import Accepted, Refused
from app.batch.limits import intake_limits
from app.batch.receiving import BatchError, Receiver, Sender
from app.batch.remote import RemoteError, Server
from app.batch.results import ResultLine
from app.batch.starting import start_worker
from app.batch.summary import render_html, render_pdf, summarise
from app.commands import CommandError
from app.commands.parts import opened, settings
from app.services import open_configured_queue, open_configured_store
from app.settings import Settings
from app.storage.batches import KeyInUseError
from app.storage.sealing import SealError
from app.storage.store import Store

_LOOK_SECONDS = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="NDJSON, CSV (also .gz) or zip")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="results and summary go here")
    parser.add_argument("--server", metavar="URL", help="let a RadProof server check: http://host:8000")
    parser.add_argument("--processes", type=int, help="how many to check in here; one a core")


def run(args: argparse.Namespace) -> int:
    """Check the files; 0 when none has errors, 1 when one has, 2 when one was not checked."""
    for path in args.files:
        if form_of(None, path.name) is None:
            raise CommandError(f"{path}: not .ndjson, .jsonl, .csv or .zip")
        if not path.is_file():
            raise CommandError(f"{path}: no such file")
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        lines = _by_server(args) if args.server else _here(args)
        return _written(lines, args.out)
    except (BatchError, RemoteError) as error:
        raise CommandError(str(error)) from error
    except SealError as error:
        raise CommandError(f"RADPROOF_STORE_KEYS: {error}") from error
    except SQLAlchemyError as error:
        raise CommandError(f"{args.out / 'batch.db'} cannot be used: is the disk full?") from error
    except KeyboardInterrupt:
        sys.stderr.write("radproof: stopped; the same command goes on from here\n")
        raise


def _here(args: argparse.Namespace) -> Iterator[ResultLine]:
    chosen = settings().model_copy(
        update={
            "store_url": SecretStr(f"sqlite:///{args.out / 'batch.db'}"),
            "redis_url": None,
            "batch_processes": args.processes,
        }
    )
    with ExitStack() as parts:
        store = opened(open_configured_store, chosen)
        parts.callback(store.close)
        queue = opened(open_configured_queue, chosen)
        parts.callback(queue.close)
        receiver = Receiver(store, queue, sys.maxsize)
        sha256 = _sha256(args.files)
        sender = Sender("radproof batch", sha256, key=sha256)
        while (batch := _received(receiver, args.files, chosen, sender)) is None:
            time.sleep(_LOOK_SECONDS)
        if store.jobs.count_open(1):
            worker = opened(lambda chosen: start_worker(store, queue, chosen, serving=False), chosen)
            parts.callback(worker.stop)
            _wait(store, batch)
        yield from result_lines(store, batch)


def _received(receiver: Receiver, files: Sequence[Path], chosen: Settings, sender: Sender) -> str | None:
    """The batch; None while the same command takes it in elsewhere, or was killed doing so a minute ago."""
    with suppress(KeyInUseError):
        return receiver.receive(_items(files, chosen), sender)
    return None


def _items(files: Sequence[Path], chosen: Settings) -> Iterator[Accepted | Refused]:
    limits = intake_limits(chosen)
    seen: set[str] = set()
    for path in files:
        form = form_of(None, path.name)
        if form is None:
            continue
        with path.open("rb") as file:
            for item in read_batch(file, form, limits):
                if isinstance(item, Accepted) and item.custom_id in seen:
                    yield Refused("duplicate_custom_id", None, item.custom_id, item.line, item.source)
                    continue
                if isinstance(item, Accepted):
                    seen.add(item.custom_id)
                yield item


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _wait(store: Store, batch: str) -> None:
    with _bar() as bar:
        task = bar.add_task("reports")
        while (now := store.batches.get(batch)) is not None:
            bar.update(task, total=now.total, completed=now.total - now.open)
            if not now.open:
                return
            time.sleep(_LOOK_SECONDS)


def _by_server(args: argparse.Namespace) -> Iterator[ResultLine]:
    with Server(args.server) as server, _bar() as bar:
        for path in args.files:
            task = bar.add_task(path.name)
            batch = server.send(path, key=_sha256([path]))
            for total, finished in server.follow(batch):
                bar.update(task, total=total, completed=finished)
            yield from server.results(batch)


def _bar() -> Progress:
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def _written(lines: Iterable[ResultLine], out: Path) -> int:
    """Write results and summary; each file is whole or not there."""
    results, part = out / "results.ndjson", out / "results.part"
    flagged = unchecked = 0
    with part.open("w", encoding="utf-8") as file:
        for line in lines:
            file.writelines(ndjson(iter([line])))
            flagged += line.checked is not None and line.checked.has_errors
            unchecked += line.checked is None or line.checked.coverage.rules != "done"
    part.replace(results)
    made = summarise(_stored(results), out.name)
    _replace(out / "summary.html", render_html(made).encode())
    _replace(out / "summary.pdf", render_pdf(made))
    Console().print(f"{flagged} reports with errors, {unchecked} not checked: see {out / 'summary.html'}")
    return 2 if unchecked else int(flagged > 0)


def _stored(results: Path) -> Iterator[ResultLine]:
    with results.open(encoding="utf-8") as file:
        for line in file:
            yield ResultLine.model_validate_json(line)


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)

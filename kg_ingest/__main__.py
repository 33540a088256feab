"""``python -m kg_ingest``: load, verify, show and export knowledge graphs.

Exit codes: 0 done, 1 the graph is not sound, 2 bad arguments or input.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from kg_ingest import turtle
from kg_ingest.embedded_store import EmbeddedStore, create, open_bundled, open_store
from kg_ingest.pipeline import LoadError
from kg_ingest.schema import Edge, Node
from kg_ingest.sources import core
from kg_ingest.store import GraphStoreError

_SOUND, _UNSOUND, _USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except GraphStoreError as error:
        sys.stderr.write(f"kg_ingest: {error}\n")
        return _UNSOUND
    except (OSError, ValueError) as error:
        sys.stderr.write(f"kg_ingest: {error}\n")
        return _USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kg_ingest", description="Knowledge graphs for RadProof.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    load = commands.add_parser("load", help="load the bundled core, or a Turtle file, into an embedded store")
    load.add_argument("--from", dest="source", type=Path, help="a Turtle file (default: the bundled core)")
    load.add_argument("--to", type=Path, required=True, help="the store file to write")
    load.add_argument("--dry-run", action="store_true", help="read and check, write nothing")
    load.set_defaults(run=_load)
    for name, run, text in (
        ("verify", _verify, "check that a store is complete and of this schema version"),
        ("status", _status, "print a store's manifest as JSON"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--store", type=Path, help="a store file (default: the bundled core)")
        command.set_defaults(run=run)
    export = commands.add_parser("export", help="write the bundled core as Turtle")
    export.add_argument("--turtle", type=Path, required=True, help="the file to write")
    export.set_defaults(run=_export)
    return parser


def _items(source: Path | None) -> Iterable[Node | Edge]:
    return core.read() if source is None else turtle.read(source)


def _load(options: argparse.Namespace) -> int:
    target: Path = options.to
    part = target.with_suffix(target.suffix + ".part")
    part.unlink(missing_ok=True)
    try:
        store, summary = create(":memory:" if options.dry_run else str(part), _items(options.source))
    except LoadError as error:
        sys.stderr.write(f"kg_ingest: {error}\n")
        part.unlink(missing_ok=True)
        return _UNSOUND
    manifest = store.manifest()
    store.close()
    if not options.dry_run:
        part.replace(target)
    for position, reason in summary.rejects:
        sys.stderr.write(f"rejected item {position}: {reason}\n")
    counts = {"nodes": summary.nodes, "names": summary.names, "edges": summary.edges}
    _print({**counts, "rejected": len(summary.rejects), "checksum": manifest.checksum})
    return _UNSOUND if summary.rejects else _SOUND


def _store(path: Path | None) -> EmbeddedStore:
    return open_bundled() if path is None else open_store(path)


def _verify(options: argparse.Namespace) -> int:
    store = _store(options.store)
    manifest = store.manifest()
    actual = store.checksum()
    store.close()
    if actual != manifest.checksum:
        sys.stderr.write("kg_ingest: the content does not match the manifest's checksum\n")
        return _UNSOUND
    _print({"sound": True, "schema_version": manifest.schema_version, "checksum": actual})
    return _SOUND


def _status(options: argparse.Namespace) -> int:
    store = _store(options.store)
    _print(asdict(store.manifest()))
    store.close()
    return _SOUND


def _export(options: argparse.Namespace) -> int:
    turtle.write(core.read(), options.turtle)
    return _SOUND


def _print(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())

"""``python -m kg_ingest``: load, verify, show and export knowledge graphs.

Exit codes: 0 done; 1 the graph is not sound, or cannot be reached; 2 bad arguments or input.
"""

import argparse
import logging
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from kg_ingest import bulk, neo4j_writer, turtle
from kg_ingest.console import (
    acknowledge,
    check_writable,
    complain,
    password,
    print_json,
    progress_bar,
    write_table,
)
from kg_ingest.embedded_store import EmbeddedStore, open_store
from kg_ingest.licences import LicenceError, terms_of
from kg_ingest.neo4j_store import open_neo4j
from kg_ingest.neo4j_writer import Server
from kg_ingest.pipeline import Bounds, LoadError, Options, Reader, SourceError, Summary, load, stored
from kg_ingest.soundness import words_of
from kg_ingest.sources import core, kgx
from kg_ingest.sources.catalogue import Choices, reader
from kg_ingest.sources.umls import RADIOLOGY_TYPES, Filter
from kg_ingest.store import GraphStoreError

_DONE, _UNSOUND, _USAGE = 0, 1, 2
_SOURCE = re.compile(r"(?P<kind>[a-z]+)(?::(?P<name>[^=@]+))?(?:=(?P<path>.+?)(?:@(?P<version>[^@/]+))?)?$")
_SERVER = re.compile(r"(neo4j|bolt)(\+s|\+ssc)?://")
_SHOWN = 20  # rejects on the terminal; --rejects writes them all


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # it quotes what it reads
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except GraphStoreError as error:
        file = vars(options).get("store")
        complain(str(error) if file is None or _SERVER.match(file) else f"{file}: {error}")
        return _UNSOUND
    except LoadError as error:
        complain(str(error))
        return _UNSOUND
    except sqlite3.Error as error:
        complain(f"the graph file cannot be read: {words_of(error)}")
        return _UNSOUND
    except OSError as error:
        complain(f"{error.filename or 'a file'}: {error.strerror or 'cannot be read or written'}")
        return _USAGE
    except (LicenceError, SourceError, ValueError) as error:
        complain(str(error))
        return _USAGE
    except KeyboardInterrupt:
        complain("stopped; the same command goes on from here")
        return _UNSOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kg_ingest", description="Knowledge graphs for RadProof.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    loading = commands.add_parser(
        "load", help="load sources into a graph file, a Neo4j server or import files"
    )
    _load_arguments(loading)
    loading.set_defaults(run=_load)
    for name, run, text in (
        ("verify", _verify, "check a graph's content against its manifest"),
        ("status", _status, "print a graph's manifest as JSON"),
        ("export", _export, "write a graph file as Turtle or KGX"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--store",
            default=os.environ.get("RADPROOF_GRAPH_URI"),
            help="a graph file or neo4j://… (default: RADPROOF_GRAPH_URI, else the bundled core)",
        )
        command.set_defaults(run=run)
        _server_arguments(command)
        if name == "export":
            command.add_argument("--turtle", type=Path, metavar="FILE", help="the file to write")
            command.add_argument(
                "--kgx", type=Path, metavar="STEM", help="writes STEM_nodes.jsonl, STEM_edges.jsonl"
            )
    return parser


def _load_arguments(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--source",
        action="append",
        default=[],
        metavar="KIND[:NAME][=PATH[@VERSION]]",
        help="core, umls, snomed, radgraph, reports, obo, rdf, bridge, sssom, kgx, radlex, oidm, doid or turtle; "
        "repeat it: earlier sources lead (default: core)",
    )
    add("--to", metavar="FILE|neo4j://HOST", help="the graph file to write, or the server to load")
    add("--bulk", type=Path, metavar="DIR", help="write files and a script for neo4j-admin database import")
    add("--workspace", type=Path, metavar="DIR", help="where a load that was cut off goes on from")
    add("--accept-licence", action="append", default=[], metavar="KEY", help="UMLS, 'SNOMED CT' or RadGraph")
    add("--dry-run", action="store_true", help="read, join and count; write nothing")
    add("--rejects", type=Path, metavar="FILE", help="every refused row: file, line, reason")
    add("--conflicts", type=Path, metavar="FILE", help="every refused join and contradiction")
    add("--max-rejects", type=int, default=0, help="more refused rows than this are a failure (default: 0)")
    add("--nodes", type=_bounds, default=(1, 10**9), metavar="MIN-MAX", help="bounds of a sound load")
    add("--edges", type=_bounds, default=(0, 10**10), metavar="MIN-MAX")
    add("--umls-types", default="radiology", help="radiology, all, or semantic types: T023,T047")
    add("--umls-sources", default="all", help="all, or vocabularies: SNOMEDCT_US,MSH")
    add("--umls-languages", default="ENG")
    add("--snomed-form", choices=("Snapshot", "Full"), default="Snapshot")
    add("--mentions", action="store_true", help="reports, radgraph: also keep which report mentions what")
    add("--workers", type=int, default=2, help="batches written to a server side by side")
    _server_arguments(command)


def _server_arguments(command: argparse.ArgumentParser) -> None:
    for name, text in (("user", "who asks the server"), ("database", "which of the server's")):
        variable = f"RADPROOF_GRAPH_{name.upper()}"
        default = os.environ.get(variable, "neo4j")
        command.add_argument(f"--{name}", default=default, help=f"{text} (default: {variable}, else neo4j)")
    text = "of the server (default: RADPROOF_GRAPH_PASSWORD, else asked for at the terminal)"
    command.add_argument("--password-file", type=Path, help=text)


def _bounds(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high) if high else 10**10


def _load(options: argparse.Namespace) -> int:
    if options.to is None and options.bulk is None and not options.dry_run:
        raise ValueError("say where to: --to FILE, --to neo4j://HOST, --bulk DIR or --dry-run")
    if not 1 <= options.workers <= 16:
        raise ValueError("--workers is 1 to 16")
    readers = [_reader(text, _choices(options)) for text in options.source] or [core.reader()]
    licences = acknowledge({terms_of("", item.licence).key for item in readers}, set(options.accept_licence))
    check_writable(options.rejects, options.conflicts)
    server = _server(options.to, options) if options.to and _SERVER.match(options.to) else None

    def inspect(store: EmbeddedStore) -> None:
        write_table(options.rejects, "file\tline\treason", store.rejects)
        write_table(options.conflicts, "reason\tone\tother", store.conflicts)

    bounds = Bounds(options.nodes, options.edges)
    with progress_bar() as watch, tempfile.TemporaryDirectory(prefix="radproof-kg-") as temporary:
        store, summary = _graph(readers, Options(bounds, licences, watch, inspect), options, Path(temporary))
        with closing(store):
            document = _document(summary)
            if options.bulk is not None and not options.dry_run:
                document["import_script"] = str(bulk.write(store, options.bulk, watch))
            if server is not None and not options.dry_run:
                document["written"] = asdict(neo4j_writer.push(store, server, options.workers, watch))
            for file, line, reason in list(store.rejects())[:_SHOWN]:
                complain(f"refused {file} line {line}: {reason}")
    print_json(document)
    if summary.rejected > options.max_rejects:
        complain(f"{summary.rejected} rows were refused (--max-rejects {options.max_rejects})")
        return _UNSOUND
    return _DONE


def _graph(
    readers: Sequence[Reader], how: Options, options: argparse.Namespace, temporary: Path
) -> tuple[EmbeddedStore, Summary]:
    """The embedded graph: the file that was asked for, or one on the way to a server.

    One that a load cut off later left in the workspace is taken as it is.
    """
    workspace: Path = options.workspace or temporary
    workspace.mkdir(parents=True, exist_ok=True)
    direct = options.to is not None and not _SERVER.match(options.to) and not options.dry_run
    target = Path(options.to) if direct else workspace / "graph.db"
    if not direct and (ready := stored(readers, target)) is not None:
        how.inspect(ready[0])
        return ready
    return load(readers, target, how, workspace / "stage.db")


def _reader(text: str, choices: Choices) -> Reader:
    match = _SOURCE.fullmatch(text)
    if match is None:
        raise SourceError("--source is KIND[:NAME][=PATH[@VERSION]]")
    path = Path(match["path"]) if match["path"] else None
    if (
        path is not None
        and match["version"]
        and not path.exists()
        and Path(f"{path}@{match['version']}").exists()
    ):
        path = Path(f"{path}@{match['version']}")
    name = match["name"] or (path.stem if path else match["kind"])
    return reader(match["kind"], path, match["version"] or "unknown", name, choices)


def _choices(options: argparse.Namespace) -> Choices:
    types = {"radiology": RADIOLOGY_TYPES, "all": None}.get(
        options.umls_types, frozenset(options.umls_types.split(","))
    )
    sources = None if options.umls_sources == "all" else frozenset(options.umls_sources.split(","))
    languages = frozenset(options.umls_languages.split(","))
    return Choices(Filter(languages, sources, types=types), options.snomed_form, options.mentions)


def _document(summary: Summary) -> dict[str, object]:
    manifest = asdict(summary.manifest)
    return {
        **manifest,
        "rejected": summary.rejected,
        "skipped": summary.skipped,
        "dangling_edges": summary.dangling_edges,
        "cyclic_concepts": summary.cyclic_concepts,
    }


def _server(uri: str, options: argparse.Namespace) -> Server:
    return Server(uri, options.user, password(options.password_file), options.database)


def _store(options: argparse.Namespace) -> EmbeddedStore:
    return core.open_bundled() if options.store is None else open_store(Path(options.store))


def _verify(options: argparse.Namespace) -> int:
    if options.store is not None and _SERVER.match(options.store):
        server = _server(options.store, options)
        with closing(open_neo4j(server)) as remote, progress_bar() as watch:
            manifest = remote.manifest()
            actual, names = neo4j_writer.checksum(server, watch)
        sound = (actual, names) == (manifest.checksum, manifest.names)
    else:
        with closing(_store(options)) as store:
            manifest, actual = store.manifest(), store.checksum()
        sound = actual == manifest.checksum
    if not sound:
        complain("the content does not match the manifest's checksum; load it again")
        return _UNSOUND
    print_json({"sound": True, "schema_version": manifest.schema_version, "checksum": actual})
    return _DONE


def _status(options: argparse.Namespace) -> int:
    if options.store is not None and _SERVER.match(options.store):
        with closing(open_neo4j(_server(options.store, options))) as remote:
            print_json(asdict(remote.manifest()))
        return _DONE
    with closing(_store(options)) as store:
        print_json(asdict(store.manifest()))
    return _DONE


def _export(options: argparse.Namespace) -> int:
    if options.store is not None and _SERVER.match(options.store):
        raise ValueError("export reads a graph file (--store FILE): the one in the workspace of the load")
    if options.turtle is None and options.kgx is None:
        raise ValueError("say what to write: --turtle FILE or --kgx STEM")
    with closing(_store(options)) as store:
        if options.turtle is not None:
            turtle.write(store.items(), options.turtle)
        if options.kgx is not None:
            kgx.write(store.items(), options.kgx)
    return _DONE


if __name__ == "__main__":
    sys.exit(main())

"""``radproof index``: build an index of correct reports, or say what one holds."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from app.commands import CommandError
from app.commands.parts import build, settings
from app.commands.reading import admitted, progress, reports
from app.references import observed, records, write_archive, write_observed
from app.services import ConfigurationError, bundled_reports, open_embedder
from models.embedder import EmbedderError
from models.reference_index import IndexManifest, ReferenceIndex, ReferenceIndexError, read_manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    making = actions.add_parser("build", help="embed correct reports into a new index")
    source = making.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--from", dest="source", metavar="FILE", help="text, .jsonl or .csv file; - for stdin"
    )
    source.add_argument("--bundled", action="store_true", help="the invented reports that RadProof brings")
    making.add_argument("--format", choices=("text", "jsonl", "csv"), help="instead of the file's ending")
    making.add_argument(
        "--out", type=Path, default=Path("var/index"), metavar="DIR", help="default: var/index"
    )
    info = actions.add_parser("info", help="say what an index holds")
    info.add_argument("folder", type=Path, metavar="DIR")


def run(args: argparse.Namespace) -> int:
    """Build or describe; 0 when done."""
    try:
        manifest = read_manifest(args.folder) if args.action == "info" else _build(args)
    except (ReferenceIndexError, EmbedderError, ConfigurationError, OSError) as error:
        raise CommandError(str(error)) from error
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in asdict(manifest).items())
    return 0


def _build(args: argparse.Namespace) -> IndexManifest:
    chosen = settings().model_copy(update={"references_k": 0})  # no need to open the index to be replaced
    services = build(chosen)
    try:
        most = chosen.max_body_bytes
        given = bundled_reports() if args.bundled else reports(args.source, args.format, most)
        sound = admitted(progress(given, talks=False), chosen.max_text_bytes, lambda: None)
        made = records(sound, services.extractor, services.knowledge)
        name = "RadProof, invented" if args.bundled else Path(args.source).name
        index = ReferenceIndex.build(made, open_embedder(chosen), name)
    finally:
        services.close()
    if not len(index):
        raise CommandError(f"{args.source}: holds no report")
    manifest = index.save(args.out)
    if args.bundled:  # how the bundled reports speak is known without
        write_observed(args.out, observed(index.records()))
    else:
        write_archive(args.out, index)
    return manifest

"""``radproof lexicon``: words that are right at this site, which terminology then never doubts."""

import argparse
import sys
from pathlib import Path

from app.commands import CommandError
from app.commands.parts import settings
from app.proofreading.profile import read_words, write_words
from app.services import DEFAULT_SITE
from models.tokens import fold


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (("add", "words that are right here"), ("remove", "words to doubt again")):
        action = actions.add_parser(name, help=text)
        action.add_argument("words", nargs="+", metavar="WORD")
    actions.add_parser("list", help="print the site's words")


def run(args: argparse.Namespace) -> int:
    """Change or print the list; 0 when done."""
    folder = settings().site_dir or DEFAULT_SITE
    try:
        return _change(args, folder)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{folder}: {error}") from error


def _change(args: argparse.Namespace, folder: Path) -> int:
    words = set(read_words(folder))
    if args.action == "list":
        sys.stdout.writelines(f"{word}\n" for word in sorted(words))
        return 0
    given = {word for text in args.words for word in fold(text).split()}
    changed = words | given if args.action == "add" else words - given
    write_words(folder, changed)
    sys.stdout.write(f"{len(changed)} words in {folder}; a running service reads them at its next start\n")
    return 0

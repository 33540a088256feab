"""The ``radproof`` command: a table of commands, each loaded only when it is named.

Exit codes: 0 nothing found, 1 errors found, 2 bad input or configuration, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from app import DISCLAIMER, __version__
from app.commands import CommandError

_COMMANDS = {
    "check": ("app.commands.check", "check reports from a file or standard input"),
    "compare": ("app.commands.compare", "hold a candidate report against its reference report (GREEN)"),
    "serve": ("app.commands.serve", "run the HTTP service"),
    "batch": ("app.commands.batch", "check a day's reports and sum them up"),
    "worker": ("app.commands.worker", "check the batches of a queue on a Redis server"),
    "mllp": ("app.commands.mllp", "take in HL7 v2 messages over MLLP"),
    "orthanc": ("app.commands.orthanc", "read the changes of Orthanc servers and check their reports"),
    "integrations": (
        "app.commands.integrations",
        "how what comes in and goes out is doing, and a test of it",
    ),
    "store": ("app.commands.store", "keys, removal and audit of stored reports"),
    "index": ("app.commands.index", "build or describe an index of reference reports"),
    "summary": ("app.commands.summary", "a day's results as a page and as a PDF"),
    "lexicon": ("app.commands.lexicon", "words that are right at this site"),
    "verifier": ("app.commands.verifier", "fit confidences to what your radiologists decided"),
    "evaluate": ("app.evaluation.command", "measure how well errors are found"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code of the process."""
    if sys.stdout is None or sys.stderr is None:  # closed by who started us: nothing can be said
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # in a terminal of few characters
    given = sys.argv[1:] if argv is None else list(argv)
    args = _parser(given).parse_args(given)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except CommandError as error:
        sys.stderr.write(f"radproof: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has gone (``| head``): say nothing, also not at exit
        _let_go_of_output()
        return 141
    except OSError as error:
        _let_go_of_output()
        sys.stderr.write(f"radproof: cannot read or write: {error.strerror}\n")
        return 2
    return code


def _let_go_of_output() -> None:
    """What waits to be written cannot be: without this, Python tries again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="radproof",
        description="Finds, localizes and corrects errors in radiology reports.",
        epilog=DISCLAIMER,
    )
    parser.add_argument("--version", action="version", version=f"radproof {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name in argv:
            loaded = import_module(module)
            loaded.add_arguments(command)
            command.set_defaults(run=loaded.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())

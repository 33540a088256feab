"""``radproof store``: the database of reports: keys, removal of old words, the audit trail."""

import argparse
import sys
from contextlib import closing

from app.commands import CommandError
from app.commands.parts import opened, settings
from app.services import open_configured_store
from app.storage.sealing import new_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    actions.add_parser("key", help="print a new key for RADPROOF_STORE_KEYS")
    purge = actions.add_parser("purge", help="remove the words of old reports; what was found stays")
    purge.add_argument("--days", type=int, required=True, help="older than so many days; 0 for all")
    actions.add_parser("audit", help="say whether the audit trail is whole")


def run(args: argparse.Namespace) -> int:
    """Do one action; 1 when the audit trail was changed."""
    if args.action == "key":
        sys.stdout.write(new_key() + "\n")
        return 0
    with closing(opened(open_configured_store, settings())) as store:
        if args.action == "purge":
            if args.days < 0:
                raise CommandError("--days: 0 or more")
            sys.stdout.write(f"{store.reports.purge(args.days, 'radproof store purge')} reports purged\n")
            return 0
        broken = store.audit_broken_at()
    words = "the audit trail is whole" if broken is None else f"the audit trail is broken at entry {broken}"
    sys.stdout.write(words + "\n")
    return int(broken is not None)

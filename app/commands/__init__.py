"""The commands of ``radproof``: each module has ``add_arguments(parser)`` and ``run(args) -> int``."""


class CommandError(Exception):
    """Bad input or configuration; its message is for the person at the terminal (exit code 2)."""

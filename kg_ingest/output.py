"""Files that appear under their name when they are whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A text file in UTF-8; when writing it fails, what had that name before is still there.

    Raises:
        OSError: with the file's name, when it cannot be written.
    """
    path = path.resolve()
    replaced = path.is_file() or not path.exists()  # a pipe or a terminal is written to as it is
    part = path.with_name(f"{path.name}.part") if replaced else path
    try:
        with part.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        part.replace(path)
    except BaseException as error:
        if replaced:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise

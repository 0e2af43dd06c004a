"""A small file that is old or new, never half. Apart from the tables, since those take pyarrow."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is old or new, never half: temp file, fsync, rename, fsync."""
    fresh = path.with_suffix(path.suffix + ".tmp")
    try:
        with fresh.open("wb") as file:
            # A file name may hold bytes that are no text: in JSON they become escapes.
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    # The folder too: the renames before this one must not come after it in a power cut.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

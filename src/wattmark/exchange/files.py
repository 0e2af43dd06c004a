"""Files of an export: each is old or new, never half, and none is replaced unasked."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wattmark.errors import InputError
from wattmark.store.files import unwritable

MOST_NAMED = 5


@dataclass(frozen=True)
class File:
    """One file to be: its name, and what writes its bytes."""

    name: str
    write: Callable[[IO[bytes]], None]


def place(folder: Path, files: Sequence[File], *, overwrite: bool = False) -> list[Path]:
    """Write all files into a folder, which is made where it is not there; their paths.

    Raises InputError, with nothing written, where a file is there already and `overwrite` is not
    asked for, or where two are to have one name; RunDirectoryError where the system refuses.
    """
    names = [file.name for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"Two of the formats write a file of the same name: {_listed(twice)}.",
            "Export them one by one, each into a folder of its own with --out.",
        )
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise InputError(
            f"{folder} holds files of these names already: {_listed(there)}.",
            "Replace them by --overwrite, or give another folder with --out.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise unwritable(folder, reason) from reason
    return [_write(folder / file.name, file.write) for file in files]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _write(path: Path, write: Callable[[IO[bytes]], None]) -> Path:
    fresh = path.with_name(f"{path.name}.tmp")
    try:
        with fresh.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException as reason:
        fresh.unlink(missing_ok=True)  # on a full disk the room is needed
        if isinstance(reason, OSError):
            raise unwritable(path, reason) from reason
        raise
    return path

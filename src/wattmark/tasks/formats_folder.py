"""Which files of a folder hold a split: dev-v1.1.json, validation-00000-of-00002.parquet, dev.tsv.

A file's split is a word of its name; shards of one name belong together, and anything else that
could be meant twice is refused with what there is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from wattmark.errors import InputError, unknown

SAMPLE = "sample"
"""The data option's word for what ships."""
VALIDATION = "validation"
SPLITS = {"train": ("train",), VALIDATION: (VALIDATION, "valid", "val", "dev"), "test": ("test",)}
_PATH_STARTS = ("./", "../", "/", "~")
_MOST_FILES = 1000


def is_local(name: str, suffixes: Collection[str]) -> bool:
    """Whether `name` is a path: one that exists, or that is written as one."""
    if name.startswith(_PATH_STARTS) or name.lower().endswith(tuple(suffixes)):
        return True
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # longer than a path may be, or with a zero byte
        return False


def true_split(split: str) -> str:
    """The split's usual name: 'dev' is validation. InputError with those that there are."""
    for name, others in SPLITS.items():
        if split.lower() in others:
            return name
    raise InputError(unknown("split", split, SPLITS))


def only_validation(split: str) -> None:
    """InputError for any other split: the samples that ship have no more."""
    if split != VALIDATION:
        raise InputError("The sample that ships has one split: validation.", "Give data=….")


def find_files(data: str, split: str, suffixes: Collection[str]) -> list[Path]:
    """The file at the path `data`, or those of the folder there that hold the split.

    Raises InputError: nothing there, nothing of this split, or several that could be meant.
    """
    path = Path(data).expanduser()
    listed = ", ".join(suffixes)
    if path.is_dir():
        return _of_folder(path, split, suffixes)
    if path.exists() and path.suffix.lower() not in suffixes:
        raise InputError(
            f"'{data}' is no file of a known format.", f"Give {listed}, or a folder of these."
        )
    if not path.exists():
        raise InputError(f"There is no file or folder '{data}'.", "Check the path.")
    other = {name for name in SPLITS if name != split and _holds(path, name)}
    if split != VALIDATION and other and not _holds(path, split):
        raise InputError(
            f"'{data}' is by its name of the split {other.pop()}, not {split}.",
            "Leave split out: a single file is read whole.",
        )
    return [path]


def _of_folder(folder: Path, split: str, suffixes: Collection[str]) -> list[Path]:
    every = [
        path
        for pattern in ("*", "*/*")
        for path in sorted(folder.glob(pattern))[:_MOST_FILES]
        if path.suffix.lower() in suffixes and path.is_file()
    ]
    shards: dict[tuple[Path, str], list[Path]] = {}
    for path in every:
        if _holds(path, split):
            shards.setdefault((path.parent, _without_shard(path)), []).append(path)
    if not shards:
        names = ", ".join(str(path.relative_to(folder)) for path in every[:8])
        raise InputError(
            f"'{folder}' holds no file of the split {split}. There is: {names or 'nothing'}.",
            f"Name one of: {', '.join(suffixes)}, with '{split}' in its name.",
        )
    if len(shards) > 1:
        names = ", ".join(str(paths[0].relative_to(folder)) for paths in shards.values())
        raise InputError(
            f"'{folder}' holds several files of the split {split}: {names}.",
            "Give the one that is meant as data.",
        )
    return next(iter(shards.values()))


def _holds(path: Path, split: str) -> bool:
    return not set(re.split(r"[^a-z]+", path.stem.lower())).isdisjoint(SPLITS[split])


def _without_shard(path: Path) -> str:
    return re.sub(r"-\d{5}-of-\d{5}", "", path.name)


def stamped(paths: list[Path]) -> tuple[tuple[Path, int, int], ...]:
    """Paths with time and size: equal as long as the files are as they were."""
    return tuple((path, *_stamp(path)) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as reason:
        raise InputError(f"'{path}' cannot be read: {reason.strerror}.") from reason
    return found.st_mtime_ns, found.st_size

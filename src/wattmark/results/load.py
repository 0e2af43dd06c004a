"""`wattmark.load`: from a path to results."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wattmark.errors import InputError
from wattmark.exchange.codecarbon_rows import NEEDED
from wattmark.exchange.find import import_files
from wattmark.results.needs import needed
from wattmark.store.columns import TABLES
from wattmark.store.reader import Run, open_run
from wattmark.store.rundir import INFO, LIVE, REPORTS

if TYPE_CHECKING:
    from wattmark.results.results import Results

WHAT = (
    "Give a run directory such as runs/demo, a folder of them, CodeCarbon's emissions.csv, "
    "optimum-benchmark's benchmark_report.json, or a CSV with a row a replicate."
)
_OF_RUN = frozenset({INFO, LIVE, *REPORTS, *(f"{table}.parquet" for table in TABLES)})
PathLike = str | os.PathLike[str]


def load(*paths: PathLike | Iterable[PathLike]) -> Results:
    """Results of a run directory, finished or not; of several, side by side, with a column `run`.

    A path is a run directory, a file in one, a folder of run directories, CodeCarbon's
    `emissions.csv`, optimum-benchmark's `benchmark_report.json`, or a CSV with a row a replicate
    (alone; it has `trials`, `summary` and `compare` only). Nothing is written beside it.

    Raises InputError where a path does not exist or is none of these, or where the extra `report`
    is not installed; RunDirectoryError where a run is damaged or of a newer version.
    """
    given = [Path(path) for path in _flat(paths)]
    if not given:
        raise InputError("There is no path to load.", WHAT)
    results = needed("wattmark.results.results", "wattmark.load")
    if len(given) == 1 and given[0].is_file() and _is_table(given[0]):
        table: Results = needed("wattmark.results.replicates", "wattmark.load").Replicates(given[0])
        return table
    runs: list[tuple[Run, Path]] = []
    made: list[Path] = []
    try:
        for path in given:
            if path.is_file() and not _of_run(path):
                made.append(Path(tempfile.mkdtemp(prefix="wattmark-")))
                runs.append((_imported(path, made[-1] / "run"), path))
            else:
                runs += _opened(path)
        found: Results = results.Results(_named(runs))
    except BaseException:
        _drop(made)
        raise
    weakref.finalize(found, _drop, made)
    return found


def _flat(paths: Sequence[PathLike | Iterable[PathLike]]) -> Iterable[PathLike]:
    for path in paths:
        if isinstance(path, str | os.PathLike):
            yield path
        else:
            yield from path


def _opened(path: Path) -> list[tuple[Run, Path]]:
    """The run of a folder or of a file in one, or the runs that a folder holds."""
    if not path.exists():
        raise InputError(f"There is no '{path}'.", WHAT)
    folder = path.parent if path.is_file() else path
    if (folder / INFO).exists():
        return [(open_run(folder), folder)]
    inside = sorted(item for item in folder.iterdir() if (item / INFO).is_file())
    if not inside:
        raise InputError(f"'{path}' is no run directory: it has no {INFO}.", WHAT)
    return [(open_run(item), item) for item in inside]


def _drop(folders: Sequence[Path]) -> None:
    """Folders that were made for another tool's files, gone with the results."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _of_run(path: Path) -> bool:
    return path.name in _OF_RUN and (path.parent / INFO).exists()


def _imported(path: Path, folder: Path) -> Run:
    """Another tool's file as a run of ours in `folder`."""
    import_files([path], folder, path.stem)
    return open_run(folder)


def _is_table(path: Path) -> bool:
    """A CSV that is not CodeCarbon's: told apart by the columns that theirs must have."""
    if path.suffix.lower() not in {".csv", ".tsv"} or _of_run(path):
        return False
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            head = file.readline(100_000)
    except OSError as reason:
        raise InputError(f"'{path}' cannot be read: {reason.strerror}.") from reason
    return not set(NEEDED) <= {word.strip().strip('"') for word in head.split(",")}


def _named(runs: Sequence[tuple[Run, Path]]) -> dict[str, tuple[Run, Path]]:
    """Runs by the names of their folders, or files; by whole paths where several share one."""
    twice = {path: n for path, n in Counter(path.resolve() for _, path in runs).items() if n > 1}
    if twice:
        raise InputError(f"'{next(iter(twice))}' is given twice.", "Give each run once.")
    names = [path.stem if path.is_file() else path.resolve().name for _, path in runs]
    return {
        name if names.count(name) == 1 else str(run[1]): run
        for name, run in zip(names, runs, strict=True)
    }

"""The formats of exports by name, and a run written in some of them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wattmark.analysis.carbon import CarbonInputs
from wattmark.errors import InputError, unknown
from wattmark.exchange.codecarbon_import import import_codecarbon
from wattmark.exchange.files import File, place
from wattmark.exchange.foreign import Foreign
from wattmark.exchange.optimum_import import import_optimum
from wattmark.exchange.source import Source
from wattmark.store.reader import Run

FORMATS = {
    "csv": "tidy:csv_files",
    "json": "tidy:json_files",
    "parquet": "tidy:parquet_files",
    "xlsx": "workbook:files",
    "slm-green": "slm_green:files",
    "smollm-squad": "smollm_squad:files",
    "local-llm": "local_llm:files",
    "precision-ela": "precision_ela:files",
    "h200-energy": "h200_energy:files",
}
"""Format → 'module:function' in this room: from a Source to its files."""


@dataclass(frozen=True)
class Exported:
    """What was written, and what its reader should know."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...]


def export(
    run: Run,
    formats: Sequence[str],
    folder: Path,
    *,
    overwrite: bool = False,
    carbon: CarbonInputs | None = None,
) -> Exported:
    """Write a run's files of these formats into a folder.

    `carbon` stands in for what the run was told to compute grams from.

    Raises InputError for an unknown format, a run without a good replicate, a library that is not
    there and files that would be replaced, with nothing written; RunDirectoryError where the run
    cannot be read or the folder not be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(unknown("format", name, FORMATS))
    source = Source(run, carbon)
    files = [file for name in dict.fromkeys(formats) for file in _files(name, source)]
    if run.info["status"] != "complete":
        source.note(f"The run is {run.info['status']}: its files hold what it has so far.")
    paths = place(folder, files, overwrite=overwrite)
    return Exported(tuple(paths), tuple(source.notes))


def _files(name: str, source: Source) -> list[File]:
    module, function = FORMATS[name].split(":")
    files = list(getattr(importlib.import_module(f"wattmark.exchange.{module}"), function)(source))
    if not files:
        raise InputError(
            f"{source.run.path} has no replicate that ended well, so '{name}' would be empty.",
            "The formats csv, json, parquet and xlsx hold also what failed.",
        )
    return files


def import_files(
    paths: Sequence[Path], out: Path, name: str, *, overwrite: bool = False
) -> Foreign:
    """Write a run directory from another tool's files, all of one kind; what they told.

    CodeCarbon's emissions.csv, or optimum-benchmark's benchmark_report.json: told apart by what
    they begin with. Raises InputError where they are neither, and as their readers do.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError(
            "One file is given twice: a copy is no new replicate.", "Give each file once."
        )
    kinds = {_is_json(path) for path in paths}
    if len(kinds) != 1:
        raise InputError(
            "These are files of two kinds, or none.",
            "Import CodeCarbon's emissions.csv and optimum-benchmark's reports one by one.",
        )
    if kinds.pop():
        return import_optimum(paths, out, name, overwrite=overwrite)
    return import_codecarbon(paths, out, name, overwrite=overwrite)


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    except OSError as reason:
        raise InputError(
            f"{path} cannot be read: {reason.strerror or reason}.",
            "Give CodeCarbon's emissions.csv or optimum-benchmark's benchmark_report.json.",
        ) from reason

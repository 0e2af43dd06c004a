"""Data sets of the Hugging Face hub, or of a local folder in its layout, through `datasets`.

Nothing of a data set is run: scripts are refused, and only plain tables are read. Nothing is
sent but the requests for its files: telemetry, counts and the viewer's server are off.
HF_HUB_OFFLINE is honoured; what is in the local cache is then used.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from wattmark.errors import InputError, unknown
from wattmark.tasks.formats import LIMIT_ROWS, TableRow

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
try:
    import datasets
except ImportError as reason:
    raise InputError(
        "Data sets of the hub need the package datasets, which is not installed.",
        "Install it: pip install 'wattmark[data]'; local files need it not.",
    ) from reason

from huggingface_hub.utils import logging as hub_logging

from wattmark.tasks.formats_reasons import Asked, explain

datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
datasets.config.USE_PARQUET_EXPORT = False
datasets.config.HF_DATASETS_TRUST_REMOTE_CODE = False

_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_SPLIT = re.compile(r"(\w[\w.-]*)(\[[\d:%]*\])?")
_READERS = {"parquet", "json", "csv", "text", "arrow", "cache"}


@dataclass(frozen=True)
class HubTable:
    """Rows of one split, and the names of classes by column where the data numbers them."""

    rows: tuple[TableRow, ...]
    classes: Mapping[str, tuple[str, ...]]


def read_split(
    name: str,
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    split: str | None = None,
    config: str | None = None,
    revision: str | None = None,
) -> HubTable:
    """Rows of a data set's split with these columns; `split` may be cut: 'train[:1000]'.

    Columns that are `optional` are read where there are any. Raises InputError: not found, gated,
    no network, no such configuration, split or column (with those that exist), a script instead
    of data, or more rows than a task may have.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        where = str(path.resolve())
    elif path.is_file():
        raise InputError(
            f"'{name}' is a file, not a folder in the hub's layout.",
            f"Give its folder, or ask as jsonl:data={name}.",
        )
    elif _NAME.fullmatch(name):
        where = name
    else:
        raise InputError(
            f"'{name}' is neither a folder here nor a name on the hub.",
            "Write org/name, or the path of a folder: ./my-data.",
        )
    return _load(Asked(where, config, split, revision, tuple(columns), tuple(optional)))


@lru_cache(maxsize=4)
def _load(asked: Asked) -> HubTable:
    """Asked for once a process: a plan asks for its tasks many times, and this may be far away."""
    with quiet():
        data, split = _prepare(asked)
    for column in asked.columns:
        if column not in data.column_names:
            raise InputError(
                f"'{asked.name}' split {split}: " + unknown("column", column, data.column_names)
            )
    if not 0 < len(data) <= LIMIT_ROWS:
        raise InputError(
            f"'{asked.name}' split {split} has {len(data)} rows; a task may have 1 to"
            f" {LIMIT_ROWS}.",
            f"Take a part of it: split={split.partition('[')[0]}[:10000].",
        )
    also = [column for column in asked.optional if column in data.column_names]
    data = data.select_columns(list(dict.fromkeys([*asked.columns, *also])))
    classes = {
        column: tuple(feature.names)
        for column, feature in data.features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    rows = (
        TableRow(f"'{asked.name}' {split} row {number}", cells)
        for number, cells in enumerate(data.to_list(), start=1)
    )
    return HubTable(tuple(rows), classes)


def _prepare(asked: Asked) -> tuple[Any, str]:
    """The split as a `datasets.Dataset`, and its name with what it was cut to."""
    try:
        builder = datasets.load_dataset_builder(asked.name, asked.config, revision=asked.revision)
    except Exception as reason:
        raise explain(asked, reason) from reason
    reader = type(builder).__module__.rpartition(".")[2]
    if reader not in _READERS:
        raise InputError(
            f"'{asked.name}' holds no table of texts: it would be read as {reader}.",
            "Give a data set of Parquet, JSON, CSV or text files.",
        )
    if reader == "cache" and asked.revision not in (None, builder.hash):
        raise InputError(
            f"The hub cannot be asked for revision '{asked.revision}' of '{asked.name}'; the cache"
            f" holds {builder.hash}.",
            "Give that as the revision, or none.",
        )
    split = _chosen(asked, builder)
    try:
        builder.download_and_prepare()
        return builder.as_dataset(split=split), split
    except Exception as reason:
        raise explain(asked, reason) from reason


def _chosen(asked: Asked, builder: Any) -> str:
    """The split asked for, with its cut, else validation, else the only one."""
    known = [str(name) for name in builder.config.data_files or builder.info.splits or ()]
    matched = _SPLIT.fullmatch(asked.split or "validation")
    if matched is None:
        raise InputError(
            f"'{asked.split}' is not a split.", "Write train, or a part of it: train[:100]."
        )
    if matched[1] in known:
        return matched[0]
    if asked.split is None and len(known) == 1:
        return known[0]
    raise InputError(f"'{asked.name}': " + unknown("split", matched[1], known))


@contextmanager
def quiet() -> Iterator[None]:
    """No bars, no log lines and no warnings of the libraries' own while they work."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets.disable_progress_bars()
        datasets.utils.logging.set_verbosity(datasets.utils.logging.CRITICAL)
        before = hub_logging.get_verbosity()
        hub_logging.set_verbosity(logging.CRITICAL)
        try:
            yield
        finally:
            hub_logging.set_verbosity(before)

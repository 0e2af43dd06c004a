"""A run directory from its making to its closing: lock, live files, Parquet.

    run.json        what was asked for, on what machine, and how far it got
    live.db         SQLite: trials, queries, spans, energy   } while it runs
    trace.arrows    Arrow IPC stream: samples                }
    *.parquet       once it is closed: temp file, fsync, rename

The order of closing decides what a crash leaves: Parquet first, then run.json says
`complete`, then the live files go. Until run.json says so, the live files count.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from wattmark.errors import RunDirectoryError
from wattmark.schema import SCHEMA_VERSION, Doubt, Record, Sample
from wattmark.store.columns import TABLES, arrow_schema
from wattmark.store.files import (
    LOCK,
    hold,
    read_parquet,
    unwritable,
    write_parquet,
)
from wattmark.store.live import STORED, LiveStore
from wattmark.store.rows import rows
from wattmark.store.trace import (
    ASIDE,
    TEMPORARY,
    TraceReader,
    TraceWriter,
    keep_aside,
    read_trace,
)
from wattmark.store.whole import write_whole

INFO = "run.json"
LIVE = "live.db"
TRACE = "trace.arrows"
CHARTS = "charts"
EXPORTS = "exports"
REPORTS = ("report.html", "report.md")
LIVE_FILES = (LIVE, f"{LIVE}-wal", f"{LIVE}-shm", TRACE, TEMPORARY)
COMPLETE = "complete"


class RunDirectory:
    """A run directory that is being written by this process, and by no other."""

    def __init__(self, path: Path, info: dict[str, Any], lock: IO[str]) -> None:
        self.path = path
        self.info = info
        self._lock = lock
        self.doubts: tuple[Doubt, ...] = ()
        """What was found wrong with the directory itself."""
        self._live = LiveStore(path / LIVE)
        try:
            self._trace = TraceWriter(path / TRACE)
            if self._trace.damaged is not None:
                self._damaged(*self._trace.damaged)
        except RunDirectoryError:
            self._live.close()
            raise

    @classmethod
    def create(
        cls, path: Path, info: Mapping[str, Any], *, overwrite: bool = False
    ) -> RunDirectory:
        """A new run; RunDirectoryError where the folder exists with something in it.

        `overwrite` replaces an earlier run, and nothing but a run. Where it fails, no folder is
        left that was not there before.
        """
        made: list[Path] = []
        lock, ours, locked_before = None, False, True
        try:
            made = [folder for folder in (path, *path.parents) if not folder.exists()]
            locked_before = (path / LOCK).exists()
            path.mkdir(parents=True, exist_ok=True)
            lock = hold(path)
            if any(item.name not in (LOCK, f"{INFO}.tmp") for item in path.iterdir()):
                if not overwrite or not (path / INFO).exists():
                    raise _occupied(path)
                _empty(path)
            ours = True
            whole = {"schema_version": SCHEMA_VERSION, "status": "running", **info}
            write_whole(path / INFO, info_text(whole))
            return cls(path, whole, lock)
        except (OSError, RunDirectoryError) as reason:
            if ours:
                _drop(path, (INFO, *LIVE_FILES))
            if lock is not None and not locked_before:
                _drop(path, (LOCK,))
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            if lock is not None:
                lock.close()
            raise _refused(path, reason) from reason

    @classmethod
    def reopen(cls, path: Path) -> RunDirectory:
        """Go on with a run that was interrupted, or that has failed replicates."""
        read_info(path)  # a folder that is no run gets no lock file
        lock = None
        try:
            lock = hold(path)
            info = read_info(path)
            if info["status"] == COMPLETE:
                _back_to_live(path)
            else:
                LiveStore(path / LIVE).close()  # one that cannot go on stays as it was
            info["status"] = "running"
            write_whole(path / INFO, info_text(info))
            return cls(path, info, lock)
        except (OSError, RunDirectoryError) as reason:
            if lock is not None:
                lock.close()
            raise _refused(path, reason) from reason

    def write(self, record: Record) -> None:
        """One record, whole or not at all."""
        self._live.write(rows(record), (record.trial.key, record.replicate))

    @property
    def session(self) -> int:
        """Number of the session that writes, from 0: the last that run.json lists."""
        sessions = self.info.get("sessions") or [{"session": 0}]
        return int(sessions[-1]["session"])

    def write_samples(self, samples: Iterable[Sample]) -> None:
        """Samples of the trace."""
        self._trace.write(samples, self.session)

    def done(self) -> dict[tuple[str, int], tuple[str, int]]:
        """(trial_key, replicate) → (status, attempt) of what was finished."""
        return self._live.done()

    def next_order(self) -> int:
        """The place in the run's order after the last replicate that is there."""
        return self._live.next_order()

    def note(self, **facts: Any) -> None:
        """Add facts to run.json."""
        self.info.update(facts)
        try:
            write_whole(self.path / INFO, info_text(self.info))
        except OSError as reason:
            raise unwritable(self.path, reason) from reason

    def _damaged(self, file: str, why: str) -> None:
        """Say that the trace was damaged, here and in run.json."""
        self.note(trace_damaged=[*self.info.get("trace_damaged", ()), {"file": file, "why": why}])
        self.doubts += (
            Doubt(
                "trace-damaged",
                f"The trace of earlier replicates was {why}. What could be read is kept in the "
                f"trace, and the damaged file as {file}.",
                "Check the disk; figures that were computed before are not touched.",
            ),
        )

    def leave(self, status: str = "interrupted") -> None:
        """Let go of an unfinished run: the live files stay, `--resume` goes on.

        Never raises: what leaves because the disk is full cannot write that it left.
        """
        for step in (self._trace.close, self._live.close, partial(self.note, status=status)):
            with contextlib.suppress(RunDirectoryError, OSError):
                step()
        self._lock.close()

    def finish(self) -> None:
        """Close the run: Parquet, then `complete`, then the live files go.

        Raises RunDirectoryError on a full disk: everything is still in the live files then.
        """
        self._trace.close()
        try:
            for table in STORED:
                batches = self._live.batches(table)
                write_parquet(self.path / f"{table}.parquet", arrow_schema(table), batches)
            trace = TraceReader(self.path / TRACE)
            write_parquet(self.path / "trace.parquet", arrow_schema("trace"), trace)
            if trace.damage is not None:
                self._damaged(keep_aside(self.path / TRACE), trace.damage)
            self.note(status=COMPLETE)
        except (OSError, pa.ArrowException) as reason:
            raise unwritable(self.path, reason) from reason
        self._live.close()
        _drop(self.path, (*LIVE_FILES, LOCK))  # the lock's name goes while it is held
        self._lock.close()


def read_info(path: Path) -> dict[str, Any]:
    """run.json; RunDirectoryError where it is missing, malformed or from a newer Wattmark."""
    try:
        info = json.loads((path / INFO).read_text(encoding="utf-8"))
        version, _ = int(info["schema_version"]), str(info["status"])
    except FileNotFoundError:
        raise RunDirectoryError(
            f"{path} is no run directory: it has no {INFO}.",
            "Give the folder that 'wattmark run' named, such as runs/demo.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise RunDirectoryError(
            f"{path / INFO} cannot be read: {reason!r}.",
            "The file is damaged: take it from a copy of the run.",
        ) from reason
    if version > SCHEMA_VERSION:
        raise RunDirectoryError(
            f"{path} has schema version {version}; this Wattmark reads up to {SCHEMA_VERSION}.",
            "Install a newer Wattmark.",
        )
    return dict(info)


def read_table(
    path: Path,
    table: str,
    info: Mapping[str, Any],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pa.Table:
    """One table of a run, closed or not, or some columns and rows of it.

    Raises RunDirectoryError where it is damaged.
    """
    if info["status"] != COMPLETE and not (path / LIVE).exists():
        info = read_info(path)  # it may have been closed since
    if info["status"] == COMPLETE:
        return read_parquet(path / f"{table}.parquet", table, columns, where)
    content = _live_table(path, table)
    if where is not None:
        content = content.filter(where)
    return content if columns is None else content.select(list(columns))


def _live_table(path: Path, table: str) -> pa.Table:
    if table == "trace":
        return read_trace(path / TRACE)
    if not (path / LIVE).exists():
        return arrow_schema(table).empty_table()
    live = LiveStore(path / LIVE, read_only=True)
    try:
        return live.table(table)
    finally:
        live.close()


def _back_to_live(path: Path) -> None:
    """Make live files of a closed run, so that records can be added and replaced.

    Until run.json says that it runs, the Parquet files count: a crash in here loses nothing.
    """
    _drop(path, LIVE_FILES)
    live = LiveStore(path / LIVE)
    try:
        for table in STORED:
            live.fill(table, read_parquet(path / f"{table}.parquet", table))
    finally:
        live.close()
    trace = read_parquet(path / "trace.parquet", "trace")
    with (path / TRACE).open("wb") as file:
        with pa.ipc.new_stream(file, trace.schema) as writer:
            writer.write_table(trace)
        file.flush()
        os.fsync(file.fileno())


def _empty(path: Path) -> None:
    """Take an earlier run away: what a run and its report write, nothing else.

    Its run.json goes last, by being replaced: until then the folder is known as a run's.
    """
    tables = (name for table in TABLES for name in (f"{table}.parquet", f"{table}.parquet.tmp"))
    _drop(path, (*LIVE_FILES, *tables, *REPORTS, *(item.name for item in path.glob(ASIDE))))
    for folder in (path / CHARTS, path / EXPORTS):
        if folder.is_dir():
            shutil.rmtree(folder)


def _drop(path: Path, names: Iterable[str]) -> None:
    for name in names:
        (path / name).unlink(missing_ok=True)


def info_text(info: Mapping[str, Any]) -> str:
    """run.json as it is written."""
    return json.dumps(info, indent=1, default=str, ensure_ascii=False) + "\n"


def _occupied(path: Path) -> RunDirectoryError:
    if (path / INFO).exists():
        hint = "Go on with it by --resume, replace it by --overwrite, or give another --out."
        return RunDirectoryError(f"{path} holds a run already.", hint)
    return RunDirectoryError(
        f"{path} is not empty and holds no run, so nothing is written there.",
        "Give another folder with --out.",
    )


def _refused(path: Path, reason: OSError | RunDirectoryError) -> RunDirectoryError:
    return reason if isinstance(reason, RunDirectoryError) else unwritable(path, reason)

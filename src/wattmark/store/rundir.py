"""A run directory from its making to its closing: lock, live files, Parquet.

    run.json        what was asked for, on what machine, and how far it got
    live.db         SQLite: trials, queries, spans, energy   } while it runs
    trace.arrows    Arrow IPC stream: samples                }
    *.parquet       once it is closed: temp file, fsync, rename

The order of closing decides what a crash leaves: Parquet first, then run.json says
`complete`, then the live files go. Until run.json says so, the live files count.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattmark.errors import RunDirectoryError
from wattmark.schema import SCHEMA_VERSION, Record, Sample
from wattmark.store.columns import TABLES
from wattmark.store.live import STORED, LiveStore
from wattmark.store.rows import rows
from wattmark.store.trace import TraceWriter, read_trace

INFO = "run.json"
LIVE = "live.db"
TRACE = "trace.arrows"
LOCK = "run.lock"
CHARTS = "charts"


class RunDirectory:
    """A run directory that is being written by this process, and by no other."""

    def __init__(self, path: Path, info: dict[str, Any], lock: IO[str]) -> None:
        self.path = path
        self.info = info
        self._lock = lock
        self._live = LiveStore(path / LIVE)
        self._trace = TraceWriter(path / TRACE)

    @classmethod
    def create(
        cls, path: Path, info: Mapping[str, Any], *, overwrite: bool = False
    ) -> RunDirectory:
        """A new run; RunDirectoryError where the folder exists with something in it.

        `overwrite` replaces an earlier run, and nothing but a run.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
            if any(item.name != LOCK for item in path.iterdir()):
                if not overwrite or not (path / INFO).exists():
                    lock.close()
                    raise RunDirectoryError(
                        f"{path} exists already and is not overwritten.",
                        "Give another folder with --out, go on with it by --resume, "
                        "or replace an earlier run by --overwrite.",
                    )
                _empty(path)
            whole = {"schema_version": SCHEMA_VERSION, "status": "running", **info}
            write_whole(path / INFO, _json(whole))
        except OSError as reason:
            raise _unwritable(path, reason) from reason
        return cls(path, whole, lock)

    @classmethod
    def reopen(cls, path: Path) -> RunDirectory:
        """Go on with a run that was interrupted, or that has failed replicates."""
        info = read_info(path)
        try:
            lock = _lock(path)
            if info["status"] == "complete":
                _back_to_live(path)
            info["status"] = "running"
            write_whole(path / INFO, _json(info))
        except OSError as reason:
            raise _unwritable(path, reason) from reason
        return cls(path, info, lock)

    def write(self, record: Record) -> None:
        """One record, whole or not at all."""
        self._live.write(rows(record), (record.trial.key, record.replicate))

    def write_samples(self, samples: Iterable[Sample]) -> None:
        """Samples of the trace."""
        self._trace.write(samples)

    def done(self) -> dict[tuple[str, int], tuple[str, int]]:
        """(trial_key, replicate) → (status, attempt) of what was finished."""
        return self._live.done()

    def note(self, **facts: Any) -> None:
        """Add facts to run.json."""
        self.info.update(facts)
        try:
            write_whole(self.path / INFO, _json(self.info))
        except OSError as reason:
            raise _unwritable(self.path, reason) from reason

    def leave(self, status: str = "interrupted") -> None:
        """Let go of an unfinished run: the live files stay, `--resume` goes on."""
        self._trace.close()
        self._live.close()
        self.note(status=status)
        self._lock.close()

    def finish(self) -> None:
        """Close the run: Parquet, then `complete`, then the live files go."""
        self._trace.close()
        try:
            for table in STORED:
                _write_parquet(self.path, table, self._live.table(table))
            _write_parquet(self.path, "trace", read_trace(self.path / TRACE))
            self._live.close()
            self.note(status="complete")
            _drop_live(self.path)
        except OSError as reason:
            raise _unwritable(self.path, reason) from reason
        finally:
            self._lock.close()
        (self.path / LOCK).unlink(missing_ok=True)


def read_info(path: Path) -> dict[str, Any]:
    """run.json; RunDirectoryError where it is missing, malformed or from a newer Wattmark."""
    try:
        info = json.loads((path / INFO).read_text(encoding="utf-8"))
        version = info["schema_version"]
    except FileNotFoundError:
        raise RunDirectoryError(
            f"{path} is no run directory: it has no {INFO}.",
            "Give the folder that 'wattmark run' named, such as runs/demo.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as reason:
        raise RunDirectoryError(f"{path / INFO} cannot be read: {reason}.") from reason
    if version > SCHEMA_VERSION:
        raise RunDirectoryError(
            f"{path} has schema version {version}; this Wattmark reads up to {SCHEMA_VERSION}.",
            "Install a newer Wattmark.",
        )
    return dict(info)


def read_table(path: Path, table: str, info: Mapping[str, Any]) -> pa.Table:
    """One table of a run, closed or not. Raises RunDirectoryError where it is damaged."""
    if info["status"] == "complete":
        try:
            return pq.read_table(path / f"{table}.parquet")
        except (OSError, pa.ArrowInvalid) as reason:
            raise RunDirectoryError(
                f"{path / (table + '.parquet')} cannot be read: {reason}",
                "The file is damaged or missing: take it from a copy of the run.",
            ) from reason
    if table == "trace":
        return read_trace(path / TRACE)
    if not (path / LIVE).exists():
        return pa.Table.from_pylist([], schema=pa.schema([(c.name, c.type) for c in TABLES[table]]))
    live = LiveStore(path / LIVE, read_only=True)
    try:
        return live.table(table)
    finally:
        live.close()


def _back_to_live(path: Path) -> None:
    """Make live files of a closed run, so that records can be added and replaced."""
    _drop_live(path)
    live = LiveStore(path / LIVE)
    complete = {"status": "complete"}
    for table in STORED:
        live.fill(table, read_table(path, table, complete))
    live.close()
    with (path / TRACE).open("wb") as file:
        trace = read_table(path, "trace", complete)
        with pa.ipc.new_stream(file, trace.schema) as writer:
            writer.write_table(trace)


def _empty(path: Path) -> None:
    """Take an earlier run away: what a run and its report write, nothing else."""
    for item in path.iterdir():
        if item.name != LOCK and item.is_file():
            item.unlink()
    if (path / CHARTS).is_dir():
        shutil.rmtree(path / CHARTS)


def _drop_live(path: Path) -> None:
    for name in (LIVE, f"{LIVE}-wal", f"{LIVE}-shm", TRACE):
        (path / name).unlink(missing_ok=True)


def _write_parquet(path: Path, table: str, content: pa.Table) -> None:
    target = path / f"{table}.parquet"
    fresh = path / f"{table}.parquet.tmp"
    with fresh.open("wb") as file:
        pq.write_table(content, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is old or new, never half: temp file, fsync, rename."""
    fresh = path.with_suffix(path.suffix + ".tmp")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _lock(path: Path) -> IO[str]:
    """Hold the folder; the lock goes with the process, however it ends."""
    lock = (path / LOCK).open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise RunDirectoryError(
            f"Another run is writing into {path}.", "Wait for it, or give another --out."
        ) from None
    return lock


def _json(info: Mapping[str, Any]) -> str:
    return json.dumps(info, indent=1, default=str, ensure_ascii=False) + "\n"


def _unwritable(path: Path, reason: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path} cannot be written: {reason.strerror or reason}.",
        "Give a folder that you may write to with --out, or free some space.",
    )

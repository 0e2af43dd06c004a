"""trace.arrows: the raw samples as an Arrow IPC stream, batch by batch while a run goes on.

After a `kill -9` the last batch may be cut off; all batches before it are read. Damage anywhere
else loses the batches that it struck and no others: each begins with a mark at a multiple of
eight bytes (Arrow, "Encapsulated message format"), so the next one is found behind it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from wattmark.errors import RunDirectoryError
from wattmark.schema import Sample
from wattmark.store.columns import arrow_schema
from wattmark.store.rows import sample_rows

SCHEMA = arrow_schema("trace")
TEMPORARY = "trace.tmp"
ASIDE = "trace-damaged-*.arrows"
"""What a damaged stream is kept as."""
_MARK = b"\xff\xff\xff\xff"
_ALIGNMENT = 8


class TraceReader:
    """The whole batches of a stream, one after another; none where there is no file yet.

    `damage` says after the last of them where the stream could not be read, None where it could
    or was only cut off. Raises RunDirectoryError where the system does not give the file: that
    says nothing about what is in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: str | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            with pa.OSFile(str(self.path)) as source:
                yield from self._batches(source)
        except FileNotFoundError:
            return
        except OSError as reason:
            raise RunDirectoryError(
                f"{self.path} cannot be read: {reason.strerror or reason}.",
                "Nothing was changed: remove the cause and try again.",
            ) from reason

    def _batches(self, source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
        size, at = source.size(), 0
        while at < size:
            source.seek(at)
            try:
                batch = _next(source)
            except _UnreadableError as reason:
                # A message that wanted more bytes than there are is a stream cut off, or its end.
                cut_off = reason.short and source.tell() == size
                later = _next_batch(source, at + _ALIGNMENT)
                if not cut_off or later is not None:
                    self.damage = self.damage or f"damaged at byte {at} of {size}: {reason}"
                if later is None:
                    return
                at = later
                continue
            at = source.tell()
            if batch is not None:
                yield batch


class _UnreadableError(Exception):
    """No message can be read here; `short`: because there was too little to read."""

    def __init__(self, reason: object, *, short: bool) -> None:
        super().__init__(str(reason))
        self.short = short


def _next(source: pa.NativeFile) -> pa.RecordBatch | None:
    """The batch that begins here; None for the schema."""
    try:
        message = pa.ipc.read_message(source)
    except (EOFError, OSError, pa.ArrowException) as reason:
        if getattr(reason, "errno", None) is not None:
            raise  # the system's word, not Arrow's
        raise _UnreadableError(reason, short=True) from reason
    try:
        if message.type == "schema":
            _check_schema(pa.ipc.read_schema(message))
            return None
        batch = pa.ipc.read_record_batch(message, SCHEMA)
        batch.validate(full=True)
    except (OSError, pa.ArrowException) as reason:
        raise _UnreadableError(reason, short=False) from reason
    return batch


def _check_schema(found: pa.Schema) -> None:
    if len(found) != len(SCHEMA):
        raise RunDirectoryError(
            "The trace has other columns than this Wattmark writes.",
            "Go on with the Wattmark that began the run (wattmark_version in run.json).",
        )
    if found != SCHEMA:
        raise _UnreadableError("its schema", short=False)


def _next_batch(source: pa.NativeFile, start: int) -> int | None:
    """Where the next whole batch begins, from `start` on."""
    source.seek(min(start, source.size()))
    rest: bytes = source.read()
    found = rest.find(_MARK)
    while found >= 0:
        if found % _ALIGNMENT == 0:
            with contextlib.suppress(_UnreadableError):
                if _next(pa.BufferReader(pa.py_buffer(rest).slice(found))) is not None:
                    return start + found
        found = rest.find(_MARK, found + 1)
    return None


def read_trace(path: Path) -> pa.Table:
    """All that can be read of a stream; an empty table where there is none yet."""
    return pa.Table.from_batches(list(TraceReader(path)), schema=SCHEMA)


def keep_aside(path: Path) -> str:
    """Give a damaged stream a second name that nothing else uses; the name."""
    taken = {item.name for item in path.parent.glob(ASIDE)}
    number = next(n for n in range(1, len(taken) + 2) if ASIDE.replace("*", str(n)) not in taken)
    aside = path.with_name(ASIDE.replace("*", str(number)))
    try:
        os.link(path, aside)
    except OSError:  # a file system without second names
        shutil.copyfile(path, aside)
    return aside.name


class TraceWriter:
    """Appends batches of samples. What an earlier session left whole is kept.

    `damaged` is None, or the name that a damaged stream was kept under, and what is wrong with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: tuple[str, str] | None = None
        kept = TraceReader(path)
        fresh = path.with_name(TEMPORARY)
        try:
            self._file = fresh.open("wb")
        except OSError as reason:
            raise _refused(path, reason) from reason
        try:
            self._writer = pa.ipc.new_stream(self._file, SCHEMA)
            for batch in kept:
                self._writer.write_batch(batch)
            self._flush()
            if kept.damage is not None:
                self.damaged = keep_aside(path), kept.damage
            fresh.replace(path)
        except (OSError, RunDirectoryError) as reason:
            for step in (self._file.close, fresh.unlink):
                with contextlib.suppress(OSError):
                    step()
            if isinstance(reason, RunDirectoryError):
                raise
            raise _refused(path, reason) from reason

    def write(self, samples: Iterable[Sample], session: int = 0) -> None:
        """Append samples as one batch; raises RunDirectoryError on a full disk."""
        rows = sample_rows(samples, session)
        if not rows:
            return
        try:
            self._writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=SCHEMA))
            self._flush()
        except OSError as reason:
            raise _refused(self.path, reason) from reason

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the stream. A second call does nothing."""
        if self._file.closed:
            return
        try:
            self._writer.close()
        except OSError as reason:
            raise _refused(self.path, reason) from reason
        finally:
            with contextlib.suppress(OSError):  # what could not be flushed was said above
                self._file.close()


def _refused(path: Path, reason: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path} cannot be written: {reason.strerror or reason}.",
        "Free some space or fix the folder's rights.",
    )

"""trace.arrows: the raw samples as an Arrow IPC stream, batch by batch while a run goes on.

After a `kill -9` the last batch may be cut off; all batches before it are read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from wattmark.errors import RunDirectoryError
from wattmark.schema import Sample
from wattmark.store.columns import arrow_schema
from wattmark.store.rows import sample_rows

SCHEMA = arrow_schema("trace")
TEMPORARY = "trace.tmp"


def read_trace(path: Path) -> pa.Table:
    """All whole batches of a stream; an empty table where there is none yet."""
    batches = []
    try:
        with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
            while True:
                batches.append(reader.read_next_batch())
    except (StopIteration, OSError, pa.ArrowException):
        # The end, no file yet, or a stream cut off in the middle: what came before is good.
        return pa.Table.from_batches(batches, schema=SCHEMA)


class TraceWriter:
    """Appends batches of samples. What an earlier session left whole is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kept = read_trace(path) if path.exists() else None
        fresh = path.with_name(TEMPORARY)
        try:
            self._file = fresh.open("wb")
            self._writer = pa.ipc.new_stream(self._file, SCHEMA)
            if kept is not None:
                self._writer.write_table(kept)
            self._flush()
            fresh.replace(path)
        except OSError as reason:
            raise _refused(path, reason) from reason

    def write(self, samples: Iterable[Sample]) -> None:
        """Append samples as one batch; raises RunDirectoryError on a full disk."""
        rows = sample_rows(samples)
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

"""A CSV file that another logger appends to, read on as it grows.

    csvlog:/var/log/meter.csv,column=power_w,time=time

The first line names the columns. Only whole lines are read, through a descriptor that stays
open, from the end that the file had at the start. `time` holds Unix seconds, or ISO 8601 (local
time where it names no zone); a file without it is stamped with the time at which a row was
seen, up to `every` seconds late, and of several new rows the last one counts. A file that was
rotated is read to its end before the new one is begun; one that was cut short is begun again:
the bytes before the place where reading stopped are looked at each time, since a file that was
cut and has grown beyond that place has the right size.
"""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wattmark.errors import InputError, unknown
from wattmark.meter import Found, remoteoptions
from wattmark.meter.remote import LATEST_S, AbsentError, RemoteSensor, Told, found
from wattmark.optiontext import Options
from wattmark.units import ns_to_s

EXAMPLE = "csvlog:/var/log/meter.csv,column=power_w,time=time,component=wall"
DELIMITERS = ",;\t"
TIME_NAMES = ("time", "time_s", "timestamp")
LONGEST_LINE_BYTES = 64 * 1024
_PIECE_BYTES = 1024 * 1024
_MARK_BYTES = 64


@dataclass
class _Open:
    """One file that is being read: where reading stopped, and what stood just before."""

    descriptor: int
    offset: int = 0
    before: bytes = b""
    rest: bytes = b""
    """The line that is not whole yet; it lies before `offset`."""
    header: list[str] | None = None
    delimiter: str = ","

    def lines(self, *, all_of_it: bool = True) -> list[str]:
        """The whole lines that were added since the last call; or those of its next piece."""
        whole: list[str] = []
        while piece := os.pread(self.descriptor, _PIECE_BYTES, self.offset):
            self.offset += len(piece)
            self.before = (self.before + piece)[-_MARK_BYTES:]
            *ended, self.rest = (self.rest + piece).split(b"\n")
            whole += [line.decode("utf-8-sig", errors="replace").strip("\r\0") for line in ended]
            if len(self.rest) > LONGEST_LINE_BYTES:
                self.rest = b""
                raise AbsentError(f"a line is longer than {LONGEST_LINE_BYTES} bytes")
            if not all_of_it:
                break
        return whole

    def skip(self) -> None:
        """Go on at the end of the file."""
        size = os.fstat(self.descriptor).st_size
        start = size - LONGEST_LINE_BYTES
        if start > self.offset:
            piece = os.pread(self.descriptor, LONGEST_LINE_BYTES, start)
            self.offset, self.before = start + len(piece), piece[-_MARK_BYTES:]
            self.rest = piece.rpartition(b"\n")[2]

    def cut(self) -> bool:
        """Whether the file is no longer what was read: cut short, or begun again."""
        start = self.offset - len(self.before)
        return os.pread(self.descriptor, len(self.before), start) != self.before


class CsvLog:
    """The numbers of one column as the file grows."""

    timeout_s = 1.0

    def __init__(
        self, path: Path, column: str, factor: float, time_column: str | None, every_s: float
    ) -> None:
        self._path, self._column, self._factor = path, column, factor
        self._time, self._every_s = time_column, every_s
        self._file: _Open | None = None
        self._asked_ns: int | None = None

    def ask(self) -> list[Told | str]:
        now_ns = time.monotonic_ns()
        before_ns, self._asked_ns = self._asked_ns, now_ns
        try:
            told = self._to_end() if before_ns is None else self._new_rows()
        except OSError as reason:
            raise AbsentError(f"{self._path}: {reason.strerror or reason}") from None
        if self._file is None or self._file.header is None:
            raise AbsentError(f"{self._path} has no header line yet")
        if self._time is not None or before_ns is None:
            return told
        # When a row was written that nobody was waiting for is not known.
        awaited = ns_to_s(now_ns - before_ns) <= 2 * self._every_s + 1
        return told[-1:] if awaited else []

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file.descriptor)
            self._file = None

    def _to_end(self) -> list[Told | str]:
        """Read the header and go to the end: what stood there at the start is no news.

        It may be gigabytes.
        """
        file = self._file or self._open()
        self._rows(file, all_of_it=False)
        file.skip()
        return []

    def _new_rows(self) -> list[Told | str]:
        """Rows that were added since the last call, over a rotation too; raises OSError."""
        file = self._file or self._open()
        if file.cut():
            file = self._file = _Open(file.descriptor)
        told = self._rows(file)
        try:
            moved = not _same(os.fstat(file.descriptor), self._path.stat())
        except OSError:
            if told:
                return told  # renamed, and the new file is not there yet
            raise
        if moved:
            self.close()
            told += self._rows(self._open())
        return told

    def _open(self) -> _Open:
        self._file = _Open(os.open(self._path, os.O_RDONLY | os.O_CLOEXEC))
        return self._file

    def _rows(self, file: _Open, *, all_of_it: bool = True) -> list[Told | str]:
        lines = [line for line in file.lines(all_of_it=all_of_it) if line.strip()]
        if file.header is None and lines:
            self._read_header(file, lines.pop(0))
        return [self._row(file, line) for line in lines]

    def _read_header(self, file: _Open, line: str) -> None:
        file.delimiter = max(DELIMITERS, key=line.count)
        header = [name.strip() for name in next(csv.reader([line], delimiter=file.delimiter))]
        for column in filter(None, (self._column, self._time)):
            if column not in header:
                message = f"{self._path}: {unknown('column', column, header)}"
                raise InputError(message, "The first line of the file names its columns.")
        file.header = header

    def _row(self, file: _Open, line: str) -> Told | str:
        """What one line tells, or why nothing."""
        try:
            cells = next(csv.reader([line], delimiter=file.delimiter))
            row = dict(zip(file.header or (), cells, strict=False))
            value = _number(row.get(self._column, ""), file.delimiter)
            wall_s = None if self._time is None else unix_s(row.get(self._time, ""))
        except (ValueError, csv.Error) as reason:
            return f"a line of {self._path.name} cannot be read: {reason}"
        return Told(value * self._factor, time.monotonic_ns(), wall_s)


def _same(here: os.stat_result, there: os.stat_result) -> bool:
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def unix_s(text: str) -> float:
    """Unix seconds of 'Unix seconds' or ISO 8601; raises ValueError."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            # A time without a zone is this machine's: a logger that names none writes that.
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            raise ValueError(f"'{text}' is neither Unix seconds nor ISO 8601") from None
    if not 0 < seconds < LATEST_S:
        raise ValueError(f"'{text}' are no Unix seconds")
    return seconds


def _number(text: str, delimiter: str) -> float:
    text = text.strip()
    try:
        value = float(text if delimiter == "," else text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"'{text}' is not a number")
    return value


def find(options: str = "") -> Found:
    """Without options nothing but the way to name one; with them, one column of a file."""
    if not options:
        return Found("csvlog", missing="Logs are followed by name only.", fix=EXAMPLE)
    given = remoteoptions.read(options, "csvlog", "column", "time")
    remoteoptions.need(given, ("column",), EXAMPLE)
    column = given.words.get("column", "")
    kind, factor = remoteoptions.unit(given, _unit_in(column))
    path = Path(given.first).expanduser()
    header = _header(path, given)
    time_column = given.words.get("time") or next((n for n in TIME_NAMES if n in header), None)
    source = f"column {column} of {path.name}, " + (
        f"stamped by its column {time_column}" if time_column else "stamped when it is seen"
    )
    info = remoteoptions.describe(given, "csvlog", kind=kind, name=path.stem, source=source)
    if given.mistakes:
        raise given.refusal(f"'{options}' is no log that can be followed:")
    every_s = given.numbers.get("every", remoteoptions.EVERY_S)
    log = CsvLog(path, column, factor, time_column, every_s)
    return found("csvlog", RemoteSensor(info, log, every_s), log, str(path))


def _unit_in(column: str) -> str | None:
    """The unit that a column's name ends with: 'power_w' is in W."""
    ending = column.rpartition("_")[2].lower()
    return {"w": "W", "kw": "kW", "j": "J", "wh": "Wh", "kwh": "kWh"}.get(ending)


def _header(path: Path, given: Options) -> Sequence[str]:
    """The columns of the file as it is; a mistake where there is no file at all."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            line = lines.readline(LONGEST_LINE_BYTES)
    except OSError as reason:
        given.mistakes.append(f"{path} cannot be read: {reason.strerror or reason}.")
        return ()
    delimiter = max(DELIMITERS, key=line.count)
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]

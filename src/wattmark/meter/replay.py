"""A recorded trace played back on the clock: analyse without the machine that was measured.

The file is CSV with a header: `time_s` and one of `energy_j` (a counter) or `power_w`; or, as
`wattmark integrate` takes them, rows of several sensors with a column `sensor` and both value
columns, of which each sensor fills one. The first row is the moment of the first reading; a
reading gives the last row at or before it, and after the end the last row for ever. Between
rows nothing is invented.
"""

from __future__ import annotations

import csv
import math
import statistics
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wattmark import optiontext
from wattmark.errors import InputError, unknown
from wattmark.meter import Found
from wattmark.meter.options import COMPONENTS
from wattmark.optiontext import Known
from wattmark.schema import Sample, SensorInfo
from wattmark.units import s_to_ns

EXAMPLE = "replay:trace.csv,component=gpu"
COLUMNS = ("time_s", "energy_j", "power_w")
SENSOR = "sensor"
_OPTIONS = Known(words=("component", "device", "name", SENSOR))


@dataclass(frozen=True)
class Recording:
    """Rows of a trace: seconds since the first, and joules or watts (`column` says which)."""

    column: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]


class ReplaySensor:
    """Plays `recording` back from the first call of `read` on."""

    def __init__(
        self,
        info: SensorInfo,
        recording: Recording,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.info = info
        self._recording = recording
        self._times_ns = [s_to_ns(t_s) for t_s in recording.times_s]
        self._clock = clock
        self._origin_ns: int | None = None
        self._closed = False

    def read(self) -> Sample:
        time_ns = self._clock()
        if self._closed:
            return Sample(self.info.name, time_ns, fault="the sensor is closed")
        if self._origin_ns is None:
            self._origin_ns = time_ns
        row = bisect_right(self._times_ns, time_ns - self._origin_ns) - 1
        value = self._recording.values[max(row, 0)]
        if self._recording.column == "energy_j":
            return Sample(self.info.name, time_ns, energy_j=value)
        return Sample(self.info.name, time_ns, power_w=value)

    def close(self) -> None:
        self._closed = True


def find(options: str = "") -> Found:
    """Without options nothing but the way to name one; with 'path.csv[,component=gpu]', it."""
    if not options:
        return Found("replay", missing="Recorded traces come by name only.", fix=EXAMPLE)
    return Found("replay", (parse(options),))


def parse(text: str, clock: Callable[[], int] = time.monotonic_ns) -> ReplaySensor:
    """'path.csv,component=gpu,device=gpu0,name=gpu,sensor=gpu0' to a sensor.

    Raises InputError: for all mistaken options at once, then for the file.
    """
    given = optiontext.read(text.removeprefix("replay:"), _OPTIONS, first=True)
    component = given.choice("component", COMPONENTS, "cpu")
    if not given.first:
        given.mistakes.append("The path of a trace comes first.")
    if given.mistakes:
        raise given.refusal(f"'{text}' is no recorded trace (try {EXAMPLE}):")
    path = Path(given.first)
    words = given.words
    recording = load(path, words.get(SENSOR))
    gaps_s = [later - earlier for earlier, later in pairwise(recording.times_s)]
    info = SensorInfo(
        name=f"replay:{words.get('name', words.get(SENSOR, path.stem))}",
        component=component,
        device=words.get("device", "recorded"),
        kind="counter" if recording.column == "energy_j" else "power",
        source=f"recorded in {path.name}",
        update_period_s=statistics.median(gaps_s) if gaps_s else None,
        instead="replayed",
    )
    return ReplaySensor(info, recording, clock)


def load(path: Path, sensor: str | None = None) -> Recording:
    """Read a trace, or the rows of `sensor` in one of several sensors.

    InputError names the line and the column of the first thing that is off.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.reader(lines)
            return _recording(path, [(rows.line_num, row) for row in rows if any(row)], sensor)
    except OSError as reason:
        raise InputError(f"{path} cannot be read: {reason.strerror}.") from reason
    except (UnicodeDecodeError, csv.Error) as reason:
        raise InputError(f"{path} is not a CSV file: {reason}.") from reason


Row = tuple[int, list[str]]


def _recording(path: Path, rows: list[Row], sensor: str | None) -> Recording:
    if not rows:
        raise InputError(f"{path} is empty.", f"Its first line names {COLUMNS[0]} and a value.")
    header = [name.strip() for name in rows[0][1]]
    body = _of_sensor(path, header, rows[1:], sensor)
    present = [name for name in COLUMNS[1:] if name in header]
    if len(present) > 1 and SENSOR in header:
        present = [name for name in present if any(_text(row, header, name) for _, row in body)]
    if "time_s" not in header or len(present) != 1:
        raise InputError(
            f"{path}, line {rows[0][0]}: the columns are {', '.join(header)}.",
            "A trace has time_s and one of energy_j and power_w.",
        )
    column = present[0]
    times_s: list[float] = []
    values: list[float] = []
    for line, row in body:
        t_s = _cell(path, line, row, header, "time_s")
        value = _cell(path, line, row, header, column)
        if times_s and t_s <= times_s[-1]:
            raise _wrong(path, line, "time_s", f"{t_s:g} does not come after {times_s[-1]:g}")
        if values and column == "energy_j" and value < values[-1]:
            raise _wrong(path, line, column, f"the counter falls from {values[-1]:g} to {value:g}")
        times_s.append(t_s)
        values.append(value)
    if not values:
        raise InputError(f"{path} has a header and no rows.")
    return Recording(column, tuple(t_s - times_s[0] for t_s in times_s), tuple(values))


def _of_sensor(path: Path, header: list[str], rows: list[Row], sensor: str | None) -> list[Row]:
    """The rows of one sensor; all of them where the file knows of no sensors, or of one."""
    if SENSOR not in header:
        if sensor is not None:
            raise InputError(f"{path} has no column '{SENSOR}'.", "Leave sensor=… out.")
        return rows
    names = dict.fromkeys(_text(row, header, SENSOR) for _, row in rows)
    if sensor is None and len(names) > 1:
        raise InputError(
            f"{path} holds the sensors {', '.join(sorted(names))}.", "Choose one by sensor=…."
        )
    if sensor is not None and sensor not in names:
        raise InputError(f"{path}: {unknown('sensor', sensor, names)}")
    wanted = names if sensor is None else (sensor,)
    return [(line, row) for line, row in rows if _text(row, header, SENSOR) in wanted]


def _text(row: list[str], header: list[str], column: str) -> str:
    """What one cell holds; '' where the row ends before it."""
    place = header.index(column)
    return row[place].strip() if place < len(row) else ""


def _cell(path: Path, line: int, row: list[str], header: list[str], column: str) -> float:
    """The finite number in one cell."""
    text = _text(row, header, column)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _wrong(path, line, column, f"'{text}' is not a number")
    return number


def _wrong(path: Path, line: int, column: str, what: str) -> InputError:
    return InputError(f"{path}, line {line}, column '{column}': {what}.")

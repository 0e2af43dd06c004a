"""Anybody's power log, read: samples, spans and a description of the sensors, from files.

    time_s,sensor,energy_j,power_w        name,start_s,end_s,tokens
    1700000000.1,gpu0,5120.25,            prefill,1700000000.12,1700000000.19,512
    1700000000.1,wall,,412.5              decode,1700000000.19,1700000001.4,48

Seconds count from any origin, the same in both files. Counters are raw: their wraps are
corrected here as a live sensor's are, where the joules that a reset lost are found as well. A
reading that failed (an empty cell, NaN) is a fault of its sensor and loses nothing: the next
one knows. What contradicts itself is a mistake and is never guessed at: time that goes back,
two readings at one instant, a counter beyond its range, an unknown sensor or unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.energy.series import Series
from wattmark.errors import MistakesError, did_you_mean
from wattmark.meter.counter import CEILING_W, CEILINGS_W, RisingCounter
from wattmark.monitor.csvtable import CsvTable, Mistakes, read_table
from wattmark.monitor.sensorfile import read_sensors
from wattmark.monitor.spanfile import edges_s, spans_of
from wattmark.monitor.unlikely import likely_limit_w, off_the_way
from wattmark.schema import Doubt, Sample, SensorInfo, Span
from wattmark.units import NS_PER_S, clock_time, engineering, ns_to_s

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

VALUES = {"counter": "energy_j", "power": "power_w"}
# Power may exceed the highest that a log shows elsewhere by this factor, and a fall that asks
# for more is a reset.
HEADROOM = 2.0
# A counter's range is stated to about this part: RAPL's is rounded to whole units.
RANGE_SLACK = 1e-6


@dataclass(frozen=True)
class PowerLog:
    """What the three files hold: a series a sensor, in the order of the sensors' file."""

    series: tuple[Series, ...]
    spans: tuple[Span, ...]
    edges_s: tuple[tuple[float, float], ...]
    """Start and end of each span as the file gives them, seconds."""
    doubts: tuple[Doubt, ...]


def read_power_log(samples: Path, spans: Path, sensors: Path) -> PowerLog:
    """Read and check the three files; raises MistakesError with every mistake found in them."""
    mistakes = Mistakes()
    doubts: list[Doubt] = []
    infos = read_sensors(sensors, mistakes)
    values = tuple(VALUES.values())
    rows = read_table(samples, ("time_s", "sensor"), (), mistakes, any_of=values)
    stretches = read_table(spans, ("name", "start_s", "end_s"), ("tokens",), mistakes)
    found: list[Span] = [] if stretches is None else spans_of(stretches, mistakes)
    series: list[Series] = []
    if rows is not None:
        log = _Readings.of(rows, mistakes)
        if infos is not None:
            log.check_names(infos, sensors)
            series = [log.series(info, doubts) for info in infos.values()]
    if mistakes.lines:
        raise MistakesError("The power log cannot be read:", mistakes.lines)
    doubts += [_ignored(table) for table in (rows, stretches) if table and table.ignored]
    doubts += _apart(series, found)
    edges = [] if stretches is None else edges_s(stretches)
    return PowerLog(tuple(series), tuple(found), tuple(edges), tuple(doubts))


@dataclass(frozen=True)
class _Readings:
    """The samples' file as arrays of shape (rows,), and the mistakes found so far."""

    table: CsvTable
    mistakes: Mistakes
    time_ns: Ints
    stamped: NDArray[np.bool_]
    """Which rows have a time that can be read."""
    values: dict[str, Floats]
    """energy_j and power_w; nan where not given."""
    sensors: list[str]
    """The names in the order in which they come up; `code` counts in it."""
    code: Ints

    @classmethod
    def of(cls, table: CsvTable, mistakes: Mistakes) -> _Readings:
        time_ns, no_time = table.stamps_ns("time_s")
        mistakes.add_rows(
            table, np.flatnonzero(no_time), "time_s", partial(table.why_no_stamp, "time_s")
        )
        values = {}
        for column in VALUES.values():
            values[column], wrong = table.figures(column)
            mistakes.add_rows(
                table, np.flatnonzero(wrong), column, partial(_no_number, table, column)
            )
        names = pc.dictionary_encode(table.columns["sensor"])
        code = np.asarray(names.indices.to_numpy(), dtype=np.int64)
        return cls(table, mistakes, time_ns, ~no_time, values, names.dictionary.to_pylist(), code)

    def check_names(self, infos: dict[str, SensorInfo], sensors: Path) -> None:
        """Every sensor of the log must be described."""
        for code, name in enumerate(self.sensors):
            if name in infos:
                continue
            first = int(np.argmax(self.code == code))
            said = f"sensor '{name}' has no table in {sensors}" if name else "the name is missing"
            place = self.table.place(first, "sensor")
            self.mistakes.add(
                f"{place}: {said}. There is: {', '.join(infos)}.{did_you_mean(name, infos)}"
            )

    def series(self, info: SensorInfo, doubts: list[Doubt]) -> Series:
        """One sensor's readings, its wraps corrected; what is wrong goes to the mistakes."""
        known = info.name in self.sensors
        code = self.sensors.index(info.name) if known else -1
        rows = self._in_order(np.flatnonzero(self.stamped & (self.code == code)), info, doubts)
        column = VALUES[info.kind]
        self._one_kind(rows, info)
        time_ns, value = self.time_ns[rows], self.values[column][rows]
        failed = ~np.isfinite(value)
        faults = [
            Sample(info.name, int(time_ns[k]), fault=self._no_reading(column, int(rows[k])))
            for k in np.flatnonzero(failed)
        ]
        rows, time_ns, value = rows[~failed], time_ns[~failed], value[~failed]
        if info.kind == "power":
            info = replace(info, limit_w=likely_limit_w(info, time_ns, value))
            nothing = np.full(value.shape, np.nan)
            return Series.from_columns(info, time_ns, nothing, value, faults)
        self._within_range(rows, value, info)
        bad = off_the_way(value, info)
        faults += [
            Sample(info.name, int(stamp), fault=f"{joules:.6g} J lies off the way of its counter")
            for stamp, joules in zip(time_ns[bad], value[bad], strict=True)
        ]
        time_ns, value = time_ns[~bad], value[~bad]
        value, lost = _rising(info, time_ns, value)
        info = replace(info, limit_w=likely_limit_w(info, time_ns, value))
        nothing = np.full(value.shape, np.nan)
        series = Series.from_columns(info, time_ns, value, nothing, [*faults, *lost])
        doubts += _too_slow(info, series)
        return series

    def _no_reading(self, column: str, row: int) -> str:
        text = self.table.text(column, row)
        held = repr(text) if text else "nothing"
        return f"line {self.table.line(row)} has {held} in {column}"

    def _one_kind(self, rows: Ints, info: SensorInfo) -> None:
        """A counter gives joules and a sensor of power watts, in every row."""
        for kind, column in VALUES.items():
            if kind == info.kind:
                continue
            strange = rows[~np.isnan(self.values[column][rows])]
            said = (
                f"'{info.name}' is of kind '{info.kind}' and gives {VALUES[info.kind]}; "
                f"{column} is for kind '{kind}'"
            )
            self.mistakes.add_rows(self.table, strange, column, partial(_same, said))

    def _in_order(self, rows: Ints, info: SensorInfo, doubts: list[Doubt]) -> Ints:
        """The rows without repeated ones; time that goes back and contradictions are mistakes."""
        time_ns = self.time_ns[rows]
        steps = np.diff(time_ns)
        self.mistakes.add_rows(
            self.table,
            rows[1:][steps < 0],
            "time_s",
            lambda row: f"'{info.name}' goes back in time to {self.table.text('time_s', row)}",
        )
        again = np.append(False, steps == 0)[: rows.size]
        same = again.copy()
        for column in VALUES.values():
            value = self.values[column][rows]
            same[1:] &= (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
        self.mistakes.add_rows(
            self.table,
            rows[again & ~same],
            "time_s",
            lambda row: f"'{info.name}' has another reading of the same instant before it",
        )
        if same.any():
            first = self.table.line(int(rows[np.argmax(same)]))
            doubts.append(
                Doubt(
                    "duplicate-rows",
                    f"{info.name}: {int(same.sum())} rows of {self.table.path.name} repeat the "
                    f"one before; the first is line {first}.",
                    "They were counted once; look for two loggers writing to one file.",
                )
            )
        return np.asarray(rows[~same])

    def _within_range(self, rows: Ints, value: Floats, info: SensorInfo) -> None:
        if info.wrap_j is None:
            return
        most = info.wrap_j * (1 + RANGE_SLACK) + info.quantum_j
        self.mistakes.add_rows(
            self.table,
            rows[(value > most) | (value < 0)],
            "energy_j",
            lambda row: (
                f"{self.table.text('energy_j', row)} J lies outside of the range of "
                f"'{info.name}', 0 to wrap_j = {info.wrap_j:.9g} J"
            ),
        )


def _same(said: str, _: int) -> str:
    return said


def _no_number(table: CsvTable, column: str, row: int) -> str:
    return f"'{table.text(column, row)}' is not a number"


def _rising(info: SensorInfo, time_ns: Ints, raw_j: Floats) -> tuple[Floats, list[Sample]]:
    """Joules that never fall, nan where the counter was set back, and these readings as faults."""
    counter = RisingCounter(info.wrap_j, _ceiling_w(info, time_ns, raw_j), info.quantum_j)
    energy_j = raw_j.copy()
    lost: list[Sample] = []
    for k, (stamp, value) in enumerate(zip(time_ns.tolist(), raw_j.tolist(), strict=True)):
        joules, fault = counter.advance(value, stamp)
        energy_j[k] = np.nan if joules is None else joules
        if fault is not None:
            lost.append(Sample(info.name, stamp, fault=fault))
    return energy_j, lost


def _ceiling_w(info: SensorInfo, time_ns: Ints, raw_j: Floats) -> float:
    """Power that no fall may ask for: the sensor's limit, else far above all that the log shows.

    A whole log tells more than a live sensor knows: the more closely the power is bounded, the
    more surely a wrap is told from a reset. What it shows is believed only where no device of
    its kind could wrap between two usual readings: else whole rounds may hide in every step.
    """
    if info.limit_w is not None:
        return info.limit_w
    ceiling_w = CEILINGS_W.get(info.component, CEILING_W)
    steps, seconds = np.diff(raw_j), np.diff(time_ns) / NS_PER_S
    rising = steps > 0
    if not rising.any():
        return ceiling_w
    # A step seen over a shorter time than an update takes is that of a whole update.
    usual_s = max(info.update_period_s or 0.0, float(np.median(seconds[rising])))
    if info.wrap_j is not None and ceiling_w * usual_s >= info.wrap_j:
        return ceiling_w
    shown_w = float((steps[rising] / np.maximum(seconds[rising], usual_s)).max())
    return min(ceiling_w, HEADROOM * shown_w)


def _too_slow(info: SensorInfo, series: Series) -> list[Doubt]:
    """A range that the counter can pass between two readings: joules are lost at its wraps."""
    if info.wrap_j is None or not any(fault.lost for fault in series.faults):
        return []
    ceiling_w = info.limit_w or CEILINGS_W.get(info.component, CEILING_W)
    usual_s = float(np.median(np.diff(series.time_ns))) / NS_PER_S if series.time_ns.size > 1 else 0
    if ceiling_w * usual_s < info.wrap_j / 2:
        return []
    stated = "its limit_w" if info.limit_w else f"what a {info.component} may draw"
    return [
        Doubt(
            "wrap-ambiguous",
            f"{info.name}: read every {engineering(usual_s, 's')}, a range of "
            f"{engineering(info.wrap_j, 'J')} may pass unseen at {stated} "
            f"({engineering(ceiling_w, 'W')}): wraps cannot be told from resets.",
            f"State the highest power of '{info.name}' as limit_w, or log it more often.",
        )
    ]


def _ignored(table: CsvTable) -> Doubt:
    return Doubt(
        "columns-ignored",
        f"{table.path.name}: nothing is known of the columns {', '.join(table.ignored)}.",
        "They were left out; energy is read from energy_j and power from power_w.",
    )


def _apart(series: list[Series], spans: list[Span]) -> list[Doubt]:
    """Samples and spans that do not meet anywhere are likely on different clocks."""
    sampled = [one.time_ns for one in series if one.time_ns.size]
    if not sampled or not spans:
        return []
    first = min(int(times[0]) for times in sampled)
    last = max(int(times[-1]) for times in sampled)
    began, ended = min(span.start_ns for span in spans), max(span.end_ns for span in spans)
    if began <= last and first <= ended:
        return []
    side, apart_ns = ("after", began - last) if began > last else ("before", first - ended)
    return [
        Doubt(
            "clocks-apart",
            f"All spans lie {clock_time(ns_to_s(apart_ns))} {side} the samples.",
            "Both files must count seconds from the same origin, on the same clock.",
        )
    ]

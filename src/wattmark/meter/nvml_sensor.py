"""Sensors of an NVIDIA board: its energy counter, and beside it its power.

The counter is `nvml:gpu0`. Where a board has none (before Volta, some virtual GPUs) the sensor
of that name samples power, which is integrated later. A board that counts has a second sensor,
`nvml:gpu0-power`, of the same component and device: the two tell the same joules twice, by
which each is checked, and only one of them is ever summed. On superchips the module (processor
and GPU together) has a power of its own: `nvml:gpu0-module`, of component board.
"""

from __future__ import annotations

import time
from typing import Any

from wattmark.meter.boards import AVERAGE, INSTANT, USAGE, power_timing, ways_to_integrate
from wattmark.meter.counter import RisingCounter
from wattmark.meter.nvml_board import W_PER_MW, Board
from wattmark.schema import Sample, SensorInfo

# Reports say 10, 20 and 100 ms: the slowest keeps the interval honest.
UPDATE_PERIOD_S = 0.1
QUANTUM_J = 1e-3
# About ±5 % by NVIDIA; A100 −5.8 %, some Turing and Ada boards up to 13 % [Yang et al.].
GAIN = 0.05
# Regulation overshoots the limit for milliseconds; half above it a reading cannot be true.
LIMIT_SLACK = 1.5

WHOLE_BOARD = ", the whole board with all of its MIG slices"


class NvmlSensor:
    """One board, `nvml:gpu<index>`. Raises the library's NVMLError if it gives no figures."""

    def __init__(self, library: Any, index: int) -> None:
        self._board = board = Board(library, index)
        try:
            self._counts = board.tried(library.nvmlDeviceGetTotalEnergyConsumption) is not None
            power = board.power((INSTANT, AVERAGE, USAGE))
            if not self._counts and power is None:
                # Let the library say why.
                board.ask(library.nvmlDeviceGetPowerUsage)
            way = power[0] if power else USAGE
            self._power = power[1] if power else None
            kind = "counter" if self._counts else "power"
            self.info = _info(board, f"gpu{index}", kind, way)
            self._gauges = board.gauges()
        except BaseException:
            board.close()
            raise
        self._counter = RisingCounter.of(self.info)
        self._renewals = 0

    def read(self) -> Sample:
        name, board, before_ns = self.info.name, self._board, time.monotonic_ns()
        energy_j = power_w = lost = None
        try:
            if self._counts:
                raw_j = board.ask(board.library.nvmlDeviceGetTotalEnergyConsumption) * QUANTUM_J
                time_ns = (before_ns + time.monotonic_ns()) // 2
                if board.renewals > self._renewals:
                    self._renewals = board.renewals
                    self._counter.reopened()
                energy_j, lost = self._counter.advance(raw_j, time_ns)
                power_w = board.gauge(self._power)
            else:
                power_w = None if self._power is None else board.ask(self._power)
                time_ns = (before_ns + time.monotonic_ns()) // 2
        except board.library.NVMLError as reason:
            return Sample(name, time.monotonic_ns(), fault=board.fault(reason))
        if lost is not None:
            return Sample(name, time_ns, fault=lost)
        gauges = {field: board.gauge(ask) for field, ask in self._gauges.items()}
        return Sample(name, time_ns, energy_j=energy_j, power_w=power_w, **gauges)

    def close(self) -> None:
        self._board.close()


class NvmlPowerSensor:
    """The power of a board that counts, or of its module: no gauges, one call a reading.

    Raises the library's NVMLError if it gives no such power.
    """

    def __init__(self, library: Any, index: int, *, module: bool = False) -> None:
        self._board = board = Board(library, index)
        try:
            ways = ways_to_integrate(board.name)
            scope = library.NVML_POWER_SCOPE_MODULE if module else None
            # The oldest call knows no scopes.
            power = board.power([w for w in ways if w != USAGE] if module else ways, scope)
            # Boards without a module answer that it takes nothing.
            if power is None or (module and not board.tried(power[1])):
                raise library.NVMLError(library.NVML_ERROR_NOT_SUPPORTED)
            way, self._power = power
            self.info = _info(board, f"gpu{index}", "module" if module else "check", way)
        except BaseException:
            board.close()
            raise

    def read(self) -> Sample:
        name, board, before_ns = self.info.name, self._board, time.monotonic_ns()
        try:
            power_w = board.ask(self._power)
        except board.library.NVMLError as reason:
            return Sample(name, time.monotonic_ns(), fault=board.fault(reason))
        return Sample(name, (before_ns + time.monotonic_ns()) // 2, power_w=power_w)

    def close(self) -> None:
        self._board.close()


def _info(board: Board, gpu: str, role: str, way: str) -> SensorInfo:
    """What a sensor of this board is. `role`: counter, power, check or module."""
    counts, module = role == "counter", role == "module"
    limit_mw = board.tried(board.library.nvmlDeviceGetEnforcedPowerLimit)
    period_s, window_s = power_timing(board.name, instant=way == INSTANT)
    figure = "energy counter" if counts else f"{way} power" if way != USAGE else "power"
    source = f"NVML {figure} of {board.name}" + (", its whole module" if module else "")
    return SensorInfo(
        name=f"nvml:{gpu}" + {"check": "-power", "module": "-module"}.get(role, ""),
        component="board" if module else "gpu",
        device=f"{gpu}-module" if module else gpu,
        kind="counter" if counts else "power",
        source=source + (WHOLE_BOARD if divided(board) else ""),
        update_period_s=UPDATE_PERIOD_S if counts else period_s,
        averaging_window_s=None if counts else window_s,
        quantum_j=QUANTUM_J if counts else 0.0,
        gain_uncertainty=GAIN,
        # The limit is the board's alone.
        limit_w=None if module or limit_mw is None else limit_mw * W_PER_MW * LIMIT_SLACK,
    )


def divided(board: Board) -> bool:
    """Whether MIG is enabled on the board (the current mode, not the pending one)."""
    modes = board.tried(board.library.nvmlDeviceGetMigMode)
    return modes is not None and bool(modes[0])

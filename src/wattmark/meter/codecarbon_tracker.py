"""CodeCarbon's OfflineEmissionsTracker as a sensor: its joules, as it counts them.

The tracker measures once a second on threads of its own and hands its totals to an output that
keeps them in memory. No file, no network, no lock, no log line; settings of the hardware in the
user's CodeCarbon configuration (force_cpu_power and the like) hold, so that the figure is the
one to be reported; PUE is 1.

What it sums: the CPU by RAPL, or else by a table of TDPs and the load; GPUs by NVML; memory by
a model of watts per module, never measured on a server. So the whole is an estimate wherever
one part is, and its source says what each part is.
"""

from __future__ import annotations

import contextlib
import io
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from codecarbon import OfflineEmissionsTracker
from codecarbon.output_methods.base_output import BaseOutput

from wattmark.errors import InputError
from wattmark.schema import Sample, SensorInfo
from wattmark.units import J_PER_KWH

MEASURE_EVERY_S = 1.0
# How the tracker names the way in which it gets a CPU's power, and what that is.
_CPU_MODES = {
    "intel_rapl": ("RAPL", True),
    "intel_power_gadget": ("Power Gadget", True),
    "windows_emi": ("Windows EMI", True),
    "cpu_load": ("a model: TDP × load", False),
    "constant": ("a constant", False),
}


class _Memory(BaseOutput):
    """An output of the tracker that keeps its newest total and when it came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest: tuple[int, float] | None = None
        self._last_ns = 0

    def live_out(self, total: Any, delta: Any) -> None:
        """Called by the tracker right after each of its measurements."""
        with self._changed:
            self._last_ns = time.monotonic_ns()
            self._newest = self._last_ns, float(total.energy_consumed) * J_PER_KWH
            self._changed.notify_all()

    out = live_out

    def take(self) -> tuple[int, float] | None:
        """Stamp and joules since the start; None where nothing has come since the last call."""
        with self._changed:
            newest, self._newest = self._newest, None
        return newest

    def wait(self, after_ns: int, timeout_s: float) -> bool:
        """Until a measurement after that stamp has come; False where none does."""
        with self._changed:
            return self._changed.wait_for(lambda: self._last_ns >= after_ns, timeout_s)


class CodeCarbonSensor:
    """The tracker, running from here on until `close`."""

    def __init__(self, name: str, country: str) -> None:
        self._memory = _Memory()
        self._closed = False
        self._tracker = _start(self._memory, country)
        parts = [_part(each) for each in getattr(self._tracker, "_hardware", ())]
        if not parts:
            self._stop()
            raise InputError(
                "CodeCarbon finds nothing to measure here.", "Leave --sensor codecarbon out."
            )
        measured = all(by_meter for _, by_meter in parts)
        version = getattr(self._tracker, "_conf", {}).get("codecarbon_version", "?")
        words = "; ".join(text for text, _ in parts)
        self.info = SensorInfo(
            name=f"codecarbon:{name}",
            component="board",
            device="codecarbon",
            kind="counter" if measured else "estimate",
            source=f"CodeCarbon {version}, offline, whole machine: {words}",
            # What comes is stamped when it was measured, and is never old.
            update_period_s=0.0,
        )

    def read(self) -> Sample:
        if self._closed:
            return Sample(self.info.name, time.monotonic_ns(), fault="the sensor is closed")
        newest = self._memory.take()
        if newest is None:
            return Sample(self.info.name, time.monotonic_ns())
        return Sample(self.info.name, newest[0], energy_j=newest[1])

    def settle(self, timeout_s: float) -> bool:
        """Wait until it has measured a moment from now on; False where it did not in time."""
        return not self._closed and self._memory.wait(time.monotonic_ns(), timeout_s)

    def beside(self, names: Sequence[str]) -> None:
        """It counts again what the sensors of these names count."""
        self.info = replace(self.info, overlaps=tuple(names))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._stop()

    def _stop(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            self._tracker.stop()


def _start(memory: _Memory, country: str) -> Any:
    """A running tracker that writes nothing; everything that could is set here, not by a file."""
    # Set before it is made: it tells of its configuration before it looks at its log level.
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    tracker = OfflineEmissionsTracker(
        country_iso_code=country,
        cloud_provider=None,
        cloud_region=None,
        tracking_mode="machine",
        measure_power_secs=MEASURE_EVERY_S,
        api_call_interval=1,
        output_methods=[],
        output_handlers=[memory],
        emissions_endpoint=None,
        electricitymaps_api_token=None,
        allow_multiple_runs=True,
        log_level="critical",
        pue=1.0,
        wue=0.0,
    )
    tracker.start()
    return tracker


def _part(hardware: Any) -> tuple[str, bool]:
    """What one part of the tracker's sum is, in words, and whether it is measured."""
    kind = type(hardware).__name__
    if kind == "CPU":
        mode = str(getattr(hardware, "_mode", ""))
        words, measured = _CPU_MODES.get(mode, (mode, False))
        return f"CPU by {words}", measured
    if kind == "GPU":
        return "GPUs by their own meters", True
    if kind == "RAM":
        return "memory by a model", False
    part = getattr(hardware, "chip_part", "")
    return f"{kind} {part}".strip(), kind in ("Raspberry", "AppleSiliconChip")

"""One NVIDIA board through NVML: its handle, its power, its gauges, and how it comes back.

A call that fails is no end: most errors pass, and the next reading asks again. After an error
that a stale handle or a restarted driver explains, library and handle are opened anew, at most
once a second (it can take as long as that), by the board's UUID: indices may change.

`library` is pynvml, or an object with the same functions (in tests).
[NVML API reference]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from wattmark.meter.boards import (
    AVERAGE,
    FIXES,
    INSTANT,
    USAGE,
    field_value,
    throttle_words,
)
from wattmark.units import s_to_ns

Ask = Callable[[Any], Any]
RENEW_AFTER_S = 1.0
W_PER_MW = 1e-3


class Board:
    """The board at `index`. Raises the library's NVMLError where there is none."""

    def __init__(self, library: Any, index: int) -> None:
        self.library = library
        self.index = index
        self._closed = False
        self.renewals = 0
        """How often library and handle were opened anew."""
        self._lost: Exception | None = None
        self._renew_ns = 0
        library.nvmlInit()
        try:
            self._handle = library.nvmlDeviceGetHandleByIndex(index)
            self.name = text(library.nvmlDeviceGetName(self._handle))
            self._uuid = self.tried(library.nvmlDeviceGetUUID)
        except BaseException:
            library.nvmlShutdown()
            raise
        # Errors after which the handle may be worth nothing.
        self._stale = {
            library.NVML_ERROR_UNINITIALIZED,
            library.NVML_ERROR_INVALID_ARGUMENT,
            library.NVML_ERROR_NOT_FOUND,
            library.NVML_ERROR_DRIVER_NOT_LOADED,
            library.NVML_ERROR_GPU_IS_LOST,
            library.NVML_ERROR_RESET_REQUIRED,
            library.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
        }

    def ask(self, function: Ask) -> Any:
        """`function` of the board's handle. Raises the library's NVMLError."""
        if self._closed:
            raise self.library.NVMLError(self.library.NVML_ERROR_UNINITIALIZED)
        if self._lost is not None:
            self._renew()
        try:
            return function(self._handle)
        except self.library.NVMLError as reason:
            if reason.value in self._stale:
                self._drop(reason)
            raise

    def gauge(self, function: Ask | None) -> Any:
        """A figure beside the energy: missing it is no fault, and no sign of a lost handle."""
        return None if function is None or self._lost is not None else self.tried(function)

    def tried(self, function: Ask) -> Any:
        """What `function` of this board answers; None where it is refused."""
        try:
            return function(self._handle)
        except self.library.NVMLError:
            return None

    def fault(self, reason: Exception) -> str:
        """What a reading that failed says: why, and what to do."""
        advice = FIXES.get(type(reason).__name__, "").rstrip(".")
        return f"NVML cannot read it: {reason}" + (f". {advice}" if advice else "")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self._lost is None:
                self._shut_down()

    def power(self, ways: Sequence[str], scope: int | None = None) -> tuple[str, Ask] | None:
        """The first of `ways` to its power that it answers, and the function; None without."""
        for way in ways:
            function = self._power(way, scope)
            if self.tried(function) is not None:
                return way, function
        return None

    def _power(self, way: str, scope: int | None) -> Ask:
        library = self.library
        if way == USAGE:
            return lambda handle: float(library.nvmlDeviceGetPowerUsage(handle)) * W_PER_MW
        names = {INSTANT: "NVML_FI_DEV_POWER_INSTANT", AVERAGE: "NVML_FI_DEV_POWER_AVERAGE"}
        identity = getattr(library, names[way])
        asked = [identity if scope is None else (identity, scope)]

        def field_w(handle: Any) -> float:
            field = library.nvmlDeviceGetFieldValues(handle, asked)[0]
            milliwatts = field_value(library, field)
            if milliwatts is None:
                raise library.NVMLError(field.nvmlReturn or library.NVML_ERROR_UNKNOWN)
            return milliwatts * W_PER_MW

        return field_w

    def gauges(self) -> dict[str, Ask]:
        """Field of Sample → its function, of those that this board has."""
        nv = self.library
        wanted: dict[str, Ask] = {
            "temperature_c": lambda h: float(
                nv.nvmlDeviceGetTemperature(h, nv.NVML_TEMPERATURE_GPU)
            ),
            "memory_bytes": lambda h: int(nv.nvmlDeviceGetMemoryInfo(h).used),
            "clock_hz": lambda h: nv.nvmlDeviceGetClockInfo(h, nv.NVML_CLOCK_SM) * 1e6,
            "utilization": lambda h: nv.nvmlDeviceGetUtilizationRates(h).gpu / 100,
        }
        found = {field: ask for field, ask in wanted.items() if self.tried(ask) is not None}
        # The second is the older name of the same, for drivers before 535.
        for reasons in (
            nv.nvmlDeviceGetCurrentClocksEventReasons,
            nv.nvmlDeviceGetCurrentClocksThrottleReasons,
        ):
            if self.tried(reasons) is not None:
                return found | {"throttle": lambda h, r=reasons: throttle_words(r(h))}
        return found

    def _drop(self, reason: Exception) -> None:
        self._lost = reason
        self._renew_ns = time.monotonic_ns() + s_to_ns(RENEW_AFTER_S)
        self._shut_down()

    def _renew(self) -> None:
        """Open library and handle anew. Raises the error that they were lost by, or a new one."""
        if self._lost is not None and time.monotonic_ns() < self._renew_ns:
            raise self._lost
        self._renew_ns = time.monotonic_ns() + s_to_ns(RENEW_AFTER_S)
        self.library.nvmlInit()
        try:
            if self._uuid is None:
                self._handle = self.library.nvmlDeviceGetHandleByIndex(self.index)
            else:
                self._handle = self.library.nvmlDeviceGetHandleByUUID(self._uuid)
        except self.library.NVMLError:
            self._shut_down()
            raise
        self._lost = None
        self.renewals += 1

    def _shut_down(self) -> None:
        """Give the library back; one that is gone already needs no giving back."""
        try:
            self.library.nvmlShutdown()
        except self.library.NVMLError:
            return


def text(name: str | bytes) -> str:
    """NVML's strings, which older bindings give as bytes."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name

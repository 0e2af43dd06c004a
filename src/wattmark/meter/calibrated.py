"""What was found out about sensors earlier, put into what later runs are told of them.

A stored probe counts for a sensor of the same machine, name, source, board and driver, and for no
other. It fills in what is unknown, and takes the place of what a table says where the two
contradict. Readings stay as they are: a gain that was measured is recorded and shown, never
applied to joules. Simulated and replayed sensors are what they are said to be, and models
follow their load by definition: neither is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wattmark.energy.probe import Figure, Probe
from wattmark.meter import Found
from wattmark.meter.estimate import machine
from wattmark.meter.nvml import describe
from wattmark.schema import SensorInfo
from wattmark.store.calibrations import (
    Calibration,
    Calibrations,
    Identity,
    board_id,
    machine_id,
    read_calibrations,
)

# A stated time that lies so close to the interval of a probed one does not contradict it.
CLOSE = 0.05
# Jitter beyond this part of the period makes the late updates count, not the usual one.
JITTERY = 0.1


@dataclass(frozen=True)
class Known:
    """What is stored of a sensor: an entry that counts, or one that does not and why."""

    calibration: Calibration | None = None
    refused: str | None = None


class Boards:
    """What tells one sensor from another of the same name; the system is asked once."""

    def __init__(self) -> None:
        self._machine = machine_id()
        self._cpu: str | None = None
        self._nvml: Mapping[str, Any] | None = None

    def identity(self, info: SensorInfo) -> Identity:
        """The key under which what is found about a sensor is kept."""
        board, driver = self._board(info)
        return Identity(
            machine=self._machine, sensor=info.name, source=info.source, board=board, driver=driver
        )

    def _board(self, info: SensorInfo) -> tuple[str | None, str | None]:
        if info.name.startswith("nvml:"):
            if self._nvml is None:
                self._nvml = describe() or {}
            uuids = {f"gpu{gpu['index']}": gpu["uuid"] for gpu in self._nvml.get("gpus", [])}
            uuid = uuids.get(info.device)
            return board_id(uuid) if uuid else None, self._nvml.get("driver")
        if info.component in {"cpu", "dram", "core", "uncore", "soc"}:
            if self._cpu is None:
                self._cpu = machine().model or ""
            return self._cpu or None, None
        return None, None


def calibrated(found: list[Found], known: Calibrations | None = None) -> list[Found]:
    """The same findings; what their sensors tell of themselves is completed by stored probes."""
    known = read_calibrations() if known is None else known
    boards = Boards()
    for sensor in (sensor for one in found for sensor in one.sensors):
        if touched(sensor.info) and known.entries:
            entry = known_of(boards.identity(sensor.info), known.entries).calibration
            if entry is not None:
                sensor.info = completed(sensor.info, entry)
    return found


def touched(info: SensorInfo) -> bool:
    """Whether a stored probe may change what is told of a sensor."""
    return info.instead is None and info.kind != "estimate"


def known_of(identity: Identity, entries: Iterable[Calibration]) -> Known:
    """The entry of exactly this sensor; or, of one with its name here, in what it differs."""
    refused = None
    for entry in entries:
        other = entry.identity
        if other == identity:
            return Known(entry)
        if (other.machine, other.sensor) == (identity.machine, identity.sensor):
            refused = _difference(identity, entry)
    return Known(refused=refused)


def _difference(identity: Identity, entry: Calibration) -> str:
    other, when = entry.identity, entry.probed_at[:10]
    if other.driver != identity.driver:
        now, then = identity.driver or "none", other.driver or "none"
        return f"probed on {when} with driver {then}, which now is {now}: not used"
    if other.board != identity.board:
        return f"probed on {when} on another board: not used"
    return f"probed on {when} from another source ({other.source}): not used"


def main_probe(info: SensorInfo, entry: Calibration) -> Probe | None:
    """The probe of the channel that energy comes from; None where the entry is of no use."""
    channel = "power" if info.kind == "power" else "energy"
    for plain in entry.probes:
        try:
            probe = Probe.from_plain(plain)
        except (TypeError, ValueError):
            continue
        if probe.channel == channel:
            return probe
    return None


def completed(info: SensorInfo, entry: Calibration) -> SensorInfo:
    """`info` with what the entry knows better; its source tells since when."""
    probe = main_probe(info, entry)
    if probe is None:
        return info
    changes: dict[str, float] = {}
    period = _late(probe)
    if period is not None and _new(info.update_period_s, period):
        changes["update_period_s"] = period.value
    window = probe.averaging_window_s
    if info.kind == "power" and window is not None and _new(info.averaging_window_s, window):
        changes["averaging_window_s"] = window.value
    lag = probe.lag_s
    if lag is not None and _new(info.lag_s or 0.0, lag):
        changes["lag_s"] = max(0.0, lag.value)
    gain = narrower_gain(info, entry)
    if gain is not None:
        changes["gain_uncertainty"] = gain
    source = f"{info.source} (probed on {entry.probed_at[:10]})"
    return replace(info, source=source, **changes)  # type: ignore[arg-type] # all are floats


def narrower_gain(info: SensorInfo, entry: Calibration) -> float | None:
    """The gain uncertainty that a reference of the same device leaves; None to keep the old one.

    A reference with another boundary (a plug also sees losses and the rest of the machine)
    narrows nothing. Readings are not rescaled, so what was measured of the gain's error counts
    in full, beside its interval and the reference's own uncertainty.
    """
    told = entry.against
    if not told or not told.get("same_device"):
        return None
    try:
        gain = Figure(**told["gain"])
        own = float(told["reference_gain_uncertainty"])
    except (KeyError, TypeError, ValueError):
        return None
    left = max(abs(gain.low - 1), abs(gain.high - 1)) + own
    return left if own > 0 and left < info.gain_uncertainty else None


def _late(probe: Probe) -> Figure | None:
    """The update period; of a jittery sensor what 95 % of the updates keep to."""
    period, longest = probe.update_period_s, probe.update_longest_s
    if period is None or longest is None or longest <= (1 + JITTERY) * period.value:
        return period
    return Figure(longest, period.low, longest)


def _new(stated: float | None, probed: Figure) -> bool:
    """Whether a probed time adds to what is stated: unknown before, or contradicted."""
    if stated is None:
        return True
    return not (1 - CLOSE) * probed.low <= stated <= (1 + CLOSE) * probed.high

"""What sensors tell, and the joules and figures that are made of it."""

from __future__ import annotations

from dataclasses import dataclass

LOST = "joules lost: "
# How that goes on where a counter may have gone round its range, nobody knows how often.
WRAPS = "unknown number of wraps: "


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of one sensor. `energy_j` is a counter since any origin, never reset here."""

    sensor: str
    time_ns: int
    energy_j: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    memory_bytes: int | None = None
    clock_hz: float | None = None
    utilization: float | None = None
    throttle: str | None = None
    fault: str | None = None
    """Why the reading failed; the figures are None then."""

    @property
    def lost(self) -> bool:
        """Whether joules between the readings around this one are missing from the counter.

        Not so for a reading that merely failed: the counter went on, and the next one knows.
        """
        return self.fault is not None and self.fault.startswith(LOST)

    @property
    def wrapped(self) -> bool:
        """Whether they are missing because the counter may have wrapped any number of times."""
        return self.fault is not None and self.fault.startswith(LOST + WRAPS)


@dataclass(frozen=True, kw_only=True)
class SensorInfo:
    """What a sensor is, as far as it is known. `None` is unknown."""

    name: str
    component: str
    """cpu, dram, gpu, soc, board or wall; core and uncore lie inside a cpu."""
    device: str
    """Which one of them: package-0, gpu0, host."""
    kind: str
    """counter (joules), power (watts), estimate (a modelled counter)."""
    source: str
    """Where its figures come from, for people: 'RAPL by powercap', 'CPU model: …'."""
    update_period_s: float | None = None
    averaging_window_s: float | None = None
    quantum_j: float = 0.0
    wrap_j: float | None = None
    """The counter's range; wraps are corrected where it is read."""
    gain_uncertainty: float = 0.0
    """Relative, systematic, kept apart from every interval (0.05 is ±5 %)."""
    limit_w: float | None = None
    """Power above which a reading cannot be true."""
    lag_s: float | None = None
    """How late a reading is beyond its update period: it tells of `time_ns − lag_s`."""
    overlaps: tuple[str, ...] = ()
    """Names of sensors that count some of the same joules: never summed with this one."""
    instead: str | None = None
    """'simulated' or 'replayed' where nothing of this machine is read."""

    @property
    def provenance(self) -> str:
        """The word that follows its joules everywhere: measured, estimated, or `instead`."""
        return self.instead or ("estimated" if self.kind == "estimate" else "measured")


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Joules of one span (or of all spans of one name) from one sensor.

    `low_j`/`high_j` bound `gross_j`, `net_low_j`/`net_high_j` bound `net_j` (gross less idle
    power × time), at 95 % and without the sensor's gain, which stands apart.
    """

    span: str
    sensor: str
    component: str
    device: str
    provenance: str
    method: str
    """counter, integrated, regressed or modelled."""
    seconds: float
    gross_j: float | None
    low_j: float | None
    high_j: float | None
    net_j: float | None = None
    net_low_j: float | None = None
    net_high_j: float | None = None
    gain_uncertainty: float = 0.0
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class QueryEnergy:
    """A query's share of its batch's joules (prefill by input tokens, decode by steps alive)."""

    query_id: str
    gross_j: float | None
    low_j: float | None
    high_j: float | None
    net_j: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of a replicate's measured region over all components that may be summed."""

    energy_j: float | None = None
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    energy_net_j: float | None = None
    energy_net_low_j: float | None = None
    energy_net_high_j: float | None = None
    energy_provenance: str | None = None
    gain_uncertainty: float | None = None
    retrieve_j: float | None = None
    retrieve_low_j: float | None = None
    retrieve_high_j: float | None = None
    prefill_j: float | None = None
    prefill_low_j: float | None = None
    prefill_high_j: float | None = None
    decode_j: float | None = None
    decode_low_j: float | None = None
    decode_high_j: float | None = None
    index_j: float | None = None
    """Of opening or building the index: outside of the measured region."""
    index_low_j: float | None = None
    index_high_j: float | None = None
    idle_power_w: float | None = None
    power_mean_w: float | None = None
    power_peak_w: float | None = None
    export_energy_j: float | None = None
    """Of converting the model to the engine's own files, before the measured region and apart."""
    temperature_max_c: float | None = None
    foreign_cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A warning as data: a code, what was seen, and what to do. Rendered elsewhere."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval. `low`/`high` are None where n is too small to say."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    n: int
    unit: str
    note: str = ""

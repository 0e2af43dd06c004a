"""What the sensors read, for Prometheus: an HTTP endpoint on this machine alone.

Counters rise from the start of the process; a monitoring system sees a restart by their fall.
Joules that a sensor lost are left out of the counter: `wattmark_sensor_faults_total` tells of it.
Every series carries the sensor, its component and device, and whether its figures are measured.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from wattmark import __version__
from wattmark.errors import InputError
from wattmark.monitor.live import SensorNow, Snapshot

LOOPBACK = "127.0.0.1"
LABELS = ("sensor", "component", "device", "provenance")

# Name, meaning, and the figure of a sensor; None where the sensor does not tell.
_GAUGES: tuple[tuple[str, str, Callable[[SensorNow], float | None]], ...] = (
    ("wattmark_power_watts", "Power over about the last interval.", lambda s: s.power_w),
    (
        "wattmark_temperature_celsius",
        "Temperature of the device.",
        lambda s: None if s.latest is None else s.latest.temperature_c,
    ),
    (
        "wattmark_memory_bytes",
        "Memory in use on the device.",
        lambda s: None if s.latest is None else s.latest.memory_bytes,
    ),
    (
        "wattmark_clock_hertz",
        "Clock of the device.",
        lambda s: None if s.latest is None else s.latest.clock_hz,
    ),
    (
        "wattmark_utilization_ratio",
        "Share of the time that the device worked.",
        lambda s: None if s.latest is None else s.latest.utilization,
    ),
    (
        "wattmark_gain_uncertainty_ratio",
        "Relative systematic uncertainty of the sensor's gain.",
        lambda s: s.info.gain_uncertainty,
    ),
    ("wattmark_sensor_up", "1 where the newest reading is good.", lambda s: float(s.up)),
)


class LiveCollector(Collector):
    """Metrics from a snapshot that is taken when somebody asks."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def describe(self) -> list[Metric]:
        """Nothing: the registry must not read the sensors to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family a figure, one series a sensor that tells it."""
        sensors = self._snapshot().sensors
        yield InfoMetricFamily("wattmark", "The program.", {"version": __version__})
        about = InfoMetricFamily(
            "wattmark_sensor", "Where a sensor's figures come from.", None, LABELS
        )
        joules = CounterMetricFamily(
            "wattmark_energy_joules", "Joules since the start, losses left out.", labels=LABELS
        )
        faults = CounterMetricFamily(
            "wattmark_sensor_faults", "Readings that failed.", labels=LABELS
        )
        for sensor in sensors:
            about.add_metric(
                _labels(sensor), {"source": sensor.info.source, "kind": sensor.info.kind}
            )
            joules.add_metric(_labels(sensor), sensor.counted_j)
            faults.add_metric(_labels(sensor), sensor.faults)
        yield from (about, joules, faults)
        for name, meaning, figure in _GAUGES:
            family = GaugeMetricFamily(name, meaning, labels=LABELS)
            for sensor in sensors:
                if (value := figure(sensor)) is not None:
                    family.add_metric(_labels(sensor), value)
            yield family


class Exposition:
    """Serves the metrics on the loopback address until it is closed.

    `port` 0 takes a free one; `address` says which. Raises InputError for a port that is none or
    that another program has.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], port: int) -> None:
        if not 0 <= port <= 65535:
            raise InputError(f"{port} is no port.", "Take 1024 to 65535, or 0 for a free one.")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(LiveCollector(snapshot))
        try:
            self._server, self._thread = start_http_server(port, LOOPBACK, registry)
        except OSError as reason:
            raise InputError(
                f"Port {port} {_why(reason)}.", "Take another, or 0 for a free one."
            ) from reason
        self.port = int(self._server.server_port)
        self.address = f"http://{LOOPBACK}:{self.port}/metrics"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _labels(sensor: SensorNow) -> tuple[str, ...]:
    info = sensor.info
    return info.name, info.component, info.device, info.provenance


def _why(reason: OSError) -> str:
    if reason.errno == errno.EADDRINUSE:
        return "is in use by another program"
    if reason.errno == errno.EACCES:
        return "is reserved for the system"
    return f"cannot be opened: {reason.strerror or reason}"

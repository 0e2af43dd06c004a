"""What every sensor owes, ours or a plugin's: `check` it, and closing comes with it."""

import itertools
import math

from wattmark.meter import Deferring, Sensor
from wattmark.schema import Sample

COMPONENTS = {"cpu", "core", "uncore", "dram", "gpu", "soc", "board", "wall"}


def check(sensor: Sensor, family: str) -> None:
    _check_info(sensor, family)
    samples = [sensor.read() for _ in range(4)]
    if isinstance(sensor, Deferring):
        grabbed = [sensor.grab() for _ in range(3)]
        samples += [sensor.told(each) for each in grabbed]
        samples.append(sensor.read())
    for sample in samples:
        _check_sample(sensor, sample)
    for earlier, later in itertools.pairwise(samples):
        assert later.time_ns > earlier.time_ns
        if earlier.energy_j is not None and later.energy_j is not None:
            assert later.energy_j >= earlier.energy_j
    sensor.close()
    sensor.close()


def _check_info(sensor: Sensor, family: str) -> None:
    info = sensor.info
    assert info.name.startswith(f"{family}:")
    assert len(info.name) > len(family) + 1
    assert info.component in COMPONENTS
    assert info.kind in {"counter", "power", "estimate"}
    assert info.device
    assert info.source
    assert info.quantum_j >= 0
    assert info.gain_uncertainty >= 0
    for known in (info.update_period_s, info.averaging_window_s):
        assert known is None or known >= 0
    for positive in (info.wrap_j, info.limit_w):
        assert positive is None or positive > 0


def _check_sample(sensor: Sensor, sample: Sample) -> None:
    assert sample.sensor == sensor.info.name
    assert sample.fault is None
    figure = sample.power_w if sensor.info.kind == "power" else sample.energy_j
    assert figure is not None
    assert math.isfinite(figure)

"""Probing for real: gated processes, polled sensors, what is kept, and what later runs are told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from wattmark.energy.probe import Figure, Probe
from wattmark.energy.probe_response import Load
from wattmark.errors import InputError, WattmarkError
from wattmark.meter import Found, Sensor
from wattmark.meter.calibrated import Boards, calibrated, completed, known_of, narrower_gain
from wattmark.meter.simulated import SimulatedSensor, parse
from wattmark.monitor.calibrate import Phase, Plan, Probed, calibrate, plan
from wattmark.monitor.loads import GatedLoad, run_steps, steps
from wattmark.schema import Sample, SensorInfo
from wattmark.store.calibrations import Calibration, Calibrations

SHORT_S = 8.0
BRIEF_S = 2.0
"""Too short to find a sensor's figures in, and long enough where something else is asked."""


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads of any length, and no waiting for quiet, which there is not beside other tests."""
    monkeypatch.setattr("wattmark.monitor.loads.SHORTEST_S", BRIEF_S)
    monkeypatch.setattr("wattmark.monitor.calibrate.QUIET_WAIT_S", 0.0)


def gone(pids: tuple[int, ...]) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids)


def info(**changes: object) -> SensorInfo:
    fields: dict[str, object] = {
        "name": "acme:gpu0",
        "component": "gpu",
        "device": "gpu0",
        "kind": "power",
        "source": "a board",
        "gain_uncertainty": 0.05,
    }
    return SensorInfo(**(fields | changes))  # type: ignore[arg-type] # fields of all kinds


def found(**changes: object) -> Probe:
    fields: dict[str, object] = {
        "channel": "power",
        "update_period_s": Figure(0.02, 0.0199, 0.0201),
        "update_longest_s": 0.0201,
        "averaging_window_s": Figure(0.025, 0.024, 0.026),
        "lag_s": Figure(0.05, 0.049, 0.051),
    }
    return Probe(**(fields | changes))  # type: ignore[arg-type] # fields of all kinds


def entry(sensor: SensorInfo, probe: Probe, **changes: object) -> Calibration:
    identity = Boards().identity(sensor)
    fields = {"identity": identity, "probed_at": "2026-11-21T03:00", "probes": (probe.as_plain(),)}
    return Calibration(**(fields | changes))  # type: ignore[arg-type] # fields of all kinds


@pytest.mark.parametrize("seconds", [8.0, 10.0, 22.0, 60.0, 300.0])
@pytest.mark.parametrize("square", [False, True])
def test_steps_begin_and_end_idle_and_take_the_time_given(seconds: float, square: bool) -> None:
    lengths = steps(seconds, square=square)
    assert sum(lengths) == pytest.approx(seconds)
    assert len(lengths) % 2 == 1
    assert min(lengths) > 0
    assert lengths == steps(seconds, square=square)
    if square:
        assert lengths.count(0.025) >= 2
        assert lengths.count(0.05) >= 2


def test_too_short_a_time_is_refused() -> None:
    for seconds in (7.9, 0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="too short"):
            steps(seconds)


def test_a_gated_load_works_when_open_and_rests_when_shut() -> None:
    with GatedLoad("CPU", ["cpu:0", "cpu:0"]) as gated:
        pids = gated.pids
        assert len(pids) == 2
        gated.shut()
        before = gated.cpu_s()
        time.sleep(0.3)
        assert gated.cpu_s() - before <= 0.1
        load = run_steps(gated, [0.2, 0.5, 0.2, 0.5, 0.2])
        assert gated.cpu_s() > before
    assert gone(pids)
    assert load.level.max() == 1.0
    assert load.level[0] == 0.0
    assert load.level[-1] == 0.0
    assert (np.diff(load.time_ns) > 0).all()
    on = [row for row in load.steady(0.0) if row[0] > 0]
    assert 0.9 < sum(level * (end - start) for level, start, end in on) < 2.5


def test_a_work_that_cannot_run_says_why_and_leaves_nothing() -> None:
    gated = GatedLoad("GPU", ["cpu:0", "quantum:0"])
    with pytest.raises(WattmarkError, match="No GPU load: quantum:0 does not run"):
        gated.__enter__()
    assert gated.pids == ()
    assert not [p for p in psutil.Process().children() if "monitor.busy" in " ".join(p.cmdline())]


def test_a_load_that_dies_is_told() -> None:
    with GatedLoad("CPU", ["cpu:0"]) as gated:
        psutil.Process(gated.pids[0]).kill()
        with pytest.raises(WattmarkError, match="ended with status -9"):
            run_steps(gated, [0.05, 0.05, 0.05])


def test_matrix_products_in_torch_are_gated_the_same() -> None:
    """The GPU's way, on the device that is here."""
    pytest.importorskip("torch")
    with GatedLoad("GPU", ["cpu"]) as gated:
        before = gated.cpu_s()
        load = run_steps(gated, [0.1, 0.4, 0.3])
        assert gated.cpu_s() > before
    assert [level for level, _, _ in load.steady(0.0)] == [0.0, 1.0, 0.0]


def test_the_load_ends_with_its_parent_whatever_it_is_at() -> None:
    """SIGKILL leaves nobody to clean up: the busy process sees for itself that it is orphaned."""
    program = (
        "import sys, time\n"
        "from wattmark.monitor.loads import GatedLoad\n"
        "with GatedLoad('CPU', ['cpu:0']) as gated:\n"
        "    gated.open()\n"
        "    print(gated.pids[0], flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    busy = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs([busy], timeout=10)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


class Following:
    """A sensor that sees whether the load works: a counter of what its processes use."""

    def __init__(self, name: str = "acme:cpu", idle_w: float = 10.0, rise_w: float = 40.0) -> None:
        self.info = info(
            name=name, component="cpu", device="package-0", kind="counter", source="a test"
        )
        self._idle_w, self._rise_w = idle_w, rise_w
        self._begun_ns = time.monotonic_ns()
        self._children: list[psutil.Process] = []
        self._listed_s = self._busy_s = 0.0
        self.closed = False

    def read(self) -> Sample:
        now_ns = time.monotonic_ns()
        joules = self._idle_w * (now_ns - self._begun_ns) / 1e9 + self._rise_w * self._busy()
        return Sample(self.info.name, now_ns, energy_j=joules)

    def _busy(self) -> float:
        """Seconds that this process's children have used; what else runs here counts nothing."""
        if time.monotonic() > self._listed_s + 0.3:
            self._children, self._listed_s = psutil.Process().children(), time.monotonic()
        with suppress(psutil.NoSuchProcess):
            times = [child.cpu_times() for child in self._children]
            self._busy_s = max(self._busy_s, sum(one.user + one.system for one in times))
        return self._busy_s

    def close(self) -> None:
        self.closed = True


def test_one_phase_from_the_plan_to_the_findings() -> None:
    sensors: list[Sensor] = [
        parse("watts=80,period=0.02,name=steady"),
        parse("shape=square,low=50,high=150,every=0.73,period=0.1,window=0.1,kind=power,name=own"),
        Following(),
    ]
    planned = plan(sensors, SHORT_S)
    assert [phase.name for phase in planned.phases] == ["CPU"]
    assert planned.no_gpu == "no GPU"
    kept: list[Probed] = []
    lines: list[str] = []
    findings = calibrate(planned, kept.append, say=lines.append)
    assert [one.info.name for one in kept] == [one.info.name for one in findings.sensors]
    by_name = {one.info.name: one.probes[0] for one in findings.sensors}
    steady, own = by_name["simulated:steady"], by_name["simulated:own"]
    assert steady.update_period_s is not None
    assert steady.update_period_s.value == pytest.approx(0.02, rel=0.05)
    assert steady.lag_s is None
    assert own.update_period_s is not None
    assert own.update_period_s.value == pytest.approx(0.1, rel=0.05)
    assert own.lag_s is None
    assert own.reasons["lag_s"]
    following = by_name["acme:cpu"]
    assert following.idle_w is not None
    assert following.readings > 100
    assert findings.cost_cpu_s > 0
    assert "CPU load" in lines[0]
    assert not psutil.Process().children()


@pytest.mark.usefixtures("brief")
def test_findings_are_kept_one_by_one_and_an_interrupt_leaves_no_process() -> None:
    """The second phase is interrupted: what the first one found is kept, and nobody works on."""
    first, second = parse("watts=10,name=first"), Following("acme:second")
    cpu = (f"cpu:{min(os.sched_getaffinity(0))}",)
    phases = (Phase("CPU", cpu, (first,)), Phase("CPU", cpu, (second,)))
    planned = Plan(phases, BRIEF_S, tuple(steps(BRIEF_S)), None)
    kept: list[str] = []

    def keep(probed: Probed) -> None:
        kept.append(probed.info.name)

    def interrupted(_line: str) -> None:
        if kept:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate(planned, keep, say=interrupted)
    assert kept == ["simulated:first"]
    assert not psutil.Process().children()
    assert not [t for t in threading.enumerate() if t.name == "wattmark-meter"]


@pytest.mark.usefixtures("brief")
def test_a_load_that_does_not_run_is_a_doubt_and_the_rest_goes_on() -> None:
    phases = (
        Phase("GPU", ("quantum:0",), (parse("watts=10,name=unseen"),)),
        Phase("CPU", ("cpu:0",), (parse("watts=10,name=seen"),)),
    )
    planned = Plan(phases, BRIEF_S, tuple(steps(BRIEF_S)), None)
    findings = calibrate(planned, lambda _: None)
    assert [one.info.name for one in findings.sensors] == ["simulated:seen"]
    assert "quantum:0 does not run" in findings.doubts[0].message


@pytest.mark.usefixtures("brief")
def test_a_gpu_without_a_gpu_load_has_no_loaded_power_and_the_reason() -> None:
    board = SimulatedSensor(info(update_period_s=0.02), lambda _: 70.0)
    planned = plan([board], SHORT_S, ["cpu"])
    assert planned.no_gpu == "no GPU load: --device leaves it out"
    (one,) = calibrate(planned, lambda _: None).sensors
    assert one.probes[0].loaded_w is None
    assert "--device" in one.probes[0].reasons["loaded_w"]
    assert one.probes[0].idle_w is not None


def test_what_cannot_be_planned_is_refused() -> None:
    sensor = parse("watts=10")
    with pytest.raises(InputError, match="no sensor"):
        plan([])
    with pytest.raises(InputError, match="simulated:cpu"):
        plan([sensor], reference="plug:x")
    for device in ("tpu", "cuda:", "cuda:x", "gpu"):
        with pytest.raises(InputError, match="Unknown device"):
            plan([sensor], devices=[device])


def test_a_gpu_that_is_read_gets_a_load_of_its_own() -> None:
    pytest.importorskip("torch")
    boards = [
        SimulatedSensor(info(name=f"acme:gpu{k}", device=f"gpu{k}"), lambda _: 70.0)
        for k in range(2)
    ]
    wall = SimulatedSensor(info(name="acme:wall", component="wall", device="host"), lambda _: 1.0)
    cpu = Following()
    planned = plan([*boards, wall, cpu], SHORT_S, reference="acme:wall")
    assert planned.no_gpu is None
    by_name = {phase.name: phase for phase in planned.phases}
    assert by_name["GPU"].works == ("cuda:0", "cuda:1")
    assert [s.info.name for s in by_name["GPU"].sensors] == ["acme:gpu0", "acme:gpu1", "acme:wall"]
    assert [s.info.name for s in by_name["CPU"].sensors] == ["acme:cpu", "acme:wall"]


def test_stored_probes_fill_in_what_is_unknown() -> None:
    sensor = info()
    after = completed(sensor, entry(sensor, found()))
    assert after.update_period_s == 0.02
    assert after.averaging_window_s == 0.025
    assert after.lag_s == 0.05
    assert after.source == "a board (probed on 2026-11-21)"
    assert after.gain_uncertainty == 0.05


def test_what_a_table_says_stays_where_the_probe_agrees_and_goes_where_not() -> None:
    agreed = info(update_period_s=0.02, averaging_window_s=0.0245, lag_s=0.05)
    after = completed(agreed, entry(agreed, found()))
    assert (after.update_period_s, after.averaging_window_s) == (0.02, 0.0245)
    contradicted = info(update_period_s=0.1, averaging_window_s=1.0, lag_s=0.0)
    after = completed(contradicted, entry(contradicted, found()))
    assert (after.update_period_s, after.averaging_window_s) == (0.02, 0.025)
    assert after.lag_s == 0.05


def test_no_lag_is_no_lag() -> None:
    sensor = info()
    after = completed(sensor, entry(sensor, found(lag_s=Figure(-0.0004, -0.001, 0.0002))))
    assert after.lag_s is None


def test_what_was_not_found_changes_nothing() -> None:
    sensor = info(update_period_s=0.1, averaging_window_s=1.0)
    after = completed(sensor, entry(sensor, Probe(channel="power")))
    assert replace(after, source=sensor.source) == sensor


def test_a_jittery_sensor_is_as_late_as_its_late_updates() -> None:
    sensor = info()
    after = completed(sensor, entry(sensor, found(update_longest_s=0.028)))
    assert after.update_period_s == 0.028


def test_a_counters_window_is_not_taken_over() -> None:
    sensor = info(kind="counter")
    after = completed(sensor, entry(sensor, found(channel="energy")))
    assert after.averaging_window_s is None
    assert after.update_period_s == 0.02


def against(gain: float, half: float, own: float, *, same: bool) -> dict[str, object]:
    return {
        "reference": "plug:x",
        "gain": {"value": gain, "low": gain - half, "high": gain + half},
        "offset_w": {"value": 1.0, "low": 0.0, "high": 2.0},
        "same_device": same,
        "reference_gain_uncertainty": own,
    }


def test_only_a_reference_of_the_same_device_narrows_the_gain() -> None:
    sensor = info()

    def told(gain: float, half: float, own: float, *, same: bool = True) -> float | None:
        line = against(gain, half, own, same=same)
        return narrower_gain(sensor, entry(sensor, found(), against=line))

    assert told(1.01, 0.005, 0.01) == pytest.approx(0.025)
    assert told(1.01, 0.005, 0.01, same=False) is None
    # The readings are not rescaled, so a gain that is off stays in full.
    assert told(1.08, 0.005, 0.01) is None
    # A reference that does not say how good it is narrows nothing.
    assert told(1.0, 0.005, 0.0) is None
    assert narrower_gain(sensor, entry(sensor, found(), against={"gain": 5})) is None


def test_only_the_very_same_sensor_is_known() -> None:
    sensor = info()
    mine = entry(sensor, found())
    identity = mine.identity
    assert known_of(identity, [mine]).calibration == mine
    other = replace(identity, machine="0" * 12)
    assert known_of(other, [mine]).calibration is None
    assert known_of(other, [mine]).refused is None
    for change, said in (
        ({"driver": "590"}, "driver"),
        ({"board": "abc"}, "another board"),
        ({"source": "NVML power"}, "another source"),
    ):
        known = known_of(replace(identity, **change), [mine])
        assert known.calibration is None
        assert known.refused is not None
        assert said in known.refused
        assert "2026-11-21" in known.refused


def test_sensors_are_told_what_is_known_of_them_and_simulated_ones_are_left_alone() -> None:
    measured = SimulatedSensor(info(), lambda _: 70.0)
    modelled = SimulatedSensor(info(name="acme:model", kind="estimate"), lambda _: 70.0)
    simulated = parse("watts=10,period=0.1,kind=power")
    entries = tuple(entry(s.info, found()) for s in (measured, modelled, simulated))
    before = (modelled.info, simulated.info)
    families = [Found("acme", (measured, modelled)), Found("simulated", (simulated,))]
    assert calibrated(families, Calibrations(entries)) == families
    assert measured.info.update_period_s == 0.02
    assert (modelled.info, simulated.info) == before


def test_an_entry_that_is_no_probe_changes_nothing() -> None:
    sensor = info()
    broken = replace(entry(sensor, found()), probes=({"channel": "power", "lag_s": {"x": 1}},))
    assert completed(sensor, broken) == sensor


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    yield
    assert not list(tmp_path.iterdir()), "the library keeps nothing by itself"


def test_a_load_knows_its_steady_stretches() -> None:
    load = Load("x", np.array([0, 10**9, 3 * 10**9]), np.array([0.0, 1.0, 0.0]), 4 * 10**9)
    assert load.steady(1.5) == [(1.0, 1.0, 3.0)]
    assert load.length_s == 4.0

import gc
import json
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from wattmark import EnergyMonitor
from wattmark.energy.probe import Figure, Probe
from wattmark.errors import InputError, WattmarkError
from wattmark.meter.calibrated import Boards
from wattmark.meter.discover import discover
from wattmark.meter.shapes import Constant, Ramp
from wattmark.meter.simulated import SimulatedSensor, parse
from wattmark.monitor.gauges import memory_info, temperature_c
from wattmark.monitor.result import EnergyResult, WindowResult
from wattmark.schema import Sample, SensorInfo
from wattmark.store.calibrations import Calibration, keep

QUICK = "simulated:watts=100,period=0.005"


def holds(figures: EnergyResult | WindowResult, truth_j: float, tick_j: float = 0.5) -> bool:
    """Whether the truth is there; one time in twenty a 95 % interval misses by part of a tick."""
    low, high = figures.energy_low_joules, figures.energy_high_joules
    assert low is not None
    assert high is not None
    return low - tick_j <= truth_j <= high + tick_j


def climbing(clock_origin_ns: int) -> SimulatedSensor:
    """A GPU whose power climbs from 50 to 250 W within 2 s."""
    info = SensorInfo(
        name="test:gpu", component="gpu", device="gpu0", kind="counter", source="test",
        update_period_s=0.01,
    )  # fmt: skip
    return SimulatedSensor(info, Ramp(50, 250, 2.0), origin_ns=clock_origin_ns)


def test_what_was_used_lies_in_the_interval() -> None:
    monitor = EnergyMonitor(sampling_interval=0.02, sensors=QUICK)
    monitor.start()
    time.sleep(0.3)
    result = monitor.stop()
    assert result is monitor.result
    assert result.duration_seconds >= 0.3
    assert holds(result, 100 * result.duration_seconds)
    assert result.energy_joules is not None
    assert result.avg_power_watts == result.energy_joules / result.duration_seconds
    assert result.peak_power_watts is not None
    assert result.peak_power_watts >= result.avg_power_watts * 0.9
    assert result.provenance == "simulated"
    assert result.components["cpu"].method == "counter"
    assert result.components["cpu"].counted
    assert result.components["cpu"].energy_joules == result.energy_joules
    assert result.meter_cpu_seconds > 0


def test_a_result_is_read_by_attribute_and_as_a_mapping() -> None:
    with EnergyMonitor(sensors=QUICK) as monitor, monitor.window("w"):
        pass
    result = monitor.result
    assert result is not None
    assert result["energy_joules"] == result.energy_joules
    assert {"energy_joules", "duration_seconds", "avg_power_watts"} <= set(result.keys())
    assert "energy_joules" in result
    assert "joules" not in result
    assert result.get("joules", 7) == 7
    assert dict(result)["provenance"] == "simulated"
    with pytest.raises(KeyError, match="energy_joules"):
        result["energy_joule"]
    told = json.loads(json.dumps(result.as_dict()))
    assert told["windows"]["by_name"]["w"]["count"] == 1
    assert told["windows"]["each"][0]["name"] == "w"
    assert told["sensors"][0]["component"] == "cpu"
    assert "simulated" in str(result)


def test_nested_and_overlapping_windows_are_each_read_off_the_one_curve() -> None:
    sensor = climbing(time.monotonic_ns())
    with EnergyMonitor(sampling_interval=0.01, sensors=[sensor]) as monitor:
        first, second = monitor.window("first"), monitor.window("second")
        first.__enter__()
        time.sleep(0.15)
        second.__enter__()
        with monitor.window("inner"):
            time.sleep(0.15)
        first.__exit__(None, None, None)
        time.sleep(0.15)
        second.__exit__(None, None, None)
    assert monitor.result is not None
    windows = monitor.result.windows
    assert [window.name for window in windows] == ["inner", "first", "second"]
    for window in windows:
        assert window.start_ns is not None
        assert window.end_ns is not None
        start_s, end_s = ((t - sensor._origin_ns) / 1e9 for t in (window.start_ns, window.end_ns))
        truth_j = sensor.power.energy_j(end_s) - sensor.power.energy_j(start_s)
        assert holds(window, truth_j, tick_j=1.0)
    joules = [window.energy_joules or 0.0 for window in windows]
    assert joules[0] < joules[1] < joules[2] < (monitor.result.energy_joules or 0.0)


def test_windows_of_one_name_are_summed_and_told_one_by_one() -> None:
    with EnergyMonitor(sampling_interval=0.02, sensors=QUICK) as monitor:
        for name in ("a", "b", "a"):
            with monitor.window(name):
                time.sleep(0.1)
    assert monitor.result is not None
    windows = monitor.result.windows
    assert len(windows) == 3
    assert list(windows.keys()) == ["a", "b"]
    assert "a" in windows
    both = windows["a"]
    assert both.count == 2
    each = windows.named("a")
    assert both.duration_seconds == pytest.approx(sum(one.duration_seconds for one in each))
    assert holds(both, 100 * both.duration_seconds)
    assert windows[-1].name == "a"
    assert [one.name for one in windows[:2]] == ["a", "b"]
    assert windows.get("c") is None
    with pytest.raises(KeyError, match="There is: a, b"):
        windows["c"]
    with pytest.raises(IndexError):
        windows[3]


def test_net_joules_where_idle_was_measured() -> None:
    with EnergyMonitor(sampling_interval=0.02, sensors=QUICK, idle_seconds=0.2) as monitor:
        time.sleep(0.2)
    result = monitor.result
    assert result is not None
    assert result.net_low_joules is not None
    assert result.net_high_joules is not None
    assert result.net_low_joules - 0.5 <= 0 <= result.net_high_joules + 0.5
    assert result.idle_power_watts == pytest.approx(100, rel=0.1)
    assert result.net_reason is None
    # The idle stretches are no part of what was measured: it lies between them.
    before, after = monitor._idle
    assert before.end_ns <= monitor._start_ns
    assert result.duration_seconds <= (after.start_ns - monitor._start_ns) / 1e9


def test_without_idle_there_is_no_net_but_a_reason() -> None:
    with EnergyMonitor(sensors=QUICK) as monitor:
        pass
    assert monitor.result is not None
    assert monitor.result.net_joules is None
    assert monitor.result.net_reason is not None
    assert "idle_seconds" in monitor.result.net_reason


def test_the_gpu_that_was_asked_for_counts_and_others_do_not() -> None:
    gpus = [f"simulated:watts={w},component=gpu,device=gpu{w},name=g{w}" for w in (10, 20)]
    words = [*gpus, "simulated:watts=1,name=c"]
    monitor = EnergyMonitor(gpu_id=1, sensors=words)
    assert [info.name for info in monitor.sensors] == ["simulated:g20", "simulated:c"]
    with monitor:
        time.sleep(0.3)
    assert monitor.result is not None
    assert holds(monitor.result, 21 * monitor.result.duration_seconds)
    both = EnergyMonitor(gpu_id=None, sensors=words)
    assert len(both.sensors) == 3
    with pytest.raises(InputError, match=r"no GPU 2.*0 \(.*10.*1 \(.*20"):
        EnergyMonitor(gpu_id=2, sensors=words)
    with pytest.raises(InputError, match="no GPU -1"):
        EnergyMonitor(gpu_id=-1, sensors=words)


def test_without_a_gpu_it_reads_what_there_is_and_says_what() -> None:
    monitor = EnergyMonitor(gpu_id=3, sensors=["estimate"])
    assert "cpu: estimated, CPU model" in repr(monitor)
    with monitor:
        time.sleep(0.1)
    result = monitor.result
    assert result is not None
    assert result.provenance == "estimated"
    assert result.gain_uncertainty is not None
    assert result.gain_uncertainty > 0.1
    assert set(result.components) == {"cpu", "dram"}


def test_without_any_sensor_nothing_is_measured_and_that_is_told() -> None:
    with EnergyMonitor(sensors="none") as monitor, monitor.window("w"):
        pass
    result = monitor.result
    assert result is not None
    assert result.energy_joules is None
    assert result.avg_power_watts is None
    assert result.provenance is None
    assert result.windows["w"].energy_joules is None
    assert [doubt.code for doubt in result.doubts] == ["no-sensor"]
    assert monitor.get_current_power() is None


def test_what_cannot_be_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="Unknown sensor"):
        EnergyMonitor(sensors=["raple"])
    with pytest.raises(InputError, match="idle_seconds"):
        EnergyMonitor(idle_seconds=-1)
    with pytest.raises(InputError, match="interval"):
        EnergyMonitor(sampling_interval=0, sensors=QUICK)
    monitor = EnergyMonitor(sensors=QUICK)
    with pytest.raises(WattmarkError, match=r"nothing to stop.*not running"):
        monitor.stop()
    monitor.start()
    with pytest.raises(WattmarkError, match="running already"):
        monitor.start()
    monitor.stop()
    with pytest.raises(WattmarkError, match="nothing to stop"):
        monitor.stop()
    monitor.close()
    with pytest.raises(WattmarkError, match="closed"):
        monitor.start()


def test_it_can_be_used_again_and_starts_anew() -> None:
    monitor = EnergyMonitor(sensors=QUICK)
    results = []
    for seconds in (0.2, 0.05):
        monitor.start()
        with monitor.window("w"):
            time.sleep(seconds)
        results.append(monitor.stop())
    assert [len(result.windows) for result in results] == [1, 1]
    assert holds(results[1], 100 * results[1].duration_seconds)


def test_a_result_comes_also_where_the_work_failed() -> None:
    monitor = EnergyMonitor(sensors=QUICK)
    with pytest.raises(ZeroDivisionError), monitor, monitor.window("w"):
        _ = 1 / 0
    assert monitor.result is not None
    assert len(monitor.result.windows) == 1
    assert not monitor.running


def test_power_temperature_and_memory_now() -> None:
    monitor = EnergyMonitor(sampling_interval=0.05, sensors=QUICK)
    assert monitor.get_current_power() == pytest.approx(100, rel=0.2)
    with monitor:
        assert monitor.get_current_power() == pytest.approx(100, rel=0.2)
    temperature = monitor.get_temperature()
    assert temperature is None or 0 < temperature < 150
    memory = monitor.get_memory_info()
    assert memory["memory"] == "ram"
    assert memory["device"] == "host"
    sizes = [memory[name] for name in ("used", "free", "total")]
    used, free, size = (size for size in sizes if isinstance(size, int))
    assert used + free == size > 0


def test_whoever_only_looks_does_not_fill_memory() -> None:
    gpu = "simulated:watts=10,component=gpu,device=gpu0,name=g"
    monitor = EnergyMonitor(sampling_interval=0.002, sensors=gpu)
    for _ in range(20):
        monitor.get_current_power()
        monitor.get_temperature()
    assert monitor._reader.take() == []
    with monitor:
        for _ in range(3):
            monitor.get_current_power()
    assert monitor.result is not None
    assert monitor.result.energy_joules is not None, "what is read while it runs is kept"
    monitor.close()


def test_looking_while_it_starts_takes_nothing_away() -> None:
    gpu = "simulated:watts=10,period=0.005,component=gpu,device=gpu0,name=g"
    monitor = EnergyMonitor(sampling_interval=0.02, sensors=gpu, idle_seconds=0.5)
    starting = threading.Thread(target=monitor.start)
    starting.start()
    while starting.is_alive():
        monitor.get_temperature()
        time.sleep(0.01)
    result = monitor.stop()
    assert result.net_joules is not None
    assert not [doubt for doubt in result.doubts if doubt.code == "no-samples"]


def test_a_call_that_cannot_be_measured_leaves_nothing_running() -> None:
    monitor = EnergyMonitor(sensors=QUICK)

    @monitor.measured
    def outer() -> None:
        monitor.close()
        inner()

    @monitor.measured
    def inner() -> None:
        raise AssertionError("it must not run")

    with pytest.raises(WattmarkError, match="closed"):
        outer()
    assert monitor._calls._sharing == 0
    assert not monitor.running


def test_the_gpus_gauges_go_before_the_machines() -> None:
    gpu = SensorInfo(name="g", component="gpu", device="gpu7", kind="power", source="test")
    sample = Sample("g", 0, power_w=1.0, temperature_c=61.0, memory_bytes=5)
    assert temperature_c([sample]) == 61.0
    memory = {"memory": "gpu", "device": "gpu7", "used": 5, "total": None, "free": None}
    assert memory_info([sample], [gpu]) == memory
    assert memory_info([Sample("g", 0, power_w=1.0)], [gpu])["memory"] == "ram"


def test_a_sensor_of_the_callers_own_stays_open_and_a_found_one_is_closed() -> None:
    mine = parse("watts=5,name=mine")
    monitor = EnergyMonitor(sensors=[mine, QUICK])
    found = monitor._reader.sensors[0]
    monitor.close()
    assert mine.read().fault is None
    assert found.read().fault == "the sensor is closed"


def test_a_forgotten_monitor_leaves_no_thread() -> None:
    monitor = EnergyMonitor(sensors=QUICK)
    monitor.start()
    before = {thread for thread in threading.enumerate() if thread.name == "wattmark-meter"}
    assert before
    del monitor
    gc.collect()
    after = {thread for thread in threading.enumerate() if thread.name == "wattmark-meter"}
    assert len(after) < len(before)


def test_a_late_sensor_is_waited_for() -> None:
    info = SensorInfo(
        name="test:late", component="gpu", device="gpu0", kind="counter", source="test",
        update_period_s=0.005, lag_s=0.2,
    )  # fmt: skip
    sensor = SimulatedSensor(info, Constant(100), lag_s=0.2)
    time.sleep(0.3)
    with EnergyMonitor(sampling_interval=0.02, sensors=[sensor], idle_seconds=0.3) as monitor:
        time.sleep(0.2)
    assert monitor.result is not None
    assert holds(monitor.result, 100 * monitor.result.duration_seconds)


def run_script(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "script.py"
    script.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_forked_child_is_told_and_its_parent_goes_on(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        f"""
import os
from wattmark import EnergyMonitor
from wattmark.errors import WattmarkError

monitor = EnergyMonitor(sensors={QUICK!r})
monitor.start()
child = os.fork()
if child == 0:
    acts = monitor.window("w").__enter__, monitor.stop, monitor.start, monitor.get_current_power
    for act in acts:
        try:
            act()
        except WattmarkError as reason:
            assert "forked" in str(reason), reason
        else:
            os._exit(1)
    fresh = EnergyMonitor(sensors={QUICK!r})
    with fresh:
        pass
    raise SystemExit(0 if fresh.result.energy_joules is not None else 2)
_, status = os.waitpid(child, 0)
assert status == 0, status
with monitor.window("w"):
    pass
assert len(monitor.stop().windows) == 1
print("well")
""",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "well\n", "")


def test_the_interpreter_may_end_while_it_runs(tmp_path: Path) -> None:
    text = (
        f"from wattmark import EnergyMonitor\n"
        f"monitor = EnergyMonitor(sampling_interval=0.001, sensors={QUICK!r})\nmonitor.start()\n"
    )
    done = run_script(tmp_path, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_arguments_of_the_wrong_kind_are_refused_in_words() -> None:
    wrong: Any = "fast"
    with pytest.raises(InputError, match="sampling_interval is 'fast'"):
        EnergyMonitor(sampling_interval=wrong, sensors=QUICK)
    with pytest.raises(InputError, match="idle_seconds is 'fast'"):
        EnergyMonitor(idle_seconds=wrong, sensors=QUICK)
    for strange in (3, [3]):
        with pytest.raises(InputError, match="3 is neither a name nor a sensor"):
            EnergyMonitor(sensors=cast(Any, strange))
    for gpu in ("0", -1, True, 0.0):
        with pytest.raises(InputError, match="There is no GPU"):
            EnergyMonitor(cast(Any, gpu), sensors=QUICK)
    with EnergyMonitor(sensors=QUICK) as monitor:
        with pytest.raises(InputError, match=r"1\.5 is no stamp"):
            monitor.add_window("w", cast(Any, 1.5), 2)
        with pytest.raises(InputError, match="name is a text"):
            monitor.add_window(cast(Any, 7), 1, 2)
        monitor.window("left open").__enter__()
    assert monitor.result is not None
    said = [doubt.message for doubt in monitor.result.doubts if doubt.code == "window-open"]
    assert said == ["1 window was still open at stop(): 'left open' (1)."]


def test_a_sensor_that_was_named_and_is_not_here_is_told_with_the_reason() -> None:
    absent = next((o for n in ("rapl", "nvml") if (o := discover([n])[0]).missing), None)
    if absent is None or absent.sensors:
        pytest.skip("this machine has all of them")
    with EnergyMonitor(None, sensors=[absent.family, QUICK]) as monitor:
        pass
    assert monitor.result is not None
    (doubt,) = [d for d in monitor.result.doubts if d.code == "no-sensor"]
    assert str(absent.missing) in doubt.message
    assert doubt.hint == absent.fix


def test_no_sensors_given_are_all_that_are_found() -> None:
    both = (EnergyMonitor(None, sensors=None), EnergyMonitor(None, sensors=()))
    names = [[sensor.name for sensor in monitor.sensors] for monitor in both]
    for monitor in both:
        monitor.close()
    assert names[0] == names[1]


def test_what_was_found_out_about_a_sensor_is_known_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,power_w\n", encoding="ascii")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    name = f"csvlog:{log},column=power_w,unit=W"
    with closing(EnergyMonitor(None, sensors=name)) as monitor:
        (info,) = monitor.sensors
    assert info.update_period_s is None
    probe = Probe(channel="power", update_period_s=Figure(2.0, 1.9, 2.1))
    keep(
        Calibration(
            identity=Boards().identity(info),
            probed_at="2026-11-21T03:00:00+00:00",
            probes=(probe.as_plain(),),
        )
    )
    with closing(EnergyMonitor(None, sensors=name)) as monitor:
        assert monitor.sensors[0].update_period_s == 2.0

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.meter import estimate
from wattmark.meter.cpumodel import CpuPower, cpu_power, tdp_table
from wattmark.schema import Span
from wattmark.units import BYTES_PER_GIB, s_to_ns

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
POWER = CpuPower(idle_w=2.0, w_per_busy_cpu=5.0, gain_uncertainty=0.6, source="test")


def stat(path: Path, line: str) -> None:
    path.write_text(f"cpu  {line}\ncpu0 1 1 1 1\n")


def test_busy_is_user_nice_system_irq_softirq_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "stat"
    stat(path, "1 20 300 7777777 8888888 4000 50000 9999999 1 20")
    busy_s = estimate.ProcStat(path)
    assert busy_s() == pytest.approx(54_321 * TICK_S)
    busy_s.close()
    busy_s.close()
    with pytest.raises(OSError, match="closed"):
        busy_s()


def test_energy_is_idle_power_and_busy_seconds(tmp_path: Path) -> None:
    path = tmp_path / "stat"
    stat(path, "100 0 0 0 0 0 0 0 0 0")
    sensor = estimate.CpuEstimate(POWER, estimate.ProcStat(path))
    before = sensor.read()
    stat(path, "100 0 300 0 0 0 0 0 0 0")
    after = sensor.read()
    assert before.energy_j is not None
    assert after.energy_j is not None
    idle_j = 2.0 * (after.time_ns - before.time_ns) / 1e9
    assert after.energy_j - before.energy_j == pytest.approx(5.0 * 300 * TICK_S + idle_j)
    assert sensor.info.quantum_j == pytest.approx(2 * 5.0 * TICK_S)


def test_a_machine_without_cpu_times_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  0 0 0 0 0 0 0 0 0 0\n")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        assert "counts no CPU time" in str(estimate.find(tmp_path).missing)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_times_that_vanish_or_fall_are_faults_and_the_next_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "stat"
    stat(path, "1000000 0 0 0 0 0 0 0 0 0")
    sensor = estimate.CpuEstimate(POWER, estimate.ProcStat(path))
    before = sensor.read()
    path.write_text("")
    assert "cannot be read" in str(sensor.read().fault)
    stat(path, "5000 0 0 0 0 0 0 0 0 0")
    assert "went back" in str(sensor.read().fault)
    after = sensor.read()
    assert after.fault is None
    assert after.energy_j is not None
    assert before.energy_j is not None
    assert after.energy_j > before.energy_j


@pytest.mark.parametrize("window_s", [0.05, 0.2])
def test_what_is_cut_to_whole_ticks_is_not_late_and_biases_nothing(
    tmp_path: Path, window_s: float
) -> None:
    """Idle, then 2.6 busy CPUs, as /proc/stat shows them: windows are right on average."""
    path, now_s, idle_w, busy_w = tmp_path / "stat", [0.0], 2.0, 2.6 * 5.0

    def to(t_s: float) -> None:
        now_s[0] = t_s
        work_s = max(0.0, t_s - 1.0)
        user, system = (int(cpus * work_s / TICK_S) for cpus in (2.2, 0.4))
        stat(path, f"{user} 0 {system} 0 0 0 0 0 0 0")

    to(0.0)
    busy_s = estimate.ProcStat(path)
    sensor = estimate.CpuEstimate(POWER, busy_s, lambda: s_to_ns(now_s[0]))
    # Windows begin and end on readings, as the measured region does, right when work begins too.
    spans, samples = [], []
    edges = [1.0 + k * (window_s + 0.0037) for k in range(200)]
    stamps = {round(k * 0.1, 3) for k in range(13)} | set(edges) | {e + window_s for e in edges}
    for t_s in sorted(stamps):
        to(t_s)
        samples.append(sensor.read())
    for k, edge in enumerate(edges):
        spans.append(Span("prefill", s_to_ns(edge), s_to_ns(edge + window_s), k))
    resolved = resolve(spans, [Series.from_samples(sensor.info, samples)])
    readings = [r for r in resolved.batches if r.span == "batch"]
    true_j = (idle_w + busy_w) * window_s
    assert len(readings) == 200
    values = [r.gross_j or 0.0 for r in readings]
    assert values[0] == pytest.approx(true_j, abs=sensor.info.quantum_j)
    assert sum(values) / len(values) == pytest.approx(true_j, rel=0.005)
    held = 0
    for reading in readings:
        low_j, high_j = reading.low_j or 0.0, reading.high_j or 0.0
        held += low_j - 1e-9 <= true_j <= high_j + 1e-9
        # The quantum alone, once at each edge.
        assert high_j - low_j <= 2 * sensor.info.quantum_j + 1e-9
    assert held >= 0.95 * len(readings)
    busy_s.close()


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="Linux")
def test_work_on_this_machine_costs_more_than_its_idle_time() -> None:
    found = estimate.find()
    cpu, dram = found.sensors
    first = cpu.read()
    started_s = time.process_time()
    while time.process_time() - started_s < 0.3:
        sum(range(10_000))
    last = cpu.read()
    assert first.energy_j is not None
    assert last.energy_j is not None
    wall_s = (last.time_ns - first.time_ns) / 1e9
    machine = estimate.machine()
    power = cpu_power(machine, tdp_table())
    gained_j = last.energy_j - first.energy_j
    slack_j = cpu.info.quantum_j
    # Kernels that charge whole ticks may miss some of the 0.3 s: half of it is always seen.
    assert gained_j >= power.idle_w * wall_s + 0.15 * power.w_per_busy_cpu - slack_j
    full_w = power.idle_w + power.w_per_busy_cpu * machine.logical_cpus
    assert gained_j <= full_w * wall_s + slack_j * machine.logical_cpus
    assert dram.info.component == "dram"


def test_dram_is_constant_power_of_the_installed_memory() -> None:
    now_s = [10.0]
    sensor = estimate.DramEstimate(16 * BYTES_PER_GIB, lambda: s_to_ns(now_s[0]))
    now_s[0] = 12.0
    assert sensor.read().energy_j == pytest.approx(0.25 * 16 * 2)
    low_w, high_w = (estimate.DRAM_W_PER_GIB * (1 + sign * estimate.DRAM_GAIN) for sign in (-1, 1))
    assert (low_w, high_w) == pytest.approx((0.1, 0.4))


def test_sandbox_without_cpu_times_keeps_dram_and_says_so(tmp_path: Path) -> None:
    stat(tmp_path / "stat", "0 0 0 0 0 0 0 0 0 0")
    found = estimate.find(tmp_path)
    assert [s.info.name for s in found.sensors] == ["estimate:dram"]
    assert "counts no CPU time" in str(found.missing)
    assert found.fix
    (tmp_path / "stat").unlink()
    assert "of no use" in str(estimate.find(tmp_path).missing)


def test_without_proc_psutil_serves(tmp_path: Path) -> None:
    found = estimate.find(tmp_path / "no-proc")
    assert [s.info.name for s in found.sensors] == ["estimate:cpu", "estimate:dram"]
    assert found.sensors[0].read().fault is None
    times = psutil.cpu_times()
    assert estimate.PsutilTimes()() >= times.user


def test_finding_does_not_import_codecarbon() -> None:
    # In a process of its own: other tests may have imported it here.
    code = "import sys; from wattmark.meter import estimate; estimate.find(); "
    code += "sys.exit('codecarbon' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

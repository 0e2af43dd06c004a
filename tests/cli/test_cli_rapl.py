"""RAPL through the real command line: a powercap tree of files in a mount namespace of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import QUICK

from wattmark.store.reader import open_run

ZONE = "/sys/class/powercap/intel-rapl:0"
TREE = f"""
mount -t tmpfs none /sys/class
mkdir -p {ZONE}
echo package-0 > {ZONE}/name
echo 262143328850 > {ZONE}/max_energy_range_uj
echo 1000000 > {ZONE}/energy_uj
"""
# 100 W: the counter is written anew every half millisecond, by the clock.
COUNTING = f"""
{shlex.quote(sys.executable)} - <<'END' &
import time
zone = open("{ZONE}/energy_uj", "r+")
began = time.monotonic()
while True:
    zone.seek(0)
    zone.write(f"{{int(1e6 + 1e8 * (time.monotonic() - began)):015d}}\\n")
    zone.flush()
    time.sleep(0.0005)
END
counter=$!
trap 'kill $counter' EXIT
"""
LOCKED = f"chown 1000 {ZONE}/energy_uj\nchmod 400 {ZONE}/energy_uj\n"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def unshared(script: str) -> subprocess.CompletedProcess[str]:
    words = ["unshare", "--mount", "sh", "-ec", script]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module", autouse=True)
def _namespace() -> None:
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("needs root, unshare and setpriv")
    if unshared(TREE).returncode != 0:
        pytest.skip("this system lets nobody mount in a namespace")


def words(out: Path) -> str:
    asked = ("run", "--model", "fake:prefill_s=0.4", *QUICK, "--sensor", "rapl", "--limit", "2")
    return shlex.join([sys.executable, "-m", "wattmark", *asked, "--out", str(out)])


def test_rapl_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = unshared(f"{TREE}{COUNTING}{words(out)} --replicates 2 --idle 0.3")
    assert done.returncode == 0, done.stderr
    assert "measured" in done.stdout
    for row in open_run(out).trials.to_pylist():
        assert row["energy_provenance"] == "measured"
        # The writer of the files is a process like any other: it is late when the machine is busy.
        assert row["energy_j"] == pytest.approx(100 * row["measured_s"], rel=0.1)


def test_rapl_without_permission_says_what_to_type(tmp_path: Path) -> None:
    out = tmp_path / "run"
    drop = shlex.join(WITHOUT_RIGHTS)
    done = unshared(f"{TREE}{LOCKED}{drop} {words(out)}")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "energy_uj" in done.stderr
    assert "udev" in done.stderr or "chmod" in done.stderr
    assert not out.exists()
    told = unshared(f"{TREE}{LOCKED}{drop} {shlex.quote(sys.executable)} -m wattmark doctor")
    assert told.returncode == 0
    assert "– rapl" in told.stdout, told.stdout
    assert "energy_uj" in told.stdout

"""Memory and CPU time of a process with those that it started."""

from __future__ import annotations

import subprocess
import sys

from wattmark.runner.resident import cpu_s, peak_bytes, resident_bytes, unique_bytes

HELD = 64 * 2**20


def test_what_a_child_holds_and_works_is_ours_while_it_lives() -> None:
    before = [look() or 0 for look in (resident_bytes, peak_bytes, unique_bytes)]
    worked_s = cpu_s()
    code = (
        f"import sys, time; held = b'x' * {HELD}\n"
        "while time.process_time() < 0.5: pass\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        beside = [look() or 0 for look in (resident_bytes, peak_bytes, unique_bytes)]
        assert cpu_s() - worked_s > 0.4
    assert all(late - early >= HELD for early, late in zip(before, beside, strict=True))
    assert (resident_bytes() or 0) < beside[0] - HELD // 2
    assert (unique_bytes() or 0) <= (resident_bytes() or 0) <= (peak_bytes() or 0)

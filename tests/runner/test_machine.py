"""The machine's fingerprint, and where an engine is pinned to."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from wattmark.runner import machine


def test_an_engine_gets_distinct_cpus_that_may_be_used() -> None:
    usable = os.sched_getaffinity(0)
    for threads in (1, 2, len(usable), len(usable) + 5):
        pinned = machine.worker_cpus(threads)
        assert len(set(pinned)) == len(pinned) == min(threads, len(usable))
        assert set(pinned) <= usable


def test_the_users_own_pinning_is_kept() -> None:
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, [{one}]);"
        "from wattmark.runner import machine as m;"
        "print(m.worker_threads(), m.worker_cpus(4), m.usable_cpus())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["1", f"({one},) 1\n"]


def test_the_fingerprint_tells_the_machine_and_not_its_owner() -> None:
    print_ = machine.fingerprint()
    assert print_["ram_bytes"] == psutil.virtual_memory().total
    assert print_["versions"]["torch"]
    assert not {"hostname", "user", "node", "ip"} & set(print_)


def test_a_folder_outside_of_git_has_no_commit() -> None:
    assert machine.git_commit(Path("/")) is None

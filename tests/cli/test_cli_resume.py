"""--resume: what may not have changed since, and what it says of each session."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import fake, resume, wattmark

from wattmark.models.shapes import EMBEDDED
from wattmark.runner.run import run
from wattmark.runner.suite import read_suite
from wattmark.schema import Record
from wattmark.store.reader import open_run
from wattmark.store.rundir import RunDirectory


def stored(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "run.json").read_text(encoding="utf-8")))


def change(out: Path, **machine: Any) -> None:
    """Let the run have been begun elsewhere: `machine` replaces what run.json says of it."""
    info = stored(out)
    info["machine"] |= machine
    (out / "run.json").write_text(json.dumps(info), encoding="utf-8")


@pytest.fixture(scope="module")
def half_done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which one replicate failed; copies of it are resumed."""
    out = tmp_path_factory.mktemp("resume") / "run"
    assert fake("fake,fake:fail=error", "--replicates", "1", "--limit", "2", out=out).code == 1
    return out


@pytest.fixture
def out(half_done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(half_done, tmp_path / "run"))


def refused(out: Path) -> str:
    before = {item.name: item.read_bytes() for item in out.iterdir()}
    done = resume(out)
    assert done.code == 2, done.err
    assert {item.name: item.read_bytes() for item in out.iterdir()} == before
    return " ".join(done.err.split())


@pytest.mark.parametrize("library", ["wattmark", "torch", "transformers"])
def test_another_version_is_refused(out: Path, library: str) -> None:
    versions = stored(out)["machine"]["versions"]
    here = versions[library]
    change(out, versions=versions | {library: "0.0.1"})
    assert f"{library} was 0.0.1, now {here}" in refused(out)


def test_other_threads_are_refused(out: Path) -> None:
    here = stored(out)["machine"]["threads"]
    change(out, threads=here + 3)
    assert f"engines had {here + 3} threads, now {here}" in refused(out)


@pytest.fixture
def one_cpu() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("one CPU cannot become fewer")
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("half_done", "one_cpu")
def test_fewer_cpus_are_refused(out: Path) -> None:
    if len(stored(out)["machine"]["worker_cpus"]) < 2:
        pytest.skip("the run was pinned to one CPU anyway")
    assert "now to 1" in refused(out)


def test_a_new_kernel_is_a_doubt(out: Path) -> None:
    change(out, kernel="1.2.3-old")
    assert resume(out).code == 1
    rows = {row["model"]: row for row in open_run(out).trials.to_pylist()}
    assert "kernel-changed" not in rows["fake"]["doubts"]
    assert "1.2.3-old" in rows["fake:fail=error"]["doubts"]


def test_a_run_from_before_models_were_described_goes_on(out: Path) -> None:
    info = stored(out)
    del info["models"], info["sessions"]
    (out / "run.json").write_text(json.dumps(info), encoding="utf-8")
    assert resume(out).code == 1
    assert [entry["session"] for entry in stored(out)["sessions"]] == [1]


def test_other_weights_under_the_same_name_are_refused(tmp_path: Path) -> None:
    model, out = tmp_path / "model", tmp_path / "run"
    shutil.copytree(EMBEDDED / "arithmetic", model)
    words = ["--limit", "2", "--replicates", "1", "--warmups", "0", "--idle", "0.05"]
    done = wattmark(
        *("run", "--model", str(model), *words, "--quiet-wait", "0", "--no-report"),
        *("--sensor", "simulated:watts=100", "--timeout", "0.05", "--out", str(out)),
    )
    assert done.code == 1, done.err
    (known,) = stored(out)["models"]
    assert (known["origin"], known["revision"], len(known["digest"])) == ("folder", None, 64)
    weights = model / "model.safetensors"
    good = weights.read_bytes()
    other = bytearray(good)
    other[len(other) // 2] ^= 0x01
    weights.write_bytes(other)
    assert f"the files of model '{model}' have changed" in refused(out)
    weights.write_bytes(good)
    config = model / "generation_config.json"
    config.write_text('{"num_beams": 4}')
    assert "have changed" in refused(out)


def test_the_order_goes_on_over_sessions(out: Path) -> None:
    orders = {}
    for session in range(3):
        if session:
            assert resume(out).code == 1
        rows = {row["model"]: row for row in open_run(out).trials.to_pylist()}
        row = rows["fake:fail=error"]
        orders[session] = row["run_order"]
        assert (row["session"], row["attempt"], row["block"]) == (session, session + 1, 0)
        assert rows["fake"]["session"] == 0
    assert sorted({*orders.values(), rows["fake"]["run_order"]}) == [0, 1, 2, 3]
    assert (orders[1], orders[2]) == (2, 3)


def test_sessions_are_told_apart_and_the_cost_is_that_of_all(out: Path) -> None:
    before = stored(out)
    assert resume(out).code == 1
    after = stored(out)
    first, second = after["sessions"]
    assert before["sessions"] == [first]
    assert (first["session"], second["session"]) == (0, 1)
    assert first["boot_id"] == second["boot_id"]
    assert first["boot_id"] is None or len(first["boot_id"]) == 12
    assert first["monotonic_ns"] < second["monotonic_ns"]
    trace = open_run(out).trace.to_pylist()
    assert {row["session"] for row in trace} == {0, 1}
    for row in trace:
        assert (row["time_ns"] >= second["monotonic_ns"]) == (row["session"] == 1)
    cost, earlier = after["meter_cost"], before["meter_cost"]
    for name in ("wall_s", "cpu_s", "parent_cpu_s"):
        assert cost[name] > earlier[name]
    assert cost["share_of_core"] == pytest.approx(cost["cpu_s"] / cost["wall_s"])


def test_a_damaged_trace_is_said_where_the_run_goes_on(out: Path) -> None:
    directory = RunDirectory.reopen(out)
    directory.leave()
    rows = len(open_run(out).trace)
    content = bytearray((out / "trace.arrows").read_bytes())
    content[0:64] = b"\0" * 64
    (out / "trace.arrows").write_bytes(content)
    assert resume(out).code == 1
    assert len(open_run(out).trace) > rows
    assert (out / "trace-damaged-1.arrows").read_bytes() == content
    assert "trace-damaged-1.arrows" in "".join(open_run(out).trials["doubts"].to_pylist())
    assert wattmark("show", out, "--json").code == 0


class Servers:
    """Which fork server lives when a replicate has ended: (block, pid)."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: object, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: Record) -> None:
        (server,) = psutil.Process().children()
        self.seen.append((record.block, server.pid))


def test_each_block_has_a_fork_server_of_its_own(tmp_path: Path) -> None:
    flags = {"models": "fake", "backends": "fake", "batch_sizes": "1,2", "replicates": 3}
    quick = {"limit": 2, "warmups": 0, "idle_s": 0.02, "quiet_wait_s": 0}
    sensors = {"sensors": ["simulated:watts=100"]}
    servers = Servers()
    assert run(read_suite(None, flags | quick | sensors), tmp_path / "run", servers).ok == 6
    assert [block for block, _ in servers.seen] == [0, 0, 1, 1, 2, 2]
    assert len(set(servers.seen)) == 3
    assert len({pid for _, pid in servers.seen}) == 3
    assert psutil.Process().children() == []

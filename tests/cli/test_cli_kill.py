"""kill -9 of the parent, of a worker and of the fork server, at random moments: nothing is lost."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import QUICK, SIMULATED, family, left_over, resume, start, wattmark

from wattmark.store.reader import open_run

KILLS = 8
MODELS = "fake:step_s=0.002,tokens=6,fake:prefill_s=0.03"
REPLICATES = 2
Rows = dict[tuple[str, int], dict[str, Any]]


def new_run(out: Path, replicates: int = REPLICATES) -> subprocess.Popen[str]:
    words = ["run", "--model", MODELS, "--limit", "4", "--replicates", str(replicates)]
    return start(*words, *QUICK, *SIMULATED, "--out", out)


def go_on(out: Path) -> subprocess.Popen[str]:
    return start("run", "--resume", out, "--no-report")


def finished(out: Path) -> Rows:
    """What is there: the rows of all that ended well; each has all that belongs to it."""
    if not (out / "run.json").exists():
        return {}
    run = open_run(out)
    rows = run.trials.to_pylist()
    good = {(r["trial_key"], r["replicate"]): r for r in rows if r["status"] == "ok"}
    assert len({(r["trial_key"], r["replicate"]) for r in rows}) == len(rows)
    answers: dict[tuple[str, int], int] = dict.fromkeys(good, 0)
    for query in run.queries.select(["trial_key", "replicate"]).to_pylist():
        answers[query["trial_key"], query["replicate"]] += 1
    assert set(answers.values()) <= {4}
    assert len(run.spans) > 0 or not good
    times = run.trace["time_ns"].to_pylist()
    assert times == sorted(times)
    return good


@pytest.mark.alone  # it counts on when things happen: nothing else may run meanwhile
def test_the_parent_is_killed_at_random_moments(tmp_path: Path) -> None:
    """In planning, in a trial, while it saves, while it closes; then on with --resume."""
    chance = random.Random(20)
    kills, life, shown = 0, 0, 0
    out, known = tmp_path / "run-0", Rows()
    closing = 0
    while kills < KILLS or not closing:
        run = go_on(out) if (out / "run.json").exists() else new_run(out)
        moment = chance.choice(("time", "time", "saving", "closing"))
        moment = moment if kills < KILLS else "closing"
        killed, relatives = kill_at(run, out, moment, chance)
        assert not left_over(relatives), "an orphan lives on"
        now = finished(out)
        assert known.keys() <= now.keys(), "a finished replicate was lost"
        assert all(now[key] == row for key, row in known.items()), "a finished one was changed"
        known = now
        kills += killed
        closing += killed and moment == "closing"
        if killed and kills % 4 == 0 and (out / "run.json").exists():
            shown += 1
            assert wattmark("show", out, "--json").code == 0
        if not killed:
            assert run.returncode == 0
            assert len(now) == 2 * REPLICATES
            life += 1
            out, known = tmp_path / f"run-{life}", Rows()
    assert shown
    if (out / "run.json").exists():
        assert resume(out).code == 0
    else:
        last = new_run(out)
        last.communicate(timeout=120)
        assert last.returncode == 0
    assert len(finished(out)) == 2 * REPLICATES
    assert sorted(p.name for p in out.iterdir()) == [
        *("energy.parquet", "queries.parquet", "run.json", "spans.parquet"),
        *("trace.parquet", "trials.parquet"),
    ]


def kill_at(
    run: subprocess.Popen[str], out: Path, moment: str, chance: random.Random
) -> tuple[bool, list[psutil.Process]]:
    """Kill at a moment; False where the run was over before. And who was with it."""
    began, wait_s = time.monotonic(), chance.uniform(0.1, 2.0)
    relatives: list[psutil.Process] = []
    log = out / "live.db-wal"
    saves = chance.randrange(1, 4)
    size = 0
    while run.poll() is None:
        relatives = family(run.pid) or relatives
        if moment == "time" and time.monotonic() - began > wait_s:
            break
        if moment == "saving" and log.exists() and (now := _size(log)) != size:
            size, saves = now, saves - 1
            if saves < 0:
                break
        if moment == "closing" and _closing(out):
            time.sleep(chance.choice((0.0, 0.002, 0.005, 0.01, 0.02)))
            break
        time.sleep(0.001)
    killed = run.poll() is None
    run.kill()
    run.communicate()
    return killed and run.returncode == -9, relatives


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _closing(out: Path) -> bool:
    """Parquet files are being written: those of before have another time."""
    try:
        return any(".parquet.tmp" in item.name for item in out.iterdir())
    except FileNotFoundError:
        return False


@pytest.mark.alone
def test_workers_and_the_fork_server_are_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(7)
    out = tmp_path / "run"
    replicates = 18
    run = new_run(out, replicates)
    kills = {"worker": 0, "server": 0}
    seen: set[psutil.Process] = set()
    while run.poll() is None:
        relatives = family(run.pid)
        seen.update(relatives)
        target = "server" if kills["worker"] % 4 == 3 and kills["server"] < 5 else "worker"
        if len(relatives) == 2 and kills["worker"] < KILLS:
            time.sleep(chance.uniform(0, 0.15))
            victim = relatives[0 if target == "server" else 1]
            try:
                victim.kill()
            except psutil.NoSuchProcess:
                continue
            kills[target] += 1
            if target == "server":
                kills["worker"] += 1  # which goes with its server
            left_over([victim])
        time.sleep(0.005)
    _, said = run.communicate()
    assert run.returncode == 1, said
    assert kills["worker"] >= KILLS
    assert kills["server"] >= KILLS // 4
    rows = open_run(out).trials.to_pylist()
    assert len(rows) == 2 * replicates
    bad = [row for row in rows if row["status"] != "ok"]
    assert 0 < len(bad) <= KILLS + 5
    assert {row["status"] for row in bad} == {"crashed"}
    assert all("SIGKILL" in row["error"] or "were killed" in row["error"] for row in bad)
    good = finished(out)
    assert resume(out).code == 0
    after = finished(out)
    assert len(after) == 2 * replicates
    assert all(after[key] == row for key, row in good.items())
    assert {after[row["trial_key"], row["replicate"]]["attempt"] for row in bad} == {2}
    assert not left_over(list(seen))


def test_a_worker_that_computes_dies_with_its_parent(tmp_path: Path) -> None:
    """Also where it cannot notice: its threads wait for a lock that is never given."""
    out = tmp_path / "run"
    run = start("run", "--model", "fake:fail=hang", *QUICK, *SIMULATED, "--out", out)
    relatives: list[psutil.Process] = []
    while len(relatives) < 2 and run.poll() is None:
        relatives = family(run.pid)
        time.sleep(0.01)
    relatives[1].suspend()  # it runs no instruction of its own any more
    run.kill()
    run.communicate()
    assert len(relatives) == 2
    assert not left_over(relatives)


def test_a_suspended_worker_is_taken_away_by_its_timeout(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["--timeout", "3", "--replicates", "1", "--limit", "2"]
    run = start("run", "--model", "fake:prefill_s=30", *words, *QUICK, *SIMULATED, "--out", out)
    relatives: list[psutil.Process] = []
    while len(relatives) < 2 and run.poll() is None:
        relatives = family(run.pid)
        time.sleep(0.01)
    relatives[1].suspend()
    run.communicate()
    assert run.returncode == 1
    assert [row["status"] for row in open_run(out).trials.to_pylist()] == ["timeout"]
    assert not left_over(relatives)

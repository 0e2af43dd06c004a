"""Whatever a worker does: a record with a status and a reason, the run goes on, --resume helps."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import fake, resume, wattmark

from wattmark.store.reader import open_run

# fault → (status, part of the reason)
ENDINGS = {
    "error": ("failed", "RuntimeError: a fake failure"),
    "oom": ("oom", "ran out of memory"),
    "crash": ("crashed", "exited with code 3"),
    "kill": ("crashed", "SIGKILL"),
    "segfault": ("crashed", "Segmentation fault"),
    "hang": ("timeout", "--timeout"),
}


def test_every_fault_is_a_record_and_the_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    models = ",".join(f"fake:fail={fault},fail_at=batch 1" for fault in ENDINGS)
    words = ["--replicates", "1", "--limit", "3", "--warmups", "0", "--timeout", "2.5"]
    done = fake(f"{models},fake", *words, "--memory-limit", "600MB", out=out)
    assert done.code == 1
    rows = {row["model"]: row for row in open_run(out).trials.to_pylist()}
    assert len(rows) == len(ENDINGS) + 1
    assert rows["fake"]["status"] == "ok"
    for fault, (status, reason) in ENDINGS.items():
        row = rows[f"fake:fail={fault},fail_at=batch 1"]
        assert row["status"] == status
        assert reason in row["error"]
        assert "\n" not in row["error"]
        assert row["attempt"] == 1
        assert row["energy_j"] is None
        assert row["queries"] is None or row["queries"] == 0
        assert row["error"][:60] in " ".join(done.out.split()), "the table says why"
    assert f"wattmark run --resume {out}" in done.err
    assert "6 of 7 replicates failed" in done.err
    for stage in ("crash", "hang"):
        assert "(stage: measured)" in rows[f"fake:fail={stage},fail_at=batch 1"]["error"]

    again = resume(out)
    assert again.code == 1
    later = {row["model"]: row for row in open_run(out).trials.to_pylist()}
    assert later.pop("fake") == rows["fake"]
    assert {row["attempt"] for row in later.values()} == {2}
    shown = wattmark("show", out, "--json")
    assert shown.code == 0
    statuses = [trial["statuses"] for trial in shown.json["trials"]]
    assert {"ok": 1} in statuses
    assert {"timeout": 1} in statuses


def test_a_fault_names_the_stage_that_it_struck_in(tmp_path: Path) -> None:
    out = tmp_path / "run"
    models = "fake:fail=crash,fail_at=load,fake:fail=crash,fail_at=batch 0"
    assert fake(models, "--replicates", "1", "--limit", "1", out=out).code == 1
    errors = sorted(open_run(out).trials["error"].to_pylist())
    assert ["(stage: load)" in errors[0], "(stage: warm-up)" in errors[1]] == [True, True]


def test_memory_beyond_the_limit_is_oom_and_no_crash(tmp_path: Path) -> None:
    """The embedded model does not fit into what is left: torch says so, in words of its own."""
    out = tmp_path / "run"
    done = wattmark(
        *("run", "--model", "embedded/arithmetic", "--limit", "2", "--replicates", "1"),
        *("--warmups", "0", "--idle", "0.05", "--quiet-wait", "0", "--no-report"),
        *("--sensor", "simulated:watts=100", "--memory-limit", "64MiB", "--out", str(out)),
    )
    assert done.code == 1
    row = open_run(out).trials.to_pylist()[0]
    assert row["status"] == "oom", row["error"]


@pytest.mark.parametrize("stage", ["load", "batch 0"])
def test_one_failed_replicate_of_many_trials_keeps_the_others(tmp_path: Path, stage: str) -> None:
    out = tmp_path / "run"
    done = fake(
        f"fake,fake:fail=kill,fail_at={stage}", "--replicates", "2", "--limit", "2", out=out
    )
    assert done.code == 1
    rows = open_run(out).trials.to_pylist()
    assert sorted(row["status"] for row in rows) == ["crashed", "crashed", "ok", "ok"]
    assert [row["run_order"] for row in rows] == [0, 1, 2, 3]

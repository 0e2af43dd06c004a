"""The grid as a user sees it: what cannot be, what does not fit, and a batch size that is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import QUICK, SIMULATED, Done, fake, resume, wattmark

from wattmark.store.reader import open_run

FULL = ("--quiet-wait", "0", "--idle", "0.05", "--warmups", "0", *SIMULATED)


@pytest.fixture(scope="module")
def choosy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where an engine is found that takes causal models in fp32 and nothing in bf16."""
    folder = tmp_path_factory.mktemp("choosy")
    (folder / "choosy.py").write_text(
        "from wattmark.backends.fake import FakeBackend\n"
        "class Choosy(FakeBackend):\n"
        "    def load(self, trial):\n"
        "        pass\n"
    )
    (folder / "choosy_spec.py").write_text(
        "from wattmark.backends import BackendSpec\n"
        "def refuses(config, precision, family):\n"
        "    layers = config['num_hidden_layers']\n"
        "    if precision == 'bf16' and 'ForCausalLM' in config['architectures'][0]:\n"
        "        return f'its {layers} layers on {family} have no bf16'\n"
        "SPEC = BackendSpec(name='choosy', adapter='choosy:Choosy', requires=('choosy',),\n"
        "    extra='', precisions={'cpu': ('fp32', 'bf16')}, refuses=refuses)\n"
        "ABSENT = BackendSpec(name='absent', adapter='absent:Absent', requires=('absent',),\n"
        "    extra='', precisions={'cpu': ('fp32',)})\n"
    )
    info = folder / "choosy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: choosy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[wattmark.backends]\nchoosy = choosy_spec:SPEC\nabsent = choosy_spec:ABSENT\n"
    )
    return str(folder)


def left_out(done: Done) -> dict[str, str]:
    return {item["what"]: item["why"] for item in done.json["left_out"]}


def test_what_an_engine_refuses_of_a_model_is_left_out_with_its_reason(
    choosy: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = (
        *("run", "--backend", "choosy,absent", "--precision", "fp32,bf16"),
        *("--model", "embedded/arithmetic,embedded/sentiment", "--limit", "2"),
    )
    planned = wattmark(*words, "--dry-run", "--json", PYTHONPATH=choosy)
    assert planned.code == 0, planned.err
    why = left_out(planned)
    assert why["embedded/arithmetic · choosy bf16 cpu"] == "its 4 layers on cpu have no bf16"
    assert why["absent"] == "pip install absent"
    assert len(planned.json["trials"]) == 3
    done = wattmark(
        *(*words, *FULL, "--replicates", "1", "--no-report", "--out", out), PYTHONPATH=choosy
    )
    assert done.code == 0, done.err
    run = open_run(out)
    ran = {(row["model"], row["precision"]) for row in run.trials.to_pylist()}
    assert ("embedded/arithmetic", "bf16") not in ran
    assert ("embedded/sentiment", "bf16") in ran
    assert {item["what"]: item["why"] for item in run.info["left_out"]} == why
    assert "embedded/arithmetic · choosy bf16 cpu: its 4 layers on cpu have no bf16" in done.out
    assert wattmark("report", out, PYTHONPATH=choosy).code == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "its 4 layers on cpu have no bf16" in page
    assert "pip install absent" in page


def test_an_older_name_of_a_precision_is_noted_wherever_the_run_is_shown(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ("run", "--model", "embedded/arithmetic", "--precision", "none", "--limit", "2")
    done = wattmark(*words, *FULL, "--replicates", "1", "--out", out)
    assert done.code == 0, done.err
    note = "transformers: 'none' is run as fp32"
    assert open_run(out).info["notes"] == [note]
    assert note in done.out
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "&#39;none&#39; is run as fp32" in page
    assert wattmark("show", out, "--json").json["notes"] == [note]


def large(folder: Path) -> Path:
    """A model of a few kilobytes whose window makes its cache larger than any memory here."""
    source = Path(__file__).parents[2] / "src/wattmark/models/embedded/arithmetic"
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config["max_position_embeddings"] = 2_000_000
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_what_is_foreseen_not_to_fit_is_left_out_with_what_it_needs(tmp_path: Path) -> None:
    words = ("run", "--model", large(tmp_path / "m"), "--limit", "1", "--memory-limit", "4GiB")
    long = ("--max-new-tokens", "100000")
    planned = wattmark(*words, *long, "--batch", "1,1000", "--dry-run", "--json")
    assert planned.code == 0, planned.err
    (trial,) = planned.json["trials"]
    assert "batch 1 " in trial["label"]
    memory: dict[str, Any] = trial["memory"]
    # 2 × 4 layers × 4 heads × 32 × 4 bytes a token, as its config says.
    assert memory["cache_bytes"] // 4096 in range(100_000, 100_200)
    assert memory["needed_bytes"] == sum(
        memory[name] for name in ("weights_bytes", "cache_bytes", "activations_bytes")
    )
    assert memory["margin_bytes"] == memory["free_bytes"] - memory["needed_bytes"]
    assert memory["free_bytes"] <= 4 * 2**30
    ((what, why),) = left_out(planned).items()
    assert "batch 1000" in what
    assert "needs about 3" in why
    assert "is free; --force-memory" in why
    said = wattmark(*words, *long, "--batch", "1", "--dry-run").out
    assert "free: margin" in said
    assert "cache 39" in said
    refused = wattmark(*words, *long, "--batch", "1000", "--dry-run")
    assert refused.code == 2
    assert "Nothing of this suite can be run" in refused.err
    forced = wattmark(
        *(*words, *long, "--batch", "1,1000", "--force-memory", "--dry-run", "--json")
    ).json
    assert len(forced["trials"]) == 2
    assert forced["left_out"] == []


def test_a_run_goes_on_with_the_trials_that_it_had(tmp_path: Path) -> None:
    """Memory that has become free, or scarce, since the beginning changes no plan."""
    out, model = tmp_path / "run", large(tmp_path / "m")
    words = ("--max-new-tokens", "1000", "--batch", "1,4096", "--memory-limit", "4GiB")
    begun = wattmark(
        *("run", "--model", model, "--limit", "2", "--replicates", "1", *FULL, *words),
        *("--no-report", "--out", out, "--timeout", "0.01"),
    )
    assert begun.code == 1, begun.err
    info = json.loads((out / "run.json").read_text())
    assert len(info["plan"]) == len(info["left_out"]) == 1
    info["suite"] |= {"memory_limit_bytes": 2**62, "timeout_s": 600.0, "max_new_tokens": 1000}
    (out / "run.json").write_text(json.dumps(info))
    gone_on = resume(out)
    assert "planned otherwise" not in gone_on.err
    assert gone_on.code == 0, gone_on.err
    assert len(open_run(out).trials) == 1


def test_the_batch_size_that_pays_is_found_and_measured(tmp_path: Path) -> None:
    """A fake batch takes as long whatever its size: the more queries, the faster."""
    out = tmp_path / "run"
    done = fake(
        *("fake:prefill_s=0.05,tokens=1", "--batch", "1,auto", "--limit", "6"),
        *("--replicates", "2"),
        out=out,
    )
    assert done.code == 0, done.err
    assert "batch 4 was found: there are only 6 queries" in done.out
    run = open_run(out)
    (found,) = run.info["batches_found"]
    assert found["batch_size"] == 4
    assert [size for size, _ in found["tried"]] == [1, 2, 4]
    assert run.info["planned"] == 4
    assert {trial["batch_size"] for trial in run.info["plan"]} == {1, 4}
    for row in run.trials.to_pylist():
        told = json.loads(row["facts"]).get("batch_found")
        assert (told is not None) == (row["batch_size"] == 4)
        assert told is None or [size for size, _ in told["tried"]] == [1, 2, 4]
    assert resume(out).code == 0
    assert len(open_run(out).trials) == 4


def test_memory_that_runs_out_in_the_search_ends_it(tmp_path: Path) -> None:
    """A size takes a first batch and three that count: number 6 is the second size's."""
    out = tmp_path / "run"
    model = "fake:prefill_s=0.12,tokens=1,fail=oom,fail_at=batch 6"
    done = fake(model, "--batch", "auto", "--limit", "3", "--replicates", "1", out=out)
    assert done.code == 0, done.err
    run = open_run(out)
    (found,) = run.info["batches_found"]
    assert (found["batch_size"], len(found["tried"])) == (1, 1)
    assert found["why"].startswith("batch 2: oom: The fake model ran out of memory at batch 6")
    assert [row["batch_size"] for row in run.trials.to_pylist()] == [1]
    planned = wattmark("run", "--model", "fake", *QUICK, "--batch", "auto", "--dry-run")
    assert "batch auto" in planned.out


def test_an_engine_that_never_loads_is_measured_with_one_and_fails(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ("--batch", "auto", "--limit", "4", "--replicates", "1")
    assert fake("fake:fail=crash,fail_at=load", *words, out=out).code == 1
    run = open_run(out)
    (found,) = run.info["batches_found"]
    assert (found["batch_size"], found["tried"]) == (1, [])
    assert "code 3" in found["why"]
    (row,) = run.trials.to_pylist()
    assert (row["status"], row["batch_size"]) == ("crashed", 1)


def test_cpus_that_are_asked_for_are_used_and_recorded(tmp_path: Path) -> None:
    one = max(os.sched_getaffinity(0))
    out = tmp_path / "run"
    done = fake("fake", "--cpus", str(one), "--limit", "2", "--replicates", "1", out=out)
    assert done.code == 0, done.err
    run = open_run(out)
    assert run.info["machine"]["worker_cpus"] == [one]
    assert run.info["machine"]["threads"] == 1
    (row,) = run.trials.to_pylist()
    assert json.loads(row["facts"])["cpus"] == [one]
    refused = wattmark("run", "--model", "fake", *QUICK, "--cpus", "0,9999", "--threads", "9")
    assert refused.code == 2
    assert "--cpus: CPU 9999 may not be used" in refused.err
    assert "--threads: 9 threads on 2 CPUs" in refused.err


def test_a_disturbed_replicate_is_measured_again_and_says_so(tmp_path: Path) -> None:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        words = ("--limit", "2", "--replicates", "1", "--repeat-noisy", "1", "--idle", "0.2")
        done = fake("fake:prefill_s=0.2", *words, out=tmp_path / "run")
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert done.code == 0, done.err
    run = open_run(tmp_path / "run")
    (row,) = run.trials.to_pylist()
    assert (row["status"], row["attempt"]) == ("ok", 2)
    doubts = {doubt["code"]: doubt["message"] for doubt in json.loads(row["doubts"])}
    assert doubts["noisy-repeated"].startswith("Attempt 1 ran beside ")
    assert "foreign-load" in doubts, "the last attempt stands, with its own doubt"
    assert run.info["planned"] == 1

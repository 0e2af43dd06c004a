"""Bad input: exit code 2, every mistake at once with its place and what to do, nothing run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command import QUICK, SIMULATED, Done, fake, start, wattmark
from test_cli_interrupt import ENDLESS, wait_for

from wattmark.models.shapes import EMBEDDED
from wattmark.store.reader import open_run


def refused(done: Done, out: Path, *words: str) -> None:
    """Nothing was run, nothing is left, and the message says these words."""
    assert done.code == 2, done.err
    assert done.out == ""
    for word in words:
        assert word in done.err
    assert not out.exists()


def test_every_unknown_name_is_said_at_once_with_its_flag(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "run"
    done = wattmark(
        *("run", "--model", "embedded/arithmetik", "--backend", "transformer", "--device", "gpu"),
        *("--precision", "fp61", "--task", "arithmetics", "--mode", "rga", "--sensor", "rapll"),
        *("--country", "XXX", "--batch", "1,many", "--limit", "0", "--memory-limit", "lots"),
        *("--out", out),
    )
    refused(done, out)
    lines = done.err.splitlines()

    def said(flag: str, *words: str) -> None:
        line = next(line for line in lines if line.startswith(f"  - {flag}: "))
        assert all(word in line for word in words), line

    said("--model", "embedded/arithmetic", "Did you mean")
    said("--backend", "'transformer'", "Did you mean 'transformers'?")
    said("--device", "'gpu'", "auto, cpu, cuda")
    said("--precision", "fp61", "Did you mean 'fp16'?")
    said("--task", "Did you mean 'arithmetic'?")
    said("--mode", "'rga'", "Did you mean 'rag'?")
    said("--sensor", "Did you mean 'rapl'?")
    said("--country", "'XXX'", "DEU", "--intensity")
    said("--batch", "'many'", "integer")
    said("--limit", "0", "greater than or equal to 1")
    said("--memory-limit", "'lots'", "20GiB")
    assert not out.parent.exists()


SUITE = """\
name = "a/b"
models = [["fake"]]
backends = "fake"
replicats = 3
limit = 0
seed = "x"
idle_s = nan
trust_remote_code = "yes"
sensors = "simulated:wats=3"

[options]
depth = [1]
"""


def test_every_mistake_of_a_suite_file_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SUITE)
    done = wattmark("run", "s.toml", "--warmups", "-1", cwd=tmp_path)
    refused(done, tmp_path / "runs")
    for place in (
        "line 1: name is 'a/b'",
        "line 2: models is ['fake']",
        "line 4: Unknown key 'replicats'",
        "Did you mean 'replicates'?",
        "line 5: limit is 0",
        "line 6: seed is 'x'",
        "line 7: idle_s is nan",
        "line 8: trust_remote_code is 'yes'; it must be true or false",
        "line 9: 'wats=3' is no simulated sensor",
        "line 11: options.depth must be a text",
        "--warmups: warmups is -1",
    ):
        assert place in done.err, done.err


def test_the_word_for_the_models_that_ship_is_corrected(tmp_path: Path) -> None:
    """Before a hub is asked for the study's own models and data."""
    done = wattmark("run", "smollm-squad", "--models", "embeded", cwd=tmp_path)
    refused(done, tmp_path / "runs", "no model 'embeded'", "Did you mean 'embedded'?")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("malformed.toml", b'models = ["fake"]\nlimit = \n', ["malformed.toml", "line 2"]),
        ("binary.toml", b"\xff\xfe\x00\x01", ["not UTF-8"]),
        ("demoo", None, ["Unknown suite 'demoo'", "Did you mean 'demo'?", "TOML file"]),
        ("huge.toml", b"#" * 2_000_000, ["too large"]),
        ("deep.toml", b"a = " + b"[" * 50_000, ["deep.toml"]),
        (".", None, ["not a file"]),
        ("/dev/zero", None, ["not a file"]),
    ],
)
def test_a_suite_file_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, words: list[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused(wattmark("run", name, cwd=tmp_path), tmp_path / "runs", *words)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--no-such-flag"], ["No such option: --no-such-flag"]),
        (["--replicats", "3"], ["--replicates"]),
        (["--idle", "long"], ["--idle", "valid number"]),
        (["--option", "depth"], ["--option depth", "key=value"]),
        (["--option", "a=1", "--name", "x y"], ["--name", "letters"]),
    ],
)
def test_a_flag_that_cannot_be(tmp_path: Path, flags: list[str], words: list[str]) -> None:
    refused(fake("fake", *flags, out=tmp_path / "run"), tmp_path / "run", *words)


def test_nothing_left_to_run_says_every_reason(tmp_path: Path) -> None:
    out = tmp_path / "run"
    models = "embedded/arithmetic,fake"
    words = ["--backend", "fake,transformers", "--precision", "tf32,nf4-bnb", "--device", "cpu"]
    done = wattmark("run", "--model", models, *words, "--option", "compute=fp16", "--out", out)
    reasons = ["TF32 is a mode of NVIDIA tensor cores", "fake nf4-bnb cpu", "bf16 on a CPU"]
    refused(done, out, *reasons, "wattmark list precisions")


def test_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = wattmark("run", "--model", "embedded/arithmetic", "--device", "cuda:99", "--out", out)
    refused(done, out, "cuda:99")


def test_a_combination_that_cannot_be_is_left_out_and_the_rest_runs(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ("--precision", "fp32,nf4-bnb", "--replicates", "1", "--limit", "2")
    assert fake("fake", *words, out=out).code == 0
    assert [item["what"] for item in open_run(out).info["left_out"]] == ["fake nf4-bnb cpu"]


def damaged(folder: Path, how: str) -> Path:
    shutil.copytree(EMBEDDED / "arithmetic", folder)
    weights = folder / "model.safetensors"
    if how == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif how == "corrupt":
        weights.write_bytes(b"\xff" * 8 + weights.read_bytes()[8:])
    else:
        weights.unlink()
        (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    return folder


def test_models_that_are_damaged_or_would_run_code(tmp_path: Path) -> None:
    words = {
        "empty": "no config.json",
        "truncated": "damaged",
        "corrupt": "damaged",
        "pickle": "--allow-pickle",
    }
    folders = [str(damaged(tmp_path / how, how)) for how in words]
    out = tmp_path / "run"
    done = wattmark("run", "--model", ",".join([*folders, str(tmp_path / "trunc")]), "--out", out)
    refused(done, out)
    for folder, word in zip(folders, words.values(), strict=True):
        line = next(line for line in done.err.splitlines() if f"{folder}" in line)
        assert word in line
    assert "no folder" in done.err


def test_query_files_that_cannot_be(tmp_path: Path) -> None:
    files = {
        "empty.txt": (b"", "no query"),
        "binary.txt": (b"a\nb\0c", "line 2"),
        "latin.txt": ("1 + 1\nä".encode("latin-1"), "not UTF-8: line 2"),
        "bad.jsonl": (b'{"query": "1"}\n{oops\n', "line 2"),
        "text.jsonl": (b'"only text"\n', "line 1"),
        "missing.txt": (None, "no file"),
    }
    for name, (content, _) in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    with (tmp_path / "big.txt").open("wb") as big:
        big.truncate(100_000_000)
    names = [*files, "big.txt"]
    out = tmp_path / "run"
    done = wattmark(
        *("run", "--model", "fake", "--backend", "fake", "--task", ",".join(names)),
        *("--out", out),
        cwd=tmp_path,
    )
    refused(done, out)
    for name, word in {**{n: w for n, (_, w) in files.items()}, "big.txt": "95.4 MiB"}.items():
        line = next(line for line in done.err.splitlines() if name in line)
        assert word in line


def test_an_existing_folder_is_never_overwritten_unless_it_is_a_run(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for flags in ([], ["--overwrite"]):
        done = fake("fake", *flags, out=mine)
        assert done.code == 2
        assert "holds no run" in done.err
        assert [item.name for item in mine.iterdir()] == ["thesis.txt"]

    out = tmp_path / "run"
    few = ["--replicates", "1", "--limit", "2"]
    assert fake("fake", *few, out=out).code == 0
    (out / "notes.txt").write_text("mine")
    first = open_run(out).info["created_at"]
    again = fake("fake", *few, out=out)
    assert again.code == 2
    assert all(word in again.err for word in ("--resume", "--overwrite", "--out"))
    assert open_run(out).info["created_at"] == first
    assert fake("fake", *few, "--overwrite", out=out).code == 0
    assert open_run(out).info["created_at"] > first
    assert len(open_run(out).trials) == 1
    assert (out / "notes.txt").read_text() == "mine"


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert fake("fake", "--replicates", "1", "--limit", "1", out=tmp_path / "run").code == 0


def test_resume_of_what_is_no_run_or_with_flags(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        done = wattmark("run", "--resume", folder)
        assert done.code == 2
        assert "no run directory" in done.err
    assert list(tmp_path.iterdir()) == []
    done = wattmark(
        *("run", "demo", "--resume", tmp_path, "--limit", "3", "--batch", "2"),
        *("--out", tmp_path / "x", "--overwrite"),
    )
    refused(done, tmp_path / "x", "leave out: demo, --batch, --limit, --out, --overwrite")


def test_resume_of_a_complete_run_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert fake("fake", "--replicates", "2", "--limit", "2", out=out).code == 0
    before = {item.name: item.stat().st_mtime_ns for item in out.iterdir()}
    done = wattmark("run", "--resume", out, "--no-report", "--json")
    assert done.code == 0
    assert "Nothing to do" in done.err
    assert "2 replicates" in done.err
    assert done.json["status"] == "complete"
    assert {item.name: item.stat().st_mtime_ns for item in out.iterdir()} == before


def test_resume_refuses_other_queries(tmp_path: Path) -> None:
    out, queries = tmp_path / "run", tmp_path / "queries.txt"
    queries.write_text("1 + 1\n2 + 2\n")
    models = "fake,fake:fail=crash"
    done = fake(models, "--task", queries, "--replicates", "1", out=out)
    assert done.code == 1
    queries.write_text("1 + 1\n2 + 3\n")
    before = open_run(out).trials.to_pylist()
    done = wattmark("run", "--resume", out)
    assert done.code == 2
    assert "planned otherwise" in done.err
    assert open_run(out).trials.to_pylist() == before
    assert open_run(out).info["status"] == "complete"


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/wattmark/run")):
        done = fake("fake", "--replicates", "1", out=out)
        assert done.code == 2, done.err
        assert "cannot be written" in done.err
        assert "--out" in done.err
    assert (tmp_path / "file").read_text() == "x"
    long = tmp_path / ("n" * 300)
    assert fake("fake", out=long).code == 2


def test_a_sensor_that_was_asked_for_and_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    if Path("/sys/class/powercap/intel-rapl:0").exists():
        pytest.skip("this machine has RAPL")
    out = tmp_path / "run"
    done = wattmark("run", "--model", "fake", *QUICK, "--sensor", "rapl", "--out", out)
    assert done.code == 2
    assert "--sensor: Sensor 'rapl' cannot be read: /sys/class/powercap does not" in done.err
    assert "modprobe intel_rapl_msr" in done.err
    assert not out.exists()


def test_no_sensor_is_an_answer(tmp_path: Path) -> None:
    """Without any sensor the run goes on, and energy is not measured."""
    out = tmp_path / "run"
    words = ["run", "--model", "fake", *QUICK, "--sensor", "none", "--replicates", "1"]
    done = wattmark(*words, "--limit", "2", "--out", out)
    assert done.code == 0, done.err
    run = open_run(out)
    row = run.trials.to_pylist()[0]
    assert row["status"] == "ok"
    assert all(row[name] is None for name in row if name.startswith("energy_"))
    assert row["power_mean_w"] is None
    assert row["idle_power_w"] is None
    assert len(run.trace) == 0
    assert run.info["sensors"] == []
    missing = run.info["sensors_missing"][0]
    assert missing["family"] == "none"
    assert missing["why"]
    assert missing["fix"]
    assert "–" in done.out
    shown = wattmark("show", out, "--json").json
    assert shown["trials"][0]["estimates"]["energy_per_token_j"]["value"] is None


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = start(*ENDLESS, *QUICK, *SIMULATED, "--out", out)
    try:
        wait_for(run, out, 1)
        for second in (
            fake("fake", out=out),
            fake("fake", "--overwrite", out=out),
            wattmark("run", "--resume", out),
        ):
            assert second.code == 2
            assert "Another run is writing" in second.err
        assert wattmark("show", out, "--json").code == 0
        assert run.poll() is None
    finally:
        run.kill()
        run.communicate()

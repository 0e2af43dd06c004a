"""`wattmark recommend`, as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command import wattmark
from synthetic import Knobs, make_run
from typer.testing import CliRunner

from wattmark.cli.main import app
from wattmark.errors import InputError

ESCAPE = "\x1b[31m"
WIDE: dict[str, Any] = {"queries": 16}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "demo"
    return make_run(folder, Knobs(models=("arithmetic",), queries=16))


def call(*words: str | Path) -> tuple[int, str]:
    """The command in this process: its exit code and standard output."""
    done = CliRunner().invoke(app, ["recommend", *map(str, words)])
    if isinstance(done.exception, InputError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_it_recommends_under_requirements(run: Path) -> None:
    done = wattmark(
        "recommend", run, "--require", "accuracy>=0.5", "--require", "ttft<=0.2",
        "--minimize", "energy_per_query", "--pareto", "accuracy,energy_per_query",
        "--queries", "1000000", "--tariff", "0.25 EUR",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "Recommended: arithmetic · transformers bf16 cpu · batch 8" in done.out
    assert "Second: arithmetic · transformers fp32 cpu · batch 8" in done.out
    assert "the difference is resolved: the first is 0." in done.out
    assert "(block by block)" in done.out
    assert "accuracy>=0.5: met, 87.5 %" in done.out
    assert "at batch 8" in done.out
    for word in ("1,000,000 queries", " kWh ", " EUR ", " kg ", "with the sensors' gain"):
        assert word in done.out
    assert "on the front  arithmetic · transformers bf16 cpu · batch 8" in done.out
    assert "Pareto front of accuracy, energy_per_query_j" in done.out


def test_json_says_the_same_and_adds_up(run: Path) -> None:
    code, out = call(
        run, "--json", "--queries", "1000", "--tariff", "2", "--pareto", "ttft,latency"
    )
    assert code == 0
    (found,) = json.loads(out, parse_constant=pytest.fail)["recommendations"]
    assert (found["goal"], found["metric"]) == ("minimize", "energy_per_query_j")
    by_name = {one["name"]: one for one in found["candidates"]}
    best = by_name[found["recommended"]]
    values = {name: one["objective"]["value"] for name, one in by_name.items()}
    assert min(values, key=lambda name: values[name]) == found["recommended"]
    bill = best["extrapolation"]
    assert bill["energy"]["value"] == pytest.approx(best["objective"]["value"] / 3600)
    assert bill["cost"]["value"] == pytest.approx(2 * bill["energy"]["value"])
    assert bill["cost"]["low"] < bill["energy"]["low"] * 2  # the gain is in the money alone
    assert [axis["name"] for axis in found["pareto"]["axes"]] == ["ttft_s", "latency_s"]
    assert len(found["pareto"]["members"]) == 4
    assert sum(rank["probability"] for rank in found["ranks"]) == pytest.approx(1)
    assert best["efficiency_class"]["batch_size"] == 8


def test_exit_codes_say_missed_from_not_resolved(run: Path) -> None:
    code, out = call(run, "--require", "accuracy>=90 %")
    assert (code, "Nearest:" in out) == (3, True)
    assert "accuracy>=90 %: not resolved, 87.5 %" in out
    code, out = call(run, "--require", "accuracy>=0.99")
    assert (code, "accuracy>=0.99: missed" in out) == (1, True)
    code, out = call(run, "--require", "vram_peak<=1 GiB")
    assert code == 1
    assert "not measured, – (the trial used no GPU allocator)" in out


def test_a_task_without_an_answer_does_not_hide_behind_one_with_it(tmp_path: Path) -> None:
    both = make_run(tmp_path / "both", Knobs(**WIDE))
    code, out = call(both, "--require", "ttft<=1")
    assert code == 1
    assert "Recommended: arithmetic" in out
    assert "a classifier writes no tokens" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--require", "acuracy>=1"), "Did you mean 'accuracy'"),
        (("--require", "accuracy>=1 kg"), "Unknown unit"),
        (("--minimize", "accuracy"), "Ask for --maximize accuracy"),
        (("--minimize", "ttft", "--maximize", "accuracy"), "both given"),
        (("--pareto", "accuracy"), "two or three"),
        (("--pareto", ""), "two or three"),
        (("--queries", "0"), "cannot be counted"),
        (("--queries", "nan"), "cannot be counted"),
        (("--tariff", "cheap"), "no tariff"),
    ],
)
def test_bad_input_is_told(run: Path, words: Sequence[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call(run, *words)


def test_what_is_no_run_is_bad_input(tmp_path: Path) -> None:
    done = wattmark("recommend", tmp_path / "none")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    failed = make_run(tmp_path / "failed", Knobs(replicates=1, queries=2, accuracy=0.0))
    code, out = call(failed, "--maximize", "correct_per_kj")
    assert code == 0
    assert "0 answers/kJ" in out


def test_names_from_outside_reach_no_terminal(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "nasty", Knobs(models=("arithmetic",), replicates=2, **WIDE))
    info = json.loads((folder / "run.json").read_text())
    for entry in info["plan"]:
        entry["label"] = f"{ESCAPE}{entry['label']}\n\x9b2J{'x' * 1000}"
    (folder / "run.json").write_text(json.dumps(info))
    for words in (("--pareto", "accuracy,ttft"), ("--json", "--tariff", "1 R$")):
        code, out = call(folder, *words)
        assert code == 0
        assert not set(out) & {"\x1b", "\x9b"}
        if "--json" not in words:
            assert all(len(line) < 1200 for line in out.splitlines())

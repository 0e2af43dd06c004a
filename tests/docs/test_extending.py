"""The engine, sensor, task and metric of the page: installed, run, held to what all are held to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, blocks, commands, wattmark
from test_pages import files_of

from wattmark.store.reader import open_run

PAGE = "docs/extending.md"
QUICK = [
    *("--replicates", "2", "--idle", "0.2", "--quiet-wait", "0", "--precision", "fp32,bf16"),
    "--no-report",
]
WATTS = 100
"""Of the sensor in the page's command."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's package in it, installed as a stranger's is, and its tests."""
    folder = tmp_path_factory.mktemp("extras")
    for name, text in files_of(PAGE).items():
        (folder / name).write_text(text, encoding="utf-8")
    words = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *words, folder / "site", folder],
        check=True,
        capture_output=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return folder / "site"


def test_engine_and_task_are_found_and_what_they_cost_is_known(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site))
    said = {}
    for words in commands(PAGE):
        done = wattmark([*words, *(QUICK if words[1] == "run" else ())], tmp_path)
        assert done.returncode == 0, done.stderr
        said[words[1]] = done.stdout
    assert set(said) == {"list", "run", "show"}
    assert "abacus" in said["list"]
    assert "doubles" in said["show"]
    run = open_run(tmp_path / "runs/extras")
    (left_out,) = run.info["left_out"]
    assert "beads" in left_out["why"]
    rows = run.trials.to_pylist()
    assert len(rows) == 2
    for row in rows:
        assert (row["status"], row["scored"], row["correct"]) == ("ok", 24, 24), row["error"]
        assert row["energy_low_j"] <= WATTS * row["measured_s"] <= row["energy_high_j"]
    answers = {row["query"]: row for row in run.queries.to_pylist()}
    assert all(len(row["response"]) + 1 == row["output_tokens"] for row in answers.values())


def test_they_keep_the_contracts_and_pass_their_own_tests(site: Path) -> None:
    """The commands of the page in one, and the modules that they import on the way to them."""
    shown = [block.split() for block in blocks(PAGE, "text")]
    assert all(words[0] == "pytest" for words in shown)
    tests = {word for words in shown for word in words if word.endswith(".py")}
    own = {name for name in files_of(PAGE) if name.startswith("test_")}
    assert own <= tests
    names = [words[words.index("-k") + 1] for words in shown if "-k" in words]
    assert names == ["abacus", "hwmon", "doubles"]
    files = [str(site.parent / test) if test in own else test for test in sorted(tests)]
    paths = (site, ROOT / "tests/meter", site.parent)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *files, "-k", " or ".join([*names, "tokens_per_j"])),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)),
            *("-p", "no:cacheprovider", "-p", "no:xdist", "-rs"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    said = {line.partition("abacus ")[2] for line in skipped}
    assert said == {"runs causal models alone", "loads a model as it is"}

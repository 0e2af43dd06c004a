"""Every command and every snippet of the first page and of the how-to pages is run."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
from pages import ROOT, blocks, commands, wattmark
from synthetic import Knobs, make_run
from test_pages import files_of

from wattmark.cli.main import app

MODEL, QUERIES = "docs/how-to/my-model.md", "docs/how-to/my-queries.md"
CODE, LOG, CI = "docs/how-to/my-code.md", "docs/how-to/my-power-log.md", "docs/how-to/in-ci.md"
# An engine that works sums out stands in for the model: models are run where the README is tested.
QUICK = [
    *("--backend", "fake", "--sensor", "simulated:watts=100"),
    *("--replicates", "1", "--warmups", "1", "--max-new-tokens", "4", "--idle", "0.05"),
    *("--quiet-wait", "0", "--no-report"),
]
TRUTH_J = 1800
"""Of the log in the page: 300 W for six seconds."""


def here(words: list[str], desk: Path, codes: tuple[int, ...] = (0,)) -> None:
    """A command without a process of its own; a run is planned and not made."""
    planned = ["--dry-run"] if words[1] == "run" and "--dry-run" not in words else []
    with contextlib.chdir(desk):
        done = typer.main.get_command(app).main(
            [*words[1:], *planned], prog_name="wattmark", standalone_mode=False
        )
    assert (done or 0) in codes, (words, done)


def snippet(page: str, desk: Path, which: int = 0) -> None:
    """A snippet of Python, likewise; what it prints is on standard output."""
    with contextlib.chdir(desk):
        exec(compile(blocks(page, "python")[which], page, "exec"), {"__name__": "__main__"})


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "src/wattmark/models/embedded/arithmetic", folder / "my-model")
    (folder / "my_script.py").write_text("print(sum(range(100_000)))\n", encoding="utf-8")
    (folder / "notes").mkdir()
    (folder / "notes/sums.md").write_text("The sum of 27 and 58 is 85.\n", encoding="utf-8")
    knobs = Knobs(models=("arithmetic",), batch_sizes=(1,), queries=8, replicates=3)
    for name in ("demo", "my-model"):
        make_run(folder / "runs" / name, knobs)
    for page in (QUERIES, LOG, CI):
        for name, text in files_of(page).items():
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_start(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = commands("docs/index.md")
    assert {words[1] for words in shown} == {"show", "doctor", "list"}
    for words in shown:
        here(words, desk)
    capsys.readouterr()
    snippet("docs/index.md", desk)
    assert "accuracy" in capsys.readouterr().out
    made = re.findall(r"^make (\w+)", "\n".join(blocks("docs/index.md", "sh")), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert made == ["demo"]
    assert "\ndemo:" in makefile


def test_my_model(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = commands(MODEL)
    assert {words[1] for words in shown} == {"run", "show", "report", "recommend"}
    for words in shown:
        # Whether anything is resolved to meet what is required is another matter.
        here(words, desk, (0, 1, 3) if words[1] == "recommend" else (0,))
        said = capsys.readouterr().out
        if words[1] == "run":
            assert " trial" in said
            assert "Nothing was run" in said
    assert (desk / "runs/my-model/report.html").stat().st_size > 100_000


def test_my_queries(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = commands(QUERIES)
    done = wattmark(["fake" if word == "./my-model" else word for word in [*first, *QUICK]], desk)
    assert done.returncode == 0, done.stderr
    shutil.copytree(desk / "runs/my-queries", desk / "runs/briefly")
    assert {words[1] for words in others} == {"run", "show", "rescore", "compare", "score"}
    said = {}
    for words in others:
        here(words, desk)
        said[words[1]] = capsys.readouterr().out
    assert "0 of 3 answers judged otherwise" in said["rescore"]
    assert "402" in said["score"]
    snippet(QUERIES, desk)
    assert "27 + 58" in capsys.readouterr().out


def test_my_code(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure, compare = commands(CODE)
    done = wattmark([*measure[:2], "--idle", "0.1", *measure[2:]], desk)
    assert done.returncode == 0, done.stderr
    assert "energy" in done.stderr
    snippet(CODE, desk)
    assert "count 5 " in capsys.readouterr().out
    snippet(CODE, desk, 1)
    here(compare, desk)
    assert "duration_s" in capsys.readouterr().out


def test_my_power_log(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snippet(LOG, desk)
    table, plain = commands(LOG)
    here(table, desk)
    assert "answer" in capsys.readouterr().out
    here(plain, desk)
    (phase,) = json.loads(capsys.readouterr().out)["phases"]
    assert phase["total_j"] == pytest.approx(TRUTH_J, rel=0.02)
    assert phase["low_j"] <= TRUTH_J <= phase["high_j"]
    assert phase["joules_per_token"] == pytest.approx(3, rel=0.02)


def test_in_ci(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (compare,) = commands(CI)
    here(compare, desk, (1,))
    said = capsys.readouterr().out
    assert "regression" in said
    assert "pass" in said
    (workflow,) = blocks(CI, "yaml")
    assert workflow == (ROOT / "docs/examples/energy-gate.yml").read_text(encoding="utf-8")
    (suite,) = blocks(CI, "toml")
    (desk / "energy.toml").write_text(suite, encoding="utf-8")
    here(["wattmark", "run", "energy.toml", "--no-timing"], desk)


def test_every_step_of_the_workflow_is_a_shell_that_reads(tmp_path: Path) -> None:
    """No runner is at hand: the shell reads each step, and the flags are run elsewhere."""
    text = (ROOT / "docs/examples/energy-gate.yml").read_text(encoding="utf-8")
    steps = re.findall(r"run: \|\n((?: {10}.*\n|\n)+)", text)
    assert len(steps) == 3
    for number, step in enumerate(steps):
        (script := tmp_path / f"{number}.sh").write_text(step, encoding="utf-8")
        read = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stderr

"""Every command and every snippet that the README shows is run as it stands."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wattmark.runner.suite import SuiteFile

ROOT = Path(__file__).parents[2]
QUICK = ["--replicates", "1", "--idle", "0.05", "--quiet-wait", "0", "--max-new-tokens", "4"]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(page: str) -> list[list[str]]:
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if words and words[0] == "wattmark"]


def wattmark(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "src/wattmark/models/embedded/arithmetic", folder / "my-model")
    (folder / "queries.txt").write_text("27 + 58 =\n184 + 219 =\n", encoding="utf-8")
    return folder


def test_the_commands_of_the_readme_run(desk: Path) -> None:
    shown = commands("README.md")
    assert [words[1] for words in shown] == ["run", "show", "report"]
    for words in shown:
        if words[1] == "run":
            words = [*words, *QUICK, "--out", "runs/NAME"]  # noqa: PLW2901 - the same, but quick
        done = wattmark(words, desk)
        assert done.returncode == 0, done.stderr
    assert (desk / "runs/NAME/report.html").stat().st_size > 100_000
    assert list((desk / "runs/NAME/charts").glob("*.png"))


def test_the_python_of_the_readme_runs(desk: Path) -> None:
    task = '{"query": "27 + 58 =", "answer": "85"}\n'
    (desk / "scored.jsonl").write_text(task, encoding="utf-8")
    words = ["wattmark", "run", "--model", "./my-model", "--task", "scored.jsonl"]
    done = wattmark([*words, "--out", "runs/demo", "--no-report", *QUICK], desk)
    assert done.returncode == 0, done.stderr
    for block in blocks("README.md", "python"):
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=desk, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "fp32" in done.stdout


def test_the_suite_of_the_docs_is_valid(desk: Path) -> None:
    for block in blocks("docs/suites.md", "toml"):
        (desk / "suite.toml").write_text(block, encoding="utf-8")
        done = wattmark(["wattmark", "run", "suite.toml", "--dry-run"], desk)
        assert done.returncode == 0, done.stderr
        assert "8 trials × 5 replicates" in done.stdout


def test_every_key_of_a_suite_is_in_the_docs() -> None:
    page = (ROOT / "docs/suites.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    assert told == set(SuiteFile.model_fields)


def test_the_page_of_the_command_line_is_what_the_program_prints() -> None:
    words = [sys.executable, str(ROOT / "tools/write_cli_page.py"), "--check"]
    assert subprocess.run(words, check=False).returncode == 0, "run: make docs"

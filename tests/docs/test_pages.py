"""Every command and every snippet that the pages show is run as it stands."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pages import ROOT, blocks, commands, python, wattmark
from synthetic import Knobs, make_run

from wattmark.monitor.disturbed import STRETCHES
from wattmark.runner.suite import SuiteFile

README = "README.md"
INSTRUMENT = "docs/instrument.md"
QUICK = [
    *("--replicates", "1", "--idle", "0.05", "--quiet-wait", "0"),
    *("--limit", "8", "--max-new-tokens", "4"),
]
# A plug that stands elsewhere, in the page.
ADDRESS = re.compile(r"http://192\.168\.1\.7(:\d+)?")
# What the log in the page was made of, joules; the page says so.
TRUTH_J = {
    ("prefill", "gpu0"): 800,
    ("decode", "gpu0"): 1000,
    ("prefill", "wall"): 1070,
    ("decode", "wall"): 1484,
}


def quick(words: list[str]) -> list[str]:
    """The same command, but quick: what is added at the end wins."""
    at = words.index("--") if "--" in words else len(words)
    more = {
        "run": [*QUICK, "--out", "runs/NAME"],
        "watch": ["--seconds", "1", "--interval", "0.2"],
        "calibrate": ["--dry-run"],
        # A meter elsewhere tells of a moment only later, and needs the idle that is shown.
        "measure": [] if "--idle" in words else ["--idle", "0.1"],
    }.get(words[1], [])
    if "--prometheus" in words:
        more = [*more, "--prometheus", "0"]
    return [*words[:at], *more, *words[at:]]


def other_run(words: list[str], out: str) -> list[str]:
    """A page's later run: without a page of its own, and by a fake engine where a model is asked.

    The model of the page has run by then, and one that ships will: here it is asked otherwise.
    """
    named = {"runs/NAME": out, "./my-model": "fake"}
    engine = ["--backend", "fake"] if "./my-model" in words else []
    return [*(named.get(word, word) for word in words), *engine, "--no-report"]


def files_of(page: str) -> dict[str, str]:
    """The files that a page shows: a name in backquotes on its own, and the block after it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "src/wattmark/models/embedded/arithmetic", folder / "my-model")
    (folder / "queries.txt").write_text("27 + 58 =\n184 + 219 =\n", encoding="utf-8")
    (folder / "my_script.py").write_text("print(sum(range(100_000)))\n", encoding="utf-8")
    (folder / "squad").mkdir()
    sample = ROOT / "src/wattmark/tasks/data/squad-sample-v1.1.json"
    shutil.copy(sample, folder / "squad/dev-v1.1.json")
    (folder / "notes").mkdir()
    (folder / "notes/sums.md").write_text("The sum of 27 and 58 is 85.\n", encoding="utf-8")
    (folder / "questions.jsonl").write_text(
        '{"query": "27 + 58 =", "answer": "85"}\n', encoding="utf-8"
    )
    (folder / "answers.jsonl").write_text(
        '{"expected": "85", "response": "27 + 58 = 85"}\n', encoding="utf-8"
    )
    for name, text in files_of(INSTRUMENT).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class _Meter(BaseHTTPRequestHandler):
    """What a smart plug tells, and what a Prometheus server does."""

    def do_GET(self) -> None:
        now = time.time()
        value = now if "timestamp" in self.path else 123.5
        result = [{"metric": {}, "value": [now, str(value)]}]
        page = {
            "meters": [{"power": 42.5}],
            "status": "success",
            "data": {"resultType": "vector", "result": result},
        }
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def elsewhere(desk: Path) -> Iterator[str]:
    """The address of a meter, while a logger appends to meter.csv."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Meter)
    over = threading.Event()
    (desk / "meter.csv").write_text("time,power_w\n", encoding="utf-8")

    def log() -> None:
        while not over.wait(0.2):
            with (desk / "meter.csv").open("a", encoding="utf-8") as lines:
                print(f"{time.time():.3f},200", file=lines)

    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=log)]
    for thread in threads:
        thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    for thread in threads:
        thread.join()
    server.server_close()


def test_the_commands_of_the_readme_run(desk: Path) -> None:
    shown = commands(README)
    assert {words[1] for words in shown} == {
        *("run", "show", "report", "list", "score", "rescore"),
        *("measure", "integrate", "watch", "calibrate", "compare", "recommend", "export"),
    }
    # What one replicate resolves, and a model of four tokens is worth, is another matter.
    fine = {"compare": (0, 3), "recommend": (0, 1, 3)}
    for place, words in enumerate(shown):
        asked = quick(words)
        for folder in (word for word in words if word in ("runs/before", "runs/after")):
            shutil.copytree(desk / "runs/NAME", desk / folder)
        if words[1] == "run" and (desk / "runs/NAME").exists():
            asked = other_run(asked, f"runs/{place}")
        done = wattmark(asked, desk)
        assert done.returncode in fine.get(words[1], (0,)), done.stderr
    assert (desk / "runs/NAME/report.html").stat().st_size > 100_000
    assert list((desk / "runs/NAME/charts").glob("*.png"))


def test_the_python_of_the_readme_runs(desk: Path) -> None:
    make_run(desk / "runs/demo", Knobs(models=("arithmetic",), queries=6, replicates=2))
    said = _said_by_python(README, desk)
    assert len(said) == 2
    assert "fp32" in said[1]


def test_the_commands_and_the_python_of_the_instrument_run(desk: Path, elsewhere: str) -> None:
    said = _said_by_python(INSTRUMENT, desk)
    assert "sum 1 " in said[1]
    assert len(json.loads(said[2].splitlines()[-1])) == 2
    shown = commands(INSTRUMENT)
    assert {words[1] for words in shown} == {"measure", "integrate", "watch", "calibrate"}
    # They mostly wait: for idle, for meters, for a second of watching.
    with ThreadPoolExecutor(4) as several:
        asked = (quick([ADDRESS.sub(elsewhere, word) for word in words]) for words in shown)
        ran = list(several.map(lambda words: wattmark(words, desk), asked))
    for words, done in zip(shown, ran, strict=True):
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr}"
        assert "sensor-fault" not in done.stdout + done.stderr, done.stderr
    figures = json.loads((desk / "cost.json").read_text(encoding="utf-8"))
    assert figures["command"] == ["sleep", "1"]


def test_the_tables_of_the_instrument_are_what_the_program_prints(desk: Path) -> None:
    """Every phase's row but its interval, which the joules that are known must lie in."""
    _said_by_python(INSTRUMENT, desk, only="short.csv")
    joins = [words for words in commands(INSTRUMENT) if words[1] == "integrate"]
    tables = blocks(INSTRUMENT, "text")
    assert len(joins) == len(tables) == 2
    for words, table in zip(joins, tables, strict=True):
        printed = [_figures(line) for line in wattmark(words, desk).stdout.splitlines()]
        shown = [_figures(line) for line in table.splitlines() if line[:1].isalpha()]
        assert shown == [row for row in printed if row in shown]
        phases = json.loads(wattmark([*words, "--json"], desk).stdout)["phases"]
        truth_j = TRUTH_J if len(phases) == 4 else {("prefill", "gpu0"): 2160}
        for phase in phases:
            known_j = truth_j.get((phase["name"], phase["sensor"]), 7200)
            gain = 1 + 1e-3  # the log is rounded to a joule
            assert phase["low_j"] / gain <= known_j <= phase["high_j"] * gain


def _figures(line: str) -> tuple[str, ...]:
    """A row of a table without its interval."""
    return tuple(re.sub(r"± <?[\d.]+ %|\([\d.–]+\)", "", line).split())


def _said_by_python(page: str, desk: Path, only: str = "") -> list[str]:
    return [python(block, desk) for block in blocks(page, "python") if only in block]


def test_the_page_of_results_in_python_runs_from_top_to_bottom(tmp_path: Path) -> None:
    for name, seed in (("demo", 7), ("before", 7), ("after", 8)):
        knobs = Knobs(models=("arithmetic",), batch_sizes=(1,), queries=6, replicates=3, seed=seed)
        make_run(tmp_path / "runs" / name, knobs)
    said = python("\n".join(blocks("docs/python.md", "python")), tmp_path)
    assert "Did you mean 'energy_per_query_j'?" in said
    assert "energy per query" in (tmp_path / "energy.html").read_text(encoding="utf-8")


def test_every_code_of_a_warning_is_in_the_docs() -> None:
    page = (ROOT / "docs/warnings.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert len(told) == len(set(told))
    assert set(told) == _codes()


# Where a code is the variable of a loop over codes that stand elsewhere.
HANDED_ON = {"energy/doubts.py", "monitor/disturbed.py", "runner/watch.py"}


def _codes() -> set[str]:
    """The codes of all doubts, and of the events that become doubts, in the source."""
    codes = {code for code, _, _ in STRETCHES.values()}
    source = ROOT / "src/wattmark"
    for path in source.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in {"Doubt", "Events"} or not node.args:
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant):
                codes.add(str(code.value))
            elif isinstance(code, ast.Name) and code.id in constants:
                codes.add(str(constants[code.id]))
            else:
                assert str(path.relative_to(source)) in HANDED_ON, f"{path}:{node.lineno}"
    return codes


def test_the_links_of_the_pages_lead_somewhere() -> None:
    pages = [ROOT / README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            if target.startswith("http"):
                continue
            file = (page.parent / target) if target else page
            assert file.exists(), f"{page.name}: {link}"
            if anchor:
                assert anchor in _anchors(file), f"{page.name}: {link}"


def _anchors(page: Path) -> set[str]:
    """The names of a page's headings as they stand in links."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_suite_of_the_docs_is_valid(desk: Path) -> None:
    for block in blocks("docs/suites.md", "toml"):
        (desk / "suite.toml").write_text(block, encoding="utf-8")
        done = wattmark(["wattmark", "run", "suite.toml", "--dry-run", "--no-timing"], desk)
        assert done.returncode == 0, done.stderr
        assert "8 trials × 5 replicates" in done.stdout


def test_every_key_of_a_suite_is_in_the_docs() -> None:
    page = (ROOT / "docs/suites.md").read_text(encoding="utf-8")
    keys = page.partition("\n## ")[0]
    told = set(re.findall(r"^\| `(\w+)`", keys, re.MULTILINE))
    assert told == set(SuiteFile.model_fields)


def test_the_page_of_the_command_line_is_what_the_program_prints() -> None:
    words = [sys.executable, str(ROOT / "tools/write_cli_page.py"), "--check"]
    assert subprocess.run(words, check=False).returncode == 0, "run: make docs"

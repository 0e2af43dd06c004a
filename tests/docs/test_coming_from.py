"""The page for those who come from another tool: what it shows runs, and what it names exists.

Studies are planned and not run here: what is shown is that their flags are understood.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped] # PyYAML ships no types
from pages import ROOT, blocks, commands, here, python
from synthetic import Knobs, make_run

from wattmark import EnergyMonitor, EnergyResult, WindowResult, __version__
from wattmark.analysis.metrics import METRICS
from wattmark.backends.transformers_limits import OPTIONS
from wattmark.cli.main import app
from wattmark.exchange import h200_energy, local_llm, precision_ela, smollm_squad
from wattmark.store.columns import TABLES

PAGE = "docs/coming-from.md"
DATA = ROOT / "tests/exchange/data"
RESULTS = (ROOT / "benchmarks/results/peers/2-cpus-x86_64.md").read_text(encoding="utf-8")
STUDIES = ("slm-green", "smollm-squad", "local-llm", "precision-ela", "h200-energy")
# Where the results have what the page's columns say: errors of the three, and the intervals.
PLACES = (0, 3, 4, 6, 8)
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")
OURS = "https://github.com/wattmark/wattmark/blob/main/"


def section(title: str) -> str:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of all tables, heads and rules left out."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    rules = [place for place, cells in enumerate(lines) if set("".join(cells)) <= set(" -:")]
    heads = {*rules, *(place - 1 for place in rules)}
    return [[cell.strip() for cell in line] for n, line in enumerate(lines) if n not in heads]


def spans(cells: list[str]) -> list[str]:
    """What stands in backquotes."""
    return [span for cell in cells for span in re.findall(r"`([^`]+)`", cell)]


def sides(title: str) -> tuple[list[str], list[str]]:
    """What is named there, and here, in a section's tables."""
    table = rows(section(title))
    assert all(len(row) == 2 for row in table)
    return spans([row[0] for row in table]), spans([row[1] for row in table])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coming")
    shutil.copy(DATA / "emissions.csv", folder)
    for name in ("benchmark_report.json", "benchmark_config.json"):
        shutil.copy(DATA / "optimum-arithmetic" / name, folder)
    (folder / "prompts.txt").write_text("27 + 58 =\n184 + 219 =\n", encoding="utf-8")
    (folder / "prompts_baseline.json").write_text('["O que é um joule?"]', encoding="utf-8")
    (folder / "qa_math_eval.json").write_text('[{"q": "27 + 58?", "a": "85"}]', encoding="utf-8")
    knobs = Knobs(models=("arithmetic",), batch_sizes=(1,), queries=4, replicates=2)
    make_run(folder / "runs/NAME", knobs)
    return folder


def test_the_python_runs(tmp_path: Path) -> None:
    of_codecarbon, of_zeus = (python(block, tmp_path) for block in blocks(PAGE, "python"))
    first, load, work, grams = of_codecarbon.splitlines()
    assert re.search(r"\d m?J\b", first)
    assert (load.split()[0], work.split()[0]) == ("load", "work")
    assert float(grams.removesuffix(" g CO2e")) > 0
    epochs, *each = of_zeus.splitlines()
    assert epochs.split()[0] == "3"
    assert len([line for line in each if "{" in line]) == 3


def test_the_commands_run(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = commands(PAGE)
    assert {words[1] for words in shown} == {"run", "export", "import", "show"}
    for words in shown:
        more = ["--dry-run", "--no-timing"] if words[1] == "run" else []
        assert here([*words, *more], desk) == 0, words
        said = capsys.readouterr().out
        assert {"run": "replicates", "show": "J"}.get(words[1], "runs/") in said, words
    for study in STUDIES:
        named = [span for span in sides(study)[0] if re.search(r"[*>\w]\.(csv|json)$", span)]
        for name in set(named) - {"prompts_baseline.json", "qa_math_eval.json"}:
            pattern = name.replace("<model>", "*")
            assert list((desk / "runs/NAME/exports").glob(pattern)), name


def flags() -> set[str]:
    """All flags of the command line, those with it that the help does not show."""
    group: Any = typer.main.get_command(app)
    params = (param for command in group.commands.values() for param in command.params)
    return {flag for param in params for flag in (*param.opts, *param.secondary_opts)}


def test_every_flag_is_understood() -> None:
    titles = ("CodeCarbon", "Zeus", "optimum-benchmark", *STUDIES)
    named = [span for title in titles for span in sides(title)[1]]
    named += [span for title in STUDIES for span in sides(title)[0]]
    told = {flag for span in named for flag in FLAG.findall(span)}
    assert len(told) > 40
    assert told <= flags()
    options = re.findall(r"--option (\w+)=", " ".join(named))
    assert options
    assert set(options) <= set(OPTIONS)


def _members(names: list[str], owner: str) -> set[str]:
    return {found for name in names for found in re.findall(rf"\b{owner}\.(\w+)", name)}


def test_every_name_of_ours_exists() -> None:
    here = [span for title in ("CodeCarbon", "Zeus", "h200-energy") for span in sides(title)[1]]
    with_monitor = _members(here, "monitor")
    assert len(with_monitor) > 6
    monitor = EnergyMonitor(sensors="simulated:watts=100")
    assert [name for name in with_monitor if not hasattr(monitor, name)] == []
    monitor.close()
    figures = {one.name for one in fields(EnergyResult)} | {"as_dict"}
    assert _members(here, "result") <= figures
    assert _members(here, "window") <= {one.name for one in fields(WindowResult)}


def test_every_column_of_ours_exists() -> None:
    known = {column.name for table in TABLES.values() for column in table} | set(METRICS)
    for schema in (smollm_squad.METRICS, precision_ela.RUNS, local_llm.METRICS, h200_energy.RUNS):
        known |= set(schema.names)
    named = [
        span for title in ("CodeCarbon", "optimum-benchmark", *STUDIES) for span in sides(title)[1]
    ]
    columns = {span for span in named if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", span)}
    assert len(columns) > 12
    assert columns - known - {"max_ram_mb"} == set()


def test_what_codecarbon_calls_things_exists(tmp_path: Path) -> None:
    there = sides("CodeCarbon")[0]
    said = python(
        "import inspect, json\n"
        "from codecarbon import OutputMethod\n"
        "from codecarbon import emissions_tracker as its\n"
        "kinds = (its.EmissionsTracker, its.OfflineEmissionsTracker, its.track_task_emissions)\n"
        "words = [name for kind in kinds for name in inspect.signature(kind).parameters]\n"
        "kinds = [list(OutputMethod.__members__), dir(its.EmissionsTracker), words, dir(its)]\n"
        "print(json.dumps(kinds))",
        tmp_path,
    )
    methods, members, parameters, names = json.loads(said)
    assert _members(there, "OutputMethod") <= set(methods)
    assert _members(there, "tracker") <= set(members)
    calls = [span for span in there if not span.startswith("codecarbon")]
    assert {word for span in calls for word in re.findall(r"(\w+)=", span)} <= set(parameters)
    assert {word for span in calls for word in re.findall(r"\b[A-Z]\w+Tracker\b", span)} <= set(
        names
    )
    with (DATA / "emissions.csv").open(newline="", encoding="utf-8") as lines:
        header = next(csv.reader(lines))
    table = rows(section("CodeCarbon").partition("column of")[2])
    assert len(table) > 6
    assert set(spans([row[0] for row in table])) <= set(header)


def _told(config: Any, keys: list[str]) -> bool:
    """Whether a configuration has a key, or a table at its place that takes any."""
    for key in keys:
        if config == {}:
            return True
        if key not in config:
            return False
        config = config[key]
    return True


def test_what_optimum_benchmark_calls_things_exists() -> None:
    folder = DATA / "optimum-arithmetic"
    config = json.loads((folder / "benchmark_config.json").read_text(encoding="utf-8"))
    report = json.loads((folder / "benchmark_report.json").read_text(encoding="utf-8"))
    settings, _, keys = section("optimum-benchmark").partition("key of `benchmark_report.json`")
    named = [span.partition("=")[0] for span in spans([row[0] for row in rows(settings)])]
    asked = [name for name in named if name.split(".")[0] in ("backend", "scenario", "launcher")]
    assert len(asked) > 15
    assert [name for name in asked if not _told(config, name.split("."))] == []
    phases = spans([row[0] for row in rows(keys)])
    assert len(phases) > 8
    assert [name for name in phases if not _told(report, name.split("."))] == []


def test_the_figures_are_those_that_were_measured() -> None:
    measured = {row[0]: row for row in rows(RESULTS.partition("\n### One window")[0])}
    text = section("Side by side")
    for row in rows(text):
        assert row == [measured[row[0]][place] for place in PLACES]
    told = re.findall(r"\d+\.\d\d", text)
    assert len(told) > 30
    assert [figure for figure in told if figure not in RESULTS] == []


def _plain(page: str) -> str:
    """Without the addresses of links, in one line."""
    text = re.sub(r"\]\([^)]*\)", "", (ROOT / page).read_text(encoding="utf-8"))
    return " ".join(text.replace("[", "").split())


def test_the_versions_are_those_that_were_measured() -> None:
    source = (ROOT / "benchmarks/optimum.py").read_text(encoding="utf-8")
    optimum = re.findall(r'^RELEASE = "(.+)"', source, re.MULTILINE)
    versions = [*re.findall(r"(?:CodeCarbon|Zeus) [\d.]+\d", RESULTS.partition("##")[0])]
    versions.append(f"optimum-benchmark {optimum[0]}")
    assert len(versions) == 3
    for page in (PAGE, "README.md"):
        assert [version for version in versions if version not in _plain(page)] == []


def test_links_into_the_repository_lead_somewhere() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    links = re.findall(rf"\({OURS}([^)#]+)(?:#([^)]+))?\)", text)
    assert links
    for path, anchor in links:
        assert (ROOT / path).exists(), path
        if anchor:
            assert f"\n## {anchor.replace('-', ' ').capitalize()}\n" in (ROOT / path).read_text(
                encoding="utf-8"
            )


def _versions() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["license"] == project["license"]
    yield project["version"]
    yield cited["version"]
    (entry,) = blocks("README.md", "bibtex")
    yield from re.findall(r"version = \{(.+)\}", entry)


def test_what_is_cited_is_this_version() -> None:
    assert list(_versions()) == [__version__] * 3


def test_the_figures_beside_optimum_benchmark_are_those_that_were_measured() -> None:
    kept = ROOT / "benchmarks/results/2-cpus-x86_64/bench.json"
    figures = json.loads(kept.read_text(encoding="utf-8"))["figures"]
    names = ("decode tokens/s ÷ theirs", "CPU s ÷ theirs", "start to result ÷ theirs")
    notes = " ".join(figures[name]["note"] for name in names)
    told = section("optimum-benchmark").partition("Its launcher")[2].partition("\n- ")[0]
    numbers = re.findall(r"\d+(?:\.\d+)+|\d{3}", told)
    assert len(numbers) == 8
    assert [number for number in numbers if number not in notes] == []

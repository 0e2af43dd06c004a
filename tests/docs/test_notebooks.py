"""Every notebook is stored without outputs, and runs from top to bottom in an empty folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from base64 import b64decode
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

import wattmark

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
RUNS = ("compare_models", "energy_efficiency_benchmark")
"""Those that load what `wattmark run` wrote."""
MOST_CELLS = 15
PUBLIC = {"wattmark", "wattmark.monitor.integrate"}
"""What docs/python.md and docs/instrument.md tell of."""
TABLE, CHART = "table", "chart"

# Warnings in a notebook are errors, as in every other test; but not that by which the kernel warns
# itself, as it ends, that its own `do_shutdown` is no coroutine.
STRICT = """import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", ".*do_shutdown", PendingDeprecationWarning, "ipykernel")"""


@dataclass(frozen=True)
class Ran:
    """A notebook that was executed: its cells by id, and the folder that it ran in."""

    cells: dict[str, Any]
    folder: Path

    def told(self, cell: str, kind: str = "text/html") -> str:
        """What a cell shows, of one kind."""
        outputs = self.cells[cell]["outputs"]
        return "\n".join(one["data"][kind] for one in outputs if kind in one.get("data", {}))


def notebook_of(path: Path) -> Any:
    """As Jupyter reads it."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call] # typed in part


def cells_of(path: Path, kind: str) -> list[dict[str, Any]]:
    stored = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in stored["cells"] if cell["cell_type"] == kind]


def test_the_notebooks_are_there() -> None:
    assert set(NOTEBOOKS) == {
        *("compare_models", "energy_efficiency_benchmark", "measure_your_own_code")
    }


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_stored_without_outputs(name: str) -> None:
    nbformat.validate(notebook_of(NOTEBOOKS[name]))
    stored = json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))
    assert len(stored["cells"]) <= MOST_CELLS
    assert set(stored["metadata"]) == {"kernelspec", "language_info"}
    assert stored["metadata"]["kernelspec"]["name"] == "python3"
    for cell in cells_of(NOTEBOOKS[name], "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert set(cell["metadata"]) <= {"tags"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_says_what_to_conclude_and_stays_in_its_folder(name: str) -> None:
    words = "".join("".join(cell["source"]) for cell in cells_of(NOTEBOOKS[name], "markdown"))
    assert words.lower().count("wrong to") >= 3
    for link in re.findall(r"\]\(([^)\s]+)\)", words):
        assert (NOTEBOOKS[name].parent / link).exists(), link
    code = "\n".join("".join(cell["source"]) for cell in cells_of(NOTEBOOKS[name], "code"))
    assert not re.search(r"""["'\s=]~?/(?!dev/null)\w""", code), "a path that is not relative"
    assert set(re.findall(r"^(?:from|import) (wattmark[\w.]*)", code, re.MULTILINE)) <= PUBLIC


@pytest.fixture(scope="module", params=NOTEBOOKS)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("empty")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in surroundings(home).items():
            patch.setenv(variable, value)
        for variable in ("PYTHONWARNINGS", "PYTHONSTARTUP"):
            patch.delenv(variable, raising=False)
        return Ran(executed(NOTEBOOKS[request.param], folder), folder)


def surroundings(home: Path) -> dict[str, str]:
    """No file of the user's, no GPU: this interpreter is the kernel, its settings the defaults."""
    kernel = home / "jupyter/kernels/python3"
    kernel.mkdir(parents=True)
    words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": words, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(told), encoding="utf-8")
    here = Path(sys.executable).parent
    return {
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "CUDA_VISIBLE_DEVICES": "",
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PATH": str(home / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTER_NO_CONFIG": "1",
    }


def executed(path: Path, folder: Path) -> dict[str, Any]:
    """The cells with what they told; raises CellExecutionError with the traceback of a cell.

    As they stand, but with two replicates in the place of three: each has a fork server of its own.
    """
    notebook = notebook_of(path)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = cell["source"].replace("--replicates 3", "--replicates 2")
    strict = nbformat.v4.new_code_cell(STRICT)  # type: ignore[no-untyped-call] # typed in part
    notebook["cells"].insert(0, strict)
    client = NotebookClient(
        notebook,
        timeout=None,  # pytest has one
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return {cell["id"]: cell for cell in notebook["cells"]}


def test_every_cell_shows_what_it_promises(ran: Ran) -> None:
    code = {name: cell for name, cell in ran.cells.items() if cell["cell_type"] == "code"}
    promised = {name: cell["metadata"].get("tags", []) for name, cell in code.items()}
    assert {tag for tags in promised.values() for tag in tags} == {TABLE, CHART}
    for name, tags in promised.items():
        if TABLE in tags:
            assert re.search(r"<tbody>.*<td>", ran.told(name), re.DOTALL), name
        if CHART in tags:
            picture = Image.open(BytesIO(b64decode(ran.told(name, "image/png"))))
            assert picture.width > 400, name
            assert len(picture.getcolors(2**24) or ()) > 20, name  # an empty one has a few
        kinds = {kind for one in code[name]["outputs"] for kind in one.get("data", {})}
        assert not {kind for kind in kinds if "javascript" in kind}, name
        assert "http" not in re.sub(r"http://www\.w3\.org/[\w/]+", "", ran.told(name)), name
        assert "stderr" not in {one.get("name") for one in code[name]["outputs"]}, name
    assert promised[list(promised)[-1]]


def test_it_writes_into_runs_alone(ran: Ran) -> None:
    assert [path.name for path in ran.folder.iterdir()] == ["runs"]


@pytest.mark.parametrize("ran", RUNS, indirect=True)
def test_the_figures_are_those_of_its_own_run(ran: Ran) -> None:
    (path,) = (folder for folder in (ran.folder / "runs").iterdir() if folder.is_dir())
    results = wattmark.load(path)
    assert results.info["status"] == "complete"
    assert set(results.trials["status"]) == {"ok"}
    assert ran.told("results") == results._repr_html_()


@pytest.mark.parametrize("ran", ["energy_efficiency_benchmark"], indirect=True)
def test_the_benchmark_says_what_it_ran_on(ran: Ran) -> None:
    assert "No GPU is read" in ran.told("sensors", "text/markdown")
    classes = re.findall(r"[<>]?[\d.–]*\d J/token", unescape(ran.told("order")))
    assert len(classes) >= 4
    rows = rows_of(ran.told("per-token"))
    assert {row[1] for row in rows} == {"1", "16"}
    for row in rows:
        value, low, high = map(float, row[3:6])
        assert 0 <= low <= value <= high


def test_what_the_benchmark_asks_for_on_a_gpu_can_be_asked_for(tmp_path: Path) -> None:
    cells = cells_of(NOTEBOOKS["energy_efficiency_benchmark"], "code")
    code = "".join(line for cell in cells for line in cell["source"])
    (flags,) = re.findall(r'study = "(--weights random.*)"', code)
    words = [sys.executable, "-m", "wattmark", "run", "h200-energy", *shlex.split(flags)]
    done = subprocess.run(
        [*words, "--dry-run", "--no-timing"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "9 trials × 5 replicates" in done.stdout


@pytest.mark.parametrize("ran", ["measure_your_own_code"], indirect=True)
def test_what_is_known_lies_in_the_intervals(ran: Ran) -> None:
    assert [row[-1] for row in rows_of(ran.told("truth"))] == ["true", "true"]
    phases = {row[0]: (float(row[3]), float(row[4])) for row in rows_of(ran.told("phases"))}
    for name, joules in (("prefill", 800), ("decode", 1000)):
        low, high = phases[f'"{name}"']
        assert low <= joules <= high, name
    assert json.loads((ran.folder / "runs/cost.json").read_text(encoding="utf-8"))["summary"]


def rows_of(table: str) -> list[list[str]]:
    """The cells of each row of a table's body, as text."""
    body = table.partition("<tbody>")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in rows]

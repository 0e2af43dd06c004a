"""The public names: they are there, and importing the package costs next to nothing."""

import subprocess
import sys

import pytest

import wattmark

HEAVY = (
    "numpy", "scipy", "pyarrow", "pydantic", "psutil", "pynvml", "rich", "torch", "transformers",
    "typer",
)  # fmt: skip


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", wattmark.__all__)
def test_every_public_name_is_there_and_at_home(name: str) -> None:
    assert getattr(wattmark, name) is getattr(wattmark, name)
    assert name in dir(wattmark)


def test_the_names_that_others_write_exist() -> None:
    wanted = {"EnergyMonitor", "EnergyEfficientInference", "EnergyResult", "open_run"}
    assert wanted <= set(wattmark.__all__)


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'EnergyMeter'"):
        _ = wattmark.EnergyMeter


def test_the_package_alone_imports_nothing_heavy() -> None:
    loaded = run("import sys, wattmark; print(*sys.modules)").split()
    assert not {name.partition(".")[0] for name in loaded} & set(HEAVY)
    assert "wattmark.monitor" not in loaded


@pytest.mark.parametrize("name", ["EnergyMonitor", "EnergyEfficientInference"])
def test_the_monitor_brings_no_engine(name: str) -> None:
    loaded = run(f"import sys; from wattmark import {name}; print(*sys.modules)").split()
    assert not {name.partition(".")[0] for name in loaded} & {"torch", "transformers", "pyarrow"}

"""Results of studies: as their pages tell them, and set beside those of a later run."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import pytest
from benchmarks.studies import STUDIES, checked, ratios

ROOT = Path(__file__).parents[2]


def trial(precision: str, joules: float, width: float = 1.1, task: str = "sums") -> dict[str, Any]:
    one = {"value": joules, "low": joules / width, "high": joules * width, "unit": "J"}
    named = {"model": "m", "backend": "b", "precision": precision, "device": "cpu"}
    return {
        **named,
        "batch_size": 1,
        "task": task,
        "mode": "baseline",
        "metrics": {"energy_per_query_j": one},
    }


def test_ratios_are_to_the_first_trial_of_each_task() -> None:
    trials = [trial("fp32", 4.0), trial("bf16", 2.0), trial("fp32", 9.0, task="other")]
    ((name, centre, half),) = ratios(trials)
    assert "bf16" in name
    assert math.exp(centre) == pytest.approx(0.5)
    assert half == pytest.approx(math.log(1.1) * math.sqrt(2))


def test_a_machine_twice_as_slow_keeps_its_ratios_and_another_ratio_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = {"trials": [trial("fp32", 4.0), trial("bf16", 2.0), trial("int8", 1.0)]}
    slower = {"trials": [trial("fp32", 8.0), trial("bf16", 4.2), trial("int8", 3.0)]}
    assert checked(kept, slower) == (1, 2)
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["agrees", "DIFFERS"]


@pytest.mark.parametrize("study", STUDIES)
def test_a_studys_page_tells_the_kept_results(study: str) -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "write_study_results.py"))
    page = (ROOT / "docs" / "studies" / f"{study}.md").read_text(encoding="utf-8")
    assert page == tool["page"](study), "run: python tools/write_study_results.py"
    kept = (tool["RESULTS"] / study / "embedded.png").read_bytes()
    assert (tool["IMAGES"] / f"{study}.png").read_bytes() == kept

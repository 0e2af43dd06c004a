"""The five studies as commands: what came out is kept, and later runs are set beside it.

`python -m benchmarks.studies embedded` runs each study on the models that ship, `random` at its
own models' true size with random weights, as far as this machine's memory goes; names of studies
may follow. results/MACHINE/STUDY/ then has SETTING.md, the report, and SETTING.json: each trial's
metrics with their intervals, the command, the date and the machine with its versions; and
SETTING.png, the chart that answers the study's question. `tools/write_study_results.py` puts them
on its page.

With `--check` nothing is kept: of each task, joules per query of each trial ÷ those of its first
trial are set beside the kept ones. Two ratios agree where the logarithms of both differ by no more
than their 95 % half-widths together (in quadrature): of unchanged ones, 95 % should.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from benchmarks.command import HOME, words
from benchmarks.place import machine_folder
from wattmark.analysis.summary import IDENTITY, TrialSummary, summarise
from wattmark.report.chapter import gathered
from wattmark.report.extras import extras
from wattmark.report.images import picture
from wattmark.runner.machine import fingerprint
from wattmark.store.reader import Run, open_run

STUDIES = ("slm-green", "smollm-squad", "local-llm", "precision-ela", "h200-energy")
SMALL = ("--weights", "random", "--replicates", "2", "--warmups", "1", "--max-new-tokens", "8")
SETTINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "embedded": dict.fromkeys(STUDIES, ("--models", "embedded")),
    "random": {
        "slm-green": (*SMALL, "--limit", "2"),
        "smollm-squad": (*SMALL, "--limit", "4"),
        "local-llm": (*SMALL, "--limit", "1"),
        "precision-ela": (*SMALL, "--limit", "40"),
        "h200-energy": (*SMALL, "--limit", "8", "--model", "Qwen/Qwen3-0.6B"),
    },
}
"""Flags of a setting, by study; with random weights, as few answers as still have an interval.

Of h200-energy the smallest model: a replicate of 4 and 8 billion in bf16 takes 2 to 6 minutes here.
"""
LEAST_AGREE = 0.9
"""Of the ratios; with fewer `--check` ends with exit code 1. Of unchanged ones 1 in 20 differs."""
CHARTS = {
    "slm-green": "*-energy",
    "smollm-squad": "*-ratio",
    "local-llm": "radar-*",
    "precision-ela": "latency-energy-*",
    "h200-energy": "heat-*",
}
"""The chart of each study that is kept: the first of the report's with such a name."""
RATIO = "energy_per_query_j"


@dataclass(frozen=True)
class Ended:
    """A study's run: its trials, and what the command took and left."""

    code: int
    seconds: float
    trials: Sequence[TrialSummary]
    info: Mapping[str, Any]
    report: str
    chart: bytes


def ran(study: str, flags: Sequence[str], place: Path) -> Ended:
    """Run it as a command; its output stays on the terminal."""
    out = place / study
    began = time.monotonic()
    code = subprocess.run(words(out, [study, *flags]), cwd=HOME, check=False).returncode
    seconds = time.monotonic() - began
    if not (out / "run.json").exists():
        raise RuntimeError(f"{study} ended with exit code {code}, and there is no run.")
    page = place / f"{study}.md"
    command = [sys.executable, "-m", "wattmark", "report", str(out), "--format", "md"]
    subprocess.run([*command, "--out", str(page)], check=True, capture_output=True)
    run = open_run(out)
    report = page.read_text(encoding="utf-8")
    return Ended(code, seconds, summarise(run), run.info, report, _chart(run, CHARTS[study]))


def _chart(run: Run, name: str) -> bytes:
    """The first chart of the report with such a name, as PNG; the first of all where none has."""
    tools = extras()
    charts = list(gathered([run]).charts)
    chart = next((one for one in charts if fnmatch(one.file, name)), charts[0])
    png: bytes = tools.vl_convert.vegalite_to_png(picture(chart.figure, tools.config), scale=1.5)
    return png


def told(ended: Ended, study: str, flags: Sequence[str]) -> dict[str, Any]:
    """What is kept of a run."""
    return {
        "command": " ".join(["wattmark", "run", study, *flags]),
        "exit_code": ended.code,
        "seconds": round(ended.seconds, 1),
        "started": ended.info["created_at"],
        "machine": ended.info["machine"],
        "left_out": ended.info.get("left_out") or [],
        "trials": [_trial(trial) for trial in ended.trials],
    }


def _trial(trial: TrialSummary) -> dict[str, Any]:
    return {
        **{name: getattr(trial, name) for name in IDENTITY},
        "replicates": trial.n_ok,
        "failed": trial.n_failed,
        "provenance": trial.provenance,
        "gain_uncertainty": trial.gain_uncertainty,
        "metrics": {
            name: {key: asdict(one)[key] for key in ("value", "low", "high", "n", "unit")}
            for name, one in trial.estimates.items()
            if one.value is not None
        },
    }


def ratios(trials: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float, float]]:
    """Of each task: (trial, logarithm of its ratio to the first trial, half-width of that)."""
    first: dict[str, tuple[float, float]] = {}
    for trial in trials:
        found = trial["metrics"].get(RATIO)
        if not found or found["low"] is None:
            continue
        here = math.log(found["value"]), math.log(found["high"] / found["low"]) / 2
        base = first.setdefault(trial["task"], here)
        if base is not here:
            name = " · ".join(str(trial[part]) for part in IDENTITY)
            yield name, here[0] - base[0], math.hypot(here[1], base[1])


def checked(kept: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[int, int]:
    """(ratios that agree, ratios in both), each told in a line."""
    before = {name: (centre, half) for name, centre, half in ratios(kept["trials"])}
    agree = both = 0
    for name, centre, half in ratios(new["trials"]):
        if name not in before:
            continue
        was, width = before[name]
        same = abs(centre - was) <= math.hypot(half, width)
        agree, both = agree + same, both + 1
        said = "agrees" if same else "DIFFERS"
        print(f"{said:8} {math.exp(was):7.3f} then, {math.exp(centre):7.3f} now  {name}")
    return agree, both


def keep(target: Path, found: Mapping[str, Any], ended: Ended) -> None:
    """Write what is told of a run, its report and its chart."""
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(ended.report, encoding="utf-8")
    target.with_suffix(".png").write_bytes(ended.chart)


def main(words_: Sequence[str] | None = None) -> int:
    """Run the studies named, or all; the exit code is 1 where one failed or ratios differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies")
    parser.add_argument("setting", choices=SETTINGS)
    parser.add_argument("studies", nargs="*", metavar="study", help=", ".join(STUDIES))
    parser.add_argument("--check", action="store_true", help="compare with what is kept")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="keep the run directories here")
    asked = parser.parse_args(words_)
    unknown = [name for name in asked.studies if name not in STUDIES]
    if unknown:
        parser.error(f"unknown study {unknown[0]}; there is: {', '.join(STUDIES)}")
    whole = True
    for study in asked.studies or STUDIES:
        flags = SETTINGS[asked.setting][study]
        # Removed at the end, when what is told of the run has been kept: a fault loses nothing.
        place = asked.runs or Path(tempfile.mkdtemp(prefix="wattmark-"))
        print(f"{study}: the run is in {place / study}")
        ended = ran(study, flags, place)
        found = told(ended, study, flags)
        whole = whole and ended.code == 0
        print(f"{study}: exit code {ended.code}, {ended.seconds:.0f} s, {len(ended.trials)} trials")
        target = machine_folder(fingerprint()) / study / f"{asked.setting}.json"
        if asked.check:
            agree, both = checked(json.loads(target.read_text(encoding="utf-8")), found)
            print(f"{study}: {agree} of {both} ratios agree")
            whole = whole and agree >= LEAST_AGREE * both
        else:
            keep(target, found, ended)
            print(f"kept in {target}")
        if not asked.runs:
            shutil.rmtree(place)
    return 0 if whole else 1


if __name__ == "__main__":
    raise SystemExit(main())

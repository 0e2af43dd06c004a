"""Run directories of one board as a summary: a JSON file, and a table in Markdown beside it.

Joules are of the GPU (`component` gpu; on a machine without one, of the CPU), of a counter where
there is one. Prefill's are divided by the prompts' tokens, decode's by the tokens behind each
answer's first. A row's interval is over replicates, widened by the measurement's own bounds.

At batch 1 each step of decoding reads all weights once, so the memory's bandwidth bounds the
tokens/s: the share reached is weights × decode tokens/s ÷ bandwidth. (An embedding table of its own
is read in one row a token, so that models with one look a little better than they are.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pynvml

from wattmark.analysis.intervals import mean_with_measurement
from wattmark.analysis.summary import TrialSummary, summarise
from wattmark.errors import WattmarkError
from wattmark.store.reader import Run, open_run
from wattmark.units import gibibytes

DATA_SHEETS = {"H200": 4.8e12}
"""Bytes/s of the memory (NVIDIA H200 data sheet), for boards that do not tell."""
BITS = 8
DOUBLE_DATA_RATE = 2
METHODS = ("counter", "integrated", "regressed", "modelled")
PHASES = ("prefill", "decode", "classify")
EXPECTED = {"random-weights", "no-gold"}
"""Doubts about quality, which random weights have none of."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Board:
    """The first GPU."""

    name: str
    driver: str
    bandwidth_bytes_per_s: float | None
    bandwidth_from: str


def board(library: Any = pynvml) -> Board | None:
    """What NVML says of it; None where there is none."""
    try:
        library.nvmlInit()
        handle = library.nvmlDeviceGetHandleByIndex(0)
        name = _text(library.nvmlDeviceGetName(handle))
        driver = _text(library.nvmlSystemGetDriverVersion())
    except library.NVMLError:
        return None
    return Board(name, driver, *_bandwidth(library, handle, name))


def _bandwidth(library: Any, handle: Any, name: str) -> tuple[float | None, str]:
    """Bytes/s, and where the figure is from."""
    try:
        hertz = 1e6 * library.nvmlDeviceGetMaxClockInfo(handle, library.NVML_CLOCK_MEM)
        width = library.nvmlDeviceGetMemoryBusWidth(handle)
        if hertz and width:
            told = f"NVML: {hertz / 1e6:.0f} MHz × {DOUBLE_DATA_RATE} × {width} bit"
            return DOUBLE_DATA_RATE * hertz * width / BITS, told
    except library.NVMLError:
        pass
    sheet = next((value for word, value in DATA_SHEETS.items() if word in name), None)
    return sheet, "data sheet" if sheet else "unknown"


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def summarised(found: Board | None, runs: Path) -> dict[str, Any]:
    """All closed runs in a folder, and what was left out."""
    rows: list[Row] = []
    left_out: list[Row] = []
    info: Mapping[str, Any] = {}
    for place in sorted(path.parent for path in runs.glob("*/run.json")):
        try:
            run = open_run(place)
            rows += _rows(run, found)
        except WattmarkError as reason:
            left_out.append({"what": place.name, "why": str(reason)})
            continue
        info = run.info
        left_out += run.info.get("left_out") or []
    for path in sorted(runs.glob("*.left-out.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        left_out.append({"what": f"{told['model']} batch {told['batch_size']}", "why": told["why"]})
    machine = info.get("machine") or {}
    return {
        "date": str(info.get("created_at") or datetime.now(UTC).isoformat())[:10],
        "board": asdict(found) if found else None,
        "machine": {key: machine.get(key) for key in ("cpu_model", "gpus", "driver", "kernel")},
        "versions": machine.get("versions") or {},
        "wattmark_version": info.get("wattmark_version"),
        "rows": sorted(rows, key=lambda row: (row["parameters"] or 0, row["batch_size"])),
        "left_out": left_out,
    }


def _rows(run: Run, found: Board | None) -> Iterable[Row]:
    trials = run.trials.to_pylist()
    energy, spans = run.energy.to_pylist(), run.spans.to_pylist()
    for trial in summarise(run):
        good = [t for t in trials if t["trial_key"] == trial.key and t["status"] == "ok"]
        mine = [row for row in energy if row["trial_key"] == trial.key and row["batch"] is None]
        timed = [row for row in spans if row["trial_key"] == trial.key]
        yield _row(trial, good, mine, timed, found)


def _row(
    trial: TrialSummary,
    good: Sequence[Row],
    energy: Sequence[Row],
    spans: Sequence[Row],
    found: Board | None,
) -> Row:
    decode = [s for s in spans if s["name"] == "decode" and s["batch"] is not None]
    seconds, tokens = (sum(s[what] or 0 for s in decode) for what in ("seconds", "tokens"))
    rate = tokens / seconds if seconds else None
    bandwidth = found.bandwidth_bytes_per_s if found else None
    share = None
    if rate and bandwidth and trial.weight_bytes and trial.batch_size == 1:
        share = rate * trial.weight_bytes / bandwidth
    row: Row = {
        "model": trial.model,
        "precision": trial.precision,
        "batch_size": trial.batch_size,
        "options": json.loads(trial.options or "{}"),
        "parameters": trial.parameters,
        "weight_bytes": trial.weight_bytes,
        "replicates": trial.n_ok,
        "failed": [failure.error for failure in trial.failures],
        "decode_tokens_per_s": rate,
        "bandwidth_share": share,
        "doubts": sorted({doubt.code for doubt in trial.doubts} - EXPECTED),
    }
    for name in (
        *("tokens_per_s", "queries_per_s", "ttft_s", "tpot_s", "energy_per_token_j"),
        *("energy_per_query_j", "power_mean_w", "idle_power_w"),
        *("vram_peak_bytes", "vram_board_peak_bytes", "ram_peak_bytes"),
    ):
        estimate = trial.estimates[name]
        row[name] = [estimate.value, estimate.low, estimate.high]
    for phase in PHASES:
        row[f"{phase}_j"] = _phase(phase, good, energy)
    return row


def _phase(phase: str, good: Sequence[Row], energy: Sequence[Row]) -> list[float | None]:
    """[J/token, low, high] of a phase; of classification J/query."""
    values: list[float] = []
    lows: list[float | None] = []
    highs: list[float | None] = []
    for trial in good:
        units = _units(phase, trial)
        part = _sensor_row(
            [e for e in energy if e["replicate"] == trial["replicate"] and e["span"] == phase]
        )
        if part is None or not units or part["energy_j"] <= 0:
            continue
        values.append(part["energy_j"] / units)
        for side, bounds in (("low", lows), ("high", highs)):
            bound = part[f"energy_{side}_j"]
            bounds.append(None if bound is None else bound / units)
    if not values:
        return [None, None, None]
    return list(mean_with_measurement(values, lows, highs))


def _units(phase: str, trial: Row) -> int:
    """What a phase's joules are shared out by."""
    if phase == "prefill":
        return int(trial["input_tokens"])
    if phase == "classify":
        return int(trial["queries"])
    return int(trial["output_tokens"] - trial["queries"])


def _sensor_row(rows: Sequence[Row]) -> Row | None:
    """The GPU's before the CPU's, a counter before power that was integrated."""
    known = [r for r in rows if r["energy_j"] is not None and r["component"] in ("gpu", "cpu")]
    order = [(r["component"] != "gpu", METHODS.index(r["method"]), n) for n, r in enumerate(known)]
    return known[min(order)[2]] if order else None


def write(whole: Mapping[str, Any], out: Path) -> Path:
    """Both files; the path of the one for people."""
    out.mkdir(parents=True, exist_ok=True)
    name = (whole["board"] or {}).get("name") or "no-gpu"
    path = out / f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-').lower()}.md"
    text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    path.write_text(page(whole), encoding="utf-8")
    return path


def page(whole: Mapping[str, Any]) -> str:
    """The table for people."""
    told = whole["board"] or {"name": "no GPU", "driver": "–", "bandwidth_from": "unknown"}
    bandwidth = told.get("bandwidth_bytes_per_s")
    limit = "unknown" if bandwidth is None else f"{bandwidth / 1e12:.2f} TB/s"
    libraries = ", ".join(
        f"{name} {version}"
        for name, version in whole["versions"].items()
        if name in ("wattmark", "torch", "transformers")
    )
    lines = [
        f"# {told['name']}, {whole['date']}",
        "",
        f"Driver {told['driver']}; {libraries}. Memory bandwidth {limit}"
        f" ({told['bandwidth_from']}). Random weights, true sizes. Joules are the GPU's, gross;"
        " brackets are 95 % intervals over fresh processes, widened by the measurement's own"
        " bounds. The share of the bandwidth is weights × decode tokens/s ÷ bandwidth, at batch 1.",
        "",
        "| model | precision | batch | n | tokens/s | decode tokens/s | prefill J/token"
        " | decode J/token | VRAM | board | share of bandwidth | doubts |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
        *map(_line, whole["rows"]),
    ]
    if whole["left_out"]:
        lines += ["", "Left out:", ""]
        lines += [f"- {item['what']}: {item['why']}" for item in whole["left_out"]]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    options = ", ".join(f"{key}={value}" for key, value in row["options"].items())
    is_classifier = row["classify_j"][0] is not None
    share = row["bandwidth_share"]
    cells = [
        row["model"] + (f" ({options})" if options else ""),
        row["precision"],
        str(row["batch_size"]),
        str(row["replicates"]),
        f"{_number(row['queries_per_s'][0])} queries/s"
        if is_classifier
        else _number(row["tokens_per_s"][0]),
        _number(row["decode_tokens_per_s"]),
        f"{_interval(row['classify_j'])} /query" if is_classifier else _interval(row["prefill_j"]),
        _interval(row["decode_j"]),
        gibibytes(row["vram_peak_bytes"][0]),
        gibibytes(row["vram_board_peak_bytes"][0]),
        "–" if share is None else f"{share:.0%}",
        ", ".join([*row["doubts"], *row["failed"][:1]]),
    ]
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _interval(values: Sequence[float | None]) -> str:
    value, low, high = values
    if low is None or high is None:
        return _number(value)
    return f"{_number(value)} [{_number(low)} … {_number(high)}]"

"""The files of the five reference systems: exact columns, and figures worked out by hand."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exported import failure, other, record, usual, write
from hypothesis import given
from hypothesis import strategies as st

from wattmark.errors import InputError
from wattmark.exchange import h200_energy, local_llm, precision_ela, smollm_squad
from wattmark.exchange.find import export
from wattmark.exchange.names import file_names, safe

DOCS = Path(__file__).parents[2] / "docs" / "exports.md"
RUN_KEYS = [
    *("model", "device", "mode", "total_emissions_kg", "total_energy_kwh", "total_queries"),
    *("avg_emissions_kg_per_query", "total_time_s_codecarbon", "avg_time_s_per_query"),
    *("retrieval_time_s", "generation_time_s", "context_tokens", "total_time_s_wallclock"),
    *("avg_power_w", "co2_kg_per_token_output", "co2_kg_per_token_total"),
    *("energy_kwh_per_token_output", "energy_kwh_per_token_total", "avg_ram_mb", "max_ram_mb"),
    "query_history",
]
QUERY_KEYS = [
    *("timestamp", "query", "response", "duration_s", "tokens_input", "tokens_output"),
    *("emissions", "energy_kwh", "power_w", "ram_mb"),
]


def names(paths: tuple[Path, ...]) -> list[str]:
    return [path.name for path in paths]


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-12)


def test_slm_green_is_a_record_a_run_and_one_a_query(tmp_path: Path) -> None:
    done = export(usual(tmp_path / "run"), ["slm-green"], tmp_path / "out")
    assert names(done.paths) == [
        "environmental_data_phi-2.json",
        "environmental_data_phi-2_replicate-1.json",
    ]
    run = json.loads(done.paths[0].read_text(encoding="utf-8"))
    assert list(run) == RUN_KEYS
    assert [list(query) for query in run["query_history"]] == [QUERY_KEYS] * 3
    assert (run["model"], run["device"], run["mode"]) == ("org/phi-2", "cpu", "baseline")
    assert run["total_energy_kwh"] == near(4e-5)
    assert run["total_emissions_kg"] == near(3e-5)
    assert run["avg_emissions_kg_per_query"] == near(1e-5)
    assert run["energy_kwh_per_token_output"] == near(4e-5 / 15)
    assert run["co2_kg_per_token_total"] == near(3e-5 / 45)
    assert (run["total_queries"], run["total_time_s_codecarbon"]) == (3, 4.0)
    assert (run["total_time_s_wallclock"], run["avg_power_w"]) == (8.0, 36.0)
    assert (run["max_ram_mb"], run["avg_ram_mb"], run["retrieval_time_s"]) == (500.0, None, None)
    queries = run["query_history"]
    assert [query["timestamp"] for query in queries] == [0, 1, 2]
    assert [query["energy_kwh"] for query in queries] == [near(1e-5), near(2e-5), near(1e-5)]
    assert [query["emissions"] for query in queries] == [near(x) for x in (7.5e-6, 1.5e-5, 7.5e-6)]
    assert [query["power_w"] for query in queries] == [54.0, 54.0, 36.0]
    assert [query["duration_s"] for query in queries] == [2.0, 2.0, 1.0]
    assert queries[2]["response"] == "=HYPERLINK(1)"
    assert any("1 of 3 replicates" in note for note in done.notes)


def test_slm_green_says_a_repeated_query_once_and_one_pass_of_the_region(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [record(repetitions=4)])
    done = export(run, ["slm-green"], tmp_path / "out")
    told = json.loads(done.paths[0].read_text(encoding="utf-8"))
    assert (told["total_queries"], len(told["query_history"])) == (3, 3)
    assert told["total_energy_kwh"] == near(4e-5)
    assert told["total_time_s_codecarbon"] == 4.0
    assert told["energy_kwh_per_token_total"] == near(4e-5 / 45)


def test_without_an_intensity_or_energy_cells_are_empty_and_it_is_said(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [record()], carbon=None)
    done = export(run, ["slm-green", "precision-ela", "smollm-squad"], tmp_path / "out")
    told = json.loads(done.paths[0].read_text(encoding="utf-8"))
    assert told["total_emissions_kg"] is None
    assert told["query_history"][0]["emissions"] is None
    assert told["total_energy_kwh"] == near(4e-5)
    assert pd.read_csv(tmp_path / "out" / "runs.csv")["emissions_gco2"].isna().all()
    (why,) = [note for note in done.notes if note.startswith("Emissions are empty")]
    assert "--intensity" in why
    dark = write(tmp_path / "dark", [record(energy=False)])
    export(dark, ["slm-green", "h200-energy"], tmp_path / "none")
    told = json.loads((tmp_path / "none/environmental_data_phi-2.json").read_text("utf-8"))
    assert told["total_energy_kwh"] is None
    assert told["query_history"][0]["power_w"] is None
    summary = pd.read_csv(tmp_path / "none/h200_energy_summary.csv")
    assert summary[["rank", "joules_per_token", "efficiency_class"]].isna().all(axis=None)


def test_trials_of_one_model_have_files_of_their_own(tmp_path: Path) -> None:
    trials = [
        other(),
        other(mode="rag"),
        other(precision="bf16"),
        other(model="other/phi-2"),
        other(model="../../=x y", task="a/facts.jsonl"),
    ]
    run = write(tmp_path / "run", [record(trial) for trial in trials])
    done = export(run, ["slm-green"], tmp_path / "out")
    assert names(done.paths) == [
        "environmental_data_org_phi-2_fp32.json",
        "environmental_data_org_phi-2_fp32_rag.json",
        "environmental_data_org_phi-2_bf16.json",
        "environmental_data_other_phi-2.json",
        "environmental_data__x_y.json",
    ]
    alike = write(tmp_path / "alike", [record(other(options={"n": n})) for n in (1, 2)])
    done = export(alike, ["precision-ela"], tmp_path / "alike-out")
    keys = [other(options={"n": n}).key for n in (1, 2)]
    assert names(done.paths) == [
        *(f"runs_{key}.csv" for key in keys),
        *(f"per_sample_{key}.csv" for key in keys),
    ]


def test_smollm_squad_splits_joules_by_component(tmp_path: Path) -> None:
    squad = other(task="squad:split=validation,mode=closed", precision="int8-dynamic")
    onnx = other(backend="onnxruntime", task="squad")
    run = write(tmp_path / "run", [record(squad), record(onnx), record(other(device="cuda"))])
    done = export(run, ["smollm-squad"], tmp_path / "out")
    frame = pd.read_csv(done.paths[0])
    assert list(frame.columns) == smollm_squad.METRICS.names
    assert list(frame["backend"]) == ["base_cpu", "onnx_cpu", "base_gpu"]
    assert list(frame["strategy"]) == ["quantization8bit", "none", "none"]
    assert list(frame["dataset_name"]) == ["squad", "squad", "math-qa"]
    assert list(frame["dataset_split"][:2]) == ["validation", "validation"]
    assert frame["dataset_split"][2:].isna().all()
    row = frame.iloc[0]
    assert row["energy_per_token_j"] == near(144 / 15)
    assert row["cpu_energy_per_token_j"] == near(108 / 15)
    assert row["ram_energy_per_token_j"] == near(36 / 15)
    assert math.isnan(row["gpu_energy_per_token_j"])
    assert row["co2_per_token_g"] == near(0.03 / 15)
    assert row["grid_intensity_g_per_kwh"] == near(500.0)
    assert (row["samples"], row["time_per_token_s"]) == (3, near(4 / 15))
    assert row["accuracy"] == near(2 / 3)


def test_local_llm_has_three_files_a_model(tmp_path: Path) -> None:
    prompts = other(task="prompts")
    facts = other(task="facts")
    run = write(
        tmp_path / "run",
        [record(), record(prompts, texts=("x", "y", "z"), scored=False), record(facts)],
    )
    done = export(run, ["local-llm"], tmp_path / "out")
    assert names(done.paths) == [
        "phi-2_metrics.csv",
        "phi-2_math_logs.csv",
        "phi-2_quality.csv",
    ]
    metrics, maths, quality = (pd.read_csv(path) for path in done.paths)
    assert list(metrics.columns) == local_llm.METRICS.names
    assert list(metrics["model_id"]) == ["org/phi-2"] * 3
    assert list(metrics["prompt"]) == ["0 + 1", "1 + 1", "2 + 1"]
    assert list(metrics["latency_s"]) == [2.0, 2.0, 1.0]
    assert list(metrics["tokens_per_s"]) == [2.0, 2.5, 6.0]
    assert list(metrics["vram_gb_peak"]) == [2.25] * 3
    assert list(metrics["new_tokens"]) == [4, 5, 6]
    assert list(maths.columns) == local_llm.MATH_LOGS.names
    assert list(maths["prediction"]) == [" 85", "-5", "'=HYPERLINK(1)"]
    assert list(maths["correct"]) == [True, False, True]
    assert list(maths["idx"]) == [0, 1, 2]
    assert list(quality.columns) == local_llm.QUALITY.names
    assert list(quality.iloc[0])[1:] == [near(2 / 3)] * 3


def test_local_llm_takes_speed_from_all_where_nothing_is_unscored(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [record(other(task="squad"))])
    done = export(run, ["local-llm"], tmp_path / "out")
    assert names(done.paths) == ["phi-2_metrics.csv", "phi-2_quality.csv"]
    assert len(pd.read_csv(done.paths[0])) == 3
    assert pd.read_csv(done.paths[1]).iloc[0, 1:].isna().all()
    assert any("quality is empty" in note for note in done.notes)


def test_precision_ela_has_grams_and_milliseconds_a_sample(tmp_path: Path) -> None:
    done = export(usual(tmp_path / "run"), ["precision-ela"], tmp_path / "out")
    assert names(done.paths) == ["runs.csv", "per_sample.csv"]
    runs, samples = (pd.read_csv(path) for path in done.paths)
    assert list(runs.columns) == precision_ela.RUNS.names
    assert list(runs["repeat_id"]) == [0, 1]
    row = runs.iloc[0]
    assert (row["task"], row["model"], row["precision"]) == ("math-qa", "org/phi-2", "fp32")
    assert (row["batch_size"], row["seq_len"], row["samples_total"]) == (2, 10, 3)
    assert row["latency_ms_mean"] == near(1000.0)
    assert row["latency_ms_std"] == 0.0
    assert (row["throughput_sps"], row["seconds_total"]) == (0.75, 4.0)
    assert row["accuracy"] == near(2 / 3)
    assert row["emissions_gco2"] == near(0.03)
    assert list(samples.columns) == precision_ela.PER_SAMPLE.names
    assert len(samples) == 6
    assert list(samples["latency_s_per_sample"]) == [1.0] * 6
    assert list(samples["pred"][:3]) == [85, 85, 85]
    assert list(samples["max_prob"]) == [0.9] * 6
    assert list(samples["length_tokens"]) == [10] * 6
    assert list(samples["repeat_id"]) == [0, 0, 0, 1, 1, 1]


def test_the_spread_of_latency_is_a_standard_deviation(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [record(other(batch_size=1))])
    export(run, ["precision-ela"], tmp_path / "out")
    each = pd.read_csv(tmp_path / "out" / "per_sample.csv")["latency_s_per_sample"] * 1000
    row = pd.read_csv(tmp_path / "out" / "runs.csv").iloc[0]
    assert row["latency_ms_std"] == pytest.approx(each.std(), abs=1e-9)


def test_h200_energy_has_runs_answers_and_ranks(tmp_path: Path) -> None:
    cheap = other(batch_size=3)
    run = write(tmp_path / "run", [record(), record(replicate=1), record(cheap), failure()])
    done = export(run, ["h200-energy"], tmp_path / "out")
    runs, answers, summary = (pd.read_csv(path) for path in done.paths)
    assert list(runs.columns) == h200_energy.RUNS.names
    row = runs.iloc[0]
    assert (row["energy_joules"], row["duration_seconds"]) == (144.0, 4.0)
    assert (row["avg_power_watts"], row["peak_power_watts"]) == (36.0, 54.0)
    assert (row["temperature_c_max"], row["memory_gb_peak"]) == (61.5, 2.25)
    assert row["joules_per_token"] == near(9.6)
    assert list(answers.columns) == h200_energy.GENERATIONS.names
    assert list(answers["joules_per_token"][:3]) == [9.0, near(14.4), 6.0]
    assert answers["output"][2] == "'=HYPERLINK(1)"
    assert list(summary.columns) == h200_energy.SUMMARY.names
    assert list(summary["rank"]) == [1, 2]
    assert list(summary["runs"]) == [2, 1]
    both = summary.iloc[0]
    assert both["generations"] == 6
    assert both["joules_per_token_p50"] == 9.0
    assert both["joules_per_token_p95"] == near(np.percentile([9, 14.4, 6] * 2, 95))
    assert both["efficiency_class"] == ">0.3 J/token"


def test_a_run_without_a_good_replicate_is_refused(tmp_path: Path) -> None:
    run = write(tmp_path / "run", [failure()])
    with pytest.raises(InputError, match="no replicate that ended well"):
        export(run, ["precision-ela"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    export(run, ["csv"], tmp_path / "out")


@given(st.lists(st.text(max_size=120), min_size=1, unique=True))
def test_every_model_has_a_safe_name_of_its_own(models: list[str]) -> None:
    found = file_names(models)
    assert list(found) == models
    lowered = [name.lower() for name in found.values()]
    assert len(set(lowered)) == len(lowered)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) for name in found.values())


def test_names_stay_inside_the_folder() -> None:
    assert safe("../../etc/passwd") == "_.._etc_passwd"
    assert safe("..") == "model"
    assert file_names(["a/x", "b/x", "c/y"]) == {"a/x": "a_x", "b/x": "b_x", "c/y": "y"}


def test_the_page_names_every_column() -> None:
    page = DOCS.read_text(encoding="utf-8")
    schemas = (
        *(local_llm.METRICS, local_llm.MATH_LOGS, local_llm.QUALITY, smollm_squad.METRICS),
        *(precision_ela.RUNS, precision_ela.PER_SAMPLE),
        *(h200_energy.RUNS, h200_energy.GENERATIONS, h200_energy.SUMMARY),
    )
    columns = {name for schema in schemas for name in schema.names}
    missing = [name for name in {*columns, *RUN_KEYS, *QUERY_KEYS} if f"`{name}`" not in page]
    assert not missing

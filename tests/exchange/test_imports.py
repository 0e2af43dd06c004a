"""Runs of CodeCarbon's and optimum-benchmark's own files, and files that are neither.

`data/` holds what codecarbon 3.3.2 and optimum-benchmark 0.6.0 wrote for the models that ship.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wattmark.analysis.summary import summarise
from wattmark.errors import InputError, MistakesError, RunDirectoryError
from wattmark.exchange.find import export, import_files
from wattmark.store.columns import NEVER_NULL, TABLES
from wattmark.store.reader import Run, open_run

DATA = Path(__file__).parent / "data"
EMISSIONS = DATA / "emissions.csv"
GENERATION = DATA / "optimum-arithmetic" / "benchmark_report.json"
ENCODER = DATA / "optimum-sentiment" / "benchmark_report.json"


def imported(out: Path, *paths: Path) -> Run:
    import_files(paths, out, "theirs")
    run = open_run(out)
    assert run.info["status"] == "complete"
    for table, never in NEVER_NULL.items():
        found = getattr(run, table)
        assert found.column_names == [column.name for column in TABLES[table]]
        assert all(found[name].null_count == 0 for name in never)
    return run


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-9)


def emissions() -> list[dict[str, str]]:
    with EMISSIONS.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def changed(path: Path, *rows: dict[str, str], source: list[dict[str, str]] | None = None) -> Path:
    """emissions.csv with cells of its rows replaced; None takes a column away."""
    told = [row | more for row, more in zip(source or emissions(), rows, strict=False)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(told[0]))
        writer.writeheader()
        writer.writerows(told)
    return path


def test_rows_of_codecarbon_become_replicates(tmp_path: Path) -> None:
    run, rows = imported(tmp_path / "run", EMISSIONS), emissions()
    trials = run.trials.to_pylist()
    assert [row["replicate"] for row in trials] == [0, 1, 2]
    assert {(row["model"], row["task"], row["backend"]) for row in trials} == {
        ("demo", "base", "codecarbon")
    }
    for trial, row in zip(trials, rows, strict=True):
        joules, seconds = float(row["energy_consumed"]) * 3.6e6, float(row["duration"])
        assert trial["energy_j"] == near(joules)
        assert trial["measured_s"] == pytest.approx(seconds, abs=1e-9)
        assert trial["power_mean_w"] == near(joules / seconds)
        assert trial["energy_low_j"] is trial["energy_net_j"] is trial["idle_power_w"] is None
        assert (trial["energy_provenance"], trial["gain_uncertainty"]) == ("estimated", near(0.6))
    parts = {(row["replicate"], row["component"]): row for row in run.energy.to_pylist()}
    assert set(parts) == {(n, part) for n in range(3) for part in ("cpu", "dram")}
    assert parts[1, "dram"]["energy_j"] == near(float(rows[1]["ram_energy"]) * 3.6e6)
    assert parts[1, "cpu"]["method"] == "modelled"
    (summary,) = summarise(run)
    grams = summary.estimates["co2e_g_per_query"].value
    each = [float(row["emissions"]) * 1000 for row in rows]
    assert grams == pytest.approx(statistics.geometric_mean(each), rel=1e-3)
    assert run.info["machine"]["logical_cpus"] == 2
    assert "CodeCarbon 3.3.2" in run.info["sensors"][0]["source"]


def test_an_import_is_exported_as_any_run_is(tmp_path: Path) -> None:
    run = imported(tmp_path / "run", EMISSIONS)
    done = export(run, ["csv", "slm-green", "precision-ela"], tmp_path / "out")
    told = json.loads((tmp_path / "out/environmental_data_demo.json").read_text("utf-8"))
    assert told["total_energy_kwh"] == near(float(emissions()[0]["energy_consumed"]))
    assert told["total_emissions_kg"] == pytest.approx(float(emissions()[0]["emissions"]), rel=1e-6)
    assert len(done.paths) == 6 + 3 + 2


def test_what_codecarbon_writes_today_is_imported(tmp_path: Path) -> None:
    script = (
        "import time; from codecarbon import OfflineEmissionsTracker as T\n"
        "t = T(project_name='live', country_iso_code='FRA', measure_power_secs=0.1,"
        " allow_multiple_runs=True, log_level='critical', output_dir='.')\n"
        "t.start(); time.sleep(0.2); t.stop()"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, env=environment)
    run = imported(tmp_path / "run", tmp_path / "emissions.csv")
    (trial,) = run.trials.to_pylist()
    assert (trial["model"], trial["task"]) == ("live", "tracked code")
    assert trial["energy_j"] > 0
    assert 20 < run.info["carbon"]["intensity_g_per_kwh"] < 200


def test_the_building_is_taken_out_of_the_energy_and_stays_in_the_carbon(tmp_path: Path) -> None:
    plain = imported(tmp_path / "plain", EMISSIONS)
    scaled = {
        name: [str(float(row[name]) * 1.5) for row in emissions()]
        for name in ("energy_consumed", "cpu_energy", "ram_energy", "emissions")
    }
    rows = [{name: cells[at] for name, cells in scaled.items()} | {"pue": "1.5"} for at in range(3)]
    run = imported(tmp_path / "run", changed(tmp_path / "pue.csv", *rows))
    assert run.trials["energy_j"].to_pylist() == [
        near(each) for each in plain.trials["energy_j"].to_pylist()
    ]
    assert run.info["carbon"]["pue"] == 1.5
    assert run.info["carbon"]["intensity_g_per_kwh"] == near(
        plain.info["carbon"]["intensity_g_per_kwh"]
    )


def test_a_gpu_counts_as_measured_and_projects_are_trials(tmp_path: Path) -> None:
    first = emissions()[0]
    gpu = {
        "gpu_energy": "1e-6",
        "gpu_model": "1 x NVIDIA H200",
        "energy_consumed": str(float(first["energy_consumed"]) + 1e-6),
    }
    path = changed(tmp_path / "e.csv", gpu, {"project_name": "head"}, {"experiment_id": ""})
    run = imported(tmp_path / "run", path)
    assert [(row["model"], row["task"]) for row in run.info["plan"]] == [
        ("demo", "base"),
        ("head", "base"),
        ("demo", "tracked code"),
    ]
    trial = run.trials.to_pylist()[0]
    assert (trial["energy_provenance"], trial["device"]) == ("mixed", "cuda")
    assert 0.05 < trial["gain_uncertainty"] < 0.6
    (reading,) = [row for row in run.energy.to_pylist() if row["component"] == "gpu"]
    assert (reading["energy_j"], reading["method"]) == (near(3.6), "counter")
    assert run.info["machine"]["gpus"] == [{"name": "1 x NVIDIA H200"}]


def test_of_a_flushed_tracker_the_last_row_counts(tmp_path: Path) -> None:
    first, _, third = emissions()
    path = changed(tmp_path / "e.csv", {}, {"run_id": first["run_id"]}, {})
    run = imported(tmp_path / "run", path)
    assert run.trials["energy_j"].to_pylist() == [
        near(float(row["energy_consumed"]) * 3.6e6) for row in (emissions()[1], third)
    ]
    assert any("Earlier rows of one run_id" in note for note in run.info["notes"])


def test_tasks_of_a_tracker_are_tasks(tmp_path: Path) -> None:
    tasks = [{"task_name": name} | row for name, row in zip("abb", emissions(), strict=True)]
    for row in tasks:
        row["run_id"] = tasks[0]["run_id"]
    tasks[2]["run_id"] = "another"
    run = imported(tmp_path / "run", changed(tmp_path / "t.csv", {}, {}, {}, source=tasks))
    assert run.trials["task"].to_pylist() == ["a", "b", "b"]
    assert run.trials["replicate"].to_pylist() == [0, 0, 1]


def test_an_old_file_with_few_columns_is_enough(tmp_path: Path) -> None:
    few = ("timestamp", "project_name", "duration", "energy_consumed")
    rows = [{name: row[name] for name in few} for row in emissions()]
    run = imported(tmp_path / "run", changed(tmp_path / "old.csv", {}, {}, {}, source=rows))
    assert run.info["carbon"] is None
    assert run.energy.num_rows == 0
    assert run.trials["energy_j"].null_count == 0


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({"duration": "soon"}, "line 3, column 'duration': 'soon' is not a number"),
        ({"duration": "0"}, "line 3, column 'duration': '0' cannot be"),
        ({"energy_consumed": "-1"}, "line 3, column 'energy_consumed': '-1' cannot be"),
        ({"energy_consumed": ""}, "line 3, column 'energy_consumed': '' cannot be"),
        ({"energy_consumed": "inf"}, "line 3, column 'energy_consumed': 'inf' cannot be"),
        ({"pue": "50"}, "line 3, column 'pue': '50' cannot be"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(
    tmp_path: Path, row: dict[str, str], place: str
) -> None:
    path = changed(tmp_path / "e.csv", {}, row, {})
    with pytest.raises(MistakesError, match="no emissions of CodeCarbon") as wrong:
        import_files([path], tmp_path / "run", "x")
    assert place in wrong.value.mistakes[0]
    assert not (tmp_path / "run").exists()


def test_files_that_are_no_such_thing_say_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,watts\n1,2\n", encoding="utf-8")
    with pytest.raises(MistakesError, match=r"line 1: no column 'timestamp'.*time, watts"):
        import_files([tmp_path / "a.csv"], tmp_path / "run", "x")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(MistakesError, match="no column 'timestamp'"):
        import_files([tmp_path / "empty"], tmp_path / "run", "x")
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="no column"):
        import_files([tmp_path / "noise"], tmp_path / "run", "x")
    with pytest.raises(InputError, match="cannot be read"):
        import_files([tmp_path / "nothing.csv"], tmp_path / "run", "x")
    with pytest.raises(InputError, match="given twice"):
        import_files([EMISSIONS, EMISSIONS], tmp_path / "run", "x")
    with pytest.raises(InputError, match="two kinds"):
        import_files([EMISSIONS, GENERATION], tmp_path / "run", "x")
    assert not (tmp_path / "run").exists()


def test_a_report_of_generation_becomes_a_replicate(tmp_path: Path) -> None:
    run = imported(tmp_path / "run", GENERATION)
    report = json.loads(GENERATION.read_text(encoding="utf-8"))
    (trial,) = run.trials.to_pylist()
    assert (trial["model"], trial["precision"], trial["device"]) == ("arithmetic", "fp32", "cpu")
    assert (trial["backend"], trial["task"]) == ("optimum-benchmark:pytorch", "text-generation")
    assert (trial["batch_size"], trial["repetitions"], trial["queries"]) == (2, 4, 8)
    assert (trial["input_tokens"], trial["output_tokens"]) == (8 * 8, 8 * 12)
    generate, prefill, decode = (report[name] for name in ("generate", "prefill", "decode"))
    assert trial["measured_s"] == pytest.approx(generate["latency"]["total"], abs=1e-8)
    assert trial["prefill_s"] == pytest.approx(prefill["latency"]["total"], abs=1e-8)
    assert trial["decode_s"] == pytest.approx(decode["latency"]["total"], abs=1e-8)
    assert trial["load_s"] == pytest.approx(report["load_model"]["latency"]["total"], abs=1e-9)
    assert trial["energy_j"] == near(4 * generate["energy"]["total"] * 3.6e6)
    assert trial["decode_j"] == near(4 * decode["energy"]["total"] * 3.6e6)
    assert trial["energy_low_j"] is None
    peak_mb = max(each["memory"]["max_ram"] for each in (prefill, decode))
    assert trial["ram_peak_bytes"] == round(peak_mb * 1e6)
    # Their decode throughput counts the tokens after the first, over the mean decode.
    tokens = 2 * 11 / (trial["decode_s"] / 4)
    assert tokens == pytest.approx(decode["throughput"]["value"], rel=1e-6)
    ram = sum(row["energy_j"] for row in run.energy.to_pylist() if row["span"] == "measured")
    assert ram == near(trial["energy_j"])
    assert run.info["machine"]["versions"]["optimum-benchmark"] == "0.6.0"


def test_the_times_of_tokens_are_those_of_each_call(tmp_path: Path) -> None:
    run = imported(tmp_path / "run", GENERATION)
    report = json.loads(GENERATION.read_text(encoding="utf-8"))
    steps = report["per_token"]["latency"]["values"]
    queries = run.queries.to_pylist()
    first = queries[0]["token_times_s"]
    assert len(first) == 12
    assert first[0] == pytest.approx(report["prefill"]["latency"]["values"][0], abs=2e-9)
    gaps = [after - before for before, after in pairwise(first)]
    assert gaps == [pytest.approx(step, abs=3e-9) for step in steps[:11]]
    last = queries[-1]["token_times_s"]
    gaps = [after - before for before, after in pairwise(last)]
    assert gaps == [pytest.approx(step, abs=3e-9) for step in steps[-11:]]
    assert all(row["token_times_s"][-1] <= row["latency_s"] for row in queries)


def test_a_report_of_an_encoder_has_no_tokens(tmp_path: Path) -> None:
    run = imported(tmp_path / "run", ENCODER)
    report = json.loads(ENCODER.read_text(encoding="utf-8"))["forward"]
    (trial,) = run.trials.to_pylist()
    assert (trial["batch_size"], trial["queries"], trial["output_tokens"]) == (2, 8, 0)
    assert trial["energy_j"] == near(4 * report["energy"]["total"] * 3.6e6)
    (summary,) = summarise(run)
    per_s = summary.estimates["queries_per_s"].value
    assert per_s == pytest.approx(report["throughput"]["value"], rel=1e-6)


def test_without_its_configuration_amounts_follow_from_its_throughput(tmp_path: Path) -> None:
    shutil.copy(GENERATION, tmp_path / "report.json")
    run = imported(tmp_path / "run", tmp_path / "report.json")
    (trial,) = run.trials.to_pylist()
    assert (trial["model"], trial["precision"]) == ("unknown", "unknown")
    assert (trial["batch_size"], trial["output_tokens"]) == (2, 8 * 12)
    assert any("benchmark_config.json" in note for note in run.info["notes"])


def test_several_reports_are_replicates_also_of_older_versions(tmp_path: Path) -> None:
    """Before there was a target `generate`, a call was prefill and decode."""
    report = json.loads(GENERATION.read_text(encoding="utf-8"))
    config = json.loads(GENERATION.with_name("benchmark_config.json").read_text(encoding="utf-8"))
    whole = report.pop("generate")
    report["load"] = report.pop("load_model")
    older = tmp_path / "benchmark.json"
    older.write_text(json.dumps({"config": config, "report": report}), encoding="utf-8")
    run = imported(tmp_path / "run", GENERATION, older)
    first, second = run.trials.to_pylist()
    assert [row["replicate"] for row in (first, second)] == [0, 1]
    assert first["trial_key"] == second["trial_key"]
    assert second["energy_j"] == near(first["energy_j"])
    assert second["measured_s"] == pytest.approx(whole["latency"]["total"], abs=1e-8)
    assert second["load_s"] == near(first["load_s"])


def broken(tmp_path: Path, change: Any) -> Path:
    report = json.loads(GENERATION.read_text(encoding="utf-8"))
    change(report)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    return path


def test_wrong_values_are_named_by_their_keys(tmp_path: Path) -> None:
    def change(report: Any) -> None:
        report["generate"]["latency"]["values"][3] = "x"
        report["prefill"]["energy"]["unit"] = "Wh"
        report["decode"]["throughput"]["value"] = -1
        report["decode"]["memory"]["max_ram"] = True

    with pytest.raises(MistakesError) as wrong:
        import_files([broken(tmp_path, change)], tmp_path / "run", "x")
    said = "\n".join(wrong.value.mistakes)
    assert "generate.latency.values[3] is 'x'" in said
    assert "prefill.energy.unit is 'Wh'; it must be 'kWh'" in said
    assert "decode.throughput.value is -1" in said
    assert "decode.memory.max_ram is True" in said


def test_reports_that_cannot_be_imported_say_why(tmp_path: Path) -> None:
    def no_latency(report: Any) -> None:
        report["decode"]["latency"] = None

    with pytest.raises(MistakesError, match=r"decode\.latency has no values"):
        import_files([broken(tmp_path, no_latency)], tmp_path / "run", "x")

    def many(report: Any) -> None:
        report["prefill"]["throughput"]["value"] = 1e9

    with pytest.raises(InputError, match="more than 1000000 answers"):
        import_files([broken(tmp_path, many)], tmp_path / "run", "x")
    for text, said in (
        ('{"train": {"latency": {}}}', "it holds train"),
        ('{"a": ', "line 1, column 7: no JSON"),
        ("[1]", "holds a list"),
        ("[" * 100_000, "no JSON"),
    ):
        (tmp_path / "r.json").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            import_files([tmp_path / "r.json"], tmp_path / "run", "x")
    assert not (tmp_path / "run").exists()


def test_a_difference_below_zero_has_no_joules(tmp_path: Path) -> None:
    def negative(report: Any) -> None:
        report["decode"]["energy"] |= {"total": -1e-9, "cpu": -1e-9}

    run = imported(tmp_path / "run", broken(tmp_path, negative))
    (trial,) = run.trials.to_pylist()
    assert trial["decode_j"] is None
    assert trial["prefill_j"] > 0
    assert "decode" not in run.energy["span"].to_pylist()


def test_a_report_of_latency_alone_has_no_joules(tmp_path: Path) -> None:
    """What optimum-benchmark measures unless it is asked for more."""

    def latency_alone(report: Any) -> None:
        for target in report.values():
            target |= {"energy": None, "memory": None, "efficiency": None}

    run = imported(tmp_path / "run", broken(tmp_path, latency_alone))
    (trial,) = run.trials.to_pylist()
    assert trial["energy_j"] is trial["energy_provenance"] is trial["ram_peak_bytes"] is None
    assert run.energy.num_rows == 0
    assert run.info["sensors"] == []
    (summary,) = summarise(run)
    assert (summary.estimates["tpot_s"].value or 0) > 0


def test_a_folder_in_use_is_not_written_into(tmp_path: Path) -> None:
    imported(tmp_path / "run", EMISSIONS)
    with pytest.raises(RunDirectoryError, match="holds a run already"):
        import_files([GENERATION], tmp_path / "run", "x")
    import_files([GENERATION], tmp_path / "run", "x", overwrite=True)
    assert open_run(tmp_path / "run").trials["task"].to_pylist() == ["text-generation"]

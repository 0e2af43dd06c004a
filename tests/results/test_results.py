from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from synthetic import NASTY, Knobs, make_run

import wattmark
from wattmark.analysis.compare_sources import compare_paths
from wattmark.analysis.comparison import Settings
from wattmark.analysis.fronts import front
from wattmark.analysis.metrics import METRICS
from wattmark.analysis.recommend import objective_named, recommend
from wattmark.analysis.requirements import requirements_of
from wattmark.analysis.summary import summarise
from wattmark.errors import InputError, RunDirectoryError, WattmarkError
from wattmark.results.needs import needed
from wattmark.results.results import Results
from wattmark.store.columns import TABLES
from wattmark.store.reader import open_run

EMISSIONS = Path(__file__).parents[1] / "exchange/data/emissions.csv"
SMALL = Knobs(
    models=("arithmetic",),
    precisions=("fp32",),
    batch_sizes=(1,),
    one_oom=False,
    queries=6,
    replicates=3,
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    make_run(folder / "demo", Knobs(queries=10))
    make_run(folder / "pair/before", SMALL)
    make_run(folder / "pair/after", replace(SMALL, seed=8))
    return folder


@pytest.fixture(scope="module")
def results(desk: Path) -> Results:
    return wattmark.load(desk / "demo")


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_those_of_the_run_directory(results: Results, desk: Path, table: str) -> None:
    stored = getattr(open_run(desk / "demo"), table)
    found = getattr(results, table)
    assert isinstance(found, pl.DataFrame)
    assert found.columns == [column.name for column in TABLES[table]]
    assert found.to_arrow().to_pylist() == stored.to_pylist()
    assert results.scan(table).collect().equals(found)
    assert found.to_pandas().shape == found.shape


def test_a_scan_reads_what_an_older_run_lacks_as_nothing(desk: Path, tmp_path: Path) -> None:
    shutil.copytree(desk / "demo", tmp_path / "older")
    file = tmp_path / "older/trials.parquet"
    pl.read_parquet(file).drop("session", "ram_unique_bytes").write_parquet(file)
    older = wattmark.load(tmp_path / "older")
    found = older.scan("trials").collect()
    assert found.equals(older.trials)
    assert found["session"].to_list() == [0] * 40
    assert found["ram_unique_bytes"].null_count() == 40


def test_a_run_that_goes_on_and_a_damaged_file(tmp_path: Path) -> None:
    going = wattmark.load(make_run(tmp_path / "going", Knobs(queries=4, finish=False)))
    assert going.scan("queries").collect().equals(going.queries)
    assert going.info["status"] == "interrupted"
    assert "interrupted" in repr(going)
    broken = make_run(tmp_path / "broken", SMALL)
    (broken / "queries.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(RunDirectoryError, match=r"queries\.parquet cannot be read"):
        wattmark.load(broken).scan("queries")


def test_the_summary_has_every_figure_of_every_trial(results: Results, desk: Path) -> None:
    found = results.summary()
    trials = summarise(open_run(desk / "demo"))
    assert found.height == sum(len(trial.estimates) for trial in trials)
    for trial in trials:
        rows = found.filter(pl.col("trial_key") == trial.key).to_dicts()
        for row, estimate in zip(rows, trial.estimates.values(), strict=True):
            told = estimate.metric, estimate.value, estimate.low, estimate.high, estimate.n
            assert (row["metric"], row["value"], row["low"], row["high"], row["n"]) == told
            assert (row["trial"], row["unit"]) == (trial.label, estimate.unit)
    some = results.summary("ttft", "accuracy")
    assert set(some["metric"]) == {"ttft_s", "accuracy"}
    dearer = results.summary("co2e_per_query", intensity_g_per_kwh=760.0)
    known = results.summary("co2e_per_query")
    assert (dearer["value"] / known["value"]).to_list() == pytest.approx([2.0] * 8)


def test_groups_and_percentiles_have_a_row_each(results: Results) -> None:
    groups = results.grouped("precision", ["energy_per_token", "tokens_per_s"])
    assert groups.rows_by_key("precision").keys() == {"fp32", "bf16"}
    assert groups.height == 4
    assert groups["sd"].null_count() < 4
    spread = results.percentiles("latency_s", by=["model", "batch_size"], percentiles=[0.05, 0.5])
    assert spread["statistic"].unique(maintain_order=True).to_list() == ["mean", "sd", "p05", "p50"]
    assert spread["batch_size"].dtype == pl.Int64
    assert (spread.filter(pl.col("statistic") == "p05")["note"].str.contains("needs")).all()


def test_the_breakdown_adds_up_to_what_the_trials_say(results: Results) -> None:
    whole = results.breakdown().filter(pl.col("phase") == "measured")
    ok = results.trials.filter(pl.col("status") == "ok")
    known = ok.group_by("trial_key").agg(
        (pl.col("energy_j") / pl.col("queries")).mean().alias("gross"),
        (pl.col("energy_net_j") / pl.col("queries")).mean().alias("net"),
    )
    both = whole.join(known, on="trial_key")
    assert both.height == 8
    assert both["energy_per_query_j"].to_list() == pytest.approx(both["gross"].to_list())
    assert both["energy_per_query_net_j"].to_list() == pytest.approx(both["net"].to_list())
    assert (both["energy_per_query_j_low"] < both["energy_per_query_j"]).all()
    ordered = results.summary()["trial_key"].unique(maintain_order=True)
    assert whole["trial_key"].to_list() == ordered.to_list()
    assert set(results.breakdown("run")["phase"]) > {"idle", "load", "measured"}
    no_tokens = results.breakdown("token").filter(pl.col("trial").str.starts_with("sentiment"))
    assert no_tokens["energy_per_token_j"].null_count() == no_tokens.height > 0
    with pytest.raises(InputError, match="Did you mean 'query'"):
        results.breakdown("querry")


def test_a_comparison_is_that_of_the_command_line(desk: Path) -> None:
    base, head = desk / "pair/before", desk / "pair/after"
    found = wattmark.load(base).compare(head, margin=0.02)
    known = compare_paths(base, head, Settings(margin=0.02, detail=False))
    assert (found.base, found.head) == (str(base), str(head))
    assert [(c.metric, c.trial, c.ratio) for c in found.changes] == [
        (c.metric, c.trial, c.ratio) for c in known.changes
    ]
    told = {change.metric for change in found.changes}
    assert {"energy_per_correct_net_j", "energy_per_token_total_net_j"} <= told
    assert told <= {*METRICS, "accuracy"}
    assert {change.margin for change in found.changes if change.scale == "ratio"} == {0.02}
    frame = found.to_frame()
    assert frame.columns[:4] == ["trial", "metric", "verdict", "ratio"]
    assert frame["verdict"].to_list() == [change.verdict for change in found.changes]
    assert frame["n_base"].dtype == pl.Int64
    assert frame["ratio"].dtype == pl.Float64
    assert repr(found).startswith(f"{head} against {base}: ")
    assert len(repr(found).splitlines()) < 14
    assert all(change.metric in str(found) for change in found.changes)
    assert "<td>energy_per_query_j</td>" in found._repr_html_()


def test_trials_of_one_run_are_compared_block_by_block(results: Results) -> None:
    base, head = (f"arithmetic · transformers {word} cpu · batch 1 " for word in ("fp32", "bf16"))
    found = results.compare(base_trial=base, head_trial=head)
    assert {change.paired for change in found.changes} == {True}
    first, second, *_ = repr(found).splitlines()
    assert first.startswith(f"within {results.path}: ")
    assert "fp32 cpu · batch 1 · arithmetic → arithmetic · transformers bf16" in second
    with pytest.raises(InputError, match="both base and head"):
        results.compare()
    with pytest.raises(InputError, match="must be 0 to below 1"):
        results.compare(margin=5, base_trial="fp32", head_trial="bf16")


def test_several_runs_stand_beside_each_other(desk: Path) -> None:
    both = wattmark.load(desk / "pair")
    assert both.names == ("after", "before")
    assert both.queries.columns[0] == "run"
    assert both.trials["run"].value_counts()["count"].to_list() == [3, 3]
    assert both.summary("ttft")["run"].unique().len() == 2
    assert both.scan("trials").collect().equals(both.trials)
    assert both["before"].trials.equals(wattmark.load(desk / "pair/before").trials)
    assert set(both.pareto("ttft", "energy_per_query")["run"]) == {"before", "after"}
    assert both.recommend().height == 2
    assert both.info["after"]["name"] == "demo"
    blocks = both.compare(wattmark.load([desk / "pair/before", desk / "pair/after"]), margin=0)
    assert {change.ratio for change in blocks.changes if change.scale == "ratio"} == {1.0}
    with pytest.raises(InputError, match="There is: after, before"):
        both["nobody"]
    with pytest.raises(InputError, match="given twice"):
        wattmark.load(desk / "demo", desk / "demo")


def test_the_front_is_that_of_each_task(results: Results, desk: Path) -> None:
    found = results.pareto("energy_per_query", "latency")
    trials = summarise(open_run(desk / "demo"))
    for task in ("arithmetic", "sentiment"):
        pool = {t.label: t.estimates for t in trials if t.task == task}
        known = front(pool, ("energy_per_query_j", "latency_s"))
        rows = found.filter(pl.col("task") == task)
        assert dict(zip(rows["trial"], rows["status"], strict=True)) == {
            member.name: member.word for member in known.members
        }
    assert found["latency_s_low"].null_count() == 0
    left = results.pareto("ttft", "accuracy", "energy_per_query").filter(status="left out")
    assert left["note"].str.contains("ttft_s: ").all()
    with pytest.raises(InputError, match="two or three metrics"):
        results.pareto("accuracy")


def test_the_recommendation_is_that_of_the_command_line(results: Results, desk: Path) -> None:
    texts = ("latency<=10 s",)
    found = results.recommend(texts[0])
    known = recommend(
        [open_run(desk / "demo")], requirements_of(texts), objective_named(None, None)
    )
    first = found.filter(choice="recommended")
    assert first["trial"].to_list() == [one.best.name for one in known if one.best]
    assert found.height == 8
    others = [difference for one in known for difference in one.differences]
    ratios = found.filter(pl.col("told_apart").is_not_null())["ratio"].to_list()
    assert ratios == [difference.ratio for difference in others]
    none = results.recommend(["latency<=1 ns"], maximize="tokens_per_s")
    assert set(none["choice"]) == {"nearest", ""}
    assert set(none["requirements"]) == {"missed"}


def test_what_a_notebook_and_a_terminal_show_is_short_and_escaped(results: Results) -> None:
    html, text = results._repr_html_(), repr(results)
    assert "<img" not in html
    assert "\x1b" not in html + text + str(results)
    assert "&lt;img" in html  # the reason of what failed is told
    assert "J/query" in html
    assert "estimated, gain ± 60 %" in html
    assert "window-short" in html
    assert len(text.splitlines()) <= 12
    assert "window-short" in text
    assert html.count("<tr>") == 2 + 8
    assert NASTY not in html
    assert "J/token" in str(results)


def test_names_that_do_not_exist(results: Results) -> None:
    asked: dict[str, Callable[[], object]] = {
        "Did you mean 'energy_per_query_j'": lambda: results.summary("energy_per_qury_j"),
        "There is: energy, queries": lambda: results.scan("query"),
        "Did you mean 'latency_s'": lambda: results.read("queries", ["latency"]),
        "Unknown figure": lambda: results.percentiles("accuracy"),
        "Unknown column to group by": lambda: results.grouped("colour"),
    }
    for said, call in asked.items():
        with pytest.raises(InputError, match=said):
            call()


def test_paths_that_are_no_results(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no '.*nowhere'"):
        wattmark.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is no run directory"):
        wattmark.load(tmp_path)
    with pytest.raises(InputError, match="no path to load"):
        wattmark.load()
    (tmp_path / "notes.txt").write_text("no figures\n", encoding="utf-8")
    with pytest.raises(WattmarkError):
        wattmark.load(tmp_path / "notes.txt")
    assert wattmark.load(desk / "demo/run.json").names == ("demo",)
    assert wattmark.load(str(desk / "demo/queries.parquet")).path == desk / "demo"


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.delitem(sys.modules, "wattmark.results.frames", raising=False)
    with pytest.raises(InputError, match=r'needs .polars.*pip install "wattmark\[report\]"'):
        needed("wattmark.results.frames", "wattmark.load")
    with pytest.raises(ModuleNotFoundError):
        needed("wattmark.results.nothing", "wattmark.load")


def test_emissions_of_codecarbon_are_results() -> None:
    found = wattmark.load(EMISSIONS)
    made = open_run(found._runs["emissions"].path)
    assert found.path == EMISSIONS
    assert found.summary("energy_per_query")["value"].is_not_null().any()
    assert found.trials.height == made.trials.num_rows
    folder = made.path.parent
    assert folder.is_dir()
    del found
    assert not folder.exists()


def test_a_csv_with_a_row_a_replicate(tmp_path: Path) -> None:
    base, head = tmp_path / "base.csv", tmp_path / "head.csv"
    base.write_text("replicate,energy_j,who\n0,10,a\n1,11,a\n2,12,a\n", encoding="utf-8")
    head.write_text("replicate,energy_j,who\n0,20,a\n1,21,a\n2,22,a\n", encoding="utf-8")
    found = wattmark.load(base)
    row = found.summary().to_dicts()[0]
    assert row["metric"] == "energy_j"
    assert row["value"] == pytest.approx((10 * 11 * 12) ** (1 / 3))
    assert row["low"] < row["value"] < row["high"]
    assert found.trials["energy_j"].to_list() == [10, 11, 12]
    assert found.compare(wattmark.load(head)).changes == compare_paths(base, head).changes
    assert "3 rows" in repr(found)
    with pytest.raises(InputError, match="one arm"):
        found.compare()
    calls: list[Callable[[], object]] = [
        lambda: found.queries,
        found.recommend,
        lambda: found.pareto("a", "b"),
    ]
    for call in calls:
        with pytest.raises(InputError, match="a row a replicate: it has no"):
            call()
    with pytest.raises(InputError, match="a row a replicate: it has no run directory"):
        wattmark.load(EMISSIONS).compare(base)

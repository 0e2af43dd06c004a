"""Charts over all trials: what they claim is what the fronts say, and 60 trials stay readable."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from invented import MISSING, grid, trial

from wattmark.analysis.axes import AXES
from wattmark.analysis.fronts import DOMINATED, NOT_RESOLVED, ON_THE_FRONT, front
from wattmark.analysis.summary import TrialSummary
from wattmark.report import overview
from wattmark.report.contenders import contenders, tally, words_of
from wattmark.report.figure import Figure
from wattmark.report.heatmap import contrast, heat_figures
from wattmark.report.labels import short_labels
from wattmark.report.overview import overview_figures
from wattmark.report.parallel import parallel_figure
from wattmark.report.radar import MOST, radar_figure
from wattmark.report.tradeoff import (
    accuracy_energy_figure,
    latency_emissions_figure,
    latency_energy_figure,
    latency_throughput_figure,
)

KINDS = [
    *("tradeoff-0", "latency-energy-0", "latency-throughput-0", "latency-emissions-0"),
    *("heat-0-0", "heat-0-1", "radar-0", "parallel-0"),
]


def drawn(trials: list[TrialSummary]) -> list[Figure]:
    return overview_figures(trials, short_labels(trials))


def datasets(figure: Figure) -> list[list[dict[str, Any]]]:
    """All data of a chart, also where it has only one set."""
    found: dict[str, list[dict[str, Any]]] = figure.spec["datasets"]
    return list(found.values())


def rows_with(figure: Figure, column: str) -> list[dict[str, Any]]:
    return next(rows for rows in datasets(figure) if rows and column in rows[0])


@pytest.fixture(scope="module")
def many() -> list[Figure]:
    """Two models × five precisions × six batches: 60 configurations."""
    return drawn(grid(2, ("fp32", "bf16", "fp16", "int8", "int4"), (1, 2, 4, 8, 16, 32)))


def test_charts_come_in_order_and_each_is_described(many: list[Figure]) -> None:
    assert [figure.id for figure in many] == KINDS
    for figure in many:
        assert figure.spec["description"] == figure.description
        assert 40 < len(figure.description) < 2000
        assert figure.rows
        assert all(len(row) == len(figure.columns) for row in figure.rows)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_drawn_of_fewer_than_two(count: int) -> None:
    assert drawn(grid()[:count]) == []
    assert drawn([trial(str(at), {}) for at in range(3)]) == []


def test_two_tasks_do_not_share_a_chart() -> None:
    costs: list[tuple[float, float]] = [(1.0, 0.5), (2.0, 0.9)]
    trials = [
        trial(f"{task}{at}", {"energy_per_query_j": joules, "accuracy": share}, task=task)
        for task in ("arithmetic", "sentiment")
        for at, (joules, share) in enumerate(costs)
    ]
    figures = drawn(trials)
    assert [figure.id for figure in figures] == ["tradeoff-0", "tradeoff-1"]
    assert [figure.title.rpartition(" ")[2] for figure in figures] == ["arithmetic", "sentiment"]
    assert all(len(figure.rows) == 2 for figure in figures)


def test_beyond_the_most_tasks_the_rest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_TASKS", 1)
    trials = [
        trial(f"{task}{at}", {"energy_per_query_j": 1.0 + at, "accuracy": 0.5}, task=task)
        for task in ("one", "two", "three")
        for at in range(2)
    ]
    (figure,) = drawn(trials)
    assert any("two, three" in note for note in figure.notes)


def test_sixty_configurations_stay_small_and_readable(many: list[Figure]) -> None:
    for figure in many:
        assert len(json.dumps(figure.spec)) < 100_000
    (chart,) = [figure for figure in many if figure.id == "tradeoff-0"]
    named = [layer for layer in chart.spec["layer"] if layer["mark"].get("style") == "caption"]
    assert len(named) <= 8
    assert len(chart.rows) == 60
    assert all(len(figure.subtitle) < 200 for figure in many)


def test_the_table_and_the_points_say_what_the_front_says() -> None:
    trials = grid(2)
    chart = accuracy_energy_figure(0, contenders(trials, short_labels(trials)))
    assert chart is not None
    found = front({one.key: one.estimates for one in trials}, ("energy_per_query_j", "accuracy"))
    words = [member.word for member in found.members]
    assert [row[3] for row in chart.rows] == words
    assert {ON_THE_FRONT, NOT_RESOLVED, DOMINATED} == set(words)
    assert [row["word"] for row in rows_with(chart, "place")] == words
    names = [row[0] for row, word in zip(chart.rows, words, strict=True) if word == ON_THE_FRONT]
    assert chart.subtitle.startswith(f"Pareto set: {', '.join(names)}")
    for row, member in zip(chart.rows, found.members, strict=True):
        assert bool(row[4]) == bool(member.by)
        assert row[4].startswith("perhaps ") == (member.word == NOT_RESOLVED)


def test_wide_intervals_resolve_nothing_and_the_chart_says_so() -> None:
    trials = [
        replace(
            one,
            estimates={
                name: replace(found, low=0.0, high=None if found.value is None else 1e3)
                for name, found in one.estimates.items()
            },
        )
        for one in grid()
    ]
    shown = contenders(trials, short_labels(trials))
    words = words_of(shown, ("energy_per_query_j", "latency_s"))
    assert set(words) == {NOT_RESOLVED}
    assert "none is resolved to be in it (4 not resolved)" in tally(shown, words)
    chart = latency_energy_figure(0, shown)
    assert chart is not None
    assert any("run out of the chart" in note for note in chart.notes)


def test_one_grid_s_emissions_are_judged_by_joules() -> None:
    trials = [
        replace(
            one,
            estimates={
                **one.estimates,
                "co2e_g_per_query": replace(
                    one.estimates["co2e_g_per_query"],
                    low=0.0,
                    high=1.0,
                ),
            },
        )
        for one in grid()
    ]
    named = contenders(trials, short_labels(trials))
    chart = latency_emissions_figure(0, named)
    assert chart is not None
    by_joules = words_of(named, ("latency_s", "energy_per_query_j"))
    assert [row[3] for row in chart.rows] == by_joules
    assert ON_THE_FRONT in by_joules
    assert any("joules decide" in note for note in chart.notes)
    dirty = trials[0].estimates["co2e_g_per_query"]
    other = replace(dirty, value=2 * (dirty.value or 0.0))
    mixed = replace(trials[0], estimates={**trials[0].estimates, "co2e_g_per_query": other})
    named = contenders([mixed, *trials[1:]], short_labels(trials))
    chart = latency_emissions_figure(0, named)
    assert chart is not None
    by_grams = words_of(named, ("latency_s", "co2e_g_per_query"))
    assert [row[3] for row in chart.rows] == by_grams != by_joules
    assert not any("joules decide" in note for note in chart.notes)


def test_no_carbon_no_emissions() -> None:
    trials = grid(grams_per_j=None)
    assert latency_emissions_figure(0, contenders(trials, short_labels(trials))) is None


def test_throughput_is_joined_by_batch_and_in_queries_where_nothing_is_written() -> None:
    trials = grid(1, ("fp32", "bf16"), (1, 4, 16))
    chart = latency_throughput_figure(0, contenders(trials, short_labels(trials)))
    assert chart is not None
    (line,) = [layer for layer in chart.spec["layer"] if layer["mark"]["type"] == "line"]
    assert line["encoding"]["detail"]["field"] == "kind"
    assert line["encoding"]["order"]["field"] == "size"
    rows = rows_with(chart, "place")
    assert {row["kind"] for row in rows} == {"fp32", "bf16"}
    assert [row["size"] for row in rows if row["kind"] == "fp32"] == [1, 4, 16]
    silent = [
        replace(
            one,
            estimates={
                **one.estimates,
                "tokens_per_s": trial("x", {}).estimates["tokens_per_s"],
            },
        )
        for one in trials
    ]
    chart = latency_throughput_figure(0, contenders(silent, short_labels(silent)))
    assert chart is not None
    assert chart.columns[2] == "queries per second"


def test_same_names_are_told_apart() -> None:
    one = grid()
    two = [replace(entry, model="other/model-0") for entry in one]
    three = [replace(entry, weights="random") for entry in one]
    trials = [*one, *two, *three, *one]
    names = [entry.name for entry in contenders(trials, short_labels(one))]
    assert len(set(names)) == len(names)
    assert names[0].startswith("org/model-0 · fp32 · batch 1")
    assert names[-1].endswith("[2]")


def heat(trials: list[TrialSummary]) -> Figure:
    (figure,) = heat_figures(0, trials)
    return figure


def test_a_map_says_why_a_cell_is_empty() -> None:
    oom = trial("f", {}, precision="int8", batch_size=1, statuses={"oom": 2})
    planned = trial("p", {}, precision="int8", batch_size=8, statuses={})
    blind = trial("b", {"latency_s": 1.0}, precision="bf16", batch_size=32)
    whole = trial("w", {"energy_per_token_j": 0.3}, batch_size=32, model="org/model-0")
    others = [replace(one, model="org/model-0") for one in (oom, planned, blind)]
    figure = heat([*grid(), *others, whole])
    said = {(row[0], row[1]): row[2] for row in figure.rows}
    assert said["int8", "1"] == "failed: oom ×2"
    assert said["int8", "8"].startswith("not run")
    assert said["int8", "32"] == "not run"
    assert said["bf16", "32"] == f"not measured: {MISSING}"
    assert said["fp32", "1"] == "100 mJ ± 5 %"
    assert figure.notes == ["Hatched cells have no figure, and say why."]


def test_ink_reads_on_every_cell() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    cells = rows_with(heat(grid(1, tuple("abcdef"), (1, 2, 4, 8, 16))), "fill")
    assert len(cells) == 30
    assert min(contrast(row["ink"], row["fill"]) for row in cells) >= 4.5
    by_cost = sorted(cells, key=lambda row: float(row["value"]))
    darkness = [contrast("#ffffff", row["fill"]) for row in by_cost]
    assert darkness == sorted(darkness)


@pytest.mark.parametrize(
    ("precisions", "batches", "count"),
    [(("fp32",), (1, 8), 0), (("fp32",), (1, 4, 8), 1), (("fp32", "bf16"), (1,), 0)],
)
def test_a_map_needs_four_cells_or_three_in_a_row(
    precisions: tuple[str, ...], batches: tuple[int, ...], count: int
) -> None:
    assert len(heat_figures(0, grid(1, precisions, batches))) == count


def test_engines_have_maps_of_their_own() -> None:
    other = [replace(one, backend="onnxruntime", key=f"o{one.key}") for one in grid()]
    titles = [figure.title for figure in heat_figures(0, [*grid(), *other])]
    assert len(titles) == 2
    assert titles[0].endswith("transformers")
    assert titles[1].endswith("onnxruntime")


def test_a_radar_s_corners_stand_at_their_absolute_figures() -> None:
    trials = grid()
    figure = radar_figure(0, contenders(trials, short_labels(trials)))
    assert figure is not None
    corners = [row for row in rows_with(figure, "metric") if row["metric"] == "accuracy"]
    for row, one in zip(corners, trials, strict=True):
        share = one.estimates["accuracy"].value or 0.0
        assert math.hypot(row["x"], row["y"]) == pytest.approx(share, abs=0.01)
    printed = " ".join(row["text"] for rows in datasets(figure) for row in rows if "text" in row)
    assert "accuracy\nrim 100 %\ncentre 0 %" in printed
    assert printed.count("rim ") == printed.count("centre ") == 6


def test_a_radar_says_who_and_what_is_left_out(many: list[Figure]) -> None:
    (figure,) = [figure for figure in many if figure.id == "radar-0"]
    assert len({row["name"] for row in rows_with(figure, "metric")}) == MOST
    assert any(f"{MOST} of 60 configurations" in note for note in figure.notes)
    assert [row[-1] for row in figure.rows].count("yes") == MOST
    trials = [
        replace(one, estimates={**one.estimates, "accuracy": trial("x", {}).estimates["accuracy"]})
        for one in grid()
    ]
    radar = radar_figure(0, contenders(trials, short_labels(trials)))
    assert radar is not None
    assert any(f"accuracy ({MISSING})" in note for note in radar.notes)
    assert "accuracy" not in radar.columns


def test_lines_highlight_the_pareto_set(many: list[Figure]) -> None:
    trials = grid(2)
    named = contenders(trials, short_labels(trials))
    figure = parallel_figure(0, named)
    assert figure is not None
    words = words_of(named, ("energy_per_query_j", "accuracy", "latency_s"))
    assert [row[-2] for row in figure.rows] == words
    dash = next(layer for layer in figure.spec["layer"] if "strokeDash" in layer["encoding"])
    bright = {row["name"] for row in figure.spec["datasets"][dash["data"]["name"]]}
    members = {one.name for one, word in zip(named, words, strict=True) if word == ON_THE_FRONT}
    assert bright >= members or len(members) > 6
    (large,) = [figure for figure in many if figure.id == "parallel-0"]
    lines = {row["name"] for rows in datasets(large) for row in rows if "metric" in row}
    assert len(lines) == 60


def test_one_replicate_is_said() -> None:
    trials = [replace(one, n_ok=1) for one in grid()]
    assert any("one replicate" in note for note in heat(trials).notes)
    chart = latency_energy_figure(0, contenders(trials, short_labels(trials)))
    assert chart is not None
    assert any("one replicate" in note for note in chart.notes)


def test_names_from_outside_are_plain() -> None:
    bad = "\x1b[31mred\u202e</script>"
    trials = [
        trial(
            f"{model}{at}",
            {"energy_per_query_j": 1.0 + at, "accuracy": 0.5},
            model=model,
            precision=precision,
            batch_size=at,
            task=f"t{bad}",
        )
        for model in (f"org/{bad}", "org/other")
        for at, precision in ((1, "fp32"), (2, bad), (3, "fp16"))
    ]
    figures = drawn(trials)
    assert [figure.id for figure in figures] == ["tradeoff-0", "heat-0-0", "heat-0-1"]
    for figure in figures:
        text = json.dumps([figure.spec, figure.rows, figure.subtitle, figure.title, figure.notes])
        assert "\\u001b" not in text
        assert "\\u202e" not in text


def test_a_metric_that_is_zero_is_drawn() -> None:
    trials = [
        trial(str(at), {"accuracy": 0.0, "energy_per_query_j": 1.0 + at}, batch_size=at + 1)
        for at in range(2)
    ]
    chart = accuracy_energy_figure(0, contenders(trials, short_labels(trials)))
    assert chart is not None
    assert [row[2] for row in chart.rows] == ["0.0 % (0.0–0.0)"] * 2
    assert AXES["accuracy"].title in chart.title

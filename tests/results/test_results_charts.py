from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import altair as alt
import pytest
import vl_convert
from synthetic import Knobs, make_run

import wattmark
from wattmark.errors import InputError
from wattmark.report import charts as report
from wattmark.report.figure import Figure, config
from wattmark.results import charts
from wattmark.results.charts import chart_name
from wattmark.results.results import Results


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Results, list[Figure]]]:
    """Results, and the figures that the report drew of them: both are of one drawing."""
    knobs = Knobs(models=("arithmetic",), batch_sizes=(1,), one_oom=False, queries=6, replicates=3)
    results = wattmark.load(make_run(tmp_path_factory.mktemp("run") / "demo", knobs))
    drawn: list[Figure] = []

    def overview(trials: Any) -> list[Figure]:
        drawn.extend(found := report.overview(trials))
        return found

    def sections(run: Any, trials: Any) -> list[report.Section]:
        found = report.sections(run, trials)
        for one in found:
            drawn.extend([*one.figures, *one.power, *one.more])
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "overview", overview)
        patch.setattr(charts, "sections", sections)
        dir(results.plot)
        yield results, drawn


def test_every_chart_of_the_report_is_there(both: tuple[Results, list[Figure]]) -> None:
    results, figures = both
    names = {chart_name(figure.id, set(results.trials["trial_key"])) for figure in figures}
    assert names <= set(dir(results.plot))
    assert {"ratio", "energy", "latency", "phases", "power", "tradeoff"} <= names
    assert sum(len(getattr(results.plot, name)._drawn) for name in names) == len(figures)
    assert not any("-" in name for name in names)


@pytest.mark.parametrize("name", ["ratio", "power", "tradeoff"])
def test_a_chart_draws_by_itself_from_the_page_s_specification(
    both: tuple[Results, list[Figure]], name: str
) -> None:
    results, figures = both
    mine = [figure for figure in figures if figure.id.partition("-")[0] == name]
    chart = getattr(results.plot, f"{name}s")()
    assert isinstance(chart, alt.TopLevelMixin)
    spec = chart.to_dict()
    assert spec["config"]["background"] == "white"
    assert spec["config"]["range"]["category"] == config(dark=False)["range"]["category"]
    views = spec.get("vconcat", [spec])
    assert [view["layer"] for view in views] == [figure.spec["layer"] for figure in mine]
    assert [view["description"] for view in views] == [figure.description for figure in mine]
    assert all(f.title in v["title"]["text"] for f, v in zip(mine, views, strict=True))
    picture = vl_convert.vegalite_to_svg(json.dumps(spec))
    assert len(picture) > 3000
    assert "NaN" not in picture


def test_what_is_asked_for_and_is_not_there(both: tuple[Results, list[Figure]]) -> None:
    plot = both[0].plot
    with pytest.raises(AttributeError, match="Did you mean 'energy'"):
        _ = plot.enregy
    with pytest.raises(InputError, match="Unknown chart 'enregy'"):
        _ = plot.enregy
    assert not hasattr(plot, "_ipython_display_")
    with pytest.raises(InputError, match=r"No chart 'energy' has 'gpt'.* Has: arithmetic"):
        plot.energy("gpt")
    assert "draws\n  arithmetic · " in repr(plot.energy)
    assert "energy" in repr(plot)


def test_a_chart_s_name_has_neither_key_nor_number() -> None:
    assert chart_name("tradeoff-0", set()) == "tradeoff"
    assert chart_name("power-abc123", {"abc123"}) == "power"
    assert chart_name("latency-ecdf-3", set()) == "latency_ecdf"

"""Pictures of charts: what a page has no room for is written out."""

from __future__ import annotations

import importlib
from pathlib import Path

from synthetic import Knobs, make_run

from wattmark.analysis.summary import summarise
from wattmark.analysis.verdict import verdicts
from wattmark.report.figure import config
from wattmark.report.images import picture
from wattmark.report.labels import short_labels
from wattmark.report.ratios import ratio_figure
from wattmark.report.spread import energy_figure
from wattmark.store.reader import open_run


def test_a_picture_shows_long_names_whole(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "demo", Knobs(models=("arithmetic",), one_oom=False)))
    trials = summarise(run)
    labels = {
        key: f"{label} · openvino · int8-dynamic" for key, label in short_labels(trials).items()
    }
    rows: dict[str, list[dict[str, object]]] = {}
    for row in run.trials.to_pylist():
        rows.setdefault(row["trial_key"], []).append(row)
    convert = importlib.import_module("vl_convert")
    for figure in (
        ratio_figure(verdicts(run), labels),
        energy_figure(trials, labels, rows),
    ):
        assert figure is not None
        drawn = convert.vegalite_to_svg(picture(figure, config))
        shown = [label for label in labels.values() if label in drawn]
        assert len(shown) >= len(trials) - 1, "the reference has no ratio"
        assert "…" not in drawn

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from synthetic import NASTY, Knobs, make_run

from wattmark.report.chapter import Chart, Report, gathered
from wattmark.report.figure import Figure
from wattmark.report.markdown import render_markdown, write_markdown
from wattmark.store.reader import Run, open_run

EVIL = f"{NASTY} | `code` [link](http://x.example) ![i](http://x.example/i.png) # * _ www.x.example"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    knobs = Knobs(models=("arithmetic",), batch_sizes=(1,), replicates=2, queries=8)
    run = open_run(make_run(tmp_path_factory.mktemp("markdown") / "demo", knobs))
    info = {**run.info, "name": EVIL, "notes": [EVIL], "left_out": [{"what": EVIL, "why": EVIL}]}
    return gathered(Run(run.path, info), drawn=False)


def tokens(text: str) -> list[Token]:
    """As GitHub would read it: HTML allowed, bare addresses become links."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)


def within(found: list[Token]) -> list[Token]:
    return [inner for token in found for inner in (token, *(token.children or ()))]


def test_the_report_says_what_the_page_says(report: Report) -> None:
    text = render_markdown(report)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[0] == "## Verdict"
    assert {"## arithmetic", "## Statistics", "## What to doubt"} <= set(headings)
    assert {"## Machine and method", "## Run it again"} <= set(headings)
    assert "| trial | accuracy | J/token | J/query |" in text
    assert "±" in text or "too scattered" in text
    assert "estimated, gain ± 60 %" in text
    assert "Out of memory" in text
    assert "wattmark run --resume runs/demo" in text
    for table in report.chapters[0].statistics:
        assert f"### {table.title}" in text


def test_no_text_from_outside_has_any_effect(report: Report) -> None:
    text = render_markdown(report)
    found = within(tokens(text))
    assert not [t for t in found if t.type in ("html_inline", "html_block", "link_open", "image")]
    assert not [t for t in found if t.type == "code_inline"]
    assert "\x1b" not in text
    assert "http://" not in text
    assert "www.x" not in text
    shown = "".join(token.content for token in found if token.type == "text")
    assert "<img src=x onerror=alert(1)>" in shown
    assert "[link](" in shown


def test_tables_have_one_width(report: Report) -> None:
    found = tokens(render_markdown(report))
    assert len([t for t in found if t.type == "table_open"]) > 2
    assert not [t for t in within(found) if t.type == "text" and t.content.startswith("| ---")]
    widths: list[int] = []
    for token in found:
        if token.type == "tr_open":
            widths.append(0)
        elif token.type in ("td_open", "th_open"):
            widths[-1] += 1
    assert min(widths) > 1


def test_charts_are_linked_where_they_are_pictures(report: Report, tmp_path: Path) -> None:
    """Charts as they would be drawn, without drawing any."""
    figure = Figure(
        id="one", title="A <b>", subtitle="of |", description=f"What {EVIL} shows", spec={},
        columns=("x",), rows=[("1",)],
    )  # fmt: skip
    charts = [Chart(id=f"chart-{name}", file=name, figure=figure) for name in ("one", "two")]
    told = replace(report, chapters=[replace(report.chapters[0], overview=charts)])
    drawn = [
        tmp_path / "charts" / f"{chart.file}.{word}" for chart in charts for word in ("png", "svg")
    ]
    page = write_markdown(told, tmp_path / "report.md", drawn)
    found = within(tokens(page.read_text("utf-8")))
    images = [token for token in found if token.type == "image"]
    assert [image.attrs["src"] for image in images] == ["charts/one.png", "charts/two.png"]
    assert all("onerror=alert(1)" in image.content for image in images)
    assert not [token for token in found if token.type in ("html_inline", "link_open")]
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]

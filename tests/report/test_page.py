from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest
from synthetic import NASTY, Knobs, make_run

from wattmark.errors import InputError, RunDirectoryError
from wattmark.report.chapter import Report, gathered
from wattmark.report.extras import NEEDED, extras
from wattmark.report.figure import PALETTE_DARK, PALETTE_LIGHT, PHASES
from wattmark.report.images import write_images
from wattmark.report.page import render_page, write_page
from wattmark.report.script import script_json
from wattmark.schema import Status
from wattmark.store.reader import Run, open_run

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
KINDS = {
    "whole": Knobs(),
    "unfinished": Knobs(finish=False, skip_last_block=True),
    "no-energy": Knobs(energy=False, intensity_g_per_kwh=None),
    "all-failed": Knobs(status=Status.CRASHED),
    "one-replicate": Knobs(replicates=1, one_oom=False),
    "nothing-yet": Knobs(finish=False, replicates=1, skip_last_block=True),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def made(folder: Path, kind: str) -> Run:
    path = folder / kind
    return open_run(path if path.exists() else make_run(path, KINDS[kind]))


@cache
def reported(folder: Path, kind: str) -> Report:
    return gathered(made(folder, kind))


@cache
def page_of(folder: Path, kind: str) -> str:
    return render_page(reported(folder, kind))


class Reader(HTMLParser):
    """What a browser would make of the page: its elements, and the text outside of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag in ("script", "style"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.stack and self.stack[-1] == tag:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not self.stack:
            self.text += data
        elif self.stack[-1] == "script":
            self.scripts[-1] += data


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_run_has_a_page(folder: Path, kind: str) -> None:
    page = page_of(folder, kind)
    reader = Reader(page)
    specs = json.loads(reader.scripts[0])["specs"]
    plots = {a["id"] for tag, a in reader.tags if tag == "div" and a.get("class") == "plot"}
    assert plots == set(specs)
    assert "Verdict" in reader.text
    assert "Infinity" not in reader.scripts[0]
    assert "None" not in reader.text


def test_the_verdict_comes_first_in_plain_words(folder: Path) -> None:
    text = " ".join(Reader(page_of(folder, "whole")).text.split())
    assert re.search(r"Verdict .*5\.0× lower energy per query", text)
    assert "no difference resolved (0 lost, 0 gained of 24 queries: " in text
    assert "estimated, gain ± 60 %" in text
    assert "39 of 40 replicates ok, 1 failed" in text
    assert "fp16 on cpu has no fast kernels" in text
    assert "window-short" in text
    assert "0.4 % of one core" in text


def test_without_energy_the_page_says_so_and_compares_speed(folder: Path) -> None:
    text = " ".join(Reader(page_of(folder, "no-energy")).text.split())
    assert "higher queries per second" in text
    assert "No energy was measured" in text
    assert "run on bare metal" in text
    assert " 0 J" not in text


def test_unfinished_and_failed_runs_are_named(folder: Path) -> None:
    text = " ".join(Reader(page_of(folder, "unfinished")).text.split())
    assert "This run is not finished" in text
    assert "8 to come" in text
    failed = " ".join(Reader(page_of(folder, "all-failed")).text.split())
    assert "No replicate ended well" in failed
    assert "crashed" in failed
    nothing = " ".join(Reader(page_of(folder, "nothing-yet")).text.split())
    assert "No replicate has run yet" in nothing
    assert "went wrong" not in nothing
    assert "Interrupted: 0 of 8 replicates." in nothing


def test_other_load_is_said_in_the_header_and_on_the_card(folder: Path) -> None:
    run = made(folder, "whole")
    table = run.trials.to_pylist()
    loud = json.dumps(
        [{"code": "foreign-load", "message": "Others used 1.2 CPUs.", "hint": "Stop."}]
    )
    good = [row for row in table if row["model"] == "arithmetic" and row["status"] == "ok"]
    for row in good[:3]:
        row["doubts"] = loud
    beside = Run(run.path, run.info)
    beside.__dict__["trials"] = pa.Table.from_pylist(table, schema=run.trials.schema)
    page = render_page(gathered(beside, drawn=False))
    text = " ".join(Reader(page).text.split())
    assert "3 of 39 replicates beside other load" in text
    assert "3 of 19 replicates beside other load" in text
    assert page.count('class="noise"') == 3
    assert "e.g. Others used 1.2 CPUs. Stop." in text
    assert 'class="noise"' not in page_of(folder, "whole")


def test_sensors_by_name_only_are_not_missing(folder: Path) -> None:
    run = made(folder, "whole")
    missing = [
        {"family": "rapl", "why": "/sys/class/powercap does not exist.", "fix": "Use metal."},
        {"family": "simulated", "why": "Simulated sensors come by name only.", "fix": "x"},
        {"family": "replay", "why": "Recorded traces come by name only.", "fix": "x"},
    ]
    told = Run(run.path, {**run.info, "sensors_missing": missing})
    text = Reader(render_page(gathered(told, drawn=False))).text
    assert "does not exist. To have it: Use metal." in text
    assert ".." not in text.replace("...", "")
    assert "by name only" not in text


def test_text_from_models_stays_text(folder: Path) -> None:
    page = page_of(folder, "whole")
    reader = Reader(page)
    tags = [tag for tag, _ in reader.tags]
    assert "img" not in tags
    assert tags.count("script") == 5
    assert "onerror=alert(1)" in reader.text
    assert "{{ 7*7 }}" in reader.text
    assert "\x1b" not in page


def test_the_page_can_reach_nothing(folder: Path) -> None:
    reader = Reader(page_of(folder, "whole"))
    policy = next(
        a["content"] or "" for tag, a in reader.tags if tag == "meta" and "http-equiv" in a
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    for _, attributes in reader.tags:
        assert not {"src", "srcset", "action"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")


def test_the_page_stays_small_and_holds_the_library_once(folder: Path) -> None:
    page = page_of(folder, "whole")
    library = extras().vl_convert.javascript_bundle()
    assert len(page) - len(library) < 1_000_000
    assert page.count("window.vegaEmbed=") == 1


def test_every_chart_is_described_and_has_its_data(folder: Path) -> None:
    drawn = [chart.figure for chart in reported(folder, "whole").charts]
    assert len(drawn) > 2 * (4 + 4) + 2
    for figure in drawn:
        assert figure.spec["description"] == figure.description
        assert len(figure.description) > 40
        assert figure.rows
        assert all(len(row) == len(figure.columns) for row in figure.rows)
    joules = [f for f in drawn if "nergy" in f.title or f.id.startswith("power")]
    assert joules
    assert all("estimated" in figure.subtitle for figure in joules)


def test_json_in_a_script_cannot_end_it() -> None:
    text = script_json({"a": f"</script><!--&\u2028 {NASTY}"})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text)["a"].startswith("</script><!--&\u2028")
    with pytest.raises(ValueError, match="JSON"):
        script_json(float("nan"))


def test_a_missing_library_is_asked_for_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(folder, "whole")
    for name in NEEDED:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, name, None)
            with pytest.raises(InputError, match=name) as refused:
                render_page(run)
            assert 'pip install "wattmark[report]"' in str(refused.value)


def test_a_page_is_written_whole_or_refused(folder: Path, tmp_path: Path) -> None:
    told = reported(folder, "nothing-yet")
    page = write_page(told, tmp_path / "new" / "report.html")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(page.parent.iterdir()) == [page]
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        write_page(told, tmp_path / "file" / "report.html")


def test_pictures_of_the_charts(folder: Path, tmp_path: Path) -> None:
    whole = reported(folder, "whole")
    (chapter,) = whole.chapters
    part = replace(chapter.parts[0], charts=chapter.parts[0].charts[:2], more=(), power=(),
                   more_power=())  # fmt: skip
    few = replace(chapter, overview=chapter.overview[:1], more_overview=(), parts=[part])
    written = write_images(replace(whole, chapters=[few]), tmp_path / "charts")
    names = {path.name for path in written}
    assert {"1-arithmetic-energy.png", "1-arithmetic-energy.svg", "tradeoff-0.svg"} <= names
    for path in written:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG" if path.suffix == ".png" else b"<svg")
    with pytest.raises(InputError, match="bmp"):
        write_images(whole, tmp_path, ("bmp",))


def complaints(log: str) -> list[str]:
    """What a browser says of a page, but for Vega-Lite's advice to the authors of charts."""
    said = [line for line in log.splitlines() if "CONSOLE" in line]
    return [line for line in said if '"WARN ' not in line]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
@pytest.mark.parametrize("kind", ["whole", "no-energy", "one-replicate"])
def test_a_browser_draws_every_chart_and_has_no_complaint(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    assert CHROMIUM is not None
    report = reported(folder, kind)
    page = write_page(report, tmp_path / "report.html")
    seen = [c for part in report.chapters[0].parts for c in (*part.charts, *part.power)]
    expected = len(seen) + len(report.chapters[0].overview)
    opened = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr",
            "--virtual-time-budget=20000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert complaints(opened.stderr) == []
    reader = Reader(opened.stdout)
    assert expected > 0
    root = next(attributes for tag, attributes in reader.tags if tag == "html")
    assert root["data-drawn"] == str(expected)
    drawn = [a for tag, a in reader.tags if tag == "svg" and a.get("class") == "marks"]
    assert len(drawn) == expected
    described = [a for _, a in reader.tags if a.get("role") == "graphics-document"]
    assert len(described) >= expected
    assert all(attributes.get("aria-label") for attributes in described)


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_stand_out_from_their_background() -> None:
    def contrast(colour: str, ground: str) -> float:
        low, high = sorted((luminance(colour), luminance(ground)))
        return (high + 0.05) / (low + 0.05)

    light, dark = "#ffffff", "#14181c"
    assert all(contrast(colour, light) >= 3 for colour in PALETTE_LIGHT)
    assert all(contrast(colour, dark) >= 3 for colour in PALETTE_DARK)
    for colour in PHASES.values():
        assert min(contrast(colour, light), contrast(colour, dark)) >= 3

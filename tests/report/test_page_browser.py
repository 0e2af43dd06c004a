"""The page in a real browser: folds, print, and the table of answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from synthetic import NASTY, Knobs, make_run
from test_page import Reader, complaints

from wattmark.report.page import render_page
from wattmark.report.script import policy
from wattmark.store.reader import open_run

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
WORK = """
(async () => {
const tell = {};
const at = (name) => document.getElementById("answers-" + name);
const rows = () => Array.from(document.querySelectorAll("#answers-table tbody tr"));
const column = (name) => rows().map((r) => r.querySelector(`[data-name="${name}"]`).textContent);
const give = (element, value) => {
  element.value = value;
  element.dispatchEvent(new Event(element.tagName === "SELECT" ? "change" : "input"));
};
const head = (name) => Array.from(document.querySelectorAll("#answers-table thead button"))
  .find((button) => button.textContent === name);
const pause = () => new Promise((done) => setTimeout(done, 300));
  while (!document.documentElement.dataset.drawn) await pause();
  tell.seen = Number(document.documentElement.dataset.drawn);
  document.getElementById("open-all").click();
  await pause();
  await pause();
  tell.drawn = Number(document.documentElement.dataset.drawn);
  tell.open = document.querySelectorAll("details.fold:not([open])").length;
  tell.marks = document.querySelectorAll(".plot svg.marks").length;
  tell.narrow = Array.from(document.querySelectorAll(".plot svg.marks"))
    .filter((svg) => svg.getBoundingClientRect().width < 100).length;
  tell.over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  tell.all = rows().length;
  at("more").click();
  tell.more = rows().length;
  head("energy").click();
  tell.first = column("energy")[0];
  head("energy").click();
  tell.most = column("energy")[0];
  tell.sorted = head("energy").parentElement.getAttribute("aria-sort");
  head("expected").click();
  tell.expected = column("expected");
  give(at("search"), "ONERROR batch");
  tell.found = column("query");
  tell.text = column("prompt")[0];
  tell.count = at("count").textContent;
  give(at("search"), "");
  give(at("trial"), "1");
  tell.trials = Array.from(new Set(column("trial")));
  at("wrong").checked = true;
  at("wrong").dispatchEvent(new Event("change"));
  tell.wrong = Array.from(new Set(column("right")));
  tell.images = document.querySelectorAll("main img").length;
  tell.dirs = document.querySelectorAll("#answers-table td.text div[dir=auto]").length > 0;
  document.documentElement.dataset.told = JSON.stringify(tell);
})();
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
def test_folds_open_and_answers_are_searched_and_sorted(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    knobs = Knobs(models=("arithmetic",), replicates=2, queries=16, accuracy=0.6)
    page = render_page(open_run(make_run(tmp_path / "run", knobs)))
    scripts = Reader(page).scripts
    expected = len(json.loads(scripts[0])["specs"])
    # The page runs its own scripts only: for one more, its policy has one more hash.
    known = policy([WORK]).partition("script-src ")[2].partition(";")[0]
    page = page.replace("script-src ", f"script-src {known} ", 1)
    start, _, end = page.rpartition("</body>")
    page = f"{start}<script>{WORK}</script></body>{end}"
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    opened = subprocess.run(
        [
            CHROMIUM,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            f"--user-data-dir={tmp_path / 'profile'}",
            *("--enable-logging=stderr", "--v=0", "--window-size=380,900"),
            *("--virtual-time-budget=30000", "--dump-dom", file.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert complaints(opened.stderr) == []
    root = next(attributes for tag, attributes in Reader(opened.stdout).tags if tag == "html")
    told = json.loads(root["data-told"] or "")
    assert told["seen"] < told["drawn"] == told["marks"] == expected
    assert (told["open"], told["narrow"], told["over"]) == (0, 0, 0)
    assert (told["all"], told["more"]) == (10, 20)
    assert told["first"] != told["most"]
    assert told["sorted"] == "descending"
    sums = [int(text) for text in told["expected"]]
    assert sums == sorted(sums)
    assert set(told["found"]) == {"q3"}
    assert told["count"] == "4 of 64 answers"
    assert NASTY.replace("\x1b", "␛") in told["text"]
    assert told["trials"] == ["arithmetic, fp32 · batch 8"]
    assert told["wrong"] == ["no"]
    assert (told["images"], told["dirs"]) == (0, True)

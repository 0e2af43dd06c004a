"""The site: built without a warning and without a network, and nothing is fetched to read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pages import ROOT

import wattmark

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
HERE = "https://github.com/wattmark/wattmark/"
# Elements whose address is loaded with the page; of a link only what these relations load.
LOADED = {"src", "srcset", "poster", "data"}
RELATIONS = {
    *("stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch"),
    *("manifest", "apple-touch-icon"),
}
# Search for a word of one page, as a reader does, and tell what was found and what was loaded.
SEARCH = """
(async () => {
const pause = () => new Promise((done) => setTimeout(done, 100));
const links = () => Array.from(document.querySelectorAll(".md-search-result__link"));
const box = document.querySelector("[data-md-component=search-query]");
box.focus();
box.value = "autocorrelated";
box.dispatchEvent(new KeyboardEvent("keyup", { key: "d", bubbles: true }));
for (let tries = 0; tries < 100 && !links().length; tries++) await pause();
// What is loaded from elsewhere is seen: this is, and must be all.
const canary = new Image();
canary.src = "http://elsewhere.invalid/canary.png";
await new Promise((done) => (canary.onerror = done));
document.documentElement.dataset.told = JSON.stringify({
  found: links().map((link) => link.href),
  loaded: performance.getEntriesByType("resource").map((entry) => entry.name),
});
})();
"""


def mkdocs(config: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """A strict build that would wait for nobody: whoever asks for an address is refused."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    words = ["mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(out)]
    return subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
    )


class Page(HTMLParser):
    """A page of the site: its elements, and the text of its paragraphs."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.paragraphs: list[str] = []
        self._depth = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "p":
            self.paragraphs.append("")
            self._depth = 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._depth = 0

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.paragraphs[-1] += data

    @property
    def loaded(self) -> Iterator[str]:
        """What a browser fetches to show the page."""
        for tag, attributes in self.tags:
            relations = set((attributes.get("rel") or "").split())
            if tag == "link" and relations & RELATIONS:
                yield attributes.get("href") or ""
            yield from (attributes[name] or "" for name in LOADED & attributes.keys())

    @property
    def ids(self) -> set[str]:
        """Names that links may lead to."""
        return {attributes["id"] or "" for _, attributes in self.tags if "id" in attributes}


@dataclass(frozen=True)
class Site:
    """What a build wrote, and what it said."""

    folder: Path
    code: int
    said: str

    @cached_property
    def pages(self) -> Sequence[Page]:
        return [Page(path) for path in sorted(self.folder.rglob("*.html"))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site") / "site"
    done = mkdocs(ROOT / "mkdocs.yml", folder)
    return Site(folder, done.returncode, done.stdout + done.stderr)


def test_it_builds_without_a_warning(site: Site) -> None:
    assert site.code == 0, site.said
    assert not re.search(r"^(WARNING|ERROR)", site.said, re.MULTILINE), site.said


def test_every_page_of_the_docs_is_in_it(site: Site) -> None:
    docs = ROOT / "docs"
    asked = {path.relative_to(docs).with_suffix(".html") for path in docs.rglob("*.md")}
    made = {page.path.relative_to(site.folder) for page in site.pages}
    assert asked == made - {Path("404.html")}


def test_what_is_wrong_in_the_pages_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\nplugins: []\nextra_css: []\n"
        "nav: [index.md, gone.md]\n",
        encoding="utf-8",
    )
    (tmp_path / "docs/index.md").write_text(
        "# Here\n\n[a](no-page.md) [b](#no-place) [c](/absolute.md) [d](../outside.md)\n",
        encoding="utf-8",
    )
    (tmp_path / "docs/forgotten.md").write_text("# Forgotten\n", encoding="utf-8")
    done = mkdocs(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    _, *warned = re.split(r"^WARNING ", done.stderr, flags=re.MULTILINE)
    for wrong in ("gone.md", "forgotten.md", "no-page.md", "#no-place", "/absolute.md", "outside"):
        assert any(wrong in warning for warning in warned), (wrong, done.stderr)


def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    seen = 0
    for page in site.pages:
        for address in page.loaded:
            assert not re.match(r"\s*(\w+:)?//", address), f"{page.path}: {address}"
            seen += 1
    assert seen > 3 * len(site.pages)
    styles = list(site.folder.rglob("*.css"))
    assert styles
    for style in styles:
        addresses = re.findall(
            r"(?:url\(|@import)\s*[\"']?([^\"')]+)", style.read_text(encoding="utf-8")
        )
        assert not [one for one in addresses if re.match(r"(https?:)?//", one)], style


def test_links_into_the_repository_lead_to_files() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    seen = 0
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(rf"{HERE}(?:blob|tree)/main/([^)#\s]+)", text):
            assert (ROOT / path).exists(), f"{page.name}: {path}"
            seen += 1
    assert seen >= 5


def test_tables_lists_and_blocks_are_what_they_were_meant_as(site: Site) -> None:
    """What Markdown did not understand would stand in a paragraph as it was written."""
    for page in site.pages:
        for text in page.paragraphs:
            for line in text.splitlines():
                assert not re.match(r"\s*([-*|] |\d+\. |```|:::|#+ )", line), (page.path, line)


def test_every_public_name_is_in_the_api(site: Site) -> None:
    pages = [page for page in site.pages if page.path.parent.name == "api"]
    names = set().union(*(page.ids for page in pages))
    public = {f"wattmark.{name}" for name in wattmark.__all__ if name != "__version__"}
    assert public <= names
    assert {
        *(
            "wattmark.EnergyMonitor.window",
            "wattmark.Results.compare",
            "wattmark.meter.Sensor.read",
        ),
        *("wattmark.backends.Backend.generate", "wattmark.tasks.Task.score"),
        *("wattmark.errors.WattmarkError", "wattmark.schema.SensorInfo.gain_uncertainty"),
    } <= names
    assert not [name for name in names if re.search(r"^wattmark.*\._[a-z]", name)], "private"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the site with")
def test_it_is_searched_from_a_disk_and_loads_nothing_else(site: Site, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    start = (site.folder / "index.html").read_text(encoding="utf-8")
    page = site.folder / "searched.html"
    page.write_text(start.replace("</body>", f"<script>{SEARCH}</script></body>"), encoding="utf-8")
    opened = subprocess.run(
        [
            CHROMIUM,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--virtual-time-budget=30000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    page.unlink()
    (path := tmp_path / "opened.html").write_text(opened.stdout, encoding="utf-8")
    root = next(attributes for tag, attributes in Page(path).tags if tag == "html")
    told = json.loads(root["data-told"] or "")
    assert any("compare.html" in address for address in told["found"]), told
    assert told["loaded"] == ["http://elsewhere.invalid/canary.png"]

"""The report as Markdown: the words and tables of the page, for a repository, an issue or a paper.

Names, answers and errors come from outside: every mark of Markdown and HTML in them is escaped, so
that they show as they are. Charts are linked where they were written as pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wattmark.report.carbon import UNITS
from wattmark.report.chapter import Chapter, Chart, Part, Report, Source, gathered
from wattmark.report.comparison import COLUMNS as CHANGE_COLUMNS
from wattmark.report.comparison_markdown import prose
from wattmark.report.notes import wording
from wattmark.report.page import write_text
from wattmark.report.published import COLUMNS as PUBLISHED_COLUMNS
from wattmark.report.retrieval import COLUMNS as RETRIEVAL_COLUMNS
from wattmark.report.several import RUN_COLUMNS, Across

Lines = Iterator[str]


def write_markdown(source: Source, path: Path, pictures: Sequence[Path] = ()) -> Path:
    """Write the report as Markdown, with links to those of `pictures` that are its charts.

    Errors as of `page.write_page`.
    """
    links = {picture.stem: picture for picture in sorted(pictures, reverse=True)}
    here = path.parent
    addresses = {
        stem: quote(str(picture.relative_to(here) if picture.is_relative_to(here) else picture))
        for stem, picture in links.items()
    }
    return write_text(path, render_markdown(source, addresses))


def render_markdown(source: Source, pictures: Mapping[str, str] | None = None) -> str:
    """The report of a run, or of several; `pictures` is a chart's `file` → its address."""
    report = gathered(source, drawn=bool(pictures))
    lines = [f"# {prose(report.title)}", "", *_opening(report)]
    for chapter in report.chapters:
        lines += _chapter(chapter, 2 if report.across is None else 3, pictures or {})
    lines += [f"Made by Wattmark {prose(_made_by(report))}. Intervals are of 95 %."]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _opening(report: Report) -> Lines:
    """Where the run stands, or the runs beside each other."""
    if report.across is None:
        yield from (_status(report.chapters[0]), "")
        return
    yield from _across(report.across)


def _made_by(report: Report) -> str:
    return str(report.chapters[0].run.info.get("wattmark_version") or "")


def _across(across: Across) -> Lines:
    yield from ("## Runs", "", *_table(RUN_COLUMNS, [cells for _, cells in across.runs]))
    yield from _paragraphs(across.notes)
    yield from ("## All trials", "", *_summary(across.table))
    yield from ("## Comparison", "")
    for match in across.matches:
        yield from (f"### {prose(match.head)} against {prose(match.base)}", "")
        if match.why:
            yield from (f"Not compared: {prose(match.why)}", "")
        for trial in match.trials:
            yield from (f"#### {prose(trial.title)}", "")
            yield from _table(CHANGE_COLUMNS, [*trial.leading, *trial.others])
            yield from _bullets(trial.remarks)
        yield from _bullets(match.warnings)


def _chapter(chapter: Chapter, level: int, pictures: Mapping[str, str]) -> Lines:
    head, below = "#" * level, "#" * (level + 1)
    if level > 2:
        yield from (f"{'#' * (level - 1)} {prose(chapter.name)}", "", _status(chapter), "")
    yield from (f"{head} Verdict", "", *_cards(chapter))
    yield from _charts((*chapter.overview, *chapter.more_overview), pictures)
    for pair in chapter.retrieval:
        rows = [
            (f"↳ {what.strip()}" if what.startswith(" ") else what, *map(" ".join, cells))
            for what, cells in pair.rows
        ]
        yield from (f"{head} Baseline and retrieval: {prose(pair.title)}", "")
        yield from (*_table(RETRIEVAL_COLUMNS, rows), prose(pair.said), "")
    for part in chapter.parts:
        yield from (f"{head} {prose(part.title)}", "", *_part(part), "")
        yield from _charts((*part.charts, *part.more, *part.power, *part.more_power), pictures)
    if chapter.statistics:
        yield from (f"{head} Statistics", "")
    for table in chapter.statistics:
        yield from (f"{below} {prose(table.title)}", "", *_paragraphs([table.lead]))
        yield from (*_table(table.columns, table.rows), *_paragraphs(table.notes))
    if chapter.published:
        yield from (f"{head} Published figures", "")
        yield from _table(PUBLISHED_COLUMNS, chapter.published.rows)
        yield from _bullets(chapter.published.notes)
    yield from _doubts(chapter, head)
    yield from _machine(chapter, head)


def _status(chapter: Chapter) -> str:
    status = chapter.status
    told = [
        str(status["word"]),
        f"{status['trials']} trial{'' if status['trials'] == 1 else 's'}",
        f"{status['ok']} of {status['planned']} replicates ok",
        f"{status['failed']} failed" if status["failed"] else "",
        f"{status['to_come']} to come" if status["to_come"] else "",
        f"energy {status['energy']}",
        str(status["when"] or ""),
        str(status["noise"]),
    ]
    return prose(" · ".join(filter(None, told)))


def _cards(chapter: Chapter) -> Lines:
    if not chapter.cards:
        yield from ("No replicate ended well, so there is nothing to compare.", "")
    for card in chapter.cards:
        yield f"**{prose(card['title'])}: {prose(card['big'])}.** {prose(card['text'])}"
        worse = f"Cheaper still, but less accurate: {', '.join(card['worse'])}."
        said = (card["quality"], worse if card["worse"] else "", card["small"], card["noise"])
        yield from (prose(line) for line in said if line)
        yield ""
        yield from _bullets(f"{name}: {value}" for name, value in card["figures"])
        yield from (prose(f"{card['of']} · energy {card['provenance']}"), "")


def _part(part: Part) -> Lines:
    yield from _summary(part.table)
    if part.noise:
        yield from (f"{prose(part.noise)}.", "")
    yield from _bullets(
        f"{status}, {label}, replicate {', '.join(map(str, replicates))}: {error}"
        for label, reasons in part.failures
        for status, error, replicates in reasons
    )
    if part.confidence:
        yield "Confidence against accuracy, on average (expected calibration error):"
        yield ""
        yield from _bullets(f"{label}: {words}" for label, words in part.confidence)


def _summary(table: Mapping[str, Any]) -> Lines:
    """A summary table: figures with their intervals, net behind gross."""
    several = any("run" in row for row in table["rows"])
    columns = [*(["run", "group"] if several else []), "trial", *table["titles"], "ok"]
    rows = [
        [
            *([row["run"], row["group"]] if several else []),
            f"{row['label']}, {row['word']}" if row["word"] else row["label"],
            *map(_figure, row["cells"]),
            f"{row['ok']}/{row['planned']}",
        ]
        for row in table["rows"]
    ]
    yield from _table(columns, rows)
    if table["energy"]:
        yield from (f"Energy: {prose(table['energy'])}.", "")
    yield from _bullets(f"{what}: {why}" if what else why for what, why in table["missing"])


def _figure(cell: Mapping[str, str]) -> str:
    gross = f"{cell['value']} {cell['spread']}".strip()
    net = f"; net {cell['net']} {cell['net_spread']}".rstrip() if cell["net"] else ""
    return gross + net


def _charts(charts: Iterable[Chart], pictures: Mapping[str, str]) -> Lines:
    for chart in charts:
        if chart.file in pictures:
            figure = chart.figure
            yield f"![{prose(figure.description)}]({pictures[chart.file]})"
            yield from ("", f"{prose(figure.title)}. {prose(figure.subtitle)}", "")
            yield from _paragraphs(figure.notes)


def _doubts(chapter: Chapter, head: str) -> Lines:
    if not (chapter.doubts or chapter.left_out or chapter.notes):
        return
    yield from (f"{head} What to doubt", "")
    yield from _bullets(
        f"{doubt.code} ({doubt.replicates} replicates in {trials} trials): {wording(doubt)}"
        for doubt, trials in chapter.doubts
    )
    left_out = [f"{e.get('what', '?')}: {e.get('why', '')}" for e in chapter.left_out]
    if left_out:
        yield from ("Left out of the grid:", "", *_bullets(left_out))
    if chapter.notes:
        yield from ("Understood otherwise than it was written:", "", *_bullets(chapter.notes))


def _machine(chapter: Chapter, head: str) -> Lines:
    yield from (f"{head} Machine and method", "")
    yield from _bullets(f"{name}: {value}" for name, value in chapter.facts)
    sensors = [f"{s['name']}: {s['source']} ({s['facts']})" for s in chapter.sensors]
    missing = [
        f"{s['family']}: {s['why']}." + (f" To have it: {s['fix']}." if s["fix"] else "")
        for s in chapter.sensors_missing
    ]
    for title, lines in (("Sensors:", sensors), ("Sensors that are missing:", missing)):
        if lines:
            yield from (title, "", *_bullets(lines))
    yield from _bullets(f"{what}: {said}" for what, said in chapter.carbon)
    if chapter.sci:
        rows = [(label, *cells) for label, cells in chapter.sci]
        yield from _table(("SCI", *UNITS.values()), rows)
    yield from (f"{head} Run it again", "", *_code(chapter.reproduce["commands"]))
    if chapter.reproduce["toml"]:
        yield from ("The suite, as TOML:", "", *_code(chapter.reproduce["toml"]))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Lines:
    """A table; nothing where it has no rows."""
    if not rows:
        return
    yield _row(columns)
    yield f"| --- {'| ---: ' * (len(columns) - 1)}|"
    for row in rows:
        yield _row(row)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(prose(cell) for cell in cells)} |"


def _bullets(lines: Iterable[str]) -> Lines:
    shown = [f"- {prose(line)}" for line in lines]
    yield from ([*shown, ""] if shown else [])


def _paragraphs(lines: Iterable[str]) -> Lines:
    for line in filter(None, lines):
        yield from (prose(line), "")


def _code(text: str) -> Lines:
    """A block of code that no line of its text can end."""
    yield from (*(f"    {line}" for line in text.splitlines()), "")

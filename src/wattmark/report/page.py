"""The report: one page that needs no network, verdict first.

Everything is in the file: Vega's library once, each chart's specification once, style and
script. A Content-Security-Policy forbids every request, and only the page's own scripts run,
known by their hashes: text from models and tasks is escaped, and could do nothing if it were not.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from wattmark.errors import RunDirectoryError
from wattmark.report.bundle import bundle
from wattmark.report.carbon import UNITS
from wattmark.report.chapter import Report, Source, gathered
from wattmark.report.comparison import COLUMNS as CHANGE_COLUMNS
from wattmark.report.extras import Extras, extras
from wattmark.report.format import plain
from wattmark.report.notes import wording
from wattmark.report.published import COLUMNS as PUBLISHED_COLUMNS
from wattmark.report.querytable import Asked, query_table
from wattmark.report.retrieval import COLUMNS as RETRIEVAL_COLUMNS
from wattmark.report.script import policy, script_json
from wattmark.report.several import RUN_COLUMNS
from wattmark.store.whole import write_whole

TEMPLATES = "templates"


def write_page(source: Source, path: Path) -> Path:
    """Write the report of a run, or of several, to `path`, whole or not at all; returns it.

    Raises InputError where the report extra is not installed, RunDirectoryError where a run
    cannot be read or the file cannot be written.
    """
    return write_text(path, render_page(source))


def write_text(path: Path, text: str) -> Path:
    """Write a report's text, whole or not at all; RunDirectoryError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as reason:
        raise RunDirectoryError(
            f"{path} cannot be written: {reason.strerror or reason}.",
            "Give a file that you may write to with --out.",
        ) from reason
    return path


def render_page(source: Source) -> str:
    """The report of a run, finished or not, or of several, as one HTML document.

    Raises InputError without the extra.
    """
    tools = extras()
    report = gathered(source)
    answers = query_table(list(_asked(report)))
    charts = {
        "specs": {chart.id: chart.figure.spec for chart in report.charts},
        "light": tools.config(dark=False),
        "dark": tools.config(dark=True),
    }
    scripts = [
        bundle(tools.vl_convert),
        _own("page.js"),
        *([_own("answers.js")] if answers else []),
    ]
    first = report.chapters[0].run.info
    return str(
        _template(tools).render(
            report=report,
            title=report.title,
            made_by=plain(first.get("wattmark_version", ""), 20),
            policy=policy(scripts),
            style=_own("page.css"),
            scripts=scripts,
            charts=script_json(charts),
            answers=answers,
            answers_data=script_json(answers.data) if answers else "",
            retrieval_columns=RETRIEVAL_COLUMNS,
            published_columns=PUBLISHED_COLUMNS,
            run_columns=RUN_COLUMNS,
            change_columns=CHANGE_COLUMNS,
            sci_units=list(UNITS.values()),
            wording=wording,
        )
    )


def _asked(report: Report) -> Iterator[Asked]:
    """Whose answers the page shows; the runs' names only where there are several."""
    for chapter in report.chapters:
        yield Asked(
            run=chapter.run,
            summaries=chapter.summaries,
            labels=chapter.labels,
            name=chapter.name if report.across else "",
        )


def _own(name: str) -> str:
    """A file of the templates folder."""
    return (resources.files("wattmark.report") / TEMPLATES / name).read_text(encoding="utf-8")


def _template(tools: Extras) -> Any:
    environment = tools.jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=tools.jinja2.StrictUndefined,
        loader=tools.jinja2.FunctionLoader(_own),
    )
    environment.filters["plain"] = plain
    return environment.get_template("page.html")

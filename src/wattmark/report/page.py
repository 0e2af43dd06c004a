"""The report: one page that needs no network, verdict first.

Everything is in the file: Vega's library once, each chart's specification once, style and
script. A Content-Security-Policy forbids every request, and only the page's own scripts run,
known by their hashes: text from models and tasks is escaped, and could do nothing if it were not.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from wattmark.analysis.calibration import calibrations
from wattmark.analysis.retrieval import trade_offs
from wattmark.analysis.summary import carbon_of, summarise
from wattmark.errors import RunDirectoryError
from wattmark.report.carbon import UNITS, carbon_lines, sci_table
from wattmark.report.content import table_of, verdict_cards
from wattmark.report.extras import Extras, extras
from wattmark.report.facts import (
    answers,
    facts_of,
    missing_sensors,
    reproduce,
    sensors_of,
    status_of,
)
from wattmark.report.format import plain
from wattmark.report.labels import short_labels
from wattmark.report.notes import (
    confidence,
    disturbed_of,
    doubts_by_code,
    failures_by_reason,
    wording,
)
from wattmark.report.retrieval import COLUMNS, beside
from wattmark.store.reader import Run

TEMPLATES = "templates"


def write_page(run: Run, path: Path) -> Path:
    """Write the report of a run to `path`, whole or not at all; returns it.

    Raises InputError where the report extra is not installed, RunDirectoryError where the file
    cannot be written.
    """
    html = render_page(run)
    fresh = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(html, encoding="utf-8")
        fresh.replace(path)
    except OSError as reason:
        raise RunDirectoryError(
            f"{path} cannot be written: {reason.strerror or reason}.",
            "Give a file that you may write to with --out.",
        ) from reason
    return path


def render_page(run: Run) -> str:
    """The report of a run, finished or not, as one HTML document; InputError without the extra."""
    tools = extras()
    summaries = summarise(run)
    labels = short_labels(summaries)
    sections = tools.charts.sections(run, summaries)
    overview = tools.charts.overview(summaries)
    calibrated = {key: confidence(found) for key, found in calibrations(run).items()}
    specs: dict[str, Any] = {}
    for index, section in enumerate(sections):
        for figure in (*section.figures, *section.power):
            specs[f"chart-{index}-{figure.id}"] = figure.spec
    specs.update({f"chart-{figure.id}": figure.spec for figure in overview})
    charts = {"specs": specs, "light": tools.config(dark=False), "dark": tools.config(dark=True)}
    scripts = [bundle(tools), _own("page.js")]
    return str(
        _template(tools).render(
            run=run.info,
            title=plain(run.info.get("name") or run.path.name, 80),
            policy=_policy(scripts),
            style=_own("page.css"),
            scripts=scripts,
            charts=script_json(charts),
            status=status_of(run.info, summaries),
            cards=verdict_cards(run, summaries, labels),
            overview=overview,
            retrieval=beside(trade_offs(run, summaries), labels),
            retrieval_columns=COLUMNS,
            sections=[
                {
                    "title": section.title,
                    "table": table_of(section.trials, labels),
                    "failures": [
                        (labels[trial.key], failures_by_reason(trial))
                        for trial in section.trials
                        if trial.failures
                    ],
                    "noise": disturbed_of(section.trials),
                    "confidence": [
                        (labels[trial.key], calibrated[trial.key])
                        for trial in section.trials
                        if trial.key in calibrated
                    ],
                    "figures": section.figures,
                    "power": section.power,
                    "hidden_power": max(0, len(section.trials) - tools.charts.MOST_POWER),
                }
                for section in sections
            ],
            doubts=[(d, trials, wording(d)) for d, trials in doubts_by_code(summaries)],
            left_out=[e for e in run.info.get("left_out") or () if isinstance(e, Mapping)],
            notes=[str(note) for note in run.info.get("notes") or ()],
            answers=answers(run, summaries, labels),
            facts=facts_of(run.info),
            sensors=sensors_of(run.info),
            sensors_missing=missing_sensors(run.info),
            carbon=carbon_lines(run, carbon_of(run.info)),
            sci=sci_table(summaries, labels),
            sci_units=list(UNITS.values()),
            reproduce=reproduce(run.info, run.path.name),
        )
    )


def script_json(content: Any) -> str:
    """JSON that is safe inside a script element: no `<`, `>`, `&`, no line separators."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


@cache
def _bundle(convert: Any) -> str:
    text: str = convert.javascript_bundle()
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def bundle(tools: Extras) -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, made offline; no end tag inside."""
    return _bundle(tools.vl_convert)


def _policy(scripts: Sequence[str]) -> str:
    """Nothing is fetched, and no script runs but these."""
    hashes = " ".join(
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
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

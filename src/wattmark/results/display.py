"""How results show themselves: a short text in a terminal, a table of figures in a notebook.

Everything from outside (names, answers' errors, warnings) is made plain and escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from wattmark.analysis.comparison import BETTER, WORSE, Change, Comparison
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import NOT_RESOLVED, groups
from wattmark.report.comparison import COLUMNS, by_trial, cells, change_text, remarks, trial_title
from wattmark.report.content import table_of
from wattmark.report.facts import status_of
from wattmark.report.format import figure, plain
from wattmark.report.labels import group_title, short_labels
from wattmark.report.notes import doubts_by_code, failures_by_reason, wording
from wattmark.store.reader import Run

Trials = Sequence[TrialSummary]

MOST_TRIALS = 60
"""Rows of a notebook's table; the summary has all."""
MOST_LINES = 8
"""Trials, and changes, that a terminal's short text names."""
WIDTH = 100
SHORT = {"energy_per_query_j": "per query", "tokens_per_s": "", "accuracy": "right"}
"""Figures of the short text, with what they are of."""
STYLE = (
    "<style>"
    ".wattmark table{border-collapse:collapse;margin:.3em 0 .6em}"
    ".wattmark th,.wattmark td{padding:.25em .6em;text-align:right;vertical-align:top;"
    "white-space:nowrap}"
    ".wattmark th:first-child,.wattmark td:first-child{text-align:left}"
    ".wattmark td small,.wattmark .said{opacity:.72}"
    ".wattmark p{margin:.6em 0 .2em}"
    ".wattmark .said{margin:.15em 0;font-size:.92em;max-width:70em}"
    ".wattmark .wide{overflow-x:auto}"
    "</style>"
)


def results_text(runs: Mapping[str, tuple[Run, Trials]]) -> str:
    """A line about each run, its first trials, and its warnings by code."""
    lines = []
    for name, (run, trials) in runs.items():
        lines.append(f"Results of {plain(name)}: {_status(run, trials)}")
        for trial in trials[:MOST_LINES]:
            told = (
                f"{figure(trial.estimates[metric])} {of}".rstrip()
                for metric, of in SHORT.items()
                if trial.estimates[metric].value is not None
            )
            lines.append(f"  {plain(trial.label)}: {', '.join(told) or 'no figures'}")
        if len(trials) > MOST_LINES:
            lines.append(f"  and {len(trials) - MOST_LINES} more: .summary()")
        codes = [plain(doubt.code) for doubt, _ in doubts_by_code(trials)]
        lines += [f"  warnings: {', '.join(codes)}"] if codes else []
    return "\n".join(lines)


def results_html(runs: Mapping[str, tuple[Run, Trials]]) -> str:
    """The headline table of each run with intervals, provenance, what is missing, and doubts."""
    parts = [STYLE]
    for name, (run, trials) in runs.items():
        parts.append(f"<p><b>{_text(name)}</b>: {_text(_status(run, trials))}</p>")
        shown = trials[:MOST_TRIALS]
        labels = short_labels(trials)
        for group in groups(shown):
            parts += _group(group, labels)
        if len(trials) > len(shown):
            parts.append(_said(f"{len(trials) - len(shown)} more trials: .summary()"))
        for doubt, count in doubts_by_code(trials):
            where = f"{_many(doubt.replicates, 'replicate')}, {_many(count, 'trial')}"
            parts.append(
                f"<p class=said>⚠ <b>{_text(doubt.code)}</b> ({where}): {_text(wording(doubt))}</p>"
            )
    return f"<div class=wattmark>{''.join(parts)}</div>"


def comparison_text(comparison: Comparison) -> str:
    """How many of each verdict, the first that are resolved, and how to see the rest."""
    counts = Counter(change.verdict for change in comparison.changes)
    told = ", ".join(f"{n} {word}" for word, n in counts.most_common()) or "nothing to compare"
    lines = [f"{_sides(comparison)}: {told}"]
    clear = [change for change in comparison.changes if change.verdict in (BETTER, WORSE)]
    trials = list(by_trial(comparison))
    several = len(trials) > 1
    if trials and trials[0] and not several:
        lines.append(f"  {trial_title(comparison, trials[0])}")
    for change in clear[:MOST_LINES]:
        where = f" · {plain(change.trial)}" if several else ""
        lines.append(f"  {_change(change)}{where}")
    if len(clear) > MOST_LINES:
        lines.append(f"  and {len(clear) - MOST_LINES} more that are resolved")
    if counts[NOT_RESOLVED] == len(comparison.changes) > 0:
        lines.append("  No difference is resolved.")
    if comparison.warnings:
        lines.append(f"  {_many(len(comparison.warnings), 'warning')}: .warnings")
    return "\n".join([*lines, "  All of it: print(it), .to_frame()"])


def comparison_html(comparison: Comparison) -> str:
    """All changes by trial, with remarks and warnings."""
    parts = [STYLE, f"<p><b>{_text(_sides(comparison))}</b></p>"]
    for trial, changes in by_trial(comparison).items():
        if trial:
            parts.append(f"<p>{_text(trial_title(comparison, trial))}</p>")
        parts.append(_table(COLUMNS, [[_text(cell) for cell in cells(one)] for one in changes]))
        parts += [_said(line) for line in remarks(changes)]
    parts += [_said(f"⚠ {line}") for line in comparison.warnings]
    return f"<div class=wattmark>{''.join(parts)}</div>"


def as_text(shown: RenderableType, width: int = WIDTH) -> str:
    """What a terminal would show, without colours."""
    console = Console(file=StringIO(), width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(shown)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _status(run: Run, trials: Trials) -> str:
    status = status_of(run.info, trials)
    done = f"{status['ok']} of {status['planned']} replicates ok"
    failed = f", {status['failed']} failed" if status["failed"] else ""
    noise = f"; {status['noise']}" if status["noise"] else ""
    many = _many(len(trials), "trial")
    return f"{status['word']}, {many}, {done}{failed}; energy {status['energy']}{noise}"


def _group(group: Trials, labels: Mapping[str, str]) -> Iterable[str]:
    told = table_of(group, labels)
    yield f"<p><b>{_text(group_title(group[0]))}</b></p>"
    if told["energy"]:
        yield _said(f"energy: {told['energy']}")
    yield _table(
        ["trial", *told["titles"], "ok"],
        [
            [
                _text(row["label"]),
                *(_cell(cell) for cell in row["cells"]),
                f"{row['ok']}/{row['planned']}",
            ]
            for row in told["rows"]
        ],
    )
    for what, why in told["missing"]:
        yield _said(f"{what}: {why}" if what else why)
    for trial in group:
        for status, error, replicates in failures_by_reason(trial):
            which = ", ".join(map(str, replicates))
            yield _said(f"✗ {labels[trial.key]}, replicate {which}: {status}. {error}")


def _cell(cell: Mapping[str, Any]) -> str:
    """A figure, its interval below it, and net below gross: a dozen figures fit a notebook."""
    lines = [(cell["value"], cell["spread"])]
    if cell["net"]:
        lines.append((f"net {cell['net']}", cell["net_spread"]))
    return "<br>".join(
        _text(value) + (f"<br><small>{_text(spread)}</small>" if spread else "")
        for value, spread in lines
    )


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; the cells are HTML already."""
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _said(text: str) -> str:
    return f"<p class=said>{_text(text)}</p>"


def _text(text: object) -> str:
    return escape(plain(text))


def _sides(comparison: Comparison) -> str:
    """'head against base', or the one run within which trials were compared."""
    base, head = plain(comparison.base), plain(comparison.head)
    return f"within {base}" if base == head else f"{head} against {base}"


def _change(change: Change) -> str:
    return f"{plain(change.metric, 80)} {change.verdict}: {change_text(change)}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

"""A table of statistics as plain text, and how its cells and notes are worded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattmark.analysis.findings import COMMAND
from wattmark.analysis.metrics import METRICS
from wattmark.analysis.outcome import Test
from wattmark.report.format import DASH, between, ratio, significant

MOST_ROWS = 40
MOST_NAMED = 4
"""Names in one note; the others are counted."""
MOST_NOTES = 12
IN_JSON = f"{COMMAND} --json"
_DETAIL = re.compile(r" \(([^()]{1,80})\)")


@dataclass(frozen=True, kw_only=True)
class StatTable:
    """Plain text, escaped by whoever shows it; without `columns` the lead says why."""

    id: str
    title: str
    lead: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def table(
    name: str,
    title: str,
    lead: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    notes: Iterable[str] = (),
) -> StatTable | None:
    """A table with as many rows as are read, the rest counted; None where there is no row."""
    if not rows:
        return None
    more = len(rows) - MOST_ROWS
    cut = [f"{more} more rows are in: {IN_JSON}."] if more > 0 else []
    return StatTable(
        id=name,
        title=title,
        lead=lead,
        columns=tuple(columns),
        rows=tuple(map(tuple, rows[:MOST_ROWS])),
        notes=(*cut, *_few(list(notes))),
    )


def metric_title(name: str) -> str:
    """'Energy per query'."""
    return METRICS[name].title


def lowered(text: str) -> str:
    """For the middle of a sentence: 'energy per query'; 'CO2e' and 'RAM' stay."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def p_said(p_value: float | None) -> str:
    """'0.012', '<0.0001', or –."""
    if p_value is None:
        return DASH
    return "<0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def with_holm(test: Test) -> str:
    """'0.012 (0.048)': the p-value, and corrected for the tests beside it."""
    if test.p_value is None or test.p_adjusted is None:
        return p_said(test.p_value)
    return f"{p_said(test.p_value)} ({p_said(test.p_adjusted)})"


def effect_said(value: float | None, low: float | None, high: float | None) -> str:
    """'−2.41 (−4.12 to −0.712)'."""
    if value is None:
        return DASH
    spread = "" if low is None or high is None else f" ({between(low, high)})"
    return f"{significant(value)}{spread}"


def ratio_said(test: Test) -> str:
    """The ratio that a test has as its effect, with its interval."""
    return ratio(test.effect, test.low, test.high)


def statistic_said(letter: str, test: Test) -> str:
    """'F(2, 11.4) = 5.1'."""
    if test.statistic is None:
        return DASH
    df = ", ".join(f"{one:.3g}" for one in test.df)
    return f"{letter}({df}) = {significant(test.statistic)}"


def remarks(noted: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Each note once, with what it is about; figures in its parentheses go to their names.

    `noted` is (what was tested, its notes), of all tests.
    """
    found: dict[str, list[str]] = {}
    everything = list(noted)
    for where, notes in everything:
        for note in notes:
            detail = _DETAIL.search(note)
            text = _DETAIL.sub("", note, count=1)
            name = f"{where} ({detail[1]})" if detail else where
            found.setdefault(text, []).append(name)
    total = len(everything)
    return [f"{text[:1].upper()}{text[1:]}.{_named(names, total)}" for text, names in found.items()]


def remarks_by_kind(noted: Iterable[tuple[str, str, Sequence[str]]]) -> list[str]:
    """As `remarks`, of each kind of test by itself: (kind, what was tested, its notes)."""
    kinds: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for kind, where, notes in noted:
        kinds.setdefault(kind, []).append((where, notes))
    return [f"{kind}: {lowered(line)}" for kind, of in kinds.items() for line in remarks(of)]


def _named(names: Sequence[str], total: int) -> str:
    """' This concerns …', or nothing where it is said of everything."""
    if len(names) == total and not any("(" in name for name in names):
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f" This concerns {'; '.join(names[:MOST_NAMED])}{more}."


def _few(notes: Sequence[str]) -> list[str]:
    if len(notes) <= MOST_NOTES:
        return list(notes)
    return [*notes[:MOST_NOTES], f"{len(notes) - MOST_NOTES} more notes are in: {IN_JSON}."]

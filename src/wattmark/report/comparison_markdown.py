"""A comparison as Markdown: the comment under a pull request.

Names stem from files and models. In a cell they stand as code, where no markup, link or mention
works; in running text every mark is escaped, and `@` and `#` are parted from the word after them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.analysis.comparison import NOT_RESOLVED, Comparison
from wattmark.analysis.gate import PASS, REGRESSION, Judgement
from wattmark.report.comparison import (
    COLUMNS,
    by_trial,
    cells,
    gate_text,
    remarks,
    trial_title,
)
from wattmark.report.format import plain

SIGNS = {PASS: "✅", REGRESSION: "❌", NOT_RESOLVED: "❔", "better": "🟢", "worse": "🔴"}
WORD_JOINER = "\u2060"
MOST_CHARACTERS = 60_000
"""A comment on GitHub holds 65 536."""
# Of a dot, a colon and a dash only what makes a link or a list.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&@$]|:(?=//)|(?<=www)\.|^[-+])", re.IGNORECASE)


def markdown(comparison: Comparison, judgements: Sequence[Judgement] = ()) -> str:
    """The comparison as GitHub's Markdown: gates first, then each trial's table, then doubts."""
    base, head = (_code(side) for side in (comparison.base, comparison.head))
    lines = [f"### Wattmark: {base} → {head}", "", *_gates(judgements)]
    for trial, changes in by_trial(comparison).items():
        if trial:
            lines += [f"#### {_code(trial_title(comparison, trial))}", ""]
        lines += [_row(COLUMNS), _row([":--" if c == "metric" else "--:" for c in COLUMNS])]
        for change in changes:
            name, *others = cells(change)
            verdict = f"{SIGNS.get(change.verdict, '')} {change.verdict}".strip()
            others[COLUMNS.index("verdict") - 1] = verdict
            lines.append(_row([_code(name), *others]))
        confidence = f"{100 * changes[0].confidence:g} %"
        lines += ["", f"In parentheses: {confidence} intervals. g: Hedges' g. n: replicates.", ""]
        lines += [*(f"- {prose(line)}" for line in remarks(changes)), ""]
    if comparison.warnings:
        lines += [
            "**To be doubted**",
            "",
            *(f"- {prose(line)}" for line in comparison.warnings),
            "",
        ]
    return _cut("\n".join(lines))


def prose(text: str) -> str:
    """Untrusted text that shows in Markdown as it is, without any effect."""
    escaped = _MARKS.sub(r"\\\1", plain(text))
    return re.sub(r"([@#])(?=\w)", rf"\1{WORD_JOINER}", escaped)


def _gates(judgements: Sequence[Judgement]) -> list[str]:
    if not judgements:
        return []
    lines = [_row(("", "gate", "result")), _row((":-:", ":--", ":--"))]
    for judgement in judgements:
        asked, found = gate_text(judgement)
        result = f"**{judgement.outcome}** {prose(found)}"
        lines.append(_row((SIGNS[judgement.outcome], _code(asked), result)))
    return [*lines, ""]


def _code(text: str) -> str:
    """A code span that holds in a table's cell."""
    clean = plain(text, 200).replace("`", "'").replace("\\", "/").replace("|", "\\|")
    return f"`{clean or ' '}`"


def _row(items: Sequence[str]) -> str:
    return f"| {' | '.join(items)} |"


def _cut(text: str) -> str:
    """Whole lines only, and said where some are left out."""
    if len(text) <= MOST_CHARACTERS:
        return text.rstrip() + "\n"
    kept = text[:MOST_CHARACTERS].rpartition("\n")[0]
    return f"{kept}\n\nThe rest is too long for a comment: see `wattmark compare --json`.\n"

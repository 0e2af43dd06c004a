"""A comparison that shows itself in a notebook, and gives its figures as a DataFrame."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from wattmark.analysis.comparison import Comparison, Settings
from wattmark.errors import InputError
from wattmark.report.comparison import render_comparison
from wattmark.results.display import WIDTH, as_text, comparison_html, comparison_text
from wattmark.results.tables import comparison_frame


@dataclass(frozen=True, kw_only=True, repr=False)
class ResultsComparison(Comparison):
    """Head against base: `changes` has each metric of each trial. `print` shows all of it."""

    def to_frame(self) -> pl.DataFrame:
        """A row a trial and metric; what docs/compare.md tells of `--json`."""
        return comparison_frame(self)

    def __repr__(self) -> str:
        return comparison_text(self)

    def __str__(self) -> str:
        return as_text(render_comparison(self, console_width=WIDTH))

    def _repr_html_(self) -> str:
        return comparison_html(self)


def settings(margin: float, confidence: float, paired: bool | None) -> Settings:
    """How to compare; InputError on a margin or a confidence that cannot be."""
    if not 0 <= margin < 1:
        raise InputError(f"The margin is {margin:g}; it must be 0 to below 1, such as 0.01.")
    if not 0.5 <= confidence < 1:
        raise InputError(f"The confidence is {confidence:g}; it must be 0.5 to below 1.")
    return Settings(margin=margin, confidence=confidence, paired=paired)

"""How a run goes, for whoever watches: replicates done of all, time left, J/token, power now.

On standard error, and only in a terminal: a log file gets nothing but the result.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Column

from wattmark.cli.console import terminal
from wattmark.report.format import plain
from wattmark.runner.plan import Slot
from wattmark.schema import Record, Status
from wattmark.units import engineering


class Progress:
    """An observer of a run, with a bar where there is a terminal."""

    def __init__(self) -> None:
        # Twice a second is enough for an eye, and costs the machine under measurement little.
        self._bar = Bar(
            MofNCompleteColumn(table_column=_fixed(7)),
            TimeElapsedColumn(table_column=_fixed(7)),
            TextColumn("left", table_column=_fixed(4)),
            TimeRemainingColumn(table_column=_fixed(7)),
            TextColumn("{task.fields[last]}", table_column=_fixed(15)),
            # What matters least stands last and gives way: a narrow terminal cuts it off.
            TextColumn(
                "{task.description}",
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            expand=True,
            console=Console(stderr=True),
            refresh_per_second=2,
            disable=not terminal(),
            transient=True,
        )
        self._task: TaskID | None = None
        self._power = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def started(self, total: int, done: int) -> None:
        """The plan is made; `done` of `total` were finished before."""
        self._task = self._bar.add_task("starting", total=total, completed=done, last="")

    def running(self, slot: Slot, power_w: float | None) -> None:
        """A replicate begins."""
        self._power = "" if power_w is None else f" · {engineering(power_w, 'W')} now"
        self._update(description=escape(plain(slot.trial.label)))

    def waiting(self, foreign_cpus: float) -> None:
        """Others use the machine."""
        self._update(last=f"waiting for quiet: others use {foreign_cpus:.1f} CPUs")

    def finished(self, record: Record) -> None:
        """A replicate is saved."""
        if record.status == Status.OK:
            self._update(advance=1, last=_cost(record) + self._power)
            return
        self._update(advance=1, last=str(record.status))
        if terminal():
            self._bar.console.print(
                plain(f"{record.status}: {record.trial.label}: {record.error}"),
                markup=False,
                style="red",
            )

    def _update(self, *, advance: int = 0, description: str | None = None, last: str = "") -> None:
        if self._task is not None:
            self._bar.update(self._task, advance=advance, description=description, last=last)


def _fixed(width: int) -> Column:
    """A column that keeps its width on a narrow terminal."""
    return Column(no_wrap=True, min_width=width)


def _cost(record: Record) -> str:
    energy = record.totals.energy_j
    tokens = sum(answer.output_tokens for answer in record.generations)
    if energy is None:
        return "energy not measured"
    if tokens:
        return f"{engineering(energy / tokens, 'J')}/token"
    return f"{engineering(energy / max(1, len(record.generations)), 'J')}/query"

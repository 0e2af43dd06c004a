"""Tables and runs to compare, as the tests of `compare` and of its gate make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from synthetic import Knobs

from wattmark.analysis.compare_sources import compare_paths
from wattmark.analysis.comparison import Change, Comparison, Settings
from wattmark.analysis.gate import Judgement, judge, parse_gate

BASE = [2.00, 2.03, 1.98, 2.05, 2.01]
WORSE = [2.21, 2.22, 2.19, 2.26, 2.20]
ONE = Knobs(
    models=("arithmetic",),
    precisions=("fp32",),
    batch_sizes=(1,),
    one_oom=False,
    nasty=False,
    queries=12,
)


def table(
    path: Path, columns: Mapping[str, Sequence[object]], *, blocks: Sequence[object] | None = None
) -> Path:
    n = len(next(iter(columns.values())))
    labels = list(range(n)) if blocks is None else blocks
    lines = [",".join(["replicate", "block", *columns])]
    for index in range(n):
        cells = [index, labels[index], *(column[index] for column in columns.values())]
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def compared(
    folder: Path,
    base: Mapping[str, Sequence[object]],
    head: Mapping[str, Sequence[object]],
    how: Settings | None = None,
    **more: Any,
) -> Comparison:
    before, after = table(folder / "base.csv", base), table(folder / "head.csv", head)
    return compare_paths(before, after, how, **more)


def change(
    folder: Path,
    base: Sequence[object],
    head: Sequence[object],
    name: str = "energy_j",
    how: Settings | None = None,
) -> Change:
    (found,) = compared(folder, {name: base}, {name: head}, how).changes
    return found


def gated(comparison: Comparison, *gates: str) -> list[Judgement]:
    return judge([parse_gate(text) for text in gates], comparison)


def edited(folder: Path, table_name: str, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / f"{table_name}.parquet"
    content = pq.read_table(path)
    rows = [edit(row) for row in content.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=content.schema), path)

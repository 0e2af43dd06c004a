"""A report brings no library that it does not need; what it keeps out is there for others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from synthetic import Knobs, make_run

from wattmark.cli.quick import without_pandas

PROGRAM = """
import sys
from pathlib import Path
from wattmark.cli.report import report
report([Path(sys.argv[1])], out=Path(sys.argv[2]))
heavy = ("pandas", "polars", "statsmodels")
assert not (found := [name for name in heavy if name in sys.modules]), found
import pyarrow
frame = pyarrow.table({"a": ["x", None], "b": [1.5, 2.5]}).to_pandas()
assert frame["b"].sum() == 4.0
import pandas
again = pandas.DataFrame({"name": ["u", "v"], "n": [1, 2]})
assert pyarrow.Table.from_pandas(again).to_pylist() == again.to_dict("records")
"""


def test_a_report_imports_neither_pandas_nor_statsmodels(tmp_path: Path) -> None:
    run, page = make_run(tmp_path / "demo", Knobs(one_oom=False)), tmp_path / "page.html"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, run, page], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 100_000


def test_keeping_pandas_out_leaves_no_trace() -> None:
    before = list(sys.meta_path)
    without_pandas()
    assert sys.meta_path == before
    assert pa.scalar(3).as_py() == 3

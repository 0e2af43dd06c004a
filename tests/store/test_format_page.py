"""docs/format.md is what the code writes, and all that a real run writes stands on it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from wattmark.runner.run import resume, run
from wattmark.runner.suite import read_suite
from wattmark.schema import Record
from wattmark.store.columns import NEVER_NULL, TABLES
from wattmark.store.keys import KEYS, OPEN
from wattmark.store.reader import open_run

ROOT = Path(__file__).parents[2]


class Silent:
    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: object, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: Record) -> None: ...


def test_the_committed_page_is_what_the_code_says() -> None:
    page = runpy.run_path(str(ROOT / "tools" / "write_format_page.py"))["page"]()
    committed = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    assert committed == page, "run: python tools/write_format_page.py"
    for table, columns in TABLES.items():
        assert f"## {table}\n" in page
        for column in columns:
            assert f"| `{column.name}` |" in page
            assert column.meaning
        assert {column.name for column in columns} >= NEVER_NULL[table]


def paths(value: Any, at: str = "") -> set[str]:
    """Every key in a JSON value, dotted, with its nulls: 'name' or 'name=null'."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            name = f"{at}.{key}" if at else key
            found |= {name + ("=null" if inner is None else "")}
            if name not in OPEN:
                found |= paths(inner, name)
    elif isinstance(value, list):
        for item in value:
            found |= paths(item, at + "[]")
    return found


def test_every_key_of_a_real_run_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    flags = {
        "models": ["fake", "fake:fail=crash"],
        "backends": "fake",
        "sensors": ["simulated:watts=100", "simulated:watts=5,name=b,kind=power"],
        "precisions": "fp32,int8",
        "replicates": 1,
        "limit": 1,
        "batch_sizes": "auto",
        "warmups": 0,
        "idle_s": 0.05,
        "quiet_wait_s": 0,
        "intensity_g_per_kwh": 400.0,
    }
    seen: set[str] = set()
    found: dict[str, object] = {"intensity_g_per_kwh": None, "country": "DEU", "sensors": []}
    for name, more in (("a", {}), ("b", found)):
        outcome = run(read_suite(None, flags | more), tmp_path / name, Silent())
        assert (outcome.ok, outcome.failed) == (1, 1)
        assert resume(tmp_path / name, Silent()).failed == 1
        seen |= paths(json.loads((tmp_path / name / "run.json").read_text(encoding="utf-8")))
    (tmp_path / "corpus.txt").write_text("text to retrieve from")
    corpus = {"modes": "rag", "corpus": str(tmp_path / "corpus.txt"), "system": "Answer."}
    outcome = run(read_suite(None, flags | corpus | {"models": "fake"}), tmp_path / "c", Silent())
    assert outcome.ok == 1
    seen |= paths(json.loads((tmp_path / "c" / "run.json").read_text(encoding="utf-8")))
    nulls = {name.removesuffix("=null") for name in seen if name.endswith("=null")}
    names = {name.removesuffix("=null") for name in seen}
    described = {key.name: key for key in KEYS}
    assert names <= set(described), names - set(described)
    assert all(described[name].null for name in nulls), nulls
    damage = {"trace_damaged", "trace_damaged[].file", "trace_damaged[].why"}
    # What `wattmark rescore` adds has a test of its own.
    later = {name for name in described if name.startswith("rescored")}
    assert set(described) - names <= {"left_out[].what"} | damage | later, "never written"
    opened = open_run(tmp_path / "a")
    for table in TABLES:
        for row in getattr(opened, table).to_pylist():
            assert {n for n, v in row.items() if v is None}.isdisjoint(NEVER_NULL[table])

"""Write docs/format.md from the code, `python tools/write_format_page.py`; a test compares them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from wattmark import schema
from wattmark.store.columns import NEVER_NULL, PURPOSE, REALS, TABLES, TEXTS
from wattmark.store.keys import KEYS, OPEN

PAGE = Path(__file__).parent.parent / "docs" / "format.md"
TYPES = {
    pa.string(): "text",
    pa.int64(): "integer",
    pa.float64(): "number",
    pa.bool_(): "true or false",
    REALS: "list of numbers",
    TEXTS: "list of texts",
}

INTRO = f"""\
# The run directory

This page is written by `tools/write_format_page.py` from the code; a test keeps the two alike.

A run is a folder. It is the only thing that the part that measures hands to the part that
analyses, and anybody may read it: JSON, Parquet, SQLite and Arrow, nothing else.

| file | is | when |
|---|---|---|
| `run.json` | what was asked for, on what machine, and how far it got | always |
| `<table>.parquet` | the tables below, one file each | once `status` is `complete` |
| `live.db` | the first four tables, in SQLite with a write-ahead log | until it is complete |
| `trace.arrows` | the table `trace`, an Arrow IPC stream | until it is complete |
| `run.lock` | held by the process that writes; without meaning afterwards | until it is complete |
| `report.html`, `charts/` | the report, made from the rest | when asked for |
| `exports/` | its files for other tools, made from the rest | when asked for |

```python
import wattmark

run = wattmark.open_run("runs/demo")  # finished, interrupted or still running
run.info["machine"]["cpu_model"]
run.trials.to_pandas()
```

or, of a complete run, without Wattmark: `pandas.read_parquet("runs/demo/trials.parquet")`.

**What a crash leaves.** A replicate is one transaction of `live.db`: after a `kill -9`, a full disk
or a power cut it is there whole or not at all, and a run loses no more than the replicate that was
in flight. A run is closed in this order: the Parquet files (each a temporary file, flushed, then
renamed), then `run.json` says `complete`, then the live files go. Until `run.json` says `complete`,
the live files count, and Parquet files beside them are of no meaning. `wattmark run --resume` goes
on from there; a failed replicate is tried again with `attempt` raised by one, and its new rows
replace the old ones (the trace keeps the readings of every attempt). It refuses to go on where the
models' files, the machine, the threads or the engine's versions have changed. Where the trace was
damaged, what can be read of it is kept, and the damaged file beside it as `trace-damaged-N.arrows`
(`trace_damaged` in `run.json` names it).

**Units** are SI: J, W, s, bytes; `1` is a plain ratio. Stamps (`*_ns`) are integer nanoseconds of
the machine's monotonic clock. A run that was resumed has several sessions; the clock and the
counters may have started anew between them, so stamps and counters compare within one `session`.
Wall-clock times are labels and never computed with.

**Null** is "not measured" or "does not apply"; zero is a measured zero. Columns marked ● are never
null. Energy is null where no sensor covers it, never 0.

**Text** of a model or of a query file is stored as it came (control characters, HTML and NUL
included: escape it before you show it), except that half a character (a lone surrogate), which
UTF-8 cannot hold, becomes U+FFFD. No environment variable, host name or user name is stored.

**Schema version.** This is version {schema.SCHEMA_VERSION}. A reader upgrades older versions, and
refuses newer ones with a hint.

"""


def page() -> str:
    """The whole page."""
    return INTRO + "\n".join([*_history(), *_keys(), *_tables()]) + "\n"


def _history() -> Iterator[str]:
    yield "| version | change |"
    yield "|---|---|"
    lines = (schema.__doc__ or "").partition("SCHEMA_VERSION history")[2].splitlines()[1:]
    for line in lines:
        number, _, change = line.strip().partition("  ")
        if number.isdecimal():
            yield f"| {number} | {change.strip()} |"
    yield ""


def _keys() -> Iterator[str]:
    yield "## run.json"
    yield ""
    opened = ", ".join(f"`{name}`" for name in OPEN)
    yield "A dot goes into an object, `[]` into each item of a list. Not ours to name is what"
    yield f"stands in {opened}."
    yield ""
    yield "| key | type | unit | meaning |"
    yield "|---|---|---|---|"
    for key in KEYS:
        null = f"; null {key.null}" if key.null else ""
        yield f"| `{key.name}` | {key.type} | {key.unit} | {key.meaning}{null} |"
    yield ""


def _tables() -> Iterator[str]:
    for table, columns in TABLES.items():
        yield f"## {table}"
        yield ""
        yield f"{PURPOSE[table]} ● is never null."
        yield ""
        yield "| column | type | unit | | meaning |"
        yield "|---|---|---|---|---|"
        for column in columns:
            mark = "●" if column.name in NEVER_NULL[table] else ""
            cells = (f"`{column.name}`", TYPES[column.type], column.unit, mark, column.meaning)
            yield "| " + " | ".join(cells) + " |"
        yield ""


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"written: {PAGE}")

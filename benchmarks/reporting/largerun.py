"""A run of 10⁷ answers and 10⁷ samples, grown from a small real one.

Each replicate's measured region is gone through many times over: every time with other query ids
and stamps, and with figures that scatter by some percent, from a fixed seed. Joules, tokens and
counts of the replicates grow along, and the sensors are read all through. The tables are written
as the store writes them, in row groups of the same size, one group in memory at a time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.command import rows
from wattmark.store.columns import arrow_schema
from wattmark.store.files import GROUP_ROWS
from wattmark.store.reader import Run, open_run

QUERIES = SAMPLES = 10_000_000
FLAGS = {
    "--model": "fake:accuracy=0.8,prefill_s=0.003,step_s=0.0003",
    "--backend": "fake",
    "--precision": "fp32,bf16",
    "--task": "arithmetic,squad",
    "--batch": "5,25",
    "--limit": "25",
    "--replicates": "5",
    "--warmups": "1",
    "--idle": "0.1",
    "--quiet-wait": "0",
    "--intensity": "380",
}
SENSORS = ("simulated:watts=30", "simulated:watts=90,component=gpu,device=gpu0,kind=power")
SCATTERED = ("latency_s", "ttft_s", "tpot_s")
JOULES = ("energy_j", "energy_low_j", "energy_high_j", "energy_net_j")
GROWN = (
    *("queries", "scored", "correct", "input_tokens", "output_tokens", "context_tokens"),
    *("measured_s", "prefill_s", "decode_s", *JOULES, "energy_net_low_j", "energy_net_high_j"),
    *(f"{phase}{end}_j" for phase in ("prefill", "decode") for end in ("", "_low", "_high")),
)
"""Columns of a replicate that are sums over its measured region."""
INSIDE = ("measured", "prefill", "decode", "classify", "host")
FLIPPED = 0.02
"""Answers that are right where the small run's was wrong, and the other way round."""
PAUSE_NS = 300_000_000
IDLE_W, BUSY_W = 12.0, 60.0

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """Where a replicate stands on the new clock; nanoseconds."""

    before: int
    """Added to what lies before the measured region's end."""
    region: int
    """Length of the measured region as it was."""
    after: int
    """Added to what comes after it."""
    start: int
    end: int


def small_run(out: Path) -> Path:
    """A real run of 1 000 answers: 2 tasks × 2 precisions × 2 batches × 5 replicates of 25."""
    flags = [word for pair in FLAGS.items() for word in pair]
    rows(out, [*flags, *(word for sensor in SENSORS for word in ("--sensor", sensor))])
    return out


def grow(small: Path, out: Path, queries: int = QUERIES, samples: int = SAMPLES) -> Path:
    """Write the large run at `out`."""
    run = open_run(small)
    tiles = queries // run.queries.num_rows
    out.mkdir(parents=True)
    shutil.copyfile(small / "run.json", out / "run.json")
    records = run.trials.sort_by("run_order").to_pylist()
    places = _places(run, records, tiles)
    _write(out, "trials", _trials(records, tiles))
    for table, grown in (("queries", _queries), ("spans", _spans), ("energy", _energy)):
        whole = getattr(run, table)
        _write(
            out,
            table,
            (
                part
                for number, record in enumerate(records)
                for part in grown(_of(whole, record), places[number], tiles, _seed(record))
            ),
        )
    _write(out, "trace", _trace(run, list(places.values()), samples))
    return out


def _write(out: Path, table: str, parts: Iterator[pa.Table]) -> None:
    with pq.ParquetWriter(
        out / f"{table}.parquet", arrow_schema(table), compression="zstd"
    ) as writer:
        for part in parts:
            writer.write_table(part.select(arrow_schema(table).names))


def _of(table: pa.Table, record: Mapping[str, Any]) -> pa.Table:
    mine = pc.field("trial_key") == record["trial_key"]
    return table.filter(mine & (pc.field("replicate") == record["replicate"]))


def _seed(record: Mapping[str, Any]) -> int:
    """Of the trial: its replicates give the same answers."""
    return int(record["trial_key"], 16)


def _places(run: Run, records: list[dict[str, Any]], tiles: int) -> dict[int, Place]:
    found, clock = {}, 1_000_000_000
    for number, record in enumerate(records):
        spans = _of(run.spans, record)
        measured = spans.filter(pc.field("name") == "measured").to_pylist()[0]
        start, end = pc.min(spans["start_ns"]).as_py(), pc.max(spans["end_ns"]).as_py()
        region = measured["end_ns"] - measured["start_ns"]
        before = clock - start
        after = before + (tiles - 1) * region
        found[number] = Place(before, region, after, start + before, end + after)
        clock = end + after + PAUSE_NS
    return found


def _trials(records: list[dict[str, Any]], tiles: int) -> Iterator[pa.Table]:
    for record in records:
        for name in GROWN:
            if record[name] is not None:
                record[name] *= tiles
    yield pa.Table.from_pylist(records, schema=arrow_schema("trials"))


def _tiled(table: pa.Table, tiles: int) -> Iterator[tuple[pa.Table, Ints]]:
    """Row groups of the rows over and over, with the number of the time that each stands for."""
    n = table.num_rows
    each = max(1, GROUP_ROWS // n)
    block = table.take(pa.array(np.tile(np.arange(n), each)))
    for first in range(0, tiles, each):
        count = min(each, tiles - first)
        yield block.slice(0, count * n), first + np.repeat(np.arange(count), n)


def _set(table: pa.Table, name: str, values: Any) -> pa.Table:
    at = table.column_names.index(name)
    return table.set_column(at, table.schema.field(name), values)


def _queries(table: pa.Table, place: Place, tiles: int, seed: int) -> Iterator[pa.Table]:
    n, batches = table.num_rows, pc.max(table["batch"]).as_py() + 1
    drawn = np.random.default_rng(seed)
    for block, tile in _tiled(table, tiles):
        number = pc.cast(pa.array(tile), pa.string())
        part = _set(block, "query_id", pc.binary_join_element_wise(block["query_id"], number, "-"))
        part = _set(part, "position", pc.add(part["position"], pa.array(tile * n)))
        part = _set(part, "batch", pc.add(part["batch"], pa.array(tile * batches)))
        start = pa.array(place.before + tile * place.region)
        part = _set(part, "start_ns", pc.add(part["start_ns"], start))
        for names in (SCATTERED, JOULES):
            factor = pa.array(np.exp(drawn.normal(0, 0.08, len(tile))))
            for name in names:
                part = _set(part, name, pc.multiply(part[name], factor))
        flipped = drawn.random(len(tile)) < FLIPPED
        correct = part["correct"].to_numpy(zero_copy_only=False).astype(bool) ^ flipped
        score = part["score"].to_numpy(zero_copy_only=False)
        part = _set(part, "correct", pa.array(correct))
        part = _set(part, "score", pa.array(np.where(flipped, correct, score)))
        told = np.where(correct, drawn.beta(6, 2, len(tile)), drawn.beta(3, 3, len(tile)))
        yield _set(part, "confidence", pa.array(told))


def _spans(table: pa.Table, place: Place, tiles: int, _: int) -> Iterator[pa.Table]:
    inside = pc.field("batch").is_valid()
    around = table.filter(~inside).to_pylist()
    measured = next(span for span in around if span["name"] == "measured")
    for span in around:
        late = span["start_ns"] >= measured["end_ns"]
        span["start_ns"] += place.after if late else place.before
        span["end_ns"] += place.after if late or span is measured else place.before
        span["seconds"] = (span["end_ns"] - span["start_ns"]) / 1e9
    yield pa.Table.from_pylist(around, schema=table.schema)
    batched = table.filter(inside)
    batches = pc.max(batched["batch"]).as_py() + 1
    for block, tile in _tiled(batched, tiles):
        part = _set(block, "batch", pc.add(block["batch"], pa.array(tile * batches)))
        for name in ("start_ns", "end_ns"):
            moved = pa.array(place.before + tile * place.region)
            part = _set(part, name, pc.add(part[name], moved))
        yield part


def _energy(table: pa.Table, _: Place, tiles: int, seed: int) -> Iterator[pa.Table]:
    single = pc.field("batch").is_valid()
    sums = table.filter(~single).to_pylist()
    for row in sums:
        if row["span"] in INSIDE:
            for name in ("seconds", *JOULES, "energy_net_low_j", "energy_net_high_j"):
                row[name] = None if row[name] is None else row[name] * tiles
    yield pa.Table.from_pylist(sums, schema=table.schema)
    batched = table.filter(single)
    batches = pc.max(batched["batch"]).as_py() + 1
    drawn = np.random.default_rng(seed)
    for block, tile in _tiled(batched, tiles):
        part = _set(block, "batch", pc.add(block["batch"], pa.array(tile * batches)))
        factor = pa.array(np.exp(drawn.normal(0, 0.05, len(tile))))
        for name in JOULES:
            part = _set(part, name, pc.multiply(part[name], factor))
        yield part


def _trace(run: Run, places: list[Place], samples: int) -> Iterator[pa.Table]:
    """All sensors at each tick; counters of the first kind, power and gauges of the others."""
    sensors = json.loads((run.path / "run.json").read_text(encoding="utf-8"))["sensors"]
    names = [sensor["name"] for sensor in sensors]
    counts = np.array([sensor["kind"] != "power" for sensor in sensors])
    first, last = places[0].start, places[-1].end
    ticks = samples // len(names)
    step = (last - first) // ticks
    edges = np.array([edge for place in places for edge in (place.start, place.end)])
    drawn = np.random.default_rng(0)
    each = GROUP_ROWS // len(names)
    energy_j = np.zeros(len(names))
    schema = arrow_schema("trace")
    for begin in range(0, ticks, each):
        tick = np.arange(begin, min(ticks, begin + each))
        time_ns = first + tick * step + drawn.integers(0, step // 10 + 1, len(tick))
        busy = np.searchsorted(edges, time_ns, side="right") % 2 == 1
        watts = np.where(busy, BUSY_W, IDLE_W)[:, None] * drawn.normal(
            1, 0.05, (len(tick), len(names))
        )
        counted = energy_j + np.cumsum(watts * step / 1e9, axis=0)
        energy_j = counted[-1]
        whole = {
            "sensor": pa.array(names * len(tick)),
            "time_ns": pa.array(np.repeat(time_ns, len(names))),
            "energy_j": pa.array(counted.ravel(), mask=np.tile(~counts, len(tick))),
            "power_w": pa.array(watts.ravel(), mask=np.tile(counts, len(tick))),
            "temperature_c": pa.array(
                np.repeat(np.where(busy, 61.0, 44.0), len(names)), mask=np.tile(counts, len(tick))
            ),
            "session": pa.array(np.zeros(len(tick) * len(names), dtype=np.int64)),
        }
        yield pa.table(
            [
                whole.get(field.name, pa.nulls(len(tick) * len(names), field.type))
                for field in schema
            ],
            schema=schema,
        )

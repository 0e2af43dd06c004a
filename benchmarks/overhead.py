"""What measuring costs: a span, and the parent's CPU time while a worker is measured."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.figure import Figure, summary
from wattmark.backends.find import find_backend
from wattmark.meter.discover import discover, sensors
from wattmark.meter.meter import Meter
from wattmark.runner.plan import expand
from wattmark.runner.suite import read_suite
from wattmark.runner.watch import Workers
from wattmark.runner.wire import Job
from wattmark.runner.worker import SpanLog

SPANS = 20_000
WINDOW_S = 10.0


def figures() -> Iterator[Figure]:
    """A span against an empty loop; the parent while a worker does nothing but wait."""
    costs = [_span_s() * 1e6 for _ in range(15)]
    yield summary("span: two stamps and a mark", costs, "µs", most=2.0)
    shares, threads = zip(*[_parent() for _ in range(3)], strict=True)
    yield summary("parent CPU at 10 Hz", list(shares), "%", most=1.0, note="of one core")
    yield summary("sampling at 10 Hz", list(threads), "%", most=0.3, note="of one core")


def _span_s() -> float:
    log = SpanLog()
    now, add = log.now, log.add
    began = time.perf_counter()
    for index in range(SPANS):
        start = now()
        add("decode", start, now(), batch=index, tokens=1)
    marked = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(SPANS):
        pass
    return (marked - (time.perf_counter() - began)) / SPANS


def _parent() -> tuple[float, float]:
    """Per cent of a core used by this process, and by its sampling thread, while it watches."""
    plan = expand(
        read_suite(None, {"models": f"fake:prefill_s={WINDOW_S}", "backends": "fake", "limit": 1})
    )
    trial = plan.trials[0]
    job = Job(
        trial=trial,
        adapter=find_backend("fake").adapter,
        kind="causal",
        queries=plan.queries(trial),
        idle_s=0.1,
    )
    workers = Workers([], {})
    with Meter(sensors(discover())) as meter:
        began, cpu = time.perf_counter(), time.process_time()
        thread = meter.cost_cpu_s
        workers.run(job, meter, 120)
        wall = time.perf_counter() - began
        used, sampled = time.process_time() - cpu, meter.cost_cpu_s - thread
    workers.close()
    return 100 * used / wall, 100 * sampled / wall

"""How long a plan will take, roughly, before anything is run."""

from __future__ import annotations

import time

import numpy as np

from wattmark.backends.find import find_backend
from wattmark.models.own_files import OWN_FILES
from wattmark.runner.cells import OWN
from wattmark.runner.plan import Plan

_START_S = 3.0
"""For a block's fork server to import its engines."""


def estimated_seconds(plan: Plan) -> float:
    """A rough guess of the run's length, from a short timing of this machine's memory.

    A decode step reads the weights once, so it takes at least weight bytes ÷ bandwidth; a
    fixed part stands for the calls of each step. Good to a factor of two or three. What engines
    convert first is not in it (`converting`).
    """
    bandwidth = _bytes_per_second()
    total = 0.0
    for trial in plan.trials:
        queries = len(plan.queries(trial))
        batches = -(-queries // (trial.batch_size or 1)) + trial.warmups
        steps = 1 if plan.kinds[trial.model] == "classifier" else min(trial.max_new_tokens, 64)
        step_s = 0.003 + plan.weight_bytes[trial.model] / bandwidth
        load_s = 0.5 + 2 * plan.weight_bytes[trial.model] / bandwidth
        work_s = batches * steps * step_s
        if plan.suite.precision_target is not None:
            work_s = max(work_s, plan.suite.time_budget_s)
        total += load_s + 2 * plan.suite.idle_s + work_s
    start_s = 0.3 if set(plan.kinds.values()) == {OWN} else _START_S
    return (start_s + total) * plan.suite.replicates


def converting(plan: Plan) -> list[str]:
    """Engines of a plan that have a model converted before its first load.

    How long that takes is not foreseen: minutes for a billion parameters, nothing where what was
    made before is still in the cache.
    """
    origins = {model.model: model.origin for model in plan.models}
    engines = {
        trial.backend: None
        for trial in plan.trials
        if find_backend(trial.backend).converts and origins.get(trial.model) not in OWN_FILES
    }
    return list(engines)


def _bytes_per_second() -> float:
    block = np.ones(8_000_000)
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        block.copy()
        rates.append(2 * block.nbytes / (time.perf_counter() - start))
    return max(rates)

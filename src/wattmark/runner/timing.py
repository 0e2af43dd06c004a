"""How long a plan will take, from a short timing of each model × engine × precision.

A worker loads the model as a trial would and answers one batch of the smallest size with a few
tokens, and one of the largest. A decode step is affine in the batch (the weights are read once,
rows are computed each), so sizes between lie between. A trial then takes

    load + overhead + 2 idle + (warm-ups + batches) × (prefill + steps × step)

How many steps an answer has is known before only where its length is fixed (random weights):
else the range goes from one token each to as many as may be. What cannot be timed cheaply is
guessed from the bandwidth of memory (`duration`), good to a factor of three.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wattmark.backends.find import find_backend
from wattmark.errors import WattmarkError
from wattmark.meter.meter import Meter
from wattmark.models import RANDOM
from wattmark.models.own_files import OWN_FILES
from wattmark.runner.duration import estimated_seconds
from wattmark.runner.export import EXPORT, EXPORTED
from wattmark.runner.machine import pinned
from wattmark.runner.plan import Plan
from wattmark.runner.session import environment
from wattmark.runner.watch import Workers
from wattmark.runner.wire import Job, Result
from wattmark.schema import TO_BE_FOUND, Status, Trial
from wattmark.units import BYTES_PER_MIB, ns_to_s

TOKENS = 8
"""Most new tokens of an answer that is timed."""
LONGEST_S = 120.0
"""After which one timing is given up."""
ENOUGH_S = 180.0
"""After which no further one is begun."""
LITTLE_BYTES = 64 * BYTES_PER_MIB
"""A model of more is not converted for a timing."""
MARGIN = 1.25
"""How far a run of one batch may be from the rest, either way."""
GUESS = 3.0
"""How far a guess from the bandwidth of memory may be off."""
CONVERTED = "it would have to be converted first, which may take minutes"
AUTO_SIZE = "its batch size is to be found first"
TOO_LONG = f"to load it and answer once takes more than {LONGEST_S:.0f} s"
NO_TIME = f"{ENOUGH_S:.0f} s of timing are over"


@dataclass(frozen=True)
class Pace:
    """Of one batch of a size: seconds before the first token, and of each further one."""

    size: int
    first_s: float
    step_s: float


@dataclass(frozen=True)
class Timing:
    """What one model with one engine and precision takes; `why` says why it was not timed."""

    label: str
    load_s: float | None = None
    overhead_s: float = 0.0
    """Of a worker, beside its load, idle and answers."""
    paces: tuple[Pace, ...] = ()
    foreign_cpus: float | None = None
    """CPUs that others used meanwhile: quiet, it would have been quicker."""
    why: str | None = None


@dataclass(frozen=True)
class Expected:
    """A run's seconds: of trials that were timed and of others that were guessed, as a range."""

    low_s: float
    high_s: float
    timings: tuple[Timing, ...]


def expected(plan: Plan, tell: Callable[[str], None] = lambda _label: None) -> Expected:
    """Time what can be timed cheaply; `tell` is told what is timed next.

    Nothing is measured or kept, but for models of little size that an engine converts.
    """
    groups: dict[tuple[str, str, str, str], list[Trial]] = {}
    for trial in plan.trials:
        key = (trial.model, trial.backend, trial.precision, trial.device)
        groups.setdefault(key, []).append(trial)
    timings, low, high = [], 0.0, 0.0
    untimed: list[Trial] = []
    began = time.monotonic()
    with _Timer(plan) as timer:
        for (model, backend, precision, device), trials in groups.items():
            label = f"{model} · {backend} {precision} {device}"
            why = NO_TIME if time.monotonic() - began > ENOUGH_S else _why_not(plan, trials)
            if why is None:
                tell(label)
            timing = Timing(label, why=why) if why is not None else timer.timing(label, trials)
            timings.append(timing)
            if timing.load_s is None:
                untimed += trials
                continue
            each = [seconds(plan, trial, timing) for trial in trials]
            low += plan.suite.replicates * sum(least for least, _ in each)
            high += plan.suite.replicates * sum(most for _, most in each)
        low += plan.suite.replicates * timer.start_s
        high += plan.suite.replicates * timer.start_s
    if untimed:
        guess = estimated_seconds(replace(plan, trials=tuple(untimed)))
        low, high = low + guess / GUESS, high + guess * GUESS
    return Expected(low, high, tuple(timings))


def seconds(plan: Plan, trial: Trial, timing: Timing) -> tuple[float, float]:
    """A replicate's least and most seconds, where its model was timed."""
    queries = len(plan.queries(trial))
    size = trial.batch_size or 1
    batches = -(-queries // size) + trial.warmups
    pace = pace_at(timing.paces, min(size, queries))
    most = 0 if plan.kinds[trial.model] == "classifier" else trial.max_new_tokens - 1
    least = most if trial.weights == RANDOM else 0
    besides = (timing.load_s or 0.0) + timing.overhead_s + 2 * plan.suite.idle_s
    low, high = (batches * (pace.first_s + steps * pace.step_s) for steps in (least, most))
    if plan.suite.precision_target is not None:
        high = max(high, plan.suite.time_budget_s)
    return besides + low / MARGIN, MARGIN * (besides + high)


def pace_at(paces: Sequence[Pace], size: int) -> Pace:
    """Of a size between (or beyond) those that were timed, on the line through them."""
    small, large = paces[0], paces[-1]
    if large.size == small.size:
        return replace(small, size=size)
    share = (size - small.size) / (large.size - small.size)

    def between(one: float, other: float) -> float:
        return max(one + share * (other - one), 0.0)

    return Pace(size, between(small.first_s, large.first_s), between(small.step_s, large.step_s))


def _why_not(plan: Plan, trials: Sequence[Trial]) -> str | None:
    """Why a model with an engine is not timed; None where it is."""
    first = trials[0]
    origins = {model.model: model.origin for model in plan.models}
    own = origins[first.model] in OWN_FILES
    large = plan.weight_bytes[first.model] > LITTLE_BYTES
    if find_backend(first.backend).converts and large and not own:
        return CONVERTED
    return AUTO_SIZE if any(trial.batch_size == TO_BE_FOUND for trial in trials) else None


class _Timer:
    """Runs short jobs in workers, as a run does, without a sensor."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._threads, self._cpus = pinned(plan.suite.threads, plan.suite.cpus)
        names = {trial.backend for trial in plan.trials}
        self._adapters = {name: find_backend(name).adapter for name in names}
        modules = [target.partition(":")[0] for target in self._adapters.values()]
        self._workers = Workers(modules, environment(self._threads))
        self.start_s = 0.0
        """Of a block's fork server."""

    def __enter__(self) -> _Timer:
        return self

    def __exit__(self, *_: object) -> None:
        self._workers.close()

    def timing(self, label: str, trials: Sequence[Trial]) -> Timing:
        """A batch of the smallest size and one of the largest, of the task that asks the most."""
        asked = {
            trial.task: sum(len(q.prompt) for q in self._plan.queries(trial)) for trial in trials
        }
        longest = max(trials, key=lambda trial: (asked[trial.task], trial.mode))
        sizes = {trial.batch_size for trial in trials}
        load_s, overhead_s, paces = 0.0, 0.0, []
        foreign: list[float] = []
        names = ("load", "warmup", "measured", EXPORT, EXPORTED)
        for size in sorted({min(sizes), max(sizes)}):
            began = time.monotonic()
            if not self.start_s:
                self._workers.start()
                self.start_s = time.monotonic() - began
                began = time.monotonic()
            try:
                result, used = self._run(replace(longest, batch_size=size))
            except WattmarkError as reason:
                return Timing(label, why=reason.message)
            wall_s = time.monotonic() - began
            spans = {name: _sum_s(result, name) for name in names}
            load_s = max(load_s, spans["load"])
            overhead_s = max(overhead_s, wall_s - sum(spans.values()))
            paces.append(pace_of(result, size, spans["measured"]))
            foreign += [] if used is None else [used]
        return Timing(label, load_s, overhead_s, tuple(paces), max(foreign, default=None))

    def _run(self, trial: Trial) -> tuple[Result, float | None]:
        """What a worker tells, and the CPUs that others used; WattmarkError where it fails."""
        short = replace(trial, warmups=1, max_new_tokens=min(TOKENS, trial.max_new_tokens))
        kind = self._plan.task(trial).kind
        job = Job(
            trial=short,
            adapter=self._adapters[trial.backend],
            kind=self._plan.kinds[trial.model] if kind == "any" else kind,
            queries=self._plan.queries(trial)[: trial.batch_size],
            idle_s=0.0,
            threads=self._threads,
            cpus=self._cpus,
            memory_limit_bytes=self._plan.suite.memory_limit_bytes,
            corpus=self._plan.suite.corpus,
            shots=self._plan.shots(trial),
        )
        with (meter := Meter(())):
            ending = self._workers.run(job, meter, LONGEST_S)
        if ending.status == Status.TIMEOUT:
            raise WattmarkError(TOO_LONG)
        if ending.result is None:
            raise WattmarkError(ending.error or "it ended without a word")
        return ending.result, ending.foreign_cpu


def pace_of(result: Result, size: int, measured_s: float) -> Pace:
    """Of a measured region of one batch; a step that was not seen is taken as long as the first."""
    if any(span.name == "classify" for span in result.spans):
        return Pace(size, measured_s, 0.0)
    decode_s = _sum_s(result, "decode")
    steps = max((answer.output_tokens for answer in result.generations), default=1) - 1
    first_s = max(measured_s - decode_s, 0.0)
    return Pace(size, first_s, decode_s / steps if steps > 0 and decode_s > 0 else first_s)


def _sum_s(result: Result, name: str) -> float:
    return sum(ns_to_s(span.end_ns - span.start_ns) for span in result.spans if span.name == name)

"""From a suite to a plan: the trials, their order, what is left out and why, and how long.

Order: every trial once per block, shuffled in each block, so that a drift of the machine
falls on all trials alike (simulated: a 3 % drift makes A-then-B falsely positive half the
time, interleaved blocks 6 %).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import numpy as np

from wattmark.backends import BackendSpec
from wattmark.backends.find import find_backend, missing
from wattmark.errors import InputError
from wattmark.meter.nvml import describe
from wattmark.models.source import find_model
from wattmark.models.weights import fingerprint
from wattmark.schema import Query, Suite, Trial
from wattmark.tasks import Task
from wattmark.tasks.find import find_task

_START_S = 3.0
"""For a block's fork server to import its engines."""
OWN = "any"
"""Kind of a model that an engine brings itself: it does any task."""


@dataclass(frozen=True)
class Model:
    """What a model's name stood for when the plan was made; it goes into run.json."""

    model: str
    """As it was asked for."""
    origin: str
    """embedded, folder, hub, or engine for a model that an engine brings itself."""
    revision: str | None = None
    """The hub's commit."""
    digest: str | None = None
    """Of its files (models.weights.fingerprint); None for an engine's own."""


@dataclass(frozen=True)
class LeftOut:
    """A combination of the grid that cannot be, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Slot:
    """One replicate's place in the run."""

    trial: Trial
    replicate: int
    block: int
    order: int


@dataclass(frozen=True)
class Plan:
    """What will be run, in order."""

    suite: Suite
    trials: tuple[Trial, ...]
    slots: tuple[Slot, ...]
    left_out: tuple[LeftOut, ...]
    kinds: dict[str, str]
    """Model → its kind, causal or classifier."""
    weight_bytes: dict[str, int]
    models: tuple[Model, ...]

    def task(self, trial: Trial) -> Task:
        """The task of a trial."""
        return find_task(trial.task)

    def queries(self, trial: Trial) -> tuple[Query, ...]:
        """The queries of a trial, in order."""
        return tuple(self.task(trial).queries(trial.limit, trial.seed))


def expand(suite: Suite) -> Plan:
    """The plan of a validated suite.

    Raises InputError where nothing of the grid can be run, with every reason.
    """
    models = {name: _model(suite, name) for name in suite.models}
    tasks = [find_task(name) for name in suite.tasks]
    left_out: list[LeftOut] = []
    trials: dict[str, Trial] = {}
    for spec in (find_backend(name) for name in suite.backends):
        why = missing(spec)
        if why is not None:
            left_out.append(LeftOut(spec.name, why))
            continue
        device = _device(suite, spec)
        precisions = _precisions(suite, spec, device, left_out)
        for model, (kind, _, _) in models.items():
            if not (_is_own(spec, model) if spec.models is not None else kind != OWN):
                left_out.append(LeftOut(f"{model} on {spec.name}", "another engine's model"))
                continue
            for task in _tasks(suite, tasks, model, kind, left_out):
                for precision in precisions:
                    for trial in _cells(suite, spec.name, precision, device, (model, task)):
                        trials[trial.key] = trial
    if not trials:
        reasons = "; ".join(f"{item.what}: {item.why}" for item in left_out)
        raise InputError(
            f"Nothing of this suite can be run. {reasons}.",
            "'wattmark list precisions' and 'wattmark list backends' say what there is.",
        )
    ordered = tuple(trials.values())
    return Plan(
        suite=suite,
        trials=ordered,
        slots=_order(ordered, suite),
        left_out=tuple(dict.fromkeys(left_out)),
        kinds={name: kind for name, (kind, _, _) in models.items()},
        weight_bytes={name: size for name, (_, size, _) in models.items()},
        models=tuple(model for _, _, model in models.values()),
    )


def _is_own(spec: BackendSpec, model: str) -> bool:
    return spec.models is not None and spec.models(model)


def _model(suite: Suite, name: str) -> tuple[str, int, Model]:
    """(kind, weight bytes, what it is) of a model; an engine's own model answers anything."""
    if any(_is_own(find_backend(backend), name) for backend in suite.backends):
        return OWN, 0, Model(name, "engine")
    source = find_model(
        name,
        revision=suite.revision,
        allow_pickle=suite.allow_pickle,
        trust_remote_code=suite.trust_remote_code,
    )
    digest = fingerprint(source.path, source.weight_files)
    return source.kind, source.weight_bytes, Model(name, source.origin, source.revision, digest)


def _device(suite: Suite, spec: BackendSpec) -> str:
    """The device asked for, or the best there is for `auto`."""
    gpus = (describe() or {}).get("gpus", [])
    if suite.device == "auto":
        return "cuda" if gpus and "cuda" in spec.precisions else "cpu"
    if suite.device.startswith("cuda"):
        if not gpus:
            raise InputError(
                f"No NVIDIA GPU is found here, so --device {suite.device} cannot be.",
                "Take --device cpu; 'wattmark doctor' says what was looked for.",
            )
        index = int(suite.device.partition(":")[2] or 0)
        if index >= len(gpus):
            raise InputError(f"There is no {suite.device}: {len(gpus)} GPU(s), counted from 0.")
    return suite.device


def _precisions(suite: Suite, spec: BackendSpec, device: str, left_out: list[LeftOut]) -> list[str]:
    family = device.partition(":")[0]
    offered = spec.precisions.get(family, ())
    good = []
    for precision in suite.precisions:
        if precision in offered:
            good.append(precision)
            continue
        why = spec.refused.get((family, precision)) or (
            f"{spec.name} on {family} offers {', '.join(offered) or 'nothing'}"
        )
        left_out.append(LeftOut(f"{spec.name} {precision} {device}", why))
    return good


def _tasks(
    suite: Suite, tasks: list[Task], model: str, kind: str, left_out: list[LeftOut]
) -> list[Task]:
    """The tasks that a kind of model can do; without --task, those that ship for it."""
    if not suite.tasks:
        word = "sentiment" if kind == "classifier" else "arithmetic"
        return [find_task(word)]
    good = [task for task in tasks if "any" in (kind, task.kind) or task.kind == kind]
    left_out += [
        LeftOut(
            f"{model} · {task.name}", f"the model is a {kind} model, the task needs {task.kind}"
        )
        for task in tasks
        if task not in good
    ]
    return good


def _cells(
    suite: Suite, backend: str, precision: str, device: str, asked: tuple[str, Task]
) -> list[Trial]:
    model, task = asked
    return [
        Trial(
            model=model,
            revision=suite.revision,
            backend=backend,
            precision=precision,
            device=device,
            batch_size=batch_size,
            task=task.name,
            task_version=task.version,
            mode=mode,
            max_new_tokens=suite.max_new_tokens,
            limit=suite.limit,
            warmups=suite.warmups,
            seed=suite.seed,
            trust_remote_code=suite.trust_remote_code,
            allow_pickle=suite.allow_pickle,
            options=dict(suite.options),
        )
        for mode in suite.modes
        for batch_size in suite.batch_sizes
    ]


def _order(trials: tuple[Trial, ...], suite: Suite) -> tuple[Slot, ...]:
    shuffler = random.Random(suite.seed)  # noqa: S311 - an order, not a secret
    slots: list[Slot] = []
    for block in range(suite.replicates):
        shuffled = list(trials)
        shuffler.shuffle(shuffled)
        slots += [
            Slot(trial, block, block, len(slots) + place) for place, trial in enumerate(shuffled)
        ]
    return tuple(slots)


def estimated_seconds(plan: Plan) -> float:
    """A rough guess of the run's length, from a short timing of this machine's memory.

    A decode step reads the weights once, so it takes at least weight bytes ÷ bandwidth; a
    fixed part stands for the calls of each step. Good to a factor of two or three.
    """
    bandwidth = _bytes_per_second()
    total = 0.0
    for trial in plan.trials:
        queries = len(plan.queries(trial))
        batches = -(-queries // trial.batch_size) + trial.warmups
        steps = 1 if plan.kinds[trial.model] == "classifier" else min(trial.max_new_tokens, 64)
        step_s = 0.003 + plan.weight_bytes[trial.model] / bandwidth
        load_s = 0.5 + 2 * plan.weight_bytes[trial.model] / bandwidth
        work_s = batches * steps * step_s
        if plan.suite.precision_target is not None:
            work_s = max(work_s, plan.suite.time_budget_s)
        total += load_s + 2 * plan.suite.idle_s + work_s
    start_s = 0.3 if set(plan.kinds.values()) == {OWN} else _START_S
    return (start_s + total) * plan.suite.replicates


def _bytes_per_second() -> float:
    block = np.ones(8_000_000)
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        block.copy()
        rates.append(2 * block.nbytes / (time.perf_counter() - start))
    return max(rates)

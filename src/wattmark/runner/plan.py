"""From a suite to a plan: the trials, their order, what is left out and why, and how long.

Order: every trial once per block, shuffled in each block, so that a drift of the machine
falls on all trials alike (simulated: a 3 % drift makes A-then-B falsely positive half the
time, interleaved blocks 6 %).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from wattmark.backends import BackendSpec
from wattmark.backends.find import find_backend, missing
from wattmark.backends.precisions import true_name
from wattmark.errors import InputError
from wattmark.meter.nvml import describe
from wattmark.models.gguf_file import GGUF
from wattmark.models.source import ModelSource, find_model
from wattmark.models.weights import fingerprint
from wattmark.runner.foreseen import Foreseen, Foresight
from wattmark.schema import AUTO, TO_BE_FOUND, Query, Suite, Trial
from wattmark.tasks import Task
from wattmark.tasks.find import find_task

OWN = "any"
"""Kind of a model that an engine brings itself: it does any task."""


@dataclass(frozen=True)
class Model:
    """What a model's name stood for when the plan was made; it goes into run.json."""

    model: str
    """As it was asked for."""
    origin: str
    """embedded, folder, hub, random, or engine for a model that an engine brings itself."""
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
    memory: Foresight
    foreseen: dict[str, Foreseen]
    """Trial key → the memory that it will take."""
    notes: tuple[str, ...] = ()
    """What was understood otherwise than it was written: older names of precisions."""
    batches_found: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Trial key → how its batch size was found, where it was asked for as auto."""

    def task(self, trial: Trial) -> Task:
        """The task of a trial."""
        return find_task(trial.task)

    def queries(self, trial: Trial) -> tuple[Query, ...]:
        """The queries of a trial, in order."""
        return _queries(trial)


def expand(suite: Suite, *, left_out_before: Collection[str] | None = None) -> Plan:
    """The plan of a validated suite.

    `left_out_before` is what a run left out when it was begun: its memory is not asked again,
    so that it goes on with the trials that it had. Raises InputError where nothing of the grid
    can be run, with every reason.
    """
    models = {name: _model(suite, name) for name in suite.models}
    tasks = [find_task(name) for name in suite.tasks]
    left_out: list[LeftOut] = []
    sources = {name: known.source for name, known in models.items() if known.source is not None}
    memory = Foresight(sources, suite.memory_limit_bytes)
    cells: list[Trial] = []
    notes: list[str] = []
    for spec in (find_backend(name) for name in suite.backends):
        why = missing(spec)
        if why is not None:
            left_out.append(LeftOut(spec.name, why))
            continue
        device = _device(suite, spec)
        offered = _precisions(suite, spec, device, left_out)
        notes += _renamed(suite, spec, device)
        for model, known in models.items():
            if not (_is_own(spec, model) if spec.models is not None else known.kind != OWN):
                left_out.append(LeftOut(f"{model} on {spec.name}", "another engine's model"))
                continue
            precisions = _accepted(spec, known, offered, device, left_out)
            for task in _tasks(suite, tasks, model, known.kind, left_out):
                for precision in precisions:
                    cells += _cells(suite, spec.name, precision, device, (model, task))
    foreseen = {
        trial.key: memory.of(trial, _queries(trial), trial.batch_size or 1) for trial in cells
    }
    trials = {}
    for trial in cells:
        why = _too_large(suite, trial, foreseen[trial.key], left_out_before)
        if why is None:
            trials[trial.key] = trial
        else:
            left_out.append(LeftOut(trial.label, why))
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
        slots=order(ordered, suite),
        left_out=tuple(dict.fromkeys(left_out)),
        notes=tuple(notes),
        kinds={name: known.kind for name, known in models.items()},
        weight_bytes={name: known.weight_bytes for name, known in models.items()},
        models=tuple(known.model for known in models.values()),
        memory=memory,
        foreseen={key: found for key, found in foreseen.items() if found is not None},
    )


def _is_own(spec: BackendSpec, model: str) -> bool:
    return spec.models is not None and spec.models(model)


@dataclass(frozen=True)
class _Known:
    """What the plan knows of a model."""

    kind: str
    model: Model
    source: ModelSource | None = None
    """None for an engine's own."""

    @property
    def weight_bytes(self) -> int:
        return 0 if self.source is None else self.source.weight_bytes


def _model(suite: Suite, name: str) -> _Known:
    """A model by its name; an engine's own model answers anything."""
    if any(_is_own(find_backend(backend), name) for backend in suite.backends):
        return _Known(OWN, Model(name, "engine"))
    source = find_model(
        name,
        revision=suite.revision,
        allow_pickle=suite.allow_pickle,
        trust_remote_code=suite.trust_remote_code,
        weights=suite.weights,
    )
    digest = fingerprint(source.path, source.weight_files)
    return _Known(source.kind, Model(name, source.origin, source.revision, digest), source)


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
    for asked in suite.precisions:
        precision, _ = true_name(asked, offered)
        why = spec.refused.get((family, precision))
        if precision not in offered:
            why = why or f"{spec.name} on {family} offers {', '.join(offered) or 'nothing'}"
        elif spec.refuses_options is not None:
            why = spec.refuses_options(suite.options, precision, family)
        if why is None:
            good.append(precision)
        else:
            left_out.append(LeftOut(f"{spec.name} {asked} {device}", why))
    return list(dict.fromkeys(good))


def _renamed(suite: Suite, spec: BackendSpec, device: str) -> list[str]:
    """What to know of older names of precisions."""
    offered = spec.precisions.get(device.partition(":")[0], ())
    named = (true_name(asked, offered) for asked in suite.precisions)
    return [f"{spec.name}: {note}" for name, note in named if note and name in offered]


def _queries(trial: Trial) -> tuple[Query, ...]:
    return tuple(find_task(trial.task).queries(trial.limit, trial.seed))


def _too_large(
    suite: Suite, trial: Trial, foreseen: Foreseen | None, left_out_before: Collection[str] | None
) -> str | None:
    """Why a trial is left out for its memory, or None."""
    if left_out_before is not None:
        return "left out when the run was begun" if trial.label in left_out_before else None
    return None if suite.force_memory or foreseen is None else foreseen.refusal


def _accepted(
    spec: BackendSpec, known: _Known, offered: list[str], device: str, left_out: list[LeftOut]
) -> list[str]:
    """Of the precisions that an engine offers, those in which it can run this model."""
    if known.source is not None and known.source.origin == GGUF and not spec.gguf:
        what = f"{known.model.model} · {spec.name}"
        left_out.append(LeftOut(what, "it is a GGUF file, which llamacpp alone reads"))
        return []
    if known.source is None or spec.refuses is None:
        return offered
    family = device.partition(":")[0]
    good = []
    for precision in offered:
        why = spec.refuses(known.source.config, precision, family)
        if why is None:
            good.append(precision)
        else:
            what = f"{known.model.model} · {spec.name} {precision} {device}"
            left_out.append(LeftOut(what, why))
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
            weights=suite.weights,
            backend=backend,
            precision=precision,
            device=device,
            batch_size=TO_BE_FOUND if batch_size == AUTO else int(batch_size),
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


def order(trials: tuple[Trial, ...], suite: Suite) -> tuple[Slot, ...]:
    """Every trial once a block, shuffled in each, from the suite's seed."""
    shuffler = random.Random(suite.seed)  # noqa: S311 - an order, not a secret
    slots: list[Slot] = []
    for block in range(suite.replicates):
        shuffled = list(trials)
        shuffler.shuffle(shuffled)
        slots += [
            Slot(trial, block, block, len(slots) + place) for place, trial in enumerate(shuffled)
        ]
    return tuple(slots)


def plain_plan(plan: Plan) -> list[dict[str, Any]]:
    """The trials for run.json."""
    return [{"key": t.key, "label": t.label, **asdict(t)} for t in plan.trials]

"""The cells of a suite's grid: what can be run, and what is left out, each with its reason.

Nothing of an engine is imported: engines describe themselves (`BackendSpec`), models are known by
their files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wattmark import registry
from wattmark.backends import BackendSpec
from wattmark.backends.devices import gpu_indices
from wattmark.backends.find import backends, find_backend, missing
from wattmark.backends.precisions import true_name
from wattmark.models import RANDOM, ModelSource, find_model
from wattmark.models.own_files import OWN_FILES
from wattmark.models.weights import fingerprint
from wattmark.runner.asking import asking_of, shots_of
from wattmark.runner.devices import find_device
from wattmark.runner.rag import RAG, Retrievals
from wattmark.schema import AUTO, TO_BE_FOUND, Asking, Retrieval, Suite, Trial
from wattmark.tasks import Task, stops_of
from wattmark.tasks.find import find_task

ONE_GPU = "it runs on one GPU; transformers spreads a model over several"
NO_STOPS = (
    "it does not stop at a task's stop strings: its answers are cut there afterwards, and what it"
    " wrote behind them costs tokens and joules"
)
GREEDY = "it decodes greedily alone: leave out --temperature"
OWN = "any"
"""Kind of a model that an engine brings itself: it does any task."""


@dataclass(frozen=True)
class Model:
    """What a model's name stood for when the plan was made; it goes into run.json."""

    model: str
    """As it was asked for."""
    origin: str
    """embedded, folder, hub, gguf, onnx, random, or engine for one that an engine brings itself."""
    revision: str | None = None
    """The hub's commit."""
    digest: str | None = None
    """Of its files (models.weights.fingerprint); None for an engine's own."""


@dataclass(frozen=True)
class LeftOut:
    """A combination of the grid that cannot be, and why."""

    what: str
    why: str


def _is_own(spec: BackendSpec, model: str) -> bool:
    return spec.models is not None and spec.models(model)


@dataclass(frozen=True)
class Known:
    """What the plan knows of a model."""

    kind: str
    model: Model
    source: ModelSource | None = None
    """None for an engine's own."""

    @property
    def weight_bytes(self) -> int:
        return 0 if self.source is None else self.source.weight_bytes


def _model(suite: Suite, name: str) -> Known:
    """A model by its name; an engine's own model answers anything."""
    if any(_is_own(find_backend(backend), name) for backend in suite.backends):
        return Known(OWN, Model(name, "engine"))
    source = find_model(
        name,
        revision=suite.revision,
        allow_pickle=suite.allow_pickle,
        trust_remote_code=suite.trust_remote_code,
        weights=suite.weights,
    )
    digest = fingerprint(source.path, source.weight_files)
    return Known(source.kind, Model(name, source.origin, source.revision, digest), source)


@dataclass(frozen=True)
class _Engine:
    """An engine where the suite wants it."""

    spec: BackendSpec
    device: str
    precisions: list[str]
    """Of those asked for, the ones that it offers there."""

    @property
    def family(self) -> str:
        """cpu or cuda."""
        return self.device.partition(":")[0]


class Grid:
    """Goes through a suite's grid once; `left_out` and `notes` fill as `trials` is read.

    Raises what finding models and tasks, reading corpora and templates raise.
    """

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.models = {name: _model(suite, name) for name in suite.models}
        self.left_out: list[LeftOut] = []
        self._notes: list[str] = []
        self._tasks = [find_task(name) for name in suite.tasks]
        self._retrievals = Retrievals(suite)
        self._asking = asking_of(suite)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was understood otherwise than it was written, or passed over."""
        return (*dict.fromkeys(self._notes), *self._retrievals.notes)

    def trials(self) -> list[Trial]:
        """All cells that can be."""
        cells = []
        for engine in self._engines():
            for name, known in self.models.items():
                precisions = self._accepted(engine, name, known)
                for task in self._tasks_of(name, known.kind) if precisions else ():
                    cells += self._cells(engine, precisions, name, task)
        self._retrievals.refuse_none()
        return cells

    def _engines(self) -> Iterator[_Engine]:
        for spec in (find_backend(name) for name in self.suite.backends):
            why = missing(spec)
            if why is None and self._draws and not spec.draws:
                why = GREEDY
            if why is not None:
                self._leave_out(spec.name, why)
                continue
            device = _device(self.suite, spec)
            self._notes += _renamed(self.suite, spec, device)
            yield _Engine(spec, device, self._precisions(spec, device))

    @property
    def _draws(self) -> bool:
        return self._asking is not None and self._asking.temperature > 0

    def _leave_out(self, what: str, why: str) -> None:
        self.left_out.append(LeftOut(what, why))

    def _precisions(self, spec: BackendSpec, device: str) -> list[str]:
        family = device.partition(":")[0]
        offered = spec.precisions.get(family, ())
        good = []
        for asked in self.suite.precisions:
            precision, _ = true_name(asked, offered)
            why = spec.refused.get((family, precision))
            if precision not in offered:
                why = why or f"{spec.name} on {family} offers {', '.join(offered) or 'nothing'}"
            else:
                why = why or _refuses(self.suite, spec, precision, device)
            if why is None:
                good.append(precision)
            else:
                self._leave_out(f"{spec.name} {asked} {device}", why)
        return list(dict.fromkeys(good))

    def _accepted(self, engine: _Engine, name: str, known: Known) -> list[str]:
        """Of the precisions that an engine offers, those in which it can run this model."""
        spec, origin = engine.spec, known.model.origin
        if not (_is_own(spec, name) if spec.models is not None else known.kind != OWN):
            self._leave_out(f"{name} on {spec.name}", "another engine's model")
            return []
        if origin in OWN_FILES and origin not in spec.own_files:
            readers = [each.name for each in backends() if origin in each.own_files]
            why = f"it is {OWN_FILES[origin]}, which {' and '.join(readers)} alone reads"
            self._leave_out(f"{name} · {spec.name}", why)
            return []
        if known.source is None or spec.refuses is None:
            return engine.precisions
        good = []
        for precision in engine.precisions:
            refusal = spec.refuses(known.source.config, precision, engine.family)
            if refusal is None:
                good.append(precision)
            else:
                self._leave_out(f"{name} · {spec.name} {precision} {engine.device}", refusal)
        return good

    def _tasks_of(self, name: str, kind: str) -> list[Task]:
        """The tasks that a kind of model can do; without --task, those that ship for it."""
        if not self.suite.tasks:
            own = name.removeprefix("embedded/")  # an embedded model is named for its task
            known = own != name and own in registry.table("tasks")
            fits = "sentiment" if kind == "classifier" else "arithmetic"
            return [find_task(own if known else fits)]
        good = [task for task in self._tasks if "any" in (kind, task.kind) or task.kind == kind]
        for task in self._tasks:
            if task not in good:
                why = f"the model is a {kind} model, the task needs {task.kind}"
                self._leave_out(f"{name} · {task.name}", why)
        return good

    def _modes(self, name: str, task: Task) -> Mapping[str, Retrieval | None]:
        modes, why = self._retrievals.modes(task, self.models[name].kind)
        if why is not None:
            self._leave_out(f"{name} · {task.name} · {RAG}", why)
        return modes

    def _how(self, name: str, task: Task) -> Asking | None:
        """How the task is put to the model; InputError where it has too few solved examples."""
        if "classifier" in (self.models[name].kind, task.kind) or self._asking is None:
            return None
        shots_of(task, self.suite.limit, self.suite.seed, self._asking.shots)
        return self._asking

    def _stops(self, engine: _Engine, name: str, task: Task) -> tuple[str, ...]:
        """What ends the task's answers; nothing where they are labels, or of a fixed length."""
        if "classifier" in (self.models[name].kind, task.kind) or self.suite.weights == RANDOM:
            return ()
        stops = stops_of(task)
        if stops and not engine.spec.stops:
            self._notes.append(f"{engine.spec.name}: {NO_STOPS}")
        return stops

    def _cells(self, engine: _Engine, precisions: list[str], name: str, task: Task) -> list[Trial]:
        suite, how = self.suite, self._how(name, task)
        modes, stops = self._modes(name, task), self._stops(engine, name, task)
        return [
            Trial(
                model=name,
                revision=suite.revision,
                weights=suite.weights,
                backend=engine.spec.name,
                precision=precision,
                device=engine.device,
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
                retrieval=retrieval,
                asking=how,
                stops=stops,
            )
            for precision in precisions
            for mode, retrieval in modes.items()
            for batch_size in suite.batch_sizes
        ]


def _device(suite: Suite, spec: BackendSpec) -> str:
    """The device asked for; for `auto` the best that this engine has a use for."""
    device = find_device(suite.device)
    return "cpu" if suite.device == "auto" and "cuda" not in spec.precisions else device


def _refuses(suite: Suite, spec: BackendSpec, precision: str, device: str) -> str | None:
    """Why an engine cannot run a precision that it has with these options on this device."""
    why: str | None = None
    if spec.refuses_options is not None:
        why = spec.refuses_options(suite.options, precision, device.partition(":")[0])
    if why is None and len(gpu_indices(device)) > 1:
        several = spec.several_gpus
        why = ONE_GPU if several is None else several(suite.options, precision)
    return why


def _renamed(suite: Suite, spec: BackendSpec, device: str) -> list[str]:
    """What to know of older names of precisions."""
    offered = spec.precisions.get(device.partition(":")[0], ())
    named = (true_name(asked, offered) for asked in suite.precisions)
    return [f"{spec.name}: {note}" for name, note in named if note and name in offered]

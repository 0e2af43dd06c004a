"""Names in a suite: is each engine, precision, task, sensor and model there, and do they fit?

Looked up before anything is run, so that a mistake costs nothing; the hub is asked last, and only
when everything else is right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from wattmark import registry
from wattmark.backends.find import find_backend
from wattmark.backends.precisions import ALIASES
from wattmark.errors import InputError, ModelError, WattmarkError, unknown
from wattmark.meter.discover import NONE, discover
from wattmark.models import RANDOM, find_model
from wattmark.optiontext import redacted
from wattmark.runner.carbon import intensity
from wattmark.runner.devices import find_device
from wattmark.tasks.corpus import check_place
from wattmark.tasks.find import find_task
from wattmark.tasks.retrieval import missing_retriever

MODES = ("baseline", "rag")
LOCAL = ("embedded/", ".", "/", "~")


class NameCheck:
    """Looks names up and gathers what is wrong, each mistake with its place in file or flags."""

    def __init__(
        self,
        place: Callable[[str], str],
        given: Mapping[str, list[Any]],
        raw: Mapping[str, Any],
    ) -> None:
        """`given` are the lists that are well formed, `raw` the single values likewise."""
        self.place, self.given, self.raw = place, given, raw
        self.mistakes: list[str] = []

    def look_up_all(self) -> list[str]:
        """All mistakes, in the order of the keys."""
        self._each("backends", find_backend)
        self._each("precisions", known_precision)
        self._each("device", find_device)
        self._each("modes", _known_mode)
        self._each("corpus", lambda corpus: check_place(Path(corpus).expanduser()))
        self._each("tasks", find_task)
        self._each("sensors", known_sensor)
        self._each("country", lambda country: intensity(country, None))
        self._each("zone", lambda zone: intensity(None, None, zone))
        self._each("intensity_g_per_kwh", lambda given: intensity(None, given))
        self._each("threads", self._can_run)
        self._each("cpus", _may_use)
        self._each("options", self._option)
        self._each("models", self._model)
        return self.mistakes

    def _each(self, key: str, look_up: Callable[[Any], object]) -> None:
        for name in self.given.get(key, ()):
            try:
                look_up(name)
            except WattmarkError as reason:
                self.mistakes.append(f"{self.place(key)}: {reason}")

    def _backends(self) -> list[str]:
        known = registry.table("backends")
        return [name for name in self.given.get("backends", ["transformers"]) if name in known]

    def _option(self, name: str) -> None:
        offered = {o for backend in self._backends() for o in find_backend(backend).options}
        _among("option", name, offered)

    def _can_run(self, threads: int) -> None:
        cpus = len(self.given.get("cpus", ())) or os.cpu_count() or threads
        if threads > cpus:
            raise InputError(f"{threads} threads on {cpus} CPUs would wait for each other.")

    def _model(self, name: str) -> None:
        backends = [find_backend(backend) for backend in self._backends()]
        if any(spec.models is not None and spec.models(name) for spec in backends):
            if self.raw.get("weights") == RANDOM:
                raise InputError(f"'{name}' is an engine's own model: it has no random weights.")
            return
        if self.mistakes and not name.startswith(LOCAL):
            return  # do not reach for the hub while something else is wrong
        if backends and all(spec.models is not None for spec in backends):
            owner = backends[0].name
            raise InputError(f"Backend '{owner}' brings its own models; '{name}' is none.")
        source = find_model(
            name,
            revision=self.raw.get("revision"),
            allow_pickle=self.raw.get("allow_pickle") is True,
            trust_remote_code=self.raw.get("trust_remote_code") is True,
            weights=self.raw.get("weights", "pretrained"),
        )
        asked = self.raw.get("max_new_tokens", 0)
        window = source.max_positions
        if source.kind == "causal" and window is not None and asked >= window:
            raise ModelError(
                f"'{name}' has a window of {window} tokens: {asked} new ones leave no room.",
                f"Take --max-new-tokens below {window}.",
            )


def known_sensor(name: str) -> None:
    """InputError where a sensor that was asked for cannot be read here."""
    if name == NONE:
        return
    for found in discover([name]):
        for sensor in found.sensors:
            sensor.close()
        if not found.sensors:
            raise InputError(
                f"Sensor '{redacted(name)}' cannot be read: {found.missing}", found.fix
            )


def _known_mode(mode: str) -> None:
    _among("mode", mode, MODES)
    if mode == "rag" and (why := missing_retriever("bm25")) is not None:
        raise InputError(f"Mode rag: {why}.")


def known_precision(name: str) -> None:
    """A word that any engine offers, or refuses with a reason, is known; so is an older name."""
    if name in ALIASES:
        return
    known: set[str] = set()
    for backend in registry.table("backends"):
        spec = find_backend(backend)
        known |= {p for offered in spec.precisions.values() for p in offered}
        known |= {precision for _, precision in spec.refused}
    _among("precision", name, known)


def _may_use(cpu: int) -> None:
    if not hasattr(os, "sched_getaffinity"):
        raise InputError("This system cannot pin a process to CPUs.", "Leave --cpus out.")
    usable = sorted(os.sched_getaffinity(0))
    if int(cpu) not in usable:
        raise InputError(f"CPU {cpu} may not be used. There is: {', '.join(map(str, usable))}.")


def _among(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise InputError(unknown(kind, name, known))

"""Which sensors this machine has: measured ones first, models only where nothing measures.

A name is a family ('rapl'), a sensor of one ('rapl:package-0'), or a family with options
('simulated:watts=100', 'replay:trace.csv'). A family is a function registered under
`sensors` that returns Found; one that takes a parameter `options` is given what follows the
colon ('' for its bare name; its default in a search without names), of any other the rest picks
a sensor by its name. Plugins are families like ours.

Meters that are asked over a network come by name only: a search without names sends nothing
anywhere. One that was named and does not answer is found all the same, with what is missing: it
is asked on while the run goes on. A name that is mistaken is an error.

No sensor at all is an answer, not an error: energy is then reported as not measured.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from wattmark import registry
from wattmark.errors import InputError, WattmarkError, unknown
from wattmark.meter import Found, Sensor

Find = Callable[..., Found]
NONE = "none"
"""The name for no sensor at all: speed and quality alone."""


@runtime_checkable
class SecondMeter(Protocol):
    """A sensor that stands for what others read as well."""

    def beside(self, names: Sequence[str]) -> None:
        """Note that the sensors of these names count some of the same joules."""


def discover(names: Sequence[str] = ()) -> list[Found]:
    """What was found, a Found a family or name, in the order in which it is to be read.

    Without names: every real sensor, the measured before the modelled, and models only of a
    component (cpu, dram) that no sensor measures; simulated and replay then only say how to
    name them. With names: exactly those, models included; 'none' alone is no sensor. InputError
    for a name that does not exist (a family that this machine lacks is Found.missing).
    """
    if list(names) == [NONE]:
        return [Found(NONE, missing="No energy was asked for.", fix="Leave --sensor none out.")]
    if names:
        found = _distinct(_all_named(names))
        _tell_overlaps(sensors(found))
        return found
    everything = [_searched(family) for family in registry.table("sensors")]
    measured = {
        sensor.info.component for sensor in sensors(everything) if sensor.info.kind != "estimate"
    }
    needed = [_without_needless(found, measured) for found in everything]
    return _distinct(sorted(needed, key=_all_modelled))


def sensors(found: Iterable[Found]) -> list[Sensor]:
    """The sensors of several findings in one list, as the Meter takes them."""
    return [sensor for one in found for sensor in one.sensors]


def _searched(family: str) -> Found:
    """One family of everything there is: what breaks in a plugin is told, and ends nothing."""
    try:
        found: Found = registry.load("sensors", family)()
    except WattmarkError as reason:
        return Found(family, missing=reason.message, fix=reason.hint)
    # A stranger's code; the machine's other sensors must not depend on it.
    except Exception as reason:
        return Found(family, missing=f"The search raised {type(reason).__name__}: {reason}.")
    return found


def _all_named(names: Sequence[str]) -> list[Found]:
    """The findings for several names; what was opened is closed where one of them is mistaken."""
    found: list[Found] = []
    try:
        for name in names:
            found.append(_named(name))  # noqa: PERF401 - a later one may fail: these are then closed
    except BaseException:
        _close(sensors(found))
        raise
    return found


def _named(name: str) -> Found:
    """The findings for one name that somebody asked for."""
    family, _, rest = name.partition(":")
    find: Find = registry.load("sensors", family)
    if "options" in inspect.signature(find).parameters:
        found = find(options=rest)
        if not found.sensors and not rest:
            message = found.missing or f"'{name}' is no sensor."
            raise InputError(message, found.fix and f"For example {found.fix}.")
        return found
    found = find()
    return _picked(found, name) if rest and found.sensors else found


def _picked(found: Found, name: str) -> Found:
    """The one sensor called `name`; the others are closed."""
    chosen = [sensor for sensor in found.sensors if sensor.info.name == name]
    _close(sensor for sensor in found.sensors if sensor.info.name != name)
    if not chosen:
        raise InputError(unknown("sensor", name, [s.info.name for s in found.sensors]))
    return Found(found.family, chosen)


def _tell_overlaps(read: Sequence[Sensor]) -> None:
    """A second meter that counts what the others count is told their names (`beside`)."""
    for sensor in read:
        if isinstance(sensor, SecondMeter):
            sensor.beside([other.info.name for other in read if other is not sensor])


def _without_needless(found: Found, measured: set[str]) -> Found:
    """The findings without models of components that are measured."""
    kept = [
        sensor
        for sensor in found.sensors
        if sensor.info.kind != "estimate" or sensor.info.component not in measured
    ]
    if len(kept) == len(found.sensors):
        return found
    dropped = [sensor for sensor in found.sensors if sensor not in kept]
    _close(dropped)
    words = ", ".join(sensor.info.component for sensor in dropped)
    return Found(found.family, kept, missing=f"Not used for {words}: measured.", fix=found.fix)


def _distinct(found: list[Found]) -> list[Found]:
    """The same findings, if no two sensors share a name; they are closed otherwise."""
    names: set[str] = set()
    for sensor in sensors(found):
        if sensor.info.name in names:
            _close(sensors(found))
            message = f"The sensor '{sensor.info.name}' is named twice."
            raise InputError(message, "Name it once, or give one of them another name=….")
        names.add(sensor.info.name)
    return found


def _all_modelled(found: Found) -> bool:
    return bool(found.sensors) and all(s.info.kind == "estimate" for s in found.sensors)


def _close(unused: Iterable[Sensor]) -> None:
    for sensor in unused:
        sensor.close()

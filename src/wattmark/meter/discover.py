"""Which sensors this machine has: measured ones first, models only where nothing measures.

A name is a family ('rapl'), a sensor of one ('rapl:package-0'), or a family with options
('simulated:watts=100', 'replay:trace.csv'). A family is a function registered under
`sensors` that returns Found; one that takes a parameter `options` is given what follows the
colon, of any other the rest picks a sensor by its name. Plugins are families like ours.

No sensor at all is an answer, not an error: energy is then reported as not measured.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence

from wattmark import registry
from wattmark.errors import InputError, WattmarkError, unknown
from wattmark.meter import Found, Sensor

Find = Callable[..., Found]
NONE = "none"
"""The name for no sensor at all: speed and quality alone."""


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
        return _distinct([_named(name) for name in names])
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


def _named(name: str) -> Found:
    """The findings for one name that somebody asked for."""
    family, _, rest = name.partition(":")
    find: Find = registry.load("sensors", family)
    if "options" in inspect.signature(find).parameters:
        found = find(options=rest)
        if not found.sensors:
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

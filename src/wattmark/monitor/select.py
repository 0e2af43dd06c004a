"""Which sensors a monitor reads: by name, as objects, or all that are found; and of which GPU."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wattmark.errors import InputError
from wattmark.meter import Sensor
from wattmark.meter.discover import discover
from wattmark.meter.discover import sensors as of


@dataclass(frozen=True)
class Selected:
    """The sensors to read: `found` were opened here, `given` are the caller's."""

    found: tuple[Sensor, ...] = ()
    given: tuple[Sensor, ...] = ()

    @property
    def all(self) -> tuple[Sensor, ...]:
        """Both, those found here first."""
        return self.found + self.given

    def close(self) -> None:
        """Close those that were opened here."""
        for sensor in self.found:
            sensor.close()


def select_sensors(gpu_id: int | None, wanted: str | Iterable[str | Sensor] = ()) -> Selected:
    """The sensors of one GPU (or of all, for None) and of everything that is no GPU.

    Raises InputError for a name that does not exist, and for a GPU that does not exist while
    others do; where there is none at all, any number is taken.
    """
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    names = [word for word in words if isinstance(word, str)]
    given = tuple(word for word in words if not isinstance(word, str))
    found = tuple(of(discover(names))) if names or not given else ()
    selected = Selected(found, given)
    gpus = list(dict.fromkeys(s.info.device for s in selected.all if s.info.component == "gpu"))
    if gpu_id is None or not gpus:
        return selected
    if isinstance(gpu_id, bool) or not isinstance(gpu_id, int) or not 0 <= gpu_id < len(gpus):
        there = "; ".join(f"{number} ({_source(gpu, selected)})" for number, gpu in enumerate(gpus))
        selected.close()
        raise InputError(
            f"There is no GPU {gpu_id!r}. There is: {there}.",
            "Give one of these numbers as gpu_id, or None for all of them.",
        )
    others = {gpu for number, gpu in enumerate(gpus) if number != gpu_id}
    left_out = [s for s in selected.all if s.info.component == "gpu" and s.info.device in others]
    for sensor in left_out:
        if sensor in found:
            sensor.close()
    return Selected(
        tuple(s for s in found if s not in left_out), tuple(s for s in given if s not in left_out)
    )


def _source(gpu: str, selected: Selected) -> str:
    return next(s.info.source for s in selected.all if s.info.device == gpu)

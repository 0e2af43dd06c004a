"""Which sensors a monitor reads: by name, as objects, or all that are found; and of which GPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wattmark.errors import InputError
from wattmark.meter import Found, Sensor
from wattmark.meter.calibrated import calibrated
from wattmark.meter.discover import NONE, discover
from wattmark.meter.discover import sensors as of
from wattmark.meter.reading import close_sensors
from wattmark.schema import Doubt


@dataclass(frozen=True)
class Selected:
    """The sensors to read: `found` were opened here, `given` are the caller's."""

    found: tuple[Sensor, ...] = ()
    given: tuple[Sensor, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    """What was named and is not here, why, and the fix."""

    @property
    def all(self) -> tuple[Sensor, ...]:
        """Both, those found here first."""
        return self.found + self.given

    def close(self) -> None:
        """Close those that were opened here."""
        close_sensors(self.found)


def select_sensors(
    gpu_id: int | None, wanted: str | Iterable[str | Sensor] | None = ()
) -> Selected:
    """The sensors of one GPU (or of all, for None) and of everything that is no GPU.

    None wants what () does: all that is found. What was found out about sensors earlier
    (`meter.calibrated`) is known of those that are found here.

    Raises InputError for a name that does not exist, for what is neither a name nor a sensor, and
    for a GPU that does not exist while others do; where there is none at all, any is taken.
    """
    _check_gpu(gpu_id)
    words = _words(wanted)
    names = [word for word in words if isinstance(word, str)]
    given = tuple(word for word in words if not isinstance(word, str))
    findings = calibrated(discover(names)) if names or not given else []
    found = tuple(of(findings))
    doubts = tuple(_absent(names, findings))
    selected = Selected(found, given, doubts)
    gpus = list(dict.fromkeys(s.info.device for s in selected.all if s.info.component == "gpu"))
    if gpu_id is None or not gpus:
        return selected
    if gpu_id >= len(gpus):
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
        tuple(s for s in found if s not in left_out),
        tuple(s for s in given if s not in left_out),
        doubts,
    )


def _check_gpu(gpu_id: object) -> None:
    if gpu_id is None or (type(gpu_id) is int and gpu_id >= 0):
        return
    raise InputError(
        f"There is no GPU {gpu_id!r}: gpu_id is a whole number from 0, or None.",
        "GPUs are counted as CUDA does; None reads all of them.",
    )


def _words(wanted: object) -> list[str | Sensor]:
    """Names and sensors one by one."""
    if wanted is None:
        return []
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        wanted = [wanted]
    words = list(wanted)
    for word in words:
        if not isinstance(word, str) and not hasattr(word, "read"):
            raise InputError(
                f"sensors: {word!r} is neither a name nor a sensor.",
                "Give names ('rapl', 'simulated:watts=100') or sensor objects.",
            )
    return words


def _absent(names: Sequence[str], findings: Iterable[Found]) -> Iterator[Doubt]:
    """One for each that was named and gave no sensor."""
    for one in findings if names else ():
        if one.missing and not one.sensors and one.family != NONE:
            hint = one.fix or "'wattmark doctor' says what this machine lacks."
            yield Doubt("no-sensor", f"{one.family} cannot be read: {one.missing}", hint)


def _source(gpu: str, selected: Selected) -> str:
    return next(s.info.source for s in selected.all if s.info.device == gpu)

"""What a measurement came to: joules with intervals, their parts, and what is doubtful.

A result is read by attribute (`result.energy_joules`) or as a mapping (`result["energy_joules"]`,
`keys()`, `get()`, `in`). Every interval is at 95 % and without the sensors' gain, which stands
beside it. None is not measured, 0 is a measured zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from html import escape
from typing import Any, overload

from wattmark.errors import unknown
from wattmark.schema import Doubt, SensorInfo
from wattmark.units import engineering


class Figures(Mapping[str, Any]):
    """A dataclass that can also be read by key."""

    def __getitem__(self, name: str) -> Any:
        if name not in tuple(self):
            raise KeyError(unknown("figure", name, self))
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return (one.name for one in fields(self))  # type: ignore[arg-type] # each subclass is a dataclass

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in tuple(self)

    def as_dict(self) -> dict[str, Any]:
        """All of it as dicts, lists, numbers and strings: fit for JSON."""
        return {name: plain(value) for name, value in self.items()}


@dataclass(frozen=True, eq=False)
class Component(Figures):
    """Joules of one component (cpu, dram, gpu …): its best sensors, summed over its devices."""

    energy_joules: float | None
    energy_low_joules: float | None
    energy_high_joules: float | None
    method: str
    """counter, integrated, regressed or modelled."""
    provenance: str
    """measured, estimated, simulated, replayed, or mixed."""
    gain_uncertainty: float
    sensors: tuple[str, ...]
    counted: bool
    """Whether it is in the total; False where it contains, or lies inside, what was summed."""
    net_joules: float | None = None
    net_low_joules: float | None = None
    net_high_joules: float | None = None


@dataclass(frozen=True, eq=False)
class WindowResult(Figures):
    """Joules of one window, or of all windows of one name (`count` says of how many)."""

    name: str
    energy_joules: float | None
    energy_low_joules: float | None
    energy_high_joules: float | None
    duration_seconds: float
    avg_power_watts: float | None
    provenance: str | None
    gain_uncertainty: float | None
    components: Mapping[str, Component]
    count: int = 1
    separable: bool | None = None
    """Of a name: whether it can be told from the windows that share its sensor's ticks."""
    start_ns: int | None = None
    """Of a single window, on the monotonic clock."""
    end_ns: int | None = None
    net_joules: float | None = None
    """Gross less idle power × seconds; None where idle was not measured (`net_reason`)."""
    net_low_joules: float | None = None
    net_high_joules: float | None = None
    net_reason: str | None = None


class Windows:
    """The windows of a measurement, in the order in which they ended.

    A list by position (`windows[0]`, iteration, `len`), and by name the sum over all windows of
    that name (`windows["decode"]`, `keys()`, `items()`, `get()`, `in`).
    """

    def __init__(
        self,
        count: int = 0,
        one: Callable[[int], WindowResult] | None = None,
        by_name: Mapping[str, WindowResult] | None = None,
    ) -> None:
        # Single ones are made when asked for: there may be a hundred thousand.
        self._count, self._one, self._by_name = count, one, dict(by_name or {})

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[WindowResult]:
        return (self[place] for place in range(self._count))

    @overload
    def __getitem__(self, which: int | str) -> WindowResult: ...
    @overload
    def __getitem__(self, which: slice) -> list[WindowResult]: ...
    def __getitem__(self, which: int | str | slice) -> WindowResult | list[WindowResult]:
        if isinstance(which, str):
            if which not in self._by_name:
                raise KeyError(unknown("window", which, self._by_name))
            return self._by_name[which]
        if isinstance(which, slice):
            return [self[place] for place in range(*which.indices(self._count))]
        place = which + self._count if which < 0 else which
        if self._one is None or not 0 <= place < self._count:
            raise IndexError(f"window {which} of {self._count}")
        return self._one(place)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __repr__(self) -> str:
        return f"Windows({self._count}: {', '.join(self._by_name)})"

    def keys(self) -> Sequence[str]:
        """The names, in the order of their first window."""
        return tuple(self._by_name)

    def items(self) -> Sequence[tuple[str, WindowResult]]:
        """Names with their sums."""
        return tuple(self._by_name.items())

    def values(self) -> Sequence[WindowResult]:
        """The sums by name."""
        return tuple(self._by_name.values())

    def get(self, name: str, default: WindowResult | None = None) -> WindowResult | None:
        """The sum over the windows of a name."""
        return self._by_name.get(name, default)

    def named(self, name: str) -> list[WindowResult]:
        """Each window of that name on its own."""
        return [window for window in self if window.name == name]


@dataclass(frozen=True, eq=False, kw_only=True)
class EnergyResult(Figures):
    """What was used between `start` and `stop`."""

    energy_joules: float | None
    energy_low_joules: float | None
    energy_high_joules: float | None
    duration_seconds: float
    avg_power_watts: float | None
    peak_power_watts: float | None
    """Highest power over a sampling interval."""
    provenance: str | None
    """measured, estimated, simulated, replayed, mixed; None where nothing was read."""
    gain_uncertainty: float | None
    """Relative and systematic: it cancels in a ratio on one machine, not in a figure."""
    net_joules: float | None
    """Gross less idle power × seconds; None where idle was not measured (`net_reason`)."""
    net_low_joules: float | None
    net_high_joules: float | None
    net_reason: str | None
    idle_power_watts: float | None
    components: Mapping[str, Component]
    windows: Windows = field(default_factory=Windows)
    doubts: tuple[Doubt, ...] = ()
    sensors: tuple[SensorInfo, ...] = ()
    meter_cpu_seconds: float = 0.0
    """CPU time that the sampling itself took."""

    def __str__(self) -> str:
        return (
            f"{joules_text(self)} in {engineering(self.duration_seconds, 's')}"
            f" ({self.provenance or 'not measured'})"
        )

    def _repr_html_(self) -> str:
        return _html(self)


_Told = EnergyResult | WindowResult | Component


def joules_text(figures: _Told) -> str:
    """'4.2 J (4.1 J to 4.3 J)' at 95 %; '–' where not measured."""
    return _between(figures.energy_joules, figures.energy_low_joules, figures.energy_high_joules)


def plain(value: Any) -> Any:
    """Nested results as dicts, lists, numbers and strings."""
    if isinstance(value, Windows):
        return {"each": plain(list(value)), "by_name": plain(dict(value.items()))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Doubt | SensorInfo):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _between(value: float | None, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return engineering(value, "J")
    return f"{engineering(value, 'J')} ({engineering(low, 'J')} to {engineering(high, 'J')})"


def _html(result: EnergyResult) -> str:
    """What a notebook shows: the total, its components and windows; then what to know of them."""
    rows: list[tuple[str, _Told]] = [("total", result), *result.components.items()]
    rows += [(f"window {name}", window) for name, window in result.windows.items()]
    titles = ("", "energy (95 %)", "net of idle (95 %)", "duration", "mean power", "source")
    lines = [_tr("th", titles), *(_tr("td", _cells(name, part)) for name, part in rows)]
    told = "".join(f"<p>{_text(line)}</p>" for line in _remarks(result))
    return f"<div class=wattmark><table>{''.join(lines)}</table>{told}</div>"


def _cells(name: str, part: _Told) -> tuple[str, ...]:
    net = _between(part.net_joules, part.net_low_joules, part.net_high_joules)
    if isinstance(part, Component):
        source = f"{part.method}, {part.provenance}{'' if part.counted else ', not in the total'}"
        return name, joules_text(part), net, "", "", source
    seconds, watts = part.duration_seconds, part.avg_power_watts
    return (
        name,
        joules_text(part),
        net,
        engineering(seconds, "s"),
        engineering(watts, "W"),
        part.provenance or "not measured",
    )


def _remarks(result: EnergyResult) -> Iterator[str]:
    if result.net_reason:
        yield f"net: {result.net_reason}"
    if result.gain_uncertainty:
        yield f"sensor gain, beside every interval: ±{100 * result.gain_uncertainty:.2g} %"
    for doubt in result.doubts:
        yield f"⚠ {doubt.code}: {doubt.message} {doubt.hint}".rstrip()


def _tr(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{_text(cell)}</{kind}>' for cell in cells)}</tr>"


def _text(text: str) -> str:
    """Text from outside (names of windows, sensors' faults) without control marks, escaped."""
    return escape("".join(char if char.isprintable() else " " for char in text))

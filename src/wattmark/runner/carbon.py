"""What carbon is computed from: an intensity that was given, or of a place that was named.

Never guessed. Only these inputs and their sources are stored with a run; grams are derived from
its joules whenever somebody looks.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from wattmark.errors import InputError
from wattmark.runner.grids import country, zone
from wattmark.schema import Suite
from wattmark.units import MOST_INTENSITY

COLUMNS = ("time", "intensity_g_per_kwh")
MOST_BYTES = 50_000_000
MOST_POINTS = 100_000
PLAIN_PUE = 1.0


def carbon_inputs(suite: Suite, now_s: float) -> dict[str, Any] | None:
    """The section `carbon` of run.json; None where nothing of it was asked for.

    `now_s` (Unix) is when the run begins: earlier intensities of a series are not kept. Raises
    InputError for an unknown place, or a series that cannot be read.
    """
    found = intensity(suite.country, suite.intensity_g_per_kwh, suite.zone, now_s)
    asked = (suite.embodied_kg, suite.water_l_per_kwh, suite.grid_water_l_per_kwh)
    if found is None and suite.pue == PLAIN_PUE and all(value is None for value in asked):
        return None
    return {
        **(found or _section("none was given")),
        "intensity_uncertainty": suite.intensity_uncertainty,
        "pue": suite.pue,
        "embodied_kg": suite.embodied_kg,
        "embodied_share": suite.embodied_share,
        "lifetime_years": suite.lifetime_years,
        "water_l_per_kwh": suite.water_l_per_kwh,
        "grid_water_l_per_kwh": suite.grid_water_l_per_kwh,
    }


def recomputed(section: Mapping[str, Any] | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A run's section `carbon` with other inputs: `asked` by their keys in a suite.

    Raises InputError for an unknown place, or a series that cannot be read.
    """
    given = {key: value for key, value in asked.items() if value is not None}
    place = (given.pop(key, None) for key in ("country", "intensity_g_per_kwh", "zone"))
    return {**(section or {}), **(intensity(*place) or {}), **given}


def intensity(
    land: str | None,
    given: float | str | None,
    part: str | None = None,
    now_s: float = -math.inf,
) -> dict[str, Any] | None:
    """An intensity with its source; None where nothing was given.

    `given` is g/kWh, or a CSV file of a series. It comes before a zone, and that before a country.
    """
    if isinstance(given, str) and (number := as_number(given)) is not None:
        given = number
    if isinstance(given, str):
        points = read_series(Path(given), now_s)
        name = Path(given).name
        return _section(f"series of intensities given by the user ({name})", series=points)
    if given is not None:
        return _section("given by the user", intensity_g_per_kwh=given)
    if part is None and land is None:
        return None
    grid = zone(part) if part is not None else country(land or "")
    return _section(
        grid.source,
        intensity_g_per_kwh=grid.intensity_g_per_kwh,
        country=land if part is None else None,
        zone=None if part is None else grid.code,
        year=grid.year,
    )


def as_number(text: str) -> float | None:
    """The number that a text is, or None: then it is the name of a file."""
    try:
        return float(text)
    except ValueError:
        return None


def read_series(path: Path, now_s: float = -math.inf) -> list[list[float]]:
    """Points [Unix seconds, g/kWh] of a CSV file in order of time, from the last before `now_s`.

    Raises InputError, with the line, for a file that is no such series.
    """
    if not path.is_file():
        raise InputError(
            f"--intensity '{path}' is neither a number nor a file.",
            "Give g CO2e/kWh, or a CSV file with the columns time,intensity_g_per_kwh.",
        )
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path} is too large for a series of intensities.", "Give a part of it.")
    try:
        points = sorted(_points(path))
    except UnicodeDecodeError as reason:
        raise InputError(f"{path} is not UTF-8 text.", "Give a CSV file.") from reason
    except csv.Error as reason:
        raise InputError(f"{path} is not CSV: {reason}.", "Give a CSV file.") from reason
    except OSError as reason:
        raise InputError(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    for one, other in itertools.pairwise(points):
        if one[0] == other[0]:
            raise InputError(f"{path} has two intensities for one time ({_iso(one[0])}).")
    begin = max((k for k, point in enumerate(points) if point[0] <= now_s), default=0)
    # One point more: the spacing tells for how long a value holds.
    points = points[max(0, min(begin, len(points) - 2)) :]
    if len(points) < 2:
        raise InputError(f"{path} has fewer than two intensities.", "Give at least two times.")
    if len(points) > MOST_POINTS:
        raise InputError(f"{path} has more than {MOST_POINTS} times from now on.", "Give fewer.")
    return [list(point) for point in points]


def _points(path: Path) -> Iterator[tuple[float, float]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise InputError(
                f"{path} has no column '{missing[0]}'.",
                "The first line must name the columns: time,intensity_g_per_kwh.",
            )
        for row in rows:
            place = f"{path} line {rows.line_num}"
            yield _time(row["time"], place), _figure(row["intensity_g_per_kwh"], place)


def _figure(text: str | None, place: str) -> float:
    value = as_number(text or "")
    if value is None or not 0 <= value <= MOST_INTENSITY:
        raise InputError(
            f"{place}: intensity '{text}' is no number from 0 to {MOST_INTENSITY:g} g/kWh."
        )
    return value


def _time(text: str | None, place: str) -> float:
    stamp = (text or "").strip()
    seconds = as_number(stamp)
    if seconds is not None and math.isfinite(seconds):
        return seconds
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        raise InputError(
            f"{place}: '{stamp}' is no time.", "Give ISO 8601 with a zone, or Unix seconds."
        ) from None
    if when.tzinfo is None:
        raise InputError(
            f"{place}: '{stamp}' has no time zone, and none is guessed.",
            f"Write {stamp}Z for UTC, or an offset such as +01:00.",
        )
    return when.timestamp()


def _iso(seconds: float) -> str:
    return f"Unix {seconds:.0f} s"


def _section(
    source: str,
    *,
    intensity_g_per_kwh: float | None = None,
    series: list[list[float]] | None = None,
    country: str | None = None,
    zone: str | None = None,
    year: int | None = None,
) -> dict[str, Any]:
    """All keys, always: null where a key does not apply."""
    return {
        "intensity_g_per_kwh": intensity_g_per_kwh,
        "series": series,
        "source": source,
        "country": country,
        "zone": zone,
        "year": year,
    }

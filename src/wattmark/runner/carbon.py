"""Grams of CO2-equivalent per kWh: given, or of a country that was named. Never guessed."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from wattmark.errors import InputError


def intensity(country: str | None, given_g_per_kwh: float | None) -> dict[str, Any] | None:
    """The intensity with its source; None where neither was given.

    Raises InputError for an unknown country, or where the data are not installed.
    """
    if given_g_per_kwh is not None:
        return {"intensity_g_per_kwh": given_g_per_kwh, "source": "given by the user"}
    if country is None:
        return None
    data = _countries()
    if country not in data:
        raise InputError(
            f"No carbon intensity is known for the country '{country}'.",
            "Give its three letters (ISO 3166), such as DEU, or --intensity in g/kWh.",
        )
    entry = data[country]
    name, year = entry.get("country_name", country), entry.get("year", "year unknown")
    return {
        "intensity_g_per_kwh": float(entry["carbon_intensity"]),
        "country": country,
        "source": f"national electricity mix of {name}, {year} (codecarbon's table)",
    }


@cache
def _countries() -> dict[str, dict[str, Any]]:
    # The package is found, not imported: its import takes seconds and starts its own logging.
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "Intensities by country come with codecarbon, which is not installed.",
            'Give --intensity in g/kWh, or pip install "wattmark[carbon]".',
        )
    path = Path(spec.submodule_search_locations[0]) / "data/private_infra/global_energy_mix.json"
    table: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {code: entry for code, entry in table.items() if entry.get("carbon_intensity")}

"""Carbon intensity of the electricity of countries and of zones within them, with their sources.

The tables are codecarbon's, read from its files: countries (Our World in Data, lifecycle), the
states of the USA (EPA eGRID, output rate of generation), provinces of China (the ministry's, CO2
alone) and bidding zones of Sweden and Norway. Provinces of Canada are given as a mix of
generation; the intensity follows from the same tables' factor of each source, lifecycle.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wattmark.errors import InputError

WORLD = "WORLD"
KG_PER_LB = 0.45359237
PROVINCES = {
    "alberta": "AB",
    "british columbia": "BC",
    "manitoba": "MB",
    "new brunswick": "NB",
    "newfoundland and labrador": "NL",
    "northwest territories": "NT",
    "nova scotia": "NS",
    "nunavut": "NU",
    "ontario": "ON",
    "prince edward island": "PE",
    "quebec": "QC",
    "saskatchewan": "SK",
    "yukon": "YT",
}
_SOURCES = {"naturalGas": "natural_gas", "hydro": "hydroelectricity"}
"""Canada's words for sources of electricity, in the words of the factors."""
_YEAR_OF_MIX = 2023
_YEAR_OF_WORLD = 2018
"""What the report of 2019 tells of."""
_NOT_SOURCES = ("total", "isoCode", "country_name")


@dataclass(frozen=True)
class Grid:
    """An intensity and whose figure it is."""

    code: str
    name: str
    intensity_g_per_kwh: float
    year: int | None
    source: str


def country(code: str) -> Grid:
    """The grid of a country by its three letters; WORLD is the world's average, by name only.

    Raises InputError for an unknown one, with the closest.
    """
    known = _countries()
    if code not in known:
        raise _unknown("country", code, known, "Give its three letters (ISO 3166), such as DEU")
    return known[code]


def zone(name: str) -> Grid:
    """The grid of a part of a country by code (US-CA, CA-QC, CN-BJ, SE3) or by name (California).

    Raises InputError for an unknown one, with the closest.
    """
    known = _zones()
    word = name.strip().casefold()
    for code, grid in known.items():
        if word in {code.casefold(), grid.name.casefold()}:
            return grid
    hint = "Give a code such as US-CA, CA-QC, CN-BJ or SE3, or a --country"
    raise _unknown("zone", name, known, hint)


def _unknown(kind: str, word: str, known: Mapping[str, Grid], hint: str) -> InputError:
    close = _closest(word, known.values())
    said = f" Did you mean {' or '.join(f'{g.code} ({g.name})' for g in close)}?" if close else ""
    return InputError(
        f"No carbon intensity is known for the {kind} '{word}'.{said}",
        f"{hint}, or --intensity in g/kWh.",
    )


def _closest(word: str, known: Iterable[Grid]) -> list[Grid]:
    """Up to three whose name begins like the word, or whose name or code is written like it."""
    grids, asked = list(known), word.strip().casefold()
    begun = [grid for grid in grids if asked and grid.name.casefold().startswith(asked)]
    words = {text.casefold(): grid for grid in grids for text in (grid.name, grid.code)}
    alike = difflib.get_close_matches(asked, words, n=3, cutoff=0.65)
    return list({g.code: g for g in (*begun, *(words[text] for text in alike))}.values())[:3]


@cache
def _countries() -> dict[str, Grid]:
    found = {}
    for code, entry in _read("global_energy_mix.json").items():
        # A country without a figure has none: zero would be a claim.
        if entry.get("carbon_intensity"):
            name, year = str(entry.get("country_name", code)), entry.get("year")
            source = f"national electricity mix of {name}, {year or 'year unknown'}"
            found[code] = Grid(code, name, float(entry["carbon_intensity"]), year, _by(source))
    factors = _read("carbon_intensity_per_source.json")
    if average := factors.get("world_average"):
        source = f"WORLD AVERAGE, of no country ({factors.get('world_average_source', 'IEA')})"
        found[WORLD] = Grid(WORLD, "world average", float(average), _YEAR_OF_WORLD, _by(source))
    return found


@cache
def _zones() -> dict[str, Grid]:
    grids = [*_states(), *_canada(), *_listed("2023/china_provincial_emissions.json", "China")]
    grids += _listed("nordic_emissions.json", "generation in the bidding zone")
    return {grid.code: grid for grid in grids}


def _states() -> Iterable[Grid]:
    table = _read("2023/usa_emissions.json")
    about = table.get("_source", {})
    year, name = about.get("year"), about.get("name", "EPA eGRID")
    for state, entry in table.items():
        code = str(entry.get("regionCode", ""))
        if len(code) == 2:
            source = _by(f"{state.title()}, {name}")
            intensity = float(entry["emissions"]) * KG_PER_LB
            yield Grid(f"US-{code}", state.title(), intensity, year, source)


def _canada() -> Iterable[Grid]:
    factors = _read("carbon_intensity_per_source.json")
    for province, mix in _read("2023/canada_energy_mix.json").items():
        shares = {_SOURCES.get(k, k): float(v) for k, v in mix.items() if k not in _NOT_SOURCES}
        told = {source: share for source, share in shares.items() if source in factors}
        # What has no factor (other, tidal) is left out of the mix; a zero would be a claim.
        total = sum(told.values())
        if province in PROVINCES and total > 0:
            intensity = sum(share * float(factors[key]) for key, share in told.items()) / total
            name = province.title().replace(" And ", " and ")
            source = _by(f"mix of generation of {name}, {_YEAR_OF_MIX}, by factors of its sources")
            yield Grid(f"CA-{PROVINCES[province]}", name, intensity, _YEAR_OF_MIX, source)


def _listed(file: str, where: str) -> Iterable[Grid]:
    table = _read(file)
    for code, entry in table.get("data", {}).items():
        name, year = str(entry.get("description", code)), entry.get("year")
        gas = "CO2 alone" if entry.get("unit") == "gCO2/kWh" else "CO2e"
        source = _by(f"{name}, {where}, {year}, {gas}")
        yield Grid(code, name, float(entry["emission_factor"]), year, source)


def _by(source: str) -> str:
    return f"{source} (codecarbon's table)"


@cache
def _read(file: str) -> dict[str, Any]:
    # The package is found, not imported: its import takes seconds and starts its own logging.
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            "Intensities by country come with codecarbon, which is not installed.",
            'Give --intensity in g/kWh, or pip install "wattmark[carbon]".',
        )
    path = Path(spec.submodule_search_locations[0]) / "data/private_infra" / file
    if not path.is_file():
        # Older releases lack some of the zones' tables.
        return {}
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table

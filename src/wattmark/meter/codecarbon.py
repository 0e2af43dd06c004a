"""CodeCarbon as a second meter, when it is asked for: `--sensor codecarbon[,country=DEU]`.

For whoever has to report its figure. It stands for the whole machine as that package sees it
(CPU, memory and GPUs summed), so it is never added to what Wattmark reads itself. Its import
takes seconds and is put off until somebody names it.
"""

from __future__ import annotations

import importlib
import importlib.util

from wattmark import optiontext
from wattmark.errors import InputError
from wattmark.meter import Found
from wattmark.optiontext import Known

EXAMPLE = "codecarbon:country=DEU"
ADAPTER = "wattmark.meter.codecarbon_tracker"
INSTALL = 'pip install "wattmark[carbon]"'
COUNTRY = "DEU"
"""Any would do where none is named: only the energy is read, and it knows no country."""
_OPTIONS = Known(words=("country", "name"))


def find(options: str | None = None) -> Found:
    """None is a search without names, in which it does not run; '' is its bare name."""
    installed = importlib.util.find_spec("codecarbon") is not None
    if options is None:
        missing = "It runs by name only." if installed else "The package codecarbon is missing."
        fix = "--sensor codecarbon" if installed else INSTALL
        return Found("codecarbon", missing=missing, fix=fix)
    given = optiontext.read(options, _OPTIONS)
    country = given.words.get("country", COUNTRY).upper()
    if len(country) != 3 or not country.isalpha():
        given.mistakes.append(f"country='{country}' is not three letters (ISO 3166).")
    if given.mistakes:
        raise given.refusal(f"'codecarbon:{options}' cannot be (try {EXAMPLE}):")
    if not installed:
        raise InputError("The package codecarbon is not installed.", f"Install it: {INSTALL}")
    # Not imported above: the package takes seconds, and discovery loads this module always.
    adapter = importlib.import_module(ADAPTER)
    sensor = adapter.CodeCarbonSensor(given.words.get("name", "machine"), country)
    return Found("codecarbon", (sensor,))

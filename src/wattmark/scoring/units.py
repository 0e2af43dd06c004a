"""Units and currencies: what is compared only where both sides name one.

An answer of '85' to '85 km' is right, '85 km' to '85' too; '85 m' to '85 km' is not, and
'120 minutes' to '2 hours' is. A word that is no unit (apples, people) is never compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple


class Unit(NamedTuple):
    """A kind of quantity and the unit's size in it; two currencies are two kinds."""

    kind: str
    size: Fraction


def _table(kind: str, sizes: dict[str, str]) -> dict[str, Unit]:
    return {
        name: Unit(kind, Fraction(size)) for size, names in sizes.items() for name in names.split()
    }


UNITS: dict[str, Unit] = {
    **_table(
        "length",
        {
            "1/1000": "mm millimeter millimeters millimetre millimetres milímetro milímetros",
            "1/100": "cm centimeter centimeters centimetre centimetres centímetro centímetros",
            "1": "m meter meters metre metres metro metros",
            "1000": "km kilometer kilometers kilometre kilometres quilômetro quilômetros"
            " quilómetro quilómetros kph kmh",
            "0.0254": "inch inches polegada polegadas",
            "0.3048": "ft foot feet pé pés",
            "0.9144": "yd yard yards jarda jardas",
            "1609.344": "mi mile miles mph milha milhas",
        },
    ),
    **_table(
        "mass",
        {
            "1/1000": "mg milligram milligrams miligrama miligramas",
            "1": "g gram grams grama gramas",
            "1000": "kg kilo kilos kilogram kilograms quilo quilos quilograma quilogramas",
            "1000000": "t ton tons tonne tonnes tonelada toneladas",
            "453.59237": "lb lbs pound-mass",
        },
    ),
    **_table("voltage", {"1": "v volt volts", "1000": "kv quilovolt quilovolts kilovolts"}),
    **_table(
        "time",
        {
            "1/1000": "ms millisecond milliseconds milissegundo milissegundos",
            "1": "s sec second seconds segundo segundos",
            "60": "min mins minute minutes minuto minutos",
            "3600": "h hr hrs hour hours hora horas",
            "86400": "day days dia dias",
            "604800": "week weeks semana semanas",
        },
    ),
    **_table("celsius", {"1": "°c celsius centigrade"}),
    **_table("kelvin", {"1": "k kelvin kelvins"}),
    **_table("fahrenheit", {"1": "°f fahrenheit"}),
    **_table(
        "volume",
        {
            "1/1000": "ml milliliter milliliters millilitre millilitres mililitro mililitros",
            "1/100": "cl centiliter centiliters centilitre centilitres centilitro centilitros",
            "1": "l liter liters litre litres litro litros",
        },
    ),
    **_table(
        "energy",
        {
            "1": "j joule joules",
            "1000": "kj kilojoule kilojoules quilojoule quilojoules",
            "3600": "wh",
            "3600000": "kwh",
            "3600000000": "mwh",
            "3600000000000": "gwh",
        },
    ),
    **_table(
        "power",
        {
            "1/1000": "mW milliwatt milliwatts",
            "1": "w watt watts",
            "1000": "kw kilowatt kilowatts quilowatt quilowatts",
            "1000000": "MW megawatt megawatts",
        },
    ),
    **_table(
        "pressure",
        {
            "1": "Pa pascal pascals",
            "100": "hPa mbar",
            "1000": "kPa",
            "100000": "bar",
            "1000000": "MPa",
            "1000000000": "GPa",
        },
    ),
    **_table("force", {"1": "N newton newtons", "1000": "kN"}),
    **_table("charge", {"1/1000000000": "nC", "1/1000000": "μC uC", "1/1000": "mC"}),
    **_table("current", {"1/1000000": "μA uA", "1/1000": "mA", "1": "ampere amperes amps"}),
    **_table(
        "frequency",
        {"1": "Hz hertz", "1000": "kHz", "1000000": "MHz", "1000000000": "GHz"},
    ),
    **_table("months", {"1": "month months mês meses mes", "12": "year years ano anos yr yrs"}),
    **_table("dollar", {"1": "$ us$ usd dollar dollars dólar dólares", "1/100": "cent cents"}),
    **_table("real", {"1": "r$ brl real reais", "1/100": "centavo centavos"}),
    **_table("euro", {"1": "€ eur euro euros", "1/100": "cêntimo cêntimos"}),
    **_table("sterling", {"1": "£ gbp", "1/100": "penny pence"}),
    **_table("yen", {"1": "¥ jpy yen"}),
}


CURRENCIES = frozenset(("dollar", "real", "euro", "sterling", "yen"))


_RATE = re.compile(
    r"\s?(?P<mph>mph)\b|\s?\b([^\W\d_]{1,12})\s?(?:/\s?|\s(?:per|por|an|a)\s)([^\W\d_]{1,8})(?![^\W\d_])",
    re.IGNORECASE,
)


_IN = re.compile(
    r"\b(?:in|to|em|para)(?=\s(?:mph\b|[^\W\d_]{1,12}\s?/|[^\W\d_]{1,12}\s(?:per|por)\s))",
    re.IGNORECASE,
)


def unit_of(before: str, after: str) -> Unit | None:
    """The unit that stands at a number: a currency before it, or a word after it."""
    return UNITS.get(before.lower()) or UNITS.get(after) or UNITS.get(after.lower())


def rate_of(text: str, at: int) -> tuple[Unit, Unit] | None:
    """The speed's units right after a number: 'km/h', 'miles per hour', 'mph'."""
    return _as_rate(_RATE.match(text, at))


def rate_at(asks: str) -> tuple[Unit, Unit] | None:
    """The speed's units that a question wants: 'in km/h'."""
    named = _IN.search(asks)
    return _as_rate(_RATE.match(asks, named.end())) if named else None


def _as_rate(found: re.Match[str] | None) -> tuple[Unit, Unit] | None:
    if found is None:
        return None
    if found["mph"]:
        return UNITS["mile"], UNITS["hour"]
    way, time = UNITS.get(found[2].lower()), UNITS.get(found[3].lower())
    if way is None or time is None or way.kind != "length" or time.kind != "time":
        return None
    return way, time


def in_units_of(value: Fraction, unit: Unit | None, other: Unit | None) -> Fraction | None:
    """`value` said in `other`; as it stands where one names no unit; None where they differ."""
    if unit is None or other is None or unit == other:
        return value
    return value * unit.size / other.size if unit.kind == other.kind else None


def other_unit(unit: Unit | None, readings: Iterable[tuple[Fraction, int | None]]) -> Unit | None:
    """The unit that a bare number may be meant in besides: reais of centavos, minutes of 1½ h."""
    if unit is None:
        return None
    if unit.kind in CURRENCIES and unit.size < 1:
        return Unit(unit.kind, Fraction(1))
    if unit == UNITS["hour"] and any(value.denominator > 1 for value, _ in readings):
        return UNITS["minute"]
    return None

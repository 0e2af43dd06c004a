"""What can be said of one replicate: each metric from a row of `trials`, or the reason why not.

Names are public: they stand in summaries, in JSON and on the command line. All are SI; energy
is gross unless its name says `net`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wattmark.analysis.intervals import LARGEST
from wattmark.errors import InputError, unknown

Row = Mapping[str, Any]

NO_ENERGY = "no energy sensor covered the measured region"
NO_NET = "no idle power was measured, so net energy is unknown"
NO_TOKENS = "a classifier writes no tokens"
NO_INPUT = "the tokens that went in are not known"
NO_GOLD = "no query has a gold answer"
RANDOM_WEIGHTS = "random weights have no quality"
NO_CORRECT = "no answer was correct"
NO_TIMES = "this trial has no token times"
ONE_WORD = "no answer has a second token"
NO_LOGARITHM = "a replicate has 0 or less, which cannot be: the work was too short for its sensor"
NO_INTENSITY = "no country, zone or carbon intensity was given"
NOT_MEASURED = "not measured"
NO_JOULES = "the work took no joules that its sensor could tell"
GB = 1e9


@dataclass(frozen=True, slots=True)
class Reading:
    """One replicate's value with its measurement's bounds; `why` where there is no value."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A public metric. `better` is lower, higher, or '' where neither is.

    `logs`: its centre is the geometric mean. Not so where zero and less are possible (net, idle).
    """

    name: str
    unit: str
    title: str
    better: str
    of: Callable[[Row], Reading]
    logs: bool = True


def _missing(why: str) -> Reading:
    return Reading(None, why=why)


def _energy(row: Row, net: bool, divisor: float | None, why: str) -> Reading:
    """Joules of the measured region by `divisor`; its bounds with it."""
    prefix = "energy_net" if net else "energy"
    energy_j = row.get(f"{prefix}_j")
    if energy_j is None:
        known_gross = net and row.get("energy_j") is not None
        return _missing(NO_NET if known_gross else NO_ENERGY)
    if not divisor:
        return _missing(why)
    low_j, high_j = row.get(f"{prefix}_low_j"), row.get(f"{prefix}_high_j")
    return Reading(
        energy_j / divisor,
        None if low_j is None else low_j / divisor,
        None if high_j is None else high_j / divisor,
    )


def _per_token(net: bool) -> Callable[[Row], Reading]:
    return lambda row: _energy(row, net, row.get("output_tokens"), NO_TOKENS)


def _per_query(net: bool) -> Callable[[Row], Reading]:
    return lambda row: _energy(row, net, row.get("queries"), "no query was answered")


def why_unscored(row: Row) -> str:
    """Why no answer of a replicate was scored."""
    return RANDOM_WEIGHTS if row.get("weights") == "random" else NO_GOLD


def _per_correct(net: bool) -> Callable[[Row], Reading]:
    def read(row: Row) -> Reading:
        if not row.get("scored"):
            return _missing(why_unscored(row))
        # Joules are of all repetitions of the queries, correct answers are counted in one.
        answers = (row.get("correct") or 0) * (row.get("repetitions") or 1)
        return _energy(row, net, answers, NO_CORRECT)

    return read


def _per_second(column: str, why: str) -> Callable[[Row], Reading]:
    def rate(row: Row) -> Reading:
        count, seconds = row.get(column), row.get("measured_s")
        if not seconds:
            return _missing("the measured region has no length")
        return Reading(count / seconds) if count else _missing(why)

    return rate


def _column(name: str, why: str = NOT_MEASURED) -> Callable[[Row], Reading]:
    def read(row: Row) -> Reading:
        value = row.get(name)
        return _missing(why) if value is None else Reading(float(value))

    return read


def _token_time(name: str, why: str) -> Callable[[Row], Reading]:
    read = _column(name, why)
    return lambda row: read(row) if row.get("output_tokens") else _missing(NO_TOKENS)


def _per_any_token(net: bool) -> Callable[[Row], Reading]:
    def read(row: Row) -> Reading:
        if not row.get("input_tokens"):
            # No answer goes without a prompt: another tool's run that did not tell it.
            return _missing(NO_INPUT)
        tokens = row["input_tokens"] + (row.get("output_tokens") or 0)
        return _energy(row, net, tokens, NO_INPUT)

    return read


def _energy_delay(row: Row) -> Reading:
    """Joules a query times its latency: what a change must lower to be no mere trade of the two.

    Gonzalez and Horowitz 1996, Energy Dissipation in General Purpose Microprocessors.
    """
    latency_s = row.get("latency_s")
    if not latency_s:
        return _missing(NOT_MEASURED)
    return _energy(row, False, (row.get("queries") or 0) / latency_s, "no query was answered")


def _correct_per_kj(row: Row) -> Reading:
    """Correct answers a kilojoule. None correct is 0, which joules a correct answer cannot say."""
    if not row.get("scored"):
        return _missing(why_unscored(row))
    energy = _energy(row, False, 1000, "")
    if energy.value is None:
        return energy
    if energy.value <= 0:
        return _missing(NO_JOULES)
    answers = (row.get("correct") or 0) * (row.get("repetitions") or 1)
    if energy.low is None or energy.high is None:
        return Reading(answers / energy.value)
    most = answers / energy.low if energy.low > 0 else LARGEST
    return Reading(answers / energy.value, answers / energy.high, min(most, LARGEST))


def _efficiency_reference(row: Row) -> Reading:
    """Share right × output tokens/s ÷ GB: of the GPU's memory, or of RAM where the device is one.

    A formula that is in use, and no physical quantity: twice the memory at twice the speed is
    as good to it, and joules are not in it.
    """
    if not row.get("scored"):
        return _missing(why_unscored(row))
    speed = METRICS["tokens_per_s"].of(row)
    memory_bytes = row.get("vram_peak_bytes") or row.get("vram_board_peak_bytes")
    if not memory_bytes and str(row.get("device") or "").startswith("cpu"):
        memory_bytes = row.get("ram_peak_bytes")
    if speed.value is None or not memory_bytes:
        return speed if speed.value is None else _missing("no memory was measured")
    share = (row.get("correct") or 0) / row["scored"]
    return Reading(share * speed.value / (memory_bytes / GB))


def _mean_power(row: Row) -> Reading:
    if row.get("power_mean_w") is None:
        return _missing(NO_ENERGY)
    bounds = _energy(row, False, row.get("measured_s"), "")
    return Reading(float(row["power_mean_w"]), bounds.low, bounds.high)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("energy_per_token_j", "J", "Energy per output token", "lower", _per_token(False)),
        Metric(
            "energy_per_token_net_j",
            "J",
            "Energy per output token, net of idle",
            "lower",
            _per_token(True),
            logs=False,
        ),
        Metric("energy_per_query_j", "J", "Energy per query", "lower", _per_query(False)),
        Metric(
            "energy_per_query_net_j",
            "J",
            "Energy per query, net of idle",
            "lower",
            _per_query(True),
            logs=False,
        ),
        Metric(
            "energy_per_correct_j", "J", "Energy per correct answer", "lower", _per_correct(False)
        ),
        Metric(
            "energy_per_correct_net_j",
            "J",
            "Energy per correct answer, net of idle",
            "lower",
            _per_correct(True),
            logs=False,
        ),
        Metric(
            "energy_per_token_total_j",
            "J",
            "Energy per token, input and output",
            "lower",
            _per_any_token(False),
        ),
        Metric(
            "energy_per_token_total_net_j",
            "J",
            "Energy per token, input and output, net of idle",
            "lower",
            _per_any_token(True),
            logs=False,
        ),
        Metric("energy_delay_js", "J·s", "Energy–delay product", "lower", _energy_delay),
        Metric(
            "correct_per_kj",
            "answers/kJ",
            "Correct answers per kJ",
            "higher",
            _correct_per_kj,
            logs=False,
        ),
        Metric(
            "efficiency_reference",
            "tokens/s/GB",
            "Accuracy × tokens/s ÷ memory",
            "higher",
            _efficiency_reference,
            logs=False,
        ),
        Metric(
            "tokens_per_s",
            "tokens/s",
            "Throughput",
            "higher",
            _per_second("output_tokens", NO_TOKENS),
        ),
        Metric(
            "queries_per_s",
            "queries/s",
            "Queries per second",
            "higher",
            _per_second("queries", "no query was answered"),
        ),
        Metric("ttft_s", "s", "Time to first token", "lower", _token_time("ttft_s", NO_TIMES)),
        Metric("tpot_s", "s", "Time per output token", "lower", _token_time("tpot_s", ONE_WORD)),
        Metric("latency_s", "s", "Latency", "lower", _column("latency_s")),
        Metric("ram_peak_bytes", "B", "Peak RAM", "lower", _column("ram_peak_bytes")),
        Metric("ram_unique_bytes", "B", "Unshared RAM", "lower", _column("ram_unique_bytes")),
        Metric(
            "vram_peak_bytes",
            "B",
            "Peak VRAM",
            "lower",
            _column("vram_peak_bytes", "the trial used no GPU allocator"),
        ),
        Metric(
            "vram_board_peak_bytes",
            "B",
            "Peak VRAM of the board",
            "lower",
            _column("vram_board_peak_bytes", "no reading of the GPU's memory"),
        ),
        Metric("power_mean_w", "W", "Mean power", "lower", _mean_power),
        Metric("power_peak_w", "W", "Peak power", "lower", _column("power_peak_w")),
        Metric(
            "temperature_max_c",
            "°C",
            "Highest temperature",
            "lower",
            _column("temperature_max_c"),
            logs=False,
        ),
        Metric(
            "idle_power_w",
            "W",
            "Idle power, model loaded",
            "lower",
            _column("idle_power_w"),
            logs=False,
        ),
    )
}


def _seconds_per(answers: Callable[[Row], float]) -> Callable[[Row], Reading]:
    def seconds(row: Row) -> Reading:
        measured_s, count = row.get("measured_s"), answers(row)
        return Reading(measured_s / count) if measured_s and count else _missing(NOT_MEASURED)

    return seconds


# How long the machine was held for one unit of work: what embodied carbon is shared out by.
TIME_PER: dict[str, Callable[[Row], Reading]] = {
    "token": _seconds_per(lambda row: row.get("output_tokens") or 0),
    "query": _seconds_per(lambda row: row.get("queries") or 0),
    "correct": _seconds_per(lambda row: (row.get("correct") or 0) * (row.get("repetitions") or 1)),
    "run": _seconds_per(lambda row: 1),
}

# Of a replicate's measured region as a whole. Not public: its size says how long the task is.
RUN_ENERGY = Metric(
    "energy_per_run_j", "J", "Energy per run", "lower", lambda row: _energy(row, False, 1, "")
)


def metric_named(name: str) -> Metric:
    """A metric by its public name; InputError lists what there is."""
    if name not in METRICS:
        raise InputError(unknown("metric", name, METRICS))
    return METRICS[name]

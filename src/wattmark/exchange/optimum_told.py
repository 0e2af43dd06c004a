"""What an optimum-benchmark report tells of the work itself: model, engine, machine, amounts.

From its configuration; without one, batch and answer length follow from throughput × mean
latency, as its trackers define it, and the rest is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wattmark.exchange.foreign import UNKNOWN
from wattmark.exchange.optimum_report import FORWARD, Report
from wattmark.schema import Trial

DTYPES = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
MB = 1e6
MOST = 1_000_000
"""No count of queries or tokens lies beyond it."""


@dataclass(frozen=True)
class Shape:
    """How much a call was: queries, prompt tokens of each, output tokens of each."""

    queries: int
    input_tokens: int
    output_tokens: int


def shape_of(report: Report) -> Shape:
    """By the configuration, or by what throughput × mean latency comes to."""
    encoder = is_encoder(report)
    first = report.phase(FORWARD) if encoder else report.phase("prefill")
    queries = count(report.told("scenario", "input_shapes", "batch_size")) or first.volume or 1
    length = count(report.told("scenario", "input_shapes", "sequence_length")) or 0
    if encoder:
        return Shape(queries, length, 0)
    decoded = report.phase("decode").volume or 0
    asked = count(report.told("scenario", "generate_kwargs", "max_new_tokens"))
    return Shape(queries, length, asked or decoded // queries + 1)


def is_encoder(report: Report) -> bool:
    """Whether it tells of forward passes, and not of answers."""
    return "decode" not in report.phases


def trial_of(report: Report, shape: Shape) -> Trial:
    """The trial that was run; what nobody tells is 'unknown'."""
    backend, dtype = report.told("backend", "name"), report.told("backend", "torch_dtype")
    scheme = report.told("backend", "quantization_scheme")
    return Trial(
        model=text(report.told("backend", "model")),
        weights="random" if report.told("backend", "no_weights") is True else "pretrained",
        backend=f"optimum-benchmark:{text(backend)}",
        precision=text(scheme or DTYPES.get(str(dtype), dtype)),
        device=text(report.told("backend", "device")),
        batch_size=shape.queries,
        task=text(report.told("backend", "task")),
        task_version=text(report.told("environment", "optimum_benchmark_version")),
        max_new_tokens=shape.output_tokens,
        warmups=count(report.told("scenario", "warmup_runs")) or 0,
        seed=count(report.told("backend", "seed")) or 0,
    )


def machine_of(report: Report, version: str) -> dict[str, Any]:
    """The machine as run.json has it, as far as the configuration tells."""

    def told(key: str) -> Any:
        return report.told("environment", key)

    ram_mb, gpus = told("cpu_ram_mb"), told("gpu")
    libraries = ("transformers", "accelerate", "optimum", "diffusers", "peft", "timm")
    versions = {name: told(f"{name}_version") for name in libraries}
    engine = report.told("backend", "name")
    versions[str(engine)] = report.told("backend", "version") if engine else None
    return {
        "cpu_model": str(told("cpu")).strip() if told("cpu") else None,
        "logical_cpus": count(told("cpu_count")),
        "ram_bytes": round(ram_mb * MB) if isinstance(ram_mb, int | float) else None,
        "os": told("platform"),
        "python": told("python_version"),
        "versions": {"optimum-benchmark": version}
        | {name: str(each) for name, each in versions.items() if each},
        "gpus": [{"name": str(name)} for name in gpus] if isinstance(gpus, list) else [],
    }


def text(value: Any) -> str:
    """A word of the configuration, or 'unknown'."""
    return str(value) if value not in (None, "") else UNKNOWN


def count(value: Any) -> int | None:
    """A whole number above 0; None for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 < value <= MOST else None

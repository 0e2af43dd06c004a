"""Names of backends, sensors and tasks, and where each lives: the same table for ours and yours.

A built-in is a line below; a stranger's plugin is an entry point of the same form in the
groups `wattmark.backends`, `wattmark.sensors` and `wattmark.tasks`. Nothing is imported
until it is asked for.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib import metadata
from typing import Any

from wattmark.errors import InputError, unknown

BUILT_IN: dict[str, dict[str, str]] = {
    # Light descriptions: capabilities, what must be installed, and where the adapter lives.
    "backends": {
        "transformers": "wattmark.backends.specs:TRANSFORMERS",
        "openvino": "wattmark.backends.specs:OPENVINO",
        "fake": "wattmark.backends.specs:FAKE",
        "onnxruntime": "wattmark.backends.specs:ONNXRUNTIME",
        "llamacpp": "wattmark.backends.specs:LLAMACPP",
    },
    # Functions () -> Found: the sensors of one family on this machine, or why there are none.
    "sensors": {
        "rapl": "wattmark.meter.rapl:find",
        "nvml": "wattmark.meter.nvml:find",
        "estimate": "wattmark.meter.estimate:find",
        "simulated": "wattmark.meter.simulated:find",
        "replay": "wattmark.meter.replay:find",
        # By name only: nothing is asked over a network that nobody named.
        "prometheus": "wattmark.meter.prometheus:find",
        "plug": "wattmark.meter.plug:find",
        "csvlog": "wattmark.meter.csvlog:find",
        "codecarbon": "wattmark.meter.codecarbon:find",
    },
    # Task classes.
    "tasks": {
        "arithmetic": "wattmark.tasks.arithmetic:Arithmetic",
        "facts": "wattmark.tasks.facts:Facts",
        "math-qa": "wattmark.tasks.math_qa:MathQA",
        "prompts": "wattmark.tasks.prompts:Prompts",
        "sentiment": "wattmark.tasks.sentiment:Sentiment",
        "squad": "wattmark.tasks.squad:Squad",
        "sst2": "wattmark.tasks.sst2:SST2",
        "jsonl": "wattmark.tasks.queries:Jsonl",
        "hf": "wattmark.tasks.hub:HubData",
    },
}


@cache
def table(kind: str) -> dict[str, str]:
    """Name → 'module:attribute' of one kind, plugins included (a built-in name wins)."""
    plugins = {e.name: e.value for e in metadata.entry_points(group=f"wattmark.{kind}")}
    return plugins | BUILT_IN[kind]


def load(kind: str, name: str) -> Any:
    """The object registered as `name`; InputError for an unknown name or a broken plugin."""
    names = table(kind)
    if name not in names:
        raise InputError(unknown(kind.rstrip("s"), name, names))
    return resolve(names[name])


def resolve(target: str) -> Any:
    """Import 'module:attribute'; InputError says what could not be imported."""
    module_name, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as reason:
        raise InputError(f"'{target}' cannot be imported: {reason}.") from reason

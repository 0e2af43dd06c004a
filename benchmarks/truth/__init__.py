"""The truth bench: worlds whose joules are known exactly, and sensors that read them badly.

Independent of `wattmark.energy`, which it puts to the test: powers are integrated here by
hand, and of the package only the nouns of the schema are used.
"""

from benchmarks.truth.loads import Curved, Lines, Load, Together, constant
from benchmarks.truth.phases import phase_scenario
from benchmarks.truth.sensors import Readings, SensorModel
from benchmarks.truth.world import World, to_ns

__all__ = [
    "Curved",
    "Lines",
    "Load",
    "Readings",
    "SensorModel",
    "Together",
    "World",
    "constant",
    "phase_scenario",
    "to_ns",
]

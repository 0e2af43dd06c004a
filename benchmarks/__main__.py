"""Run the benchmarks that were named, or all, and print and keep their figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from benchmarks import (
    coverage,
    demo,
    gate,
    gpu,
    joining,
    memory,
    optimum,
    overhead,
    phases,
    report,
    retrieval,
    sampling,
    scoring,
    startup,
    transparency,
)
from benchmarks.figure import Figure, line
from benchmarks.peers import bench as peers
from benchmarks.place import machine_folder
from wattmark.meter.load import wait_for_quiet
from wattmark.runner.machine import fingerprint

PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "startup": startup.figures,
    "overhead": overhead.figures,
    "sampling": sampling.figures,
    "joining": joining.figures,
    "phases": phases.figures,
    "coverage": coverage.figures,
    **transparency.PARTS,
    "optimum-benchmark": optimum.figures,
    "memory": memory.figures,
    "gpu": gpu.figures,
    "retrieval": retrieval.figures,
    "scoring": scoring.figures,
    "gate": gate.figures,
    "demo": demo.figures,
    "report": report.figures,
    "peers": peers.figures,
}


def main(names: list[str]) -> int:
    """Run the parts; the exit code is 1 where a figure misses its target."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"Unknown benchmark {unknown[0]}. There is: {', '.join(PARTS)}.")
        return 2
    wait_for_quiet(30.0, lambda used: print(f"waiting for quiet: {used:.2f} CPUs in use"))
    found: list[Figure] = []
    for name in names or list(PARTS):
        for figure in PARTS[name]():
            found.append(figure)
            print(line(figure), flush=True)
    _keep(found)
    return 0 if all(figure.met is not False for figure in found) else 1


def _keep(found: list[Figure]) -> None:
    machine = fingerprint()
    target = machine_folder(machine) / "bench.json"
    earlier = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    figures = earlier.get("figures", {}) | {f.name: f.plain() for f in found}
    kept = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "figures": figures}
    target.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"kept in {target}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

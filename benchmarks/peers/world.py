"""One world: a tree with its writer, and the tools that measure on it at the same time.

    python -m benchmarks.peers.world SPEC.json      prints what everybody said as one line of JSON

`in_namespace` starts it where the tree is /sys/class, as root and by `unshare --mount`: the real
one of the machine is not touched, and nobody else sees the other.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers import writer
from benchmarks.peers.driver import NOT_INSTALLED
from benchmarks.peers.scenes import World

HOME = Path(__file__).parents[2]
MOUNT = 'mount --bind "$1" /sys/class; shift; exec "$@"'
SOON_NS = 300_000_000
AFTER_S, GIVE_UP_S = 20.0, 300.0
LOG = "stderr.txt"

Said = dict[str, Any]


class Tooling:
    """A tool's process; `said` is None where the tool is not installed."""

    def __init__(self, name: str, words: list[str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            words, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, line: str) -> None:
        """Say a line to it."""
        if self.process.stdin is not None:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def hear(self) -> Said | None:
        """Its next line; None where it ended for want of its library."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            if self.process.wait() == NOT_INSTALLED:
                return None
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}")
        said: Said = json.loads(line)
        return said

    def end(self) -> None:
        """No more lines come: it ends by itself, or is ended."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(AFTER_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def spec_of(world: World, root: Path, tools: dict[str, list[str]], pairs: dict[str, int]) -> Said:
    """What the world's process needs to know. With `pairs` only windows' cost is measured."""
    return {
        "root": str(root),
        "edges": world.package.edges.tolist(),
        "package_w": world.package.left_w.tolist(),
        "dram_w": world.dram.left_w.tolist(),
        "range_j": world.range_j,
        "limit_w": world.limit_w,
        "scenes": [{"name": s.name, "timetable": s.timetable()} for s in world.scenes],
        "tools": tools,
        "pairs": pairs,
    }


@contextlib.contextmanager
def in_namespace(spec: Said, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The world of `spec` in a mount namespace of its own; its tree is made in `folder`."""
    root = folder / "class"
    writer.build(root, spec["range_j"], spec["limit_w"])
    path = folder / "spec.json"
    path.write_text(json.dumps(spec | {"root": str(root)}), encoding="utf-8")
    words = ["unshare", "--mount", "sh", "-ec", MOUNT, "sh", str(root)]
    words += [sys.executable, "-m", "benchmarks.peers.world", str(path)]
    with (
        (folder / LOG).open("w") as log,
        subprocess.Popen(words, cwd=HOME, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        yield process


def said_by(process: subprocess.Popen[str], folder: Path) -> Said:
    """What a world told. Raises RuntimeError with the end of its log where it failed."""
    told, _ = process.communicate(timeout=GIVE_UP_S)
    log = (folder / LOG).read_text(encoding="utf-8", errors="replace")
    if "Traceback" in log:
        print(f"a tool complains:\n{log[log.index('Traceback') :][:2000]}")
    if process.returncode != 0:
        raise RuntimeError(f"a world failed:\n{log[-2000:]}")
    said: Said = json.loads(told)
    return said


def namespaces_work() -> bool:
    """Whether this user may mount in a namespace of its own."""
    with contextlib.suppress(OSError):
        script = "mount --bind /sys/class /sys/class"
        words = ["unshare", "--mount", "sh", "-ec", script]
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    return False


def run(spec_path: Path) -> Said:
    """Start all, wait until each is ready, let them follow the timetable, and listen."""
    spec = json.loads(spec_path.read_text(encoding="utf-8"))
    python = [sys.executable, "-m", "benchmarks.peers.writer", str(spec_path)]
    feed = Tooling("writer", python)
    began_ns = (feed.hear() or {})["began_ns"]
    tools: list[Tooling] = []
    ready: dict[str, Said | None] = {}
    try:
        for name, words in spec["tools"].items():
            tools.append(Tooling(name, words))
            if spec["pairs"]:  # where costs are asked for, a cold start has the machine to itself
                ready[name] = tools[-1].hear()
        ready |= {tool.name: tool.hear() for tool in tools if tool.name not in ready}
        there = [tool for tool in tools if ready[tool.name] is not None]
        if spec["pairs"]:
            said: Said = {"pairs": _pairs(there, spec["pairs"])}
        else:
            said = _scenes(spec, spec_path, feed, began_ns, there)
        return said | {"ready": ready, "writer": _ended(feed)}
    finally:
        for tool in [*tools, feed]:
            tool.end()


def _scenes(
    spec: Said, spec_path: Path, feed: Tooling, began_ns: int, tools: list[Tooling]
) -> Said:
    origin_ns = writer.next_wrap_ns(
        began_ns, spec["package_w"][0], spec["range_j"], time.monotonic_ns() + SOON_NS
    )
    if origin_ns > time.monotonic_ns() + 20 * SOON_NS:
        origin_ns = time.monotonic_ns() + SOON_NS  # a counter that does not wrap meanwhile
    feed.tell(str(origin_ns))
    scenes = spec_path.with_name("scenes.json")
    scenes.write_text(json.dumps(spec["scenes"]), encoding="utf-8")
    for tool in tools:
        tool.tell(f"follow {scenes} {origin_ns}")
    heard = {tool.name: (tool.hear() or {})["scenes"] for tool in tools}
    return {"origin_ns": origin_ns, "heard": heard}


def _pairs(tools: list[Tooling], pairs: dict[str, int]) -> Said:
    """Blocks of windows, one tool after the other and again: nobody has the better minute."""
    heard: dict[str, list[Said]] = {tool.name: [] for tool in tools}
    for _ in range(pairs["rounds"]):
        for tool in tools:
            tool.tell(f"pairs {pairs[tool.name]}")
            heard[tool.name].append(tool.hear() or {})
    return heard


def _ended(feed: Tooling) -> Said:
    feed.process.terminate()
    return feed.hear() or {}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))

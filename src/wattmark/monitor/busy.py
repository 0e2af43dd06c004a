"""The process that is the load: matrix products while it is told to, asleep otherwise.

    python -m wattmark.monitor.busy WORK FD

WORK is `cpu:N` (pinned to that CPU) or a device of torch's (`cuda:0`, or `cpu`). FD is a file of
64-bit words that it shares with its parent: the gate (1 is run), how many stamps there are, and
then the stamps, by turns of a start and of an end. It says `ready` when all is
imported and warm, or why it cannot; then each byte on its standard input lets it run until the
gate closes. It ends when its input closes, and, whatever it is at, when its parent has gone.
"""

from __future__ import annotations

import mmap
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from struct import Struct

import numpy as np

WORD = Struct("q")
GATE, COUNT, STAMPS = range(3)
MOST_STAMPS = 8192
BYTES = WORD.size * (STAMPS + MOST_STAMPS)
# The load gives way to the polling, so that its readings come in time.
NICE = 10
# A piece of work this long ends soon after the gate closes, and is long against launching it.
PIECE_S = 0.001
CPU_SIZE = 96
SIZES = (512, 1024, 2048, 4096, 8192)


class Words:
    """The shared words, by index."""

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, BYTES)

    def __getitem__(self, index: int) -> int:
        return int(WORD.unpack_from(self._map, index * WORD.size)[0])

    def __setitem__(self, index: int, value: int) -> None:
        WORD.pack_into(self._map, index * WORD.size, value)

    def close(self) -> None:
        """Unmap them."""
        self._map.close()

    def stamp(self) -> None:
        """Note the moment, if there is room."""
        count = self[COUNT]
        if count < MOST_STAMPS:
            self[STAMPS + count] = time.monotonic_ns()
            self[COUNT] = count + 1

    def stamps(self) -> list[tuple[int, int]]:
        """(start, end) of each stretch of work that has ended."""
        told = [self[STAMPS + k] for k in range(self[COUNT] // 2 * 2)]
        return list(zip(told[::2], told[1::2], strict=True))


def products_on_cpu(cpu: int) -> Callable[[], None]:
    """Small matrix products on one CPU: its vector units draw more than a counting loop."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {cpu})
    with suppress(OSError):
        os.nice(NICE)
    left = np.random.default_rng(0).normal(size=(CPU_SIZE, CPU_SIZE))
    out = np.empty_like(left)

    def piece() -> None:
        np.dot(left, left, out=out)

    return piece


def products_in_torch(device: str) -> Callable[[], None]:
    """Matrix products of a size that takes about `PIECE_S`, one waited for after the other."""
    import torch  # noqa: PLC0415 - seconds, which only this process needs to spend

    place = torch.device(device)
    torch.set_num_threads(1)
    kind = torch.bfloat16 if place.type == "cuda" else torch.float32

    def of_size(size: int) -> Callable[[], None]:
        left = torch.randn(size, size, device=place).to(kind)
        out = torch.empty_like(left)

        def piece() -> None:
            torch.mm(left, left, out=out)
            if place.type == "cuda":
                torch.cuda.synchronize(place)

        return piece

    piece = of_size(SIZES[0])
    for size in SIZES:
        piece = of_size(size)
        piece()  # the first one loads kernels
        began = time.perf_counter()
        piece()
        if time.perf_counter() - began >= PIECE_S:
            break
    return piece


def serve(words: Words, piece: Callable[[], None], parent: int) -> None:
    """Work whenever a byte comes and the gate is open; return when the input has closed."""
    while os.read(0, 1):
        words.stamp()
        while words[GATE] == 1 and os.getppid() == parent:
            piece()
        words.stamp()


def main(work: str, descriptor: str) -> None:
    """The process."""
    parent = os.getppid()
    words = Words(int(descriptor))
    try:
        name, _, number = work.partition(":")
        pinned = name == "cpu" and number
        piece = products_on_cpu(int(number)) if pinned else products_in_torch(work)
        piece()
    # Whatever an engine raises is the parent's to tell.
    except Exception as reason:
        text = " ".join(str(reason).split())[:200]
        print(f"{type(reason).__name__}: {text}", flush=True)  # noqa: T201 - its answer
        return
    print("ready", flush=True)  # noqa: T201 - its answer
    serve(words, piece, parent)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A compiled model of OpenVINO, driven step by step.

Its cache is state inside the infer request, emptied before each batch. What a step is given goes
by the names of the model's inputs: not every family has position ids, and `beam_idx`, which would
reorder the cache for beams, stays the identity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattmark.backends.batching import Padded
from wattmark.backends.stopping import StopWatch

LOGITS = "logits"
Ids = NDArray[np.int64]


class Runner:
    """One infer request."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        names = [port.get_names() for port in compiled.inputs]
        self._inputs = frozenset(name for port in names for name in port)
        outputs = [LOGITS in port.get_names() for port in compiled.outputs]
        self._logits = outputs.index(True)

    def decode(
        self,
        padded: Padded,
        steps: int,
        ends: Collection[int],
        now: Callable[[], int],
        choose: Callable[[NDArray[np.float32]], Ids],
        *,
        watch: StopWatch,
    ) -> tuple[list[list[int]], list[int]]:
        """The token that `choose` takes for each row, step by step, and `now` at each step's end.

        It stops early when every row has had one of `ends`, or has stopped by its text (`watch`);
        what a row says behind its own is not asked for, and costs its batch what padding would.
        """
        self._request.reset_state()
        ids = np.asarray(padded.ids, np.int64)
        rows, width = ids.shape
        mask = np.ones((rows, width + steps), np.int64)
        mask[:, :width] = padded.mask
        positions = np.maximum(mask[:, :width].cumsum(axis=1) - 1, 0)
        order = np.arange(rows, dtype=np.int32)
        alive = np.ones(rows, bool)
        said = np.empty((rows, steps), np.int64)
        times: list[int] = []
        for step in range(steps):
            logits = self._infer(
                input_ids=ids,
                attention_mask=np.ascontiguousarray(mask[:, : width + step]),
                position_ids=positions,
                beam_idx=order,
            )
            chosen = choose(logits[:, -1])
            said[:, step] = chosen
            times.append(now())
            alive &= ~np.isin(chosen, list(ends))
            alive &= watch.going_on(chosen)
            if not alive.any():
                break
            ids = chosen[:, None]
            positions = positions[:, -1:] + 1
        rows_said: list[list[int]] = said[:, : len(times)].tolist()
        return rows_said, times

    def shares(self, padded: Padded) -> NDArray[np.float32]:
        """The probability of each label, texts × labels."""
        logits = self._infer(
            input_ids=np.asarray(padded.ids, np.int64),
            attention_mask=np.asarray(padded.mask, np.int64),
        )
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
        return shares

    def _infer(self, **inputs: NDArray[Any]) -> NDArray[np.float32]:
        """One inference; the logits are valid until the next."""
        feed = {name: array for name, array in inputs.items() if name in self._inputs}
        self._request.infer(feed, share_inputs=True, share_outputs=True)
        logits: NDArray[np.float32] = self._request.get_output_tensor(self._logits).data
        return logits

"""Train the models that ship inside Wattmark, and write their held-out task rows.

    python tools/train_embedded.py all
    python tools/train_embedded.py arithmetic --seed 0 --threads 1
    python tools/train_embedded.py sentiment --steps 300 --out /tmp/try

Reads nothing and downloads nothing: all data is generated here. Writes, below --out (by default
`src/wattmark`):

    models/embedded/<name>/     config, weights (fp32 safetensors), tokenizer, model card
    tasks/data/<name>.jsonl     held-out rows: id, query, answer
    tasks/data/facts_corpus.jsonl   the passages that answer the facts' rows

A folder is replaced only once its model is trained, saved and evaluated from disk. The held-out
accuracy, through plain transformers on the saved folder, is printed and goes into the card.
Seeded: the same seed, thread count and library versions give the same weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import embedded_arithmetic
import embedded_facts
import embedded_sentiment
import torch
from embedded_common import Paths
from transformers.utils.logging import disable_progress_bar

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "wattmark"
BUILDERS = {
    "arithmetic": embedded_arithmetic.build,
    "sentiment": embedded_sentiment.build,
    "facts": embedded_facts.build,
}


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train the models embedded in Wattmark and write their held-out rows."
    )
    parser.add_argument("which", nargs="?", default="all", choices=[*BUILDERS, "all"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="torch threads (default 1: on a busy machine two are slower than one)",
    )
    parser.add_argument("--steps", type=int, help="training steps, instead of the model's own")
    parser.add_argument(
        "--out", type=Path, default=PACKAGE, help="root to write below (default: the package)"
    )
    return parser.parse_args()


def main() -> None:
    """Build the models asked for."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    # Progress bars of milliseconds would only hide the numbers that matter.
    disable_progress_bar()
    for name in BUILDERS if arguments.which == "all" else [arguments.which]:
        print(f"== {name}", flush=True)
        BUILDERS[name](Paths.under(arguments.out, name), arguments.seed, arguments.steps)


if __name__ == "__main__":
    main()

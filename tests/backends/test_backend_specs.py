from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from wattmark.backends.batching import cut, pad
from wattmark.backends.find import backends, create, find_backend, missing
from wattmark.backends.specs import FAKE, TRANSFORMERS
from wattmark.errors import InputError


def test_names_lead_to_descriptions() -> None:
    assert find_backend("transformers") is TRANSFORMERS
    assert find_backend("fake") is FAKE
    assert {"fake", "transformers"} <= {spec.name for spec in backends()}
    with pytest.raises(InputError, match="Did you mean 'transformers'"):
        find_backend("transfomers")


def test_what_is_missing_is_a_command() -> None:
    absent = replace(TRANSFORMERS, requires=("torch", "no_such_module"))
    assert missing(absent) == 'pip install "wattmark[transformers]"'
    assert missing(replace(absent, extra="")) == "pip install no_such_module"
    assert missing(FAKE) is None
    with pytest.raises(InputError, match=r"not installed.*wattmark\[transformers\]"):
        create(absent)


def test_refusals_do_not_contradict_offers() -> None:
    for spec in backends():
        for (device, precision), reason in spec.refused.items():
            assert precision not in spec.precisions.get(device, ())
            assert reason


def test_planning_imports_no_engine() -> None:
    code = (
        "import sys\n"
        "from wattmark.backends.find import backends, missing\n"
        "import wattmark.models, wattmark.tasks.find\n"
        "[missing(spec) for spec in backends()]\n"
        "wattmark.models.find_model('embedded/arithmetic')\n"
        "heavy = {'torch', 'transformers', 'huggingface_hub', 'numpy', 'tokenizers'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_padding() -> None:
    left = pad([[1, 2, 3], [4]], 0, left=True)
    assert left.ids == [[1, 2, 3], [0, 0, 4]]
    assert left.mask == [[1, 1, 1], [0, 0, 1]]
    assert (left.lengths, left.width) == ([3, 1], 3)
    right = pad([[1, 2, 3], [0]], 0, left=False)
    assert right.ids == [[1, 2, 3], [0, 0, 0]]
    assert right.mask == [[1, 1, 1], [1, 0, 0]]


def test_rows_are_cut_at_their_first_end_token() -> None:
    answers = cut([[5, 9, 0, 0], [5, 6, 7, 8], [9, 9, 9, 9], [0, 0, 0, 0]], {9})
    assert [a.ids for a in answers] == [[5, 9], [5, 6, 7, 8], [9], [0, 0, 0, 0]]
    assert [a.stop_reason for a in answers] == ["eos", "length", "eos", "length"]

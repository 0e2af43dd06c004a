from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from recorder import Recorder

from wattmark.backends.fake import FakeBackend
from wattmark.backends.faults import FakeModel, is_fake, parse_fake
from wattmark.errors import InputError, OutOfMemoryError
from wattmark.schema import Query, Trial

pytest_plugins = ["backend_fixtures"]

MakeTrial = Callable[..., Trial]

_RUN = """
import resource, sys, time
from wattmark.backends.fake import FakeBackend
from wattmark.errors import OutOfMemoryError
from wattmark.schema import Query, Trial

{setup}
class Stamp:
    now = staticmethod(time.monotonic_ns)
    def add(self, *args, **kwargs): pass
backend = FakeBackend()
backend.load(Trial(model=sys.argv[1], backend='fake', precision='fp32', device='cpu',
             batch_size=1, task='t', task_version='1', max_new_tokens=8))
print('loaded', flush=True)
for batch in range(3):
    try:
        backend.generate(batch, [Query('a', '1 + 1', '1 + 1 =')], Stamp())
    except OutOfMemoryError as reason:
        print('OOM', reason, flush=True)
        break
    print('batch', batch, flush=True)
"""


def _run(model: str, setup: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _RUN.format(setup=setup), model],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _loaded(trial: Trial, sleeps: list[float] | None = None) -> FakeBackend:
    backend = FakeBackend(sleep=(sleeps if sleeps is not None else []).append)
    backend.load(trial)
    return backend


def test_names() -> None:
    assert is_fake("fake")
    assert is_fake("fake:tokens=3")
    assert not is_fake("fakery")
    assert not is_fake("embedded/arithmetic")
    assert parse_fake("fake") == FakeModel()
    assert parse_fake(
        "fake:prefill_s=0.03, step_s=0.005,tokens=12,accuracy=0.9,fail=crash,fail_at=batch 1"
    ) == FakeModel(
        prefill_s=0.03, step_s=0.005, tokens=12, accuracy=0.9, fail="crash", fail_at="batch 1"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fake:bogus=1", "bogus"),
        ("fake:tokenz=1", "Did you mean 'tokens'"),
        ("fake:tokens=0", "whole number"),
        ("fake:tokens", "whole number"),
        ("fake:accuracy=1.5", "0 to 1"),
        ("fake:accuracy=nan", "0 to 1"),
        ("fake:step_s=-1", "zero or more"),
        ("fake:step_s=inf", "zero or more"),
        ("fake:step_s=x", "a number"),
        ("fake:fail=explode", "segfault"),
        ("fake:fail_at=noon", "batch N"),
    ],
)
def test_mistakes_in_names(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        is_fake(name)


def test_time_passes_as_asked(make_trial: MakeTrial, stamp: Recorder) -> None:
    sleeps: list[float] = []
    trial = make_trial("fake:load_s=2,prefill_s=0.5,step_s=0.25,tokens=4")
    backend = _loaded(trial, sleeps)
    backend.generate(0, [Query("a", "1 + 1", "1 + 1 =")], stamp)
    assert sleeps == [2, 0.5, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("text", "answer"),
    [("27 + 58", " 85"), ("12 * 12", " 144"), ("12 × 12", " 144"), ("3 - 10", " -7")],
)
def test_arithmetic_is_worked_out(
    make_trial: MakeTrial, stamp: Recorder, text: str, answer: str
) -> None:
    (said,) = _loaded(make_trial("fake")).generate(0, [Query("a", text, text, "wrong")], stamp)
    assert said.text == answer
    assert said.stop_reason == "eos"


def test_accuracy_is_a_fixed_share(make_trial: MakeTrial, stamp: Recorder) -> None:
    asked = [Query(f"q{i}", f"{i} + 1", "", str(i + 1)) for i in range(400)]

    def right(model: str, seed: int = 0) -> list[bool]:
        answers = _loaded(make_trial(model, seed=seed)).generate(0, asked, stamp)
        return [a.text.strip() == q.answer for a, q in zip(answers, asked, strict=True)]

    assert right("fake:accuracy=0") == [False] * 400
    assert 0.85 < sum(right("fake:accuracy=0.9")) / 400 < 0.95
    assert right("fake:accuracy=0.5") == right("fake:accuracy=0.5")
    assert right("fake:accuracy=0.5") != right("fake:accuracy=0.5", seed=1)


def test_labels_come_from_the_gold(make_trial: MakeTrial, stamp: Recorder) -> None:
    asked = [Query("a", "fine film", "fine film", "positive")]
    assert _loaded(make_trial("fake")).classify(0, asked, stamp)[0].text == "positive"
    wrong = _loaded(make_trial("fake:accuracy=0")).classify(0, asked, stamp)
    assert wrong[0].text == "negative"


def test_an_answer_is_cut_at_the_limit(make_trial: MakeTrial, stamp: Recorder) -> None:
    backend = _loaded(make_trial("fake", max_new_tokens=2))
    (said,) = backend.generate(0, [Query("a", "27 + 58", "")], stamp)
    assert (said.text, said.output_tokens, said.stop_reason) == (" 8", 2, "length")


def test_an_error_strikes_where_it_is_asked_for(make_trial: MakeTrial, stamp: Recorder) -> None:
    backend = _loaded(make_trial("fake:fail=error,fail_at=batch 1"))
    asked = [Query("a", "1 + 1", "")]
    assert backend.generate(0, asked, stamp)
    with pytest.raises(RuntimeError, match="as asked for"):
        backend.generate(1, asked, stamp)
    with pytest.raises(RuntimeError, match="as asked for"):
        _loaded(make_trial("fake:fail=error,fail_at=load"))


def test_memory_runs_out(make_trial: MakeTrial, stamp: Recorder) -> None:
    backend = _loaded(make_trial("fake:fail=oom"))
    with pytest.raises(OutOfMemoryError, match="batch 0") as caught:
        backend.classify(0, [Query("a", "x", "x")], stamp)
    assert isinstance(caught.value.__cause__, MemoryError)


@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_memory_runs_out_under_a_limit(kind: str) -> None:
    limit = 512 * 1024**2
    done = _run(
        "fake:fail=oom,fail_at=batch 1",
        f"resource.setrlimit(resource.{kind}, ({limit}, {limit}))",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("loaded\nbatch 0\nOOM")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("crash", 3), ("kill", -signal.SIGKILL), ("segfault", -signal.SIGSEGV)],
)
def test_a_process_really_dies(fault: str, code: int) -> None:
    done = _run(f"fake:fail={fault},fail_at=batch 1")
    assert done.returncode == code
    assert done.stdout == "loaded\nbatch 0\n"


def test_a_process_really_hangs() -> None:
    command = [sys.executable, "-c", _RUN.format(setup=""), "fake:fail=hang,fail_at=batch 1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loaded\n"
        assert process.stdout.readline() == "batch 0\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.3)
        process.kill()

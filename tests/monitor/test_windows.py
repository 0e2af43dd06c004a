import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from wattmark import EnergyMonitor
from wattmark.errors import InputError, WattmarkError

NO_SENSOR = "none"


def monitor_of_stamps() -> EnergyMonitor:
    """No sensor is needed to see whether the stamps are right."""
    return EnergyMonitor(sensors=NO_SENSOR)


def test_a_window_needs_a_running_monitor() -> None:
    monitor = monitor_of_stamps()
    with pytest.raises(WattmarkError, match=r"'w'.*not running"), monitor.window("w"):
        pytest.fail("it was entered")
    with pytest.raises(WattmarkError, match=r"'w'.*not running"):
        monitor.add_window("w", 0, 1)
    with pytest.raises(WattmarkError, match="was not open"):
        monitor.window("w").__exit__(None, None, None)


def test_a_window_that_ends_too_late_is_told_at_both_ends() -> None:
    monitor = monitor_of_stamps()
    monitor.start()
    late = monitor.window("late")
    late.__enter__()
    result = monitor.stop()
    assert [doubt.code for doubt in result.doubts] == ["no-sensor", "window-open"]
    assert "'late' (1)" in result.doubts[1].message
    assert len(result.windows) == 0
    with pytest.raises(WattmarkError, match="after the monitor had stopped"):
        late.__exit__(None, None, None)


def test_the_works_own_error_is_not_hidden() -> None:
    monitor = monitor_of_stamps()
    monitor.start()

    def work() -> float:
        monitor.stop()
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        monitor.window("w")(work)()


def test_one_window_object_may_be_used_again_but_not_twice_at_once() -> None:
    with monitor_of_stamps() as monitor:
        window = monitor.window("w")
        for _ in range(3):
            with window:
                pass
        with window, pytest.raises(WattmarkError, match="open already"):
            window.__enter__()
    assert monitor.result is not None
    assert monitor.result.windows["w"].count == 4


def test_stamps_of_ones_own() -> None:
    with monitor_of_stamps() as monitor:
        now = time.monotonic_ns()
        monitor.add_window("w", now, now + 5)
        with pytest.raises(InputError, match="before it starts"):
            monitor.add_window("w", now, now - 5)
    assert monitor.result is not None
    assert (monitor.result.windows[0].start_ns, monitor.result.windows[0].end_ns) == (now, now + 5)


def test_threads_lose_no_window_and_mix_none_up() -> None:
    threads, each = 8, 2000
    with monitor_of_stamps() as monitor:
        go = threading.Barrier(threads)

        def work(name: str) -> None:
            go.wait()
            for _ in range(each):
                with monitor.window(name), monitor.window("inner " + name):
                    pass

        running = [threading.Thread(target=work, args=(f"t{k}",)) for k in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    assert monitor.result is not None
    windows = monitor.result.windows
    assert len(windows) == 2 * threads * each
    assert all(windows[f"t{k}"].count == each for k in range(threads))
    for k in range(threads):
        inner, outer = windows[f"inner t{k}"], windows[f"t{k}"]
        assert 0 < inner.duration_seconds <= outer.duration_seconds


def test_interleaved_tasks_do_not_disturb_each_other() -> None:
    monitor = monitor_of_stamps()
    order: list[str] = []

    async def work(name: str, mine: asyncio.Event, other: asyncio.Event) -> None:
        async with monitor.window(name):
            order.append(f"{name} begins")
            mine.set()
            await other.wait()
            order.append(f"{name} ends")

    async def main() -> None:
        a, b = asyncio.Event(), asyncio.Event()
        async with monitor:
            await asyncio.gather(work("a", a, b), work("b", b, a))

    asyncio.run(main())
    # Begun in the order a, b and ended so too: they overlap, and neither holds the other.
    assert order[0].endswith("begins")
    assert order[1].endswith("begins")
    assert monitor.result is not None
    windows = monitor.result.windows
    a, b = windows.named("a")[0], windows.named("b")[0]
    assert a.start_ns is not None
    assert b.start_ns is not None
    assert a.end_ns is not None
    assert b.end_ns is not None
    assert max(a.start_ns, b.start_ns) < min(a.end_ns, b.end_ns)


def test_windows_as_decorators() -> None:
    monitor = monitor_of_stamps()

    @monitor.window("sum")
    def add(a: int, b: int = 1) -> int:
        """Adds."""
        return a + b

    @monitor.window("down")
    def down(n: int) -> int:
        return n if n == 0 else down(n - 1)

    @monitor.window("waited")
    async def waited(n: int) -> int:
        await asyncio.sleep(0.01)
        return n

    with pytest.raises(WattmarkError, match="not running"):
        add(1)

    async def main() -> list[int]:
        return await asyncio.gather(*(waited(n) for n in range(5)))

    with monitor:
        assert add(1, b=2) == 3
        assert down(4) == 0
        assert asyncio.run(main()) == list(range(5))
    assert add.__name__ == "add"
    assert add.__doc__ == "Adds."
    assert monitor.result is not None
    windows = monitor.result.windows
    assert {name: window.count for name, window in windows.items()} == {
        "sum": 1,
        "down": 5,
        "waited": 5,
    }
    assert windows["waited"].duration_seconds >= 5 * 0.01


def test_a_measured_function_brings_its_own_measurement_where_there_is_none() -> None:
    monitor = EnergyMonitor(sensors="simulated:watts=100,period=0.005")

    @monitor.measured
    def work() -> str:
        time.sleep(0.1)
        return "done"

    assert work() == "done"
    first = monitor.result
    assert first is not None
    assert not monitor.running
    assert first.duration_seconds >= 0.1
    assert first.windows["work"].count == 1
    with monitor:
        work()
        work()
    assert monitor.result is not None
    assert monitor.result.windows["work"].count == 2

    @monitor.measured
    async def waited() -> None:
        await asyncio.sleep(0.01)

    asyncio.run(waited())
    assert monitor.result.windows.keys() == ("waited",)
    assert not monitor.running

    @monitor.measured
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert not monitor.running


def test_measured_calls_at_once_share_one_measurement() -> None:
    monitor = monitor_of_stamps()
    inside = {name: threading.Event() for name in ("first", "second")}
    leave = {name: threading.Event() for name in ("first", "second")}

    @monitor.measured
    def work(name: str) -> None:
        inside[name].set()
        assert leave[name].wait(30)

    threads = {name: threading.Thread(target=work, args=(name,)) for name in inside}
    running = []
    # The first starts the monitor, the second finds it running; the last to leave stops it.
    for name, entered in inside.items():
        threads[name].start()
        assert entered.wait(30)
    for name, leaving in leave.items():
        leaving.set()
        threads[name].join()
        running.append(monitor.running)
    assert running == [True, False]
    assert monitor.result is not None
    assert len(monitor.result.windows) == 2


def test_what_cannot_be_measured_by_its_call_is_refused() -> None:
    monitor = monitor_of_stamps()

    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    for generator in (numbers, later):
        with pytest.raises(InputError, match="is a generator"):
            monitor.window("w")(generator)
        with pytest.raises(InputError, match="is a generator"):
            monitor.measured(generator)
    with pytest.raises(InputError, match="name is a text"):
        monitor.window(numbers)  # type: ignore[arg-type] # a decorator without its parentheses

"""What a notebook shows of a measurement: figures, components, windows and doubts, all escaped."""

import re
import time
from dataclasses import replace

from wattmark import EnergyMonitor
from wattmark.monitor.result import EnergyResult, joules_text
from wattmark.schema import Doubt
from wattmark.units import engineering

TWO = "simulated:watts=100,period=0.005,component=cpu"


def measured() -> EnergyResult:
    monitor = EnergyMonitor(sampling_interval=0.02, sensors=TWO, idle_seconds=0.1)
    monitor.start()
    with monitor.window("<script>alert(1)</script>"):
        time.sleep(0.1)
    with monitor.window("decode"):
        time.sleep(0.1)
    return monitor.stop()


def rows(html: str) -> list[list[str]]:
    return [re.findall(r"<t[dh]>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]


def test_a_notebook_shows_the_figures_and_not_a_dataclass() -> None:
    result = measured()
    html = result._repr_html_()
    head, total, cpu, *windows = rows(html)
    assert total[:2] == ["total", joules_text(result)]
    assert total[3:] == [
        engineering(result.duration_seconds, "s"),
        engineering(result.avg_power_watts, "W"),
        "simulated",
    ]
    assert cpu[:2] == ["cpu", joules_text(result.components["cpu"])]
    assert cpu[-1] == "counter, simulated"
    assert [row[0] for row in windows][1] == "window decode"
    assert windows[1][1] == joules_text(result.windows["decode"])
    assert all(len(row) == len(head) for row in rows(html))
    assert "EnergyResult(" not in html


def test_names_and_doubts_from_outside_are_text() -> None:
    doubt = Doubt("odd", "a <b>sensor</b> said\x1b[31m & went", "read <its> log")
    html = replace(measured(), doubts=(doubt,))._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<b>" not in html
    assert "⚠ odd: a &lt;b&gt;sensor&lt;/b&gt; said" in html
    assert "read &lt;its&gt; log" in html
    assert "\x1b" not in html


def test_what_was_not_measured_is_a_dash_with_its_reason() -> None:
    found = measured()
    nothing = replace(
        found, net_joules=None, net_low_joules=None, net_high_joules=None,
        net_reason="idle was not measured", avg_power_watts=None,
    )  # fmt: skip
    html = nothing._repr_html_()
    total = rows(html)[1]
    assert (total[2], total[4]) == ("–", "–")
    assert "<p>net: idle was not measured</p>" in html
    assert all(f"net: {reason}" not in found._repr_html_() for reason in ["idle was not measured"])

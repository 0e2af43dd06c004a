"""A comparison for people and for CI: terminal, Markdown, JUnit, JSON; names may be hostile."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from rich.console import Console

from wattmark.analysis.comparison import Change, Comparison
from wattmark.analysis.gate import Judgement, judge, parse_gate
from wattmark.report.comparison import (
    REQUIRED,
    change_text,
    comparison_json,
    render_comparison,
    shown_value,
)
from wattmark.report.comparison_markdown import markdown, prose
from wattmark.report.junit import junit

HOSTILE = (
    "a|b`c<img src=x onerror=alert(1)> [x](http://e.vil) @all #1 \x1b[31m\\ **b** \n| www.e.vil"
)
SLOWER = Change(
    metric="energy_per_token_j",
    title="Energy per output token",
    unit="J",
    better="lower",
    trial="",
    base=0.002,
    head=0.0022,
    ratio=1.1,
    low=1.08,
    high=1.12,
    verdict="worse",
    p_value=0.001,
    test="paired t-test on logarithms",
    paired=True,
    n_base=5,
    n_head=5,
    effect_size=2.5,
)
UNSURE = replace(
    SLOWER, metric="latency_s", unit="s", low=0.9, high=1.3, verdict="not resolved", needed=40
)
FINE = replace(SLOWER, metric="tokens_per_s", unit="tokens/s", better="higher", verdict="better")
GATES = ("energy_per_token=3%", "latency=3%", "tokens_per_s=3%")


def comparison(*changes: Change, **more: object) -> Comparison:
    made = Comparison(base="base", head="head", changes=changes, matched_on={"kind": "tables"})
    return replace(made, **more)  # type: ignore[arg-type] # a test's own words


def judged(found: Comparison) -> list[Judgement]:
    return judge([parse_gate(text) for text in GATES], found)


def shown(found: Comparison, width: int) -> str:
    console = Console(width=width)
    with console.capture() as taken:
        console.print(render_comparison(found, judged(found), width))
    return taken.get()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "+10.0 % (+8.00 to +12.0)"),
        ({"ratio": 2.5, "low": 2.4, "high": 2.6}, "2.50× (2.40×–2.60×)"),
        ({"low": None, "high": None}, "+10.0 %"),
        ({"ratio": None}, "–"),
        ({"ratio": 1.00001, "low": 1.0, "high": 1.00002}, "0.00 % (0 to 0.00)"),
        (
            {"scale": "difference", "difference": 2e-4, "low": -1e-4, "high": 5e-4},
            "+200 µJ (−100 to +500)",
        ),
        (
            {"scale": "difference", "difference": 2e-4, "low": -1e-4, "high": 5e-3},
            "+200 µJ (−100 µJ to +5.00 mJ)",
        ),
        (
            {
                "metric": "accuracy",
                "unit": "1",
                "scale": "difference",
                "difference": -0.02,
                "low": -0.05,
                "high": 0.01,
            },
            "−2.00 pp (−5.00 to +1.00)",
        ),
        (
            {
                "metric": "accuracy",
                "unit": "%",
                "scale": "difference",
                "difference": -2.0,
                "low": -5.0,
                "high": 1.0,
            },
            "−2.00 pp (−5.00 to +1.00)",
        ),
    ],
)
def test_a_change_in_words(changes: dict[str, object], text: str) -> None:
    assert change_text(replace(SLOWER, **changes)) == text  # type: ignore[arg-type] # as above


def test_a_share_in_percent_is_shown_as_it_is() -> None:
    assert shown_value(84.25, "%") == "84.2 %"
    assert shown_value(0.8425, "1") == "84.2 %"
    assert shown_value(None, "J") == "–"


def test_the_terminal_has_every_metric_and_gate_at_any_width() -> None:
    found = comparison(SLOWER, UNSURE, FINE, warnings=("other machine",))
    for width in (80, 140):
        text = " ".join(shown(found, width).split())
        for words in ("energy_per_token_j", "worse", "better", "! other machine"):
            assert words in text
        assert "40 replicates an arm would resolve a change of 1 %" in text
        assert "gate energy_per_token=3%: regression" in text
        assert "gate latency=3%: not resolved" in text
        assert "gate tokens_per_s=3%: pass" in text


def test_the_json_has_the_promised_keys() -> None:
    found = comparison(SLOWER, UNSURE, FINE)
    told = json.loads(json.dumps(comparison_json(found, judged(found)), allow_nan=False))
    assert {"metrics", "matched_on", "warnings"} <= told.keys()
    assert list(told["metrics"][0])[: len(REQUIRED)] == list(REQUIRED)
    assert [gate["outcome"] for gate in told["gates"]] == ["regression", "not resolved", "pass"]
    assert told["exit_code"] == 1
    assert "gates" not in comparison_json(found)


def test_junit_counts_failures_and_errors() -> None:
    found = comparison(SLOWER, UNSURE, FINE)
    root = Xml.fromstring(junit(judged(found)))
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "1"}
    cases = root.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == list(GATES)
    assert [child.tag for case in cases for child in case] == ["failure", "error", "system-out"]


def test_hostile_names_do_nothing() -> None:
    bad = replace(SLOWER, metric=HOSTILE, trial=HOSTILE, notes=(HOSTILE,))
    found = comparison(bad, warnings=(HOSTILE,), base=HOSTILE)
    found = replace(found, matched_on={"kind": "runs", "trials": [{"base": "x", "head": HOSTILE}]})
    gate = Judgement(parse_gate(f"{HOSTILE}=3%"), HOSTILE, HOSTILE, "regression", HOSTILE, bad, 1)
    page = markdown(found, [gate])
    assert "\x1b" not in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    # A pipe that is not escaped would make one cell more.
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4, 8}
    bare = re.sub(r"`[^`]*`", "", re.sub(r"\\[^\w\s]", "", page))
    assert not re.search(r"<|\[|@\w|#\d|://|www\.|\*\*b", bare)
    root = Xml.fromstring(junit([gate]))
    assert "onerror" in str(root.find("testsuite/testcase").get("name"))  # type: ignore[union-attr] # a failure of the test, then
    text = shown(comparison(replace(bad, metric="latency_s"), SLOWER, FINE), 120)
    assert "\x1b[31m" not in text


def test_running_text_stays_readable() -> None:
    assert prose("other machine: a-b (1.5 %)") == "other machine: a-b (1.5 %)"


def test_a_comment_is_never_too_long_for_its_place() -> None:
    many = [
        replace(SLOWER, metric=f"metric_{i}_j", notes=("x" * 500 + str(i),)) for i in range(500)
    ]
    page = markdown(comparison(*many))
    assert len(page) < 65_000
    assert "too long for a comment" in page

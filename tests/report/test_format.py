from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.report.format import (
    figure,
    number,
    parts,
    percent,
    plain,
    provenance,
    ratio,
    significant,
    timestamp,
)
from wattmark.schema import Estimate


def made(
    value: float | None, low: float | None = None, high: float | None = None, unit: str = "J"
) -> Estimate:
    return Estimate("m", value, low, high, 0.95, 5, unit)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (made(0.00213, 0.00204, 0.00222), "2.13 mJ ± 4 %"),
        (made(0.00213, 0.0015, 0.0034), "2.13 mJ (1.50–3.40)"),
        (made(0.00213, 0.00201, 0.00219), "2.13 mJ (2.01–2.19)"),
        (made(0.00213), "2.13 mJ"),
        (made(None), "–"),
        (made(0.0, 0.0, 0.0), "0 J (0–0)"),
        (made(0.02, -0.01, 0.05), "20.0 mJ (−10.0 to 50.0)"),
        (made(812.0, 804.0, 820.0, "tokens/s"), "812 tokens/s ± 1 %"),
        (made(0.863, 0.815, 0.9, "1"), "86.3 % (81.5–90.0)"),
        (made(2**30, 0.9 * 2**30, 1.1 * 2**30, "B"), "1.00 GiB ± 10 %"),
        (made(-0.0112, -0.161, 0.142), "−11.2 mJ (−161 to 142)"),
        (made(0.322, -21.583, 24.458), "322 mJ (−21.6 J to 24.5 J)"),
        (
            made(0.0133, 8.2e-12, 2.1e7, "s"),
            "13.3 ms, too scattered for an interval (5 replicates)",
        ),
        (made(0.5, 0.0, 0.9), "500 mJ (0–900)"),
        (made(0.5, 0.0, 90.0), "500 mJ, too scattered for an interval (5 replicates)"),
        (made(1.0, 0.99999, 1.00001), "1.00 J ± <0.1 %"),
    ],
)
def test_figures_for_people(estimate: Estimate, text: str) -> None:
    assert figure(estimate) == text


def test_parts_of_a_figure() -> None:
    assert parts(made(1.5, 1.4, 1.6)) == ("1.50 J", "± 7 %")
    assert parts(made(None)) == ("–", "")


def test_numbers_have_three_digits_and_no_exponent() -> None:
    shown = [significant(v) for v in (0.0123, 0.999, 61.0, 812.4, 1234.5, 12345.0, -2.5e7, 0.0)]
    assert shown == ["0.0123", "0.999", "61.0", "812", "1234", "12.3k", "−25.0M", "0"]
    assert number(None, "J") == "–"
    assert number(1.2e-7, "g") == "120 ng"


def test_words_of_provenance() -> None:
    assert provenance("estimated", 0.6) == "estimated, gain ± 60 %"
    assert provenance("measured", 0.0) == "measured"
    assert provenance(None, None) == "not measured"
    assert percent(0.004) == "0.4 %"
    assert ratio(0.25, 0.24, 0.26) == "0.250× (0.240–0.260)"
    assert ratio(0.5, 0.01, 20.0) == "0.500× ±>×100"
    assert ratio(None) == "–"


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        ("2026-11-21T01:18:32.398+00:00", "21 Nov 2026, 01:18 UTC"),
        ("2025-01-31T12:00:00Z", "31 Jan 2025, 12:00 UTC"),
        ("2025-01-01T00:30:00+02:00", "31 Dec 2024, 22:30 UTC"),
        ("yesterday", "yesterday"),
    ],
)
def test_stamps_for_people(stamp: str, text: str) -> None:
    assert timestamp(stamp) == text


@given(
    st.floats(min_value=-1e12, max_value=1e12, allow_nan=False),
    st.floats(min_value=0, max_value=1e12),
    st.floats(min_value=0, max_value=1e12),
    st.sampled_from(["J", "s", "W", "tokens/s"]),
)
def test_no_figure_has_more_than_four_digits_before_the_point(
    value: float, down: float, up: float, unit: str
) -> None:
    assert not re.search(r"(?<![\d.])\d{5}", figure(made(value, value - down, value + up, unit)))


@pytest.mark.parametrize(
    ("nasty", "text"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\nb\tc\r\n", "a b c"),
        ("\u202eevil\u2066\u200b", "evil"),
        ("\x9b31mC1\x00", "31mC1"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("lone \ud800 half", "lone ? half"),
    ],
)
def test_untrusted_text_is_made_plain(nasty: str, text: str) -> None:
    assert plain(nasty) == text


@given(st.text(max_size=200))
def test_plain_text_cannot_steer_a_terminal(text: str) -> None:
    shown = plain(text, 50)
    assert len(shown) <= 50
    assert shown.isprintable()
    assert "\x1b" not in shown
    assert "\n" not in shown

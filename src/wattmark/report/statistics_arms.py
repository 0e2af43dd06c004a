"""The tables of tests: each configuration against the reference, all together, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence

from wattmark.analysis.against import (
    MANN_WHITNEY,
    MARGIN,
    WELCH_T,
    Contrast,
)
from wattmark.analysis.findings import TaskFindings
from wattmark.analysis.outcome import Test
from wattmark.analysis.statistical_power import POWER
from wattmark.report.format import DASH, MINUS, percent, ratio
from wattmark.report.stattable import (
    IN_JSON,
    StatTable,
    effect_said,
    lowered,
    metric_title,
    p_said,
    ratio_said,
    remarks,
    remarks_by_kind,
    statistic_said,
    table,
    with_holm,
)

MOST_PAIRS = 15
_WITHIN = f"within {100 * MARGIN:g} %"


def differences(found: TaskFindings) -> StatTable | None:
    """Ratio to the reference, effect sizes, equivalence."""
    paired = all(one.paired for one in found.contrasts)
    return table(
        "differences",
        "Differences",
        f"Against {found.reference}{', paired by block' if paired else ''}: the ratio with its "
        "95 % t-interval, effect sizes with theirs (the difference in standard deviations, and how "
        f"often one lies above the other), and whether both are shown to be the same {_WITHIN} "
        "(two one-sided tests, TOST).",
        ("metric", "configuration", "ratio (95 %)", "Hedges’ g", "Cliff’s δ", f"same {_WITHIN}"),
        [
            (
                metric_title(one.metric),
                one.trial,
                ratio(*one.ratio),
                _effect(one.tests[WELCH_T]),
                _effect(one.tests[MANN_WHITNEY]),
                _same(one),
            )
            for one in found.contrasts
        ],
        notes=[
            *_left_out(found),
            *remarks((_of(one), (one.same.why,)) for one in found.contrasts if one.same.why),
        ],
    )


def tests(found: TaskFindings) -> StatTable | None:
    """The p-values of two arms, side by side."""
    count = len(found.contrasts)
    titles = ("paired t", "Wilcoxon", "Welch’s t", "Mann–Whitney")
    return table(
        "tests",
        "Could it be chance?",
        f"p-values against {found.reference}, two-sided; in parentheses corrected by Holm for the "
        f"{count} test{'' if count == 1 else 's'} of a column. The interval of the ratio decides; "
        "who wants a test chooses it beforehand, not by its result.",
        ("metric", "configuration", *titles),
        [
            (
                metric_title(one.metric),
                one.trial,
                *map(with_holm, one.tests),
            )
            for one in found.contrasts
        ],
        notes=remarks_by_kind(
            (title, _of(one), (*test.notes, *_why(test)))
            for one in found.contrasts
            for title, test in zip(titles, one.tests, strict=True)
        ),
    )


def accuracy(found: TaskFindings) -> StatTable | None:
    """McNemar's test of each configuration's answers."""
    return table(
        "accuracy",
        "Accuracy",
        f"Against {found.reference} on the same queries, by the majority of the replicates: "
        "difference in percentage points with Newcombe’s interval, McNemar’s exact test, in "
        "parentheses corrected by Holm.",
        ("configuration", "difference (95 %)", "lost", "gained", "queries", "McNemar"),
        [
            (
                one.trial,
                _points(*one.change.difference),
                str(one.change.lost),
                str(one.change.gained),
                str(one.change.queries),
                f"{p_said(one.change.p_value)} ({p_said(one.p_adjusted)})",
            )
            for one in found.accuracy
        ],
    )


def together(found: TaskFindings) -> StatTable | None:
    """ANOVA, Welch's ANOVA and Kruskal–Wallis over all configurations."""
    made = [(metric, test) for metric, of in found.together.items() for test in of]
    return table(
        "together",
        "All configurations at once",
        f"Is there any difference between the {len(found.names)} configurations? In parentheses "
        f"corrected by Holm for the {len(made)} tests of the table. ω² and ε² are the share of the "
        "variance that lies between configurations.",
        ("metric", "test", "statistic", "p (Holm)", "effect (95 %)"),
        [
            (
                metric_title(metric),
                test.name,
                statistic_said("H" if "Kruskal" in test.name else "F", test),
                with_holm(test),
                f"{test.effect_name} = {_effect(test)}" if test.effect is not None else DASH,
            )
            for metric, test in made
        ],
        notes=remarks_by_kind(
            (test.name, lowered(metric_title(metric)), (*test.notes, *_why(test)))
            for metric, test in made
        ),
    )


def pairs(found: TaskFindings) -> StatTable | None:
    """Tukey's and Games–Howell's tests of the pairs, those that are clearest first."""
    of_pair: dict[tuple[str, ...], list[Test]] = {}
    for test in found.pairs:
        of_pair.setdefault(test.of, []).append(test)
    ordered = sorted(of_pair.items(), key=lambda item: _clearest(item[1]))
    left = len(ordered) - MOST_PAIRS
    metric = lowered(metric_title(found.metrics[0])) if found.metrics else ""
    return table(
        "pairs",
        "Pair by pair",
        f"Which configurations differ in {metric}? Ratios with intervals, and p-values, that hold "
        f"for all {len(ordered)} pairs at once: Games–Howell lets each configuration scatter in "
        "its own way, Tukey pools the scatter of all.",
        ("configurations", "ratio (95 %, all pairs)", "Games–Howell", "Tukey"),
        [
            (
                f"{of[1]} ÷ {of[0]}",
                ratio_said(howell if howell.effect is not None else honest),
                p_said(howell.p_value),
                p_said(honest.p_value),
            )
            for of, (honest, howell) in ordered[:MOST_PAIRS]
        ],
        notes=[
            *([f"{left} more pairs are in: {IN_JSON}."] if left > 0 else []),
            *remarks((test.name, test.notes) for test in _first_of_each(found.pairs)),
        ],
    )


def sizes(found: TaskFindings) -> StatTable | None:
    """How many replicates resolve the margin."""
    return table(
        "replicates",
        "How many replicates would do",
        f"To find a difference of {100 * MARGIN:g} % from {found.reference} with a power of "
        f"{100 * POWER:g} %, at the scatter that was seen; at most, at the upper 95 % bound of "
        "that scatter. Found now: the difference that the replicates there are find so.",
        ("metric", "configuration", "replicates", "scatter (SD)", "found now", "needed", "at most"),
        [
            (
                metric_title(one.metric),
                one.trial,
                str(one.size.n),
                DASH if one.size.sd is None else percent(one.size.sd),
                DASH if one.size.resolvable is None else _step(one.size.resolvable),
                _count(one.size.needed),
                _count(one.size.needed_at_most),
            )
            for one in found.contrasts
        ],
        notes=remarks(
            (_of(one), (*one.size.notes, *([one.size.why] if one.size.why else [])))
            for one in found.contrasts
        ),
    )


def _left_out(found: TaskFindings) -> list[str]:
    """The metrics that there was no room for."""
    made = {one.metric for one in found.contrasts}
    left = [lowered(metric_title(name)) for name in found.metrics if name not in made]
    return [f"Likewise in: {IN_JSON}: {', '.join(left)}."] if left and made else []


def _of(one: Contrast) -> str:
    return f"{lowered(metric_title(one.metric))} of {one.trial}"


def _why(test: Test) -> Sequence[str]:
    return (test.why,) if test.why else ()


def _effect(test: Test) -> str:
    return effect_said(test.effect, test.low, test.high)


def _same(one: Contrast) -> str:
    if one.same.equivalent is None:
        return DASH
    word = "shown" if one.same.equivalent else "not shown"
    return f"{word} (p = {p_said(one.same.p_value)})".replace("= <", "< ")


def _points(mean: float, low: float | None, high: float | None) -> str:
    """'−1.2 (−3.4 to +0.9)'."""
    told = [f"{100 * value:+.1f}".replace("-", MINUS) for value in (mean, low or 0.0, high or 0.0)]
    return told[0] if low is None or high is None else f"{told[0]} ({told[1]} to {told[2]})"


def _step(resolvable: float) -> str:
    return percent(resolvable - 1) if resolvable < 2 else f"{resolvable:.2g}×"


def _count(number: int | None) -> str:
    return DASH if number is None else str(number)


def _clearest(made: Sequence[Test]) -> tuple[float, float]:
    p_values = [1.0 if test.p_value is None else test.p_value for test in reversed(made)]
    return p_values[0], p_values[-1]


def _first_of_each(made: Sequence[Test]) -> list[Test]:
    """One test of each name: the notes of all pairs are the same."""
    return list({test.name: test for test in reversed(made)}.values())

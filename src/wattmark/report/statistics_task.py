"""The tables of factors, queries, ranks, fronts and the order of the runs."""

from __future__ import annotations

from collections.abc import Sequence

from wattmark.analysis.findings import COMMAND, TERMINAL, TaskFindings
from wattmark.analysis.fronts import DOMINATED, NOT_RESOLVED, Front, Member
from wattmark.analysis.mixed import Mixed
from wattmark.analysis.multiple import holm
from wattmark.analysis.ranks import Rank
from wattmark.analysis.run_order import LEVEL, RunOrder
from wattmark.report.format import DASH, percent, ratio, significant
from wattmark.report.stattable import (
    IN_JSON,
    StatTable,
    effect_said,
    lowered,
    metric_title,
    p_said,
    remarks,
    statistic_said,
    table,
    with_holm,
)

MOST_OUTLIERS = 6
_WORDS = {"batch_size": "batch"}


def factors(found: TaskFindings) -> StatTable | None:
    """Factorial analysis of variance over what varies."""
    made = [(metric, term.test) for metric, one in found.factorial.items() for term in one.terms]
    names = [_word(name) for one in found.factorial.values() for name in one.factors]
    return table(
        "factors",
        f"What {' and '.join(dict.fromkeys(names))} do",
        "Analysis of variance (type II) of logarithms, the blocks’ drift taken out: what each "
        "factor explains, and, as an interaction (×), what it does differently at the other’s "
        "levels. In parentheses corrected by Holm for the terms of one metric.",
        ("metric", "term", "statistic", "p (Holm)", "partial ω²"),
        [
            (
                metric_title(metric),
                " × ".join(map(_word, test.of)) or test.name,
                statistic_said("F", test),
                with_holm(test),
                DASH if test.effect is None else significant(max(0.0, test.effect), 2),
            )
            for metric, test in made
        ],
        notes=remarks(
            (lowered(metric_title(metric)), one.notes) for metric, one in found.factorial.items()
        ),
    )


def mixed_model(found: TaskFindings) -> StatTable | None:
    """The mixed model of queries; there is one metric of it at most."""
    return next((_mixed(metric, one) for metric, one in found.mixed.items()), None)


def _mixed(metric: str, made: Mixed) -> StatTable | None:
    whole = [test for test in made.tests if test.effect is None]
    apart = [test for test in made.tests if test.effect is not None]
    scatter = ", ".join(f"{part.name} {percent(part.sd)}" for part in made.components)
    return table(
        "mixed",
        "Query by query",
        f"{metric_title(metric)} in a linear mixed model of logarithms (REML), against "
        f"{made.reference}: configurations fixed; queries, configuration × query and replicates "
        "random. This interval holds for other queries like the ones asked, where that of the "
        f"paired ratio holds for these. {made.n_queries} queries, {made.n_replicates} runs.",
        ("configuration", "ratio (95 %)", "statistic", "p (Holm)"),
        [
            *(("any difference", DASH, statistic_said("F", t), p_said(t.p_value)) for t in whole),
            *(
                (
                    test.of[1],
                    ratio(test.effect, test.low, test.high),
                    statistic_said("t", test),
                    with_holm(test),
                )
                for test in apart
            ),
        ],
        notes=[
            f"Scatter (SD) of a single value: {scatter}.",
            *(f"{note[:1].upper()}{note[1:]}." for note in made.notes),
        ],
    )


def ranking(found: TaskFindings) -> StatTable | None:
    """Probability of being the best, and the rank, in each metric."""
    metrics = list(found.ranks)
    by_name: dict[str, dict[str, Rank]] = {}
    for metric, of in found.ranks.items():
        for rank in of:
            by_name.setdefault(rank.name, {})[metric] = rank
    able = [rank for of in found.ranks.values() for rank in of if rank.probability is not None]
    if not able:
        return None
    few = min(rank.n for rank in able)
    return table(
        "ranks",
        "Ranks",
        "How probable it is that a configuration is the best of all, and between which ranks it "
        "lies (95 %), by the scatter from run to run"
        + (f"; of {few} replicates a rough guide." if few < 5 else "."),
        ("configuration", *(lowered(metric_title(metric)) for metric in metrics)),
        [(name, *(_rank(of.get(metric)) for metric in metrics)) for name, of in by_name.items()],
        notes=remarks(
            (f"{lowered(metric_title(metric))} of {rank.name}", (rank.why,) if rank.why else ())
            for metric, of in found.ranks.items()
            for rank in of
        ),
    )


def fronts(found: TaskFindings) -> StatTable | None:
    """Who is on the Pareto front, who is dominated and by whom."""
    titles = [" and ".join(lowered(axis.title) for axis in one.axes) for one in found.fronts]
    words = [
        f"on that of {title}: {_listed(one.on_the_front) or 'none for certain'}"
        for title, one in zip(titles, found.fronts, strict=True)
    ]
    cells = [{member.name: member for member in one.members} for one in found.fronts]
    names = dict.fromkeys(name for of in cells for name in of)
    return table(
        "fronts",
        "Pareto front",
        "Which configurations does no other beat in both? A configuration dominates where its "
        f"intervals say so. {_capital('; '.join(words))}.",
        ("configuration", *titles),
        [(name, *(_member(of.get(name)) for of in cells)) for name in names],
        notes=[note for one in found.fronts for note in _left_out(one)],
    )


def absent(found: TaskFindings, unpaired: int) -> StatTable | None:
    """What cannot be said, and why."""
    rows = list(found.absent.items())
    if unpaired:
        how = COMMAND if unpaired <= (TERMINAL.pairs or 0) else IN_JSON
        rows.append(("pair by pair", f"{unpaired} pairs take a while: {how} tests them"))
    return table(
        "absent",
        "What is not said",
        "Statistics that the data do not allow.",
        ("what", "why"),
        [(_capital(what), why) for what, why in rows],
    )


def order(found: Sequence[RunOrder]) -> StatTable | None:
    """Drift, likeness of neighbours and outliers over the order of all runs."""
    drifts = holm([one.drift.test.p_value for one in found])
    alike = holm([one.autocorrelation.test.p_value for one in found])
    rows = []
    for one, drift, near in zip(found, drifts, alike, strict=True):
        slope, neighbours = one.drift.test, one.autocorrelation.test
        if slope.why and neighbours.why and one.outliers.why:
            continue
        rows.append(
            (
                metric_title(one.metric),
                ratio(slope.effect, slope.low, slope.high),
                f"{p_said(slope.p_value)} ({p_said(drift)})",
                effect_said(neighbours.effect, neighbours.low, neighbours.high),
                f"{p_said(neighbours.p_value)} ({p_said(near)})",
                DASH if one.outliers.why else str(len(one.outliers.found)),
                _with_temperature(one),
            )
        )
    return table(
        "order",
        "What the order of the runs did",
        _order_lead(found, drifts, alike),
        (
            *("metric", "last ÷ first (95 %)", "p (Holm)", "neighbours’ correlation"),
            *("p (Holm)", "outliers", "with temperature"),
        ),
        rows,
        notes=[*_outliers(found), *remarks((one.metric, _order_notes(one)) for one in found)],
    )


def _order_lead(
    found: Sequence[RunOrder], drifts: Sequence[float | None], alike: Sequence[float | None]
) -> str:
    moved = [
        f"{lowered(metric_title(one.metric))} {_moved(one.drift.test.effect or 1.0)}"
        for one, p in zip(found, drifts, strict=True)
        if p is not None and p < LEVEL
    ]
    near = [
        lowered(metric_title(one.metric))
        for one, p in zip(found, alike, strict=True)
        if p is not None and p < LEVEL
    ]
    outlying = sum(len(one.outliers.found) for one in found)
    words = [
        f"From the first run to the last, {_listed(moved)}." if moved else "No drift is seen.",
        f"Neighbours in the order are not independent in {_listed(near)}: intervals that take them "
        "so are off."
        if near
        else "Neighbours in the order are not seen to be alike.",
        f"{outlying or 'No'} value{'' if outlying == 1 else 's'} outlying"
        + ("; none was dropped." if outlying else "."),
    ]
    return f"Over all runs, each configuration’s own level taken out. {' '.join(words)}"


def _moved(factor: float) -> str:
    return f"{'rose' if factor > 1 else 'fell'} by {percent(abs(factor - 1))}"


def _with_temperature(one: RunOrder) -> str:
    test = one.with_temperature
    if test.effect is None:
        return DASH
    return f"{effect_said(test.effect, test.low, test.high)}, p = {p_said(test.p_value)}"


def _order_notes(one: RunOrder) -> tuple[str, ...]:
    reasons = (one.drift.test.why, one.autocorrelation.test.why, one.outliers.why)
    return (*one.notes, *one.outliers.notes, *dict.fromkeys(why for why in reasons if why))


def _outliers(found: Sequence[RunOrder]) -> list[str]:
    lines = [
        f"{outlier.label}: {lowered(metric_title(one.metric))} is {significant(outlier.against)}× "
        f"its median (robust z {significant(outlier.z, 2)})."
        for one in found
        for outlier in one.outliers.found
    ]
    more = len(lines) - MOST_OUTLIERS
    return [*lines[:MOST_OUTLIERS], *([f"{more} more outliers."] if more > 0 else [])]


def _rank(rank: Rank | None) -> str:
    if rank is None or rank.probability is None:
        return DASH
    place = str(rank.low) if rank.low == rank.high else f"{rank.low}–{rank.high}"
    return f"{_chance(rank.probability)}, rank {place}"


def _chance(probability: float) -> str:
    if probability > 0.99:
        return ">99 %"
    return "<1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _member(member: Member | None) -> str:
    if member is None:
        return DASH
    if member.word == DOMINATED:
        return f"dominated by {_listed(member.by)}"
    if member.word == NOT_RESOLVED and member.by:
        return f"not resolved: {_listed(member.by)} may dominate"
    return member.word


def _left_out(one: Front) -> list[str]:
    return [f"{left.name}: no {left.metric} ({left.why})." for left in one.left_out]


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _word(factor: str) -> str:
    return _WORDS.get(factor, factor)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"

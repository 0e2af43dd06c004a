"""What `wattmark recommend` shows: the configuration to take, its rival, its bill, and the front.

Names and notes may come from outside: each is made plain and cut to a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wattmark.analysis.candidates import Candidate
from wattmark.analysis.efficiency import efficiency_class
from wattmark.analysis.extrapolate import Extrapolation
from wattmark.analysis.fronts import DOMINATED, NOT_RESOLVED, Front
from wattmark.analysis.recommend import Recommendation
from wattmark.analysis.requirements import Check
from wattmark.report.format import DASH, between, figure, plain, ratio, significant
from wattmark.schema import Estimate

LONGEST = 160
BY_SHOWN = 3
"""Names of trials that dominate, or may, on one line."""


def lines(
    found: Recommendation, pareto: Front | None, bills: Mapping[str, Extrapolation]
) -> Iterator[str]:
    """One task's recommendation, line by line."""
    asked = ", ".join(one.text for one in found.requirements)
    required = f"; required: {plain(asked, LONGEST)}" if asked else ""
    yield f"{plain(found.task, LONGEST)}: {found.goal} {found.axis.name}{required}"
    shown = found.best or found.nearest
    if found.best is None:
        yield "  Nothing is shown to keep to what is required."
        if found.nearest is not None:
            yield f"  Nearest: {_line(found.nearest)}"
            yield from _checks(found.nearest.faults)
    else:
        yield from _best(found, found.best)
    if shown is not None and shown.name in bills:
        yield from _bill(bills[shown.name])
    for one in found.perhaps:
        yield f"  May be better: {_line(one)}"
        yield from _checks(one.faults)
    yield from (f"  ! {plain(warning)}" for warning in found.warnings)
    if pareto is not None:
        yield from _front(pareto)


def _best(found: Recommendation, best: Candidate) -> Iterator[str]:
    yield f"  Recommended: {_line(best)}"
    for rank in found.ranks:
        if rank.name == best.name and rank.probability is not None:
            percent = significant(100 * rank.probability)
            yield f"    probability of being the best of {rank.of}: {percent} %"
    yield from _checks(best.checks)
    told = efficiency_class(best.trial)
    if told.classes:
        yield f"    class: {told}"
    if found.second is None:
        yield "  There is no second: no other keeps to what is required."
        return
    yield f"  Second: {_line(found.second)}"
    first = found.differences[0]
    shown = ratio(first.ratio, first.low, first.high)
    factor = "" if first.ratio is None else f": the first is {shown} of it"
    yield f"    the difference is {first.word}{factor} ({first.how})"
    level = [one.other for one in found.differences[1:] if one.word == NOT_RESOLVED]
    if level:
        yield f"    not resolved from the first either: {_names(level)}"


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    for one in checks:
        why = f" ({plain(one.why, LONGEST)})" if one.why else ""
        yield f"    {plain(one.requirement.text)}: {one.word}, {figure(one.estimate)}{why}"


def _line(one: Candidate) -> str:
    note = one.objective.note
    why = f" ({plain(note, LONGEST)})" if one.objective.value is None and note else ""
    return f"{plain(one.name, LONGEST)}: {figure(one.objective)}{why}"


def _bill(bill: Extrapolation) -> Iterator[str]:
    yield f"  For {bill.queries:,.0f} queries like these:"
    gain = bill.gain_uncertainty
    apart = f"; with the sensors' gain {_ends(bill.with_gain)}" if gain else ""
    yield f"    energy  {_sum(bill.energy)}{apart}"
    overhead = "" if bill.pue == 1 else f", PUE {bill.pue:g} included"
    yield f"    cost    {_sum(bill.cost)}{overhead if bill.cost.value is not None else ''}"
    yield f"    CO2e    {_sum(bill.co2e)}{overhead if bill.co2e.value is not None else ''}"


def _sum(estimate: Estimate) -> str:
    """A figure in its own unit without a prefix: '0.326 kWh (0.314–0.339)'; why there is none."""
    if estimate.value is None:
        return f"{DASH} ({plain(estimate.note, LONGEST)})"
    return f"{significant(estimate.value)} {plain(estimate.unit)} {_ends(estimate)}".rstrip()


def _ends(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"({between(estimate.low, estimate.high)})"


def _front(pareto: Front) -> Iterator[str]:
    yield f"  Pareto front of {', '.join(axis.name for axis in pareto.axes)}"
    for member in pareto.members:
        figures = ", ".join(figure(estimate) for estimate in member.figures)
        yield f"    {member.word:<13} {plain(member.name, LONGEST)}: {figures}"
        if member.by:
            word = "by" if member.word == DOMINATED else "may be dominated by"
            yield f"      {word} {_names(member.by)}"
        if member.note:
            yield f"      {plain(member.note, LONGEST)}"
    for one in pareto.left_out:
        why = f"no {one.metric}: {plain(one.why, LONGEST)}"
        yield f"    left out      {plain(one.name, LONGEST)}: {why}"


def _names(names: Sequence[str]) -> str:
    shown = "; ".join(plain(name, LONGEST) for name in names[:BY_SHOWN])
    more = len(names) - BY_SHOWN
    return f"{shown}; and {more} more" if more > 0 else shown

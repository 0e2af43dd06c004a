"""CodeCarbon's `emissions.csv` as a run: a row is a replicate, a project is a trial.

What was tracked counts as one query, since the file does not tell how many there were. Energies
in the file (kWh) have the PUE in them, ours have not: they are divided by it. The intensity is the
file's own: emissions (kg) ÷ energy (kWh). Columns: CodeCarbon's documentation, "Output".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wattmark.errors import MistakesError
from wattmark.exchange.codecarbon_rows import Tracked, last_of_each, read_rows
from wattmark.exchange.foreign import GAP_NS, UNKNOWN, Foreign, sensors, write_run
from wattmark.monitor.csvtable import Mistakes
from wattmark.schema import Generation, Query, QueryEnergy, Record, Score, Span, Status, Trial
from wattmark.units import BYTES_PER_GIB, MOST_INTENSITY, s_to_ns

DEFAULT_EXPERIMENT = "5b0fa12a-3dd7-45bb-9766-cc326314d9f1"
"""What CodeCarbon writes where nobody named an experiment."""
TRACKED = "tracked code"
SAME = 0.01
"""Relative; intensities of rows that differ by less are one."""
NO_SCORE = Score(None, None, None, "CodeCarbon scores nothing")


def import_codecarbon(
    paths: Sequence[Path], out: Path, name: str, *, overwrite: bool = False
) -> Foreign:
    """Write a run from the rows of one or more files; what they told.

    Raises MistakesError, with nothing written, naming line and column of all that is wrong.
    """
    mistakes = Mistakes()
    rows = [row for path in paths for row in read_rows(path, mistakes)]
    if mistakes.lines:
        raise MistakesError("These are no emissions of CodeCarbon:", mistakes.lines)
    last = last_of_each(rows)
    foreign = _foreign(last, [path.name for path in paths], len(rows) - len(last))
    write_run(out, name, foreign, overwrite=overwrite)
    return foreign


def _foreign(rows: Sequence[Tracked], files: Sequence[str], left_out: int) -> Foreign:
    first = rows[0]
    version = first.text["codecarbon_version"] or UNKNOWN
    source = f"CodeCarbon {version}, imported from {', '.join(dict.fromkeys(files))}"
    carbon, said = _carbon(rows, version)
    known = {part for row in rows for part in row.joules.parts}
    return Foreign(
        tool="CodeCarbon",
        version=version,
        records=tuple(_records(rows)),
        machine=_machine(first, version),
        sensors=sensors(known, source),
        carbon=carbon,
        notes=(
            f"{source}. A row is a replicate, and what it tracked is one query; the file tells no "
            "tokens, so their columns hold 0 and no figure is made of them.",
            "Joules have no interval: CodeCarbon gives none. CPU and memory count as modelled.",
            *said,
            *(
                [f"Earlier rows of one run_id, which the last one contains: {left_out}."]
                * bool(left_out)
            ),
            *_machines(rows),
        ),
    )


def _records(rows: Sequence[Tracked]) -> list[Record]:
    """One a row, laid one behind the other; the rows of a trial are its replicates in order."""
    counts: dict[str, int] = {}
    records, clock_ns = [], GAP_NS
    for order, row in enumerate(rows):
        trial = _trial(row)
        replicate = counts.get(trial.key, 0)
        counts[trial.key] = replicate + 1
        end_ns = clock_ns + max(1, s_to_ns(row.seconds))
        records.append(_record(row, trial, replicate, order, (clock_ns, end_ns)))
        clock_ns = end_ns + GAP_NS
    return records


def _trial(row: Tracked) -> Trial:
    experiment = row.text["experiment_id"]
    unnamed = experiment in {"", DEFAULT_EXPERIMENT}
    return Trial(
        model=row.text["project_name"] or "codecarbon",
        backend="codecarbon",
        precision=UNKNOWN,
        device="cuda" if "gpu" in row.joules.parts else "cpu",
        batch_size=1,
        task=row.text["task_name"] or (TRACKED if unnamed else experiment),
        task_version=row.text["codecarbon_version"] or UNKNOWN,
        max_new_tokens=0,
        warmups=0,
    )


def _record(
    row: Tracked, trial: Trial, replicate: int, order: int, region: tuple[int, int]
) -> Record:
    joules = row.joules
    start_ns, end_ns = region
    return Record(
        trial=trial,
        replicate=replicate,
        block=replicate,
        order=order,
        status=Status.OK,
        started_at=row.began,
        spans=(Span("measured", start_ns, end_ns),),
        queries=(Query("0", TRACKED, TRACKED),),
        generations=(Generation("0", "", 0, 0, 0, start_ns, end_ns),),
        scores=(NO_SCORE,),
        energy=tuple(joules.readings("measured", row.seconds)),
        query_energy=(QueryEnergy("0", joules.total_j, None, None),),
        totals=joules.totals(row.seconds),
        facts={"codecarbon_run_id": row.text["run_id"]},
    )


def _carbon(rows: Sequence[Tracked], version: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The file's own intensity, over all rows; with what should be known of it."""
    told = [
        (row.figure("emissions") or 0.0, row.figure("energy_consumed") or 0.0, row.pue)
        for row in rows
    ]
    each = [1000 * kg / kwh for kg, kwh, _ in told if kg > 0 and kwh > 0]
    if len(each) < len(told) or max(each) > MOST_INTENSITY:
        return None, ["No carbon: not every row has emissions that an intensity could be told of."]
    pues = {pue for _, _, pue in told}
    joules = sum(kwh / pue for _, kwh, pue in told)
    grams = 1000 * sum(kg for kg, _, _ in told)
    notes = []
    if max(each) > min(each) * (1 + SAME):
        notes.append(
            f"Rows differ in their intensity, {min(each):.4g} to {max(each):.4g} g CO2e/kWh: "
            "carbon is computed from their mean, weighted by energy."
        )
    pue = pues.pop() if len(pues) == 1 else 1.0
    if pues:
        notes.append("Rows differ in their PUE: it is part of the intensity here.")
    first = rows[0].text
    place = first["country_name"] or first["country_iso_code"] or "an unknown place"
    carbon = {
        "intensity_g_per_kwh": grams / joules / pue,
        "source": f"CodeCarbon {version} for {place}",
        "country": first["country_iso_code"] or None,
        "zone": None,
        "year": None,
        "pue": pue,
    }
    return carbon, notes


def _machine(row: Tracked, version: str) -> dict[str, Any]:
    cpus, gpu = row.figure("cpu_count"), row.text["gpu_model"]
    try:
        ram_bytes = round(float(row.text["ram_total_size"]) * BYTES_PER_GIB)
    except (ValueError, OverflowError):
        ram_bytes = None
    return {
        "cpu_model": row.text["cpu_model"] or None,
        "logical_cpus": None if cpus is None else int(cpus),
        "ram_bytes": ram_bytes,
        "os": row.text["os"] or None,
        "python": row.text["python_version"] or None,
        "versions": {"codecarbon": version},
        "gpus": [{"name": gpu}] if gpu else [],
    }


def _machines(rows: Sequence[Tracked]) -> list[str]:
    names = {(row.text["cpu_model"], row.text["gpu_model"]) for row in rows}
    if len(names) == 1:
        return []
    return [f"Rows are of {len(names)} machines; the first row's is told."]
